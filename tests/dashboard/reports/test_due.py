"""When mails are due and what they tell of, over zones, clocks that change, and the ends of months and years."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.reports import due


@dataclass(frozen=True)
class Plan:
    rhythm: str
    day: int
    hour: int
    zone: str = "UTC"

    @property
    def clock(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("plan", "now", "newest", "upcoming"),
    [
        (Plan("weekly", 0, 8), "2026-06-15 08:00", "2026-06-15", "2026-06-22 08:00"),
        (Plan("weekly", 0, 8), "2026-06-15 07:59", "2026-06-08", "2026-06-15 08:00"),
        (Plan("weekly", 6, 0, "Asia/Kolkata"), "2026-06-13 18:30", "2026-06-14", "2026-06-20 18:30"),
        (Plan("weekly", 0, 23, "America/New_York"), "2026-06-16 02:59", "2026-06-08", "2026-06-16 03:00"),
        (Plan("monthly", 1, 8), "2026-01-01 07:59", "2025-12-01", "2026-01-01 08:00"),
        (Plan("monthly", 1, 8), "2026-01-01 08:00", "2026-01-01", "2026-02-01 08:00"),
        (Plan("monthly", 28, 8), "2028-02-29 12:00", "2028-02-28", "2028-03-28 08:00"),
        # the hour that clocks skip, and the hour that comes twice
        (Plan("weekly", 6, 2, "Europe/Berlin"), "2026-03-29 01:00", "2026-03-29", "2026-04-05 00:00"),
        (Plan("weekly", 6, 2, "Europe/Berlin"), "2026-10-25 00:00", "2026-10-25", "2026-11-01 01:00"),
    ],
)
def test_a_mail_is_due_by_the_readers_clock(plan: Plan, now: str, newest: str, upcoming: str) -> None:
    assert due.newest(plan, at(now)) == date.fromisoformat(newest)
    assert due.upcoming(plan, at(now)) == at(upcoming)


@pytest.mark.parametrize(
    ("plan", "period", "first", "last"),
    [
        (Plan("weekly", 0, 8), "2026-06-15", "2026-06-08", "2026-06-14"),
        (Plan("weekly", 3, 8), "2026-01-01", "2025-12-25", "2025-12-31"),
        (Plan("monthly", 1, 8), "2026-01-01", "2025-12-01", "2025-12-31"),
        (Plan("monthly", 15, 8), "2028-03-15", "2028-02-01", "2028-02-29"),
    ],
)
def test_it_tells_of_the_week_or_the_month_before(plan: Plan, period: str, first: str, last: str) -> None:
    days = due.told_of(plan, date.fromisoformat(period))
    assert (str(days.first), str(days.last)) == (first, last)


ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
PLANS = st.builds(Plan, st.just("weekly"), st.integers(0, 6), st.integers(0, 23), ZONES) | st.builds(
    Plan, st.just("monthly"), st.integers(1, 28), st.integers(0, 23), ZONES
)


@given(PLANS, st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001
def test_the_next_one_follows_the_newest_with_none_between(plan: Plan, moment: datetime) -> None:
    now = moment.replace(tzinfo=UTC)
    newest, upcoming = due.newest(plan, now), due.upcoming(plan, now)
    assert due.moment(plan, newest) <= now < upcoming
    assert due.newest(plan, upcoming - timedelta(microseconds=1)) == newest
    assert due.moment(plan, due.newest(plan, upcoming)) == upcoming
