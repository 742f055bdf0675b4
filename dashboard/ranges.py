"""The stretch of time a page shows, as its URL names it: a length up to now, or two days of the reader's calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from assays.coverage import Span

LENGTHS = {"7d": ("7 d", 7), "30d": ("30 d", 30), "90d": ("90 d", 90), "1y": ("1 y", 365)}
LONGEST = timedelta(days=3660)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Range:
    """`key` is the length's, or empty for two chosen days; `first` and `last` are days, both within it."""

    key: str
    span: Span
    first: date
    last: date

    def moved(self, steps: int) -> tuple[date, date]:
        """The days of the range before (-1) or after (1) this one."""
        length = (self.last - self.first) + DAY
        return self.first + steps * length, self.last + steps * length


def of(query: Mapping[str, str], usual: str, zone: tzinfo, now: datetime) -> Range:
    """Days win over a length; nonsense falls back to the usual length."""
    if chosen := chosen_days(query):
        return between(*chosen, zone)
    key = query.get("range", "")
    key = key if key in LENGTHS else usual
    days = LENGTHS[key][1]
    return Range(key, Span(now - timedelta(days=days), now), *_days(now, days, zone))


def chosen_days(query: Mapping[str, str]) -> tuple[date, date] | None:
    """The first and last day that the URL names, if it names a stretch that can be shown."""
    first, last = _day(query.get("from", "")), _day(query.get("to", ""))
    return (first, last) if first and last and timedelta(0) <= last - first <= LONGEST else None


def between(first: date, last: date, zone: tzinfo) -> Range:
    return Range("", Span(_midnight(first, zone), _midnight(last + DAY, zone)), first, last)


def usual(period_seconds: int | None, on_a_phone: bool) -> str:
    """How much of an assay is shown when nobody has chosen: some tens of its windows at least."""
    if period_seconds is None or period_seconds >= 7 * 86_400:
        return "1y"
    if period_seconds >= 86_400:
        return "30d" if on_a_phone else "90d"
    return "30d" if period_seconds >= 3600 and not on_a_phone else "7d"


def _days(now: datetime, days: int, zone: tzinfo) -> tuple[date, date]:
    today = now.astimezone(zone).date()
    return today - timedelta(days=days - 1), today


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if date(1971, 1, 1) <= day <= date(2200, 1, 1) else None


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
