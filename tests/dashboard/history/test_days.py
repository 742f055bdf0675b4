"""Local days, held to what the tz database says of each moment."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assays.schedule import moment
from dashboard.history.days import DAY_MICROS, Days, between, midnight, weeks

ZONES = (
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "Pacific/Apia",
)
YEARS = st.dates(date(2000, 1, 1), date(2030, 12, 31))


@given(st.sampled_from(ZONES), YEARS, st.integers(1, 120), st.floats(0, 1, exclude_max=True))
def test_the_place_of_a_moment_is_its_local_date(name: str, first: date, many: int, part: float) -> None:
    days = Days(first, many, ZoneInfo(name))
    began, ended = int(days.starts[0]), int(days.starts[-1])
    at = began + int(part * (ended - began))
    place = next(
        k + ((at - start) // DAY_MICROS if (stop - start) % DAY_MICROS == 0 else 0)
        for k, start, stop in days.runs()
        if at < stop
    )
    assert days.day(place) == moment(at).astimezone(days.zone).date()


@given(st.sampled_from(ZONES), YEARS, st.integers(1, 400))
def test_runs_follow_each_other_from_the_first_day_to_the_last(name: str, first: date, many: int) -> None:
    days = Days(first, many, ZoneInfo(name))
    runs = days.runs()
    assert (runs[0][0], runs[0][1], runs[-1][2]) == (0, days.starts[0], days.starts[-1])
    assert all(before[2] == after[1] for before, after in pairwise(runs))


def test_a_day_that_begins_within_an_hour_cuts_it() -> None:
    kolkata = Days(date(2026, 3, 1), 2, ZoneInfo("Asia/Kolkata"))
    assert [moment(hour) for hour in kolkata.cuts] == [
        datetime(2026, 2, 28, 18, tzinfo=UTC) + timedelta(days=k) for k in range(3)
    ]
    assert len(Days(date(2026, 3, 1), 30, ZoneInfo("America/New_York")).cuts) == 0


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Australia/Lord_Howe", date(2026, 10, 4), 23.5),
        ("Asia/Beirut", date(2026, 3, 29), 23),
        ("UTC", date(2028, 2, 29), 24),
    ],
)
def test_a_day_is_as_long_as_its_calendar_says(zone: str, day: date, hours: float) -> None:
    assert midnight(day + timedelta(days=1), ZoneInfo(zone)) - midnight(day, ZoneInfo(zone)) == timedelta(hours=hours)


def test_weeks_begin_on_monday() -> None:
    days = between(date(2026, 5, 6), date(2026, 5, 19), UTC)  # Wednesday to Tuesday
    assert [(part.start, part.stop) for part in weeks(days)] == [(0, 5), (5, 12), (12, 14)]


def test_the_days_before_are_as_many_and_end_the_day_before() -> None:
    before = between(date(2024, 3, 1), date(2024, 3, 31), UTC).before()
    assert (before.first, before.last) == (date(2024, 1, 30), date(2024, 2, 29))
