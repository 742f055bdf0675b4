"""Quiet hours by a route's own clock, around midnight and where clocks are changed."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from assays.notices.models import Route
from assays.notices.routing import quiet_until


def route(begin: str | None, end: str | None, zone: str = "Europe/Vienna") -> Route:
    at = [text and time.fromisoformat(text) for text in (begin, end)]
    return Route(quiet_from=at[0], quiet_until=at[1], zone=zone)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("span", "now", "until"),
    [
        (("22:00", "07:00"), "2026-06-23 20:00", "2026-06-24 05:00"),  # 22:00 in Vienna
        (("22:00", "07:00"), "2026-06-24 04:59", "2026-06-24 05:00"),
        (("22:00", "07:00"), "2026-06-24 05:00", None),
        (("22:00", "07:00"), "2026-06-23 19:59", None),
        (("12:00", "13:00"), "2026-06-23 10:30", "2026-06-23 11:00"),
        (("12:00", "13:00"), "2026-06-23 11:00", None),
        # clocks go forward in the night to the 29th of March, and back in that to the 25th of October
        (("22:00", "07:00"), "2026-03-28 23:00", "2026-03-29 05:00"),
        (("22:00", "07:00"), "2026-10-24 23:00", "2026-10-25 06:00"),
        (("22:00", "02:30"), "2026-03-29 00:59", "2026-03-29 01:30"),
        (("22:00", "02:30"), "2026-03-29 01:00", None),
        (("22:00", "02:30"), "2026-10-25 00:15", "2026-10-25 00:30"),
        (("22:00", "02:30"), "2026-10-25 01:15", "2026-10-25 01:30"),  # 2:15 for the second time
        ((None, None), "2026-06-23 20:00", None),
    ],
)
def test_quiet_hours_end_by_the_routes_own_clock(
    span: tuple[str | None, str | None], now: str, until: str | None
) -> None:
    assert quiet_until(route(*span), utc(now)) == (until and utc(until))


def test_another_zone_is_quiet_at_another_time() -> None:
    now = utc("2026-06-23 16:30")  # 22:00 in Kolkata
    assert quiet_until(route("22:00", "07:00", "Asia/Kolkata"), now) == utc("2026-06-24 01:30")
    assert quiet_until(route("22:00", "07:00"), now) is None
