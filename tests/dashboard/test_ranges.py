"""The range of a page, from its URL."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboard import ranges

NOW = datetime(2026, 6, 30, 9, 42, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")


def test_a_length_reaches_up_to_now() -> None:
    shown = ranges.of({"range": "7d"}, "90d", UTC, NOW)
    assert (shown.key, shown.span.until - shown.span.after, shown.span.until) == ("7d", timedelta(days=7), NOW)


def test_two_days_are_whole_days_of_the_readers_calendar() -> None:
    shown = ranges.of({"from": "2026-03-08", "to": "2026-03-08"}, "90d", NEW_YORK, NOW)
    assert shown.span.until - shown.span.after == timedelta(hours=23)
    assert shown.span.after == datetime(2026, 3, 8, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    "query",
    [
        {"range": "999y"},
        {"from": "2026-06-30", "to": "2026-06-01"},
        {"from": "yesterday", "to": "2026-06-01"},
        {"from": "0001-01-01", "to": "9999-12-31"},
        {"from": "2026-06-30"},
        {},
    ],
)
def test_nonsense_falls_back_to_the_usual_length(query: dict[str, str]) -> None:
    assert ranges.of(query, "90d", UTC, NOW).key == "90d"


def test_the_range_before_adjoins_this_one() -> None:
    shown = ranges.of({"from": "2026-06-01", "to": "2026-06-30"}, "90d", UTC, NOW)
    assert shown.moved(-1) == (date(2026, 5, 2), date(2026, 5, 31))
    assert shown.moved(1) == (date(2026, 7, 1), date(2026, 7, 30))


@pytest.mark.parametrize(
    ("period", "phone", "usual"),
    [
        (60, False, "7d"),
        (3600, False, "30d"),
        (86_400, False, "90d"),
        (86_400, True, "30d"),
        (604_800, True, "1y"),
        (None, False, "1y"),
    ],
)
def test_the_usual_range_follows_how_often_an_assay_runs(period: int | None, phone: bool, usual: str) -> None:
    assert ranges.usual(period, phone) == usual
