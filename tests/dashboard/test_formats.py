"""Numbers, times and ages are written as the look says."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboard import formats

NOW = datetime(2026, 6, 30, 9, 42, 10, tzinfo=UTC)
KOLKATA = ZoneInfo("Asia/Kolkata")
NEW_YORK = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.618, 2, "0.62"),
        (1.18233, 3, "1.182"),
        (1.182331, 6, "1.182331"),
        (0.0049, 2, "<0.01"),
        (0.005, 2, "0.01"),
        (0.0, 2, "<0.01"),
        (1234.5, 2, "1,234.50"),
        (1e308, 2, "1.000e+308"),
        (-0.5, 2, "−0.50"),
        (None, 2, "—"),
    ],
)
def test_a_score_has_its_digits_and_none_is_a_dash(value: float | None, digits: int, text: str) -> None:
    assert formats.score(value, digits) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.4, "2.4×"),
        (9.94, "9.9×"),
        (9.96, "10×"),
        (17.2, "17×"),
        (0.04, "<0.1×"),
        (0.05, "0.1×"),
        (float("inf"), ">1,000,000×"),
        (None, ""),
    ],
)
def test_a_ratio_loses_its_decimal_from_ten_on(value: float | None, text: str) -> None:
    assert formats.ratio(value) == text


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        (0.20, 0.57, "+37\N{NARROW NO-BREAK SPACE}pts"),
        (0.20, 0.02, "−18\N{NARROW NO-BREAK SPACE}pts"),
        (0.2, 0.2, "0\N{NARROW NO-BREAK SPACE}pts"),
    ],
)
def test_a_change_is_in_points_with_a_true_minus(before: float, after: float, text: str) -> None:
    assert formats.points(before, after) == text


def test_a_share_has_a_narrow_space_before_its_unit() -> None:
    assert formats.share(0.568) == "57\N{NARROW NO-BREAK SPACE}%"


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (timedelta(seconds=41), "41 s"),
        (timedelta(minutes=28, seconds=40), "28 min"),
        (timedelta(hours=4, minutes=42), "4 h 42 min"),
        (timedelta(hours=7), "7 h"),
        (timedelta(hours=28), "28 h"),
        (timedelta(days=7), "7 days"),
        (timedelta(days=50), "50 days"),
        (timedelta(weeks=21), "21 weeks"),
        (timedelta(seconds=-3), "0 s"),
    ],
)
def test_an_age_has_one_unit_and_two_below_ten_hours(span: timedelta, text: str) -> None:
    assert formats.age(span).replace("\N{NARROW NO-BREAK SPACE}", " ") == text


@pytest.mark.parametrize(
    ("when", "text"),
    [
        (datetime(2026, 6, 30, 5, tzinfo=UTC), "05:00"),
        (datetime(2026, 6, 29, 5, tzinfo=UTC), "29 Jun 05:00"),
        (datetime(2025, 12, 31, 23, 59, tzinfo=UTC), "31 Dec 2025 23:59"),
        (None, "—"),
    ],
)
def test_todays_moments_need_no_date_and_this_years_no_year(when: datetime | None, text: str) -> None:
    assert formats.moment(when, UTC, NOW) == text


def test_a_moment_is_told_on_the_readers_clock() -> None:
    late = datetime(2026, 6, 29, 20, tzinfo=UTC)
    assert formats.moment(late, KOLKATA, NOW) == "01:30"
    assert formats.moment(late, NEW_YORK, NOW) == "29 Jun 16:00"


def test_a_zone_without_letters_is_told_by_its_offset() -> None:
    assert formats.zone_name(UTC, NOW) == "UTC"
    assert formats.zone_name(NEW_YORK, NOW) == "EDT"
    assert formats.zone_name(ZoneInfo("America/Sao_Paulo"), NOW) == "UTC−03:00"


@pytest.mark.parametrize(
    ("edges", "ranges"),
    [
        ([0.0241, 0.0437, 0.2603, float("inf")], ["≤ 0.024", "0.024 – 0.044", "0.044 – 0.26", "> 0.26"]),
        ([236_000.0, 590_000.0, float("inf")], ["≤ 236,000", "236,000 – 590,000", "> 590,000"]),
        ([1.001, 1.002, float("inf")], ["≤ 1.001", "1.001 – 1.002", "> 1.002"]),
        ([-3.0, 0.0, float("inf")], ["≤ −3", "−3 – 0", "> 0"]),
        ([float("inf")], ["all"]),
    ],
)
def test_bins_are_told_with_as_few_digits_as_tell_them_apart(edges: list[float], ranges: list[str]) -> None:
    assert formats.ranges(edges) == ranges


def test_edges_that_coincide_are_told_once_each() -> None:
    assert formats.edges([0.0, 0.0, 10.0, float("inf")]) == ["0", "0", "10", "∞"]


@pytest.mark.parametrize(
    ("seconds", "cadence", "width"),
    [
        (60, "every minute", "1 min"),
        (3600, "hourly", "1 h"),
        (86_400, "daily", "1 day"),
        (1_209_600, "every 2 weeks", "2 weeks"),
    ],
)
def test_a_cadence_is_a_word_where_there_is_one(seconds: int, cadence: str, width: str) -> None:
    assert formats.period(seconds) == cadence
    assert formats.length(seconds).replace("\N{NARROW NO-BREAK SPACE}", " ") == width


@pytest.mark.parametrize(
    ("first", "last", "text"),
    [
        (datetime(2026, 6, 23, tzinfo=UTC), datetime(2026, 6, 23, 20, tzinfo=UTC), "23 Jun"),
        (datetime(2026, 6, 23, tzinfo=UTC), datetime(2026, 6, 24, tzinfo=UTC), "23–24 Jun"),
        (datetime(2026, 5, 31, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC), "31 May – 1 Jun"),
    ],
)
def test_a_few_days_are_told_as_short_as_a_sentence_wants_them(first: datetime, last: datetime, text: str) -> None:
    assert formats.days_together(first, last, UTC, NOW) == text


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(0.0, 0.004, "fewer than 0.01"), (0.001, 1.824, "0 to 1.82"), (2, 2, "2.00"), (9.99, 1234.4, "9.99 to 1,234")],
)
def test_so_many_a_week_is_a_range(low: float, high: float, words: str) -> None:
    assert formats.a_week(low, high) == words
