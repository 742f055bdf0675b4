"""A stretch of a reader's days: where each begins, and on which of them a moment falls. Pure.

A day is what a calendar in the zone calls one, be it 23, 24 or 25 hours long; moments are microseconds since 1970, UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cached_property

import numpy as np

from assays.schedule import MICROSECOND, Micros, micros

DAY = timedelta(days=1)
DAY_MICROS = DAY // MICROSECOND
HOUR_MICROS = DAY_MICROS // 24


@dataclass(frozen=True)
class Days:
    """`many` days from `first` on."""

    first: date
    many: int
    zone: tzinfo

    @property
    def last(self) -> date:
        return self.day(self.many - 1)

    def day(self, k: int) -> date:
        return self.first + k * DAY

    @cached_property
    def starts(self) -> Micros:
        """The first instant of each day, and of the one after the last."""
        return np.array([micros(midnight(self.day(k), self.zone)) for k in range(self.many + 1)], dtype=np.int64)

    @property
    def cuts(self) -> Micros:
        """The hours in which a day begins later than at their start, as in zones of half an hour."""
        inside = self.starts[self.starts % HOUR_MICROS != 0]
        return np.unique(inside - inside % HOUR_MICROS)

    def place(self, day: date) -> int:
        return (day - self.first).days

    def part(self, first: date, many: int) -> Days:
        return Days(first, many, self.zone)

    def before(self) -> Days:
        """As many days, just before these."""
        return self.part(self.first - self.many * DAY, self.many)

    def runs(self) -> list[tuple[int, int, int]]:
        """Stretches of days of 24 hours, and each other day alone: first day, its start, where the stretch stops."""
        lengths = np.diff(self.starts)
        edges = [k for k in range(self.many) if k == 0 or lengths[k] != DAY_MICROS or lengths[k - 1] != DAY_MICROS]
        stops = [*edges[1:], self.many]
        return [(k, int(self.starts[k]), int(self.starts[stop])) for k, stop in zip(edges, stops, strict=True)]


def midnight(day: date, zone: tzinfo) -> datetime:
    """The day's first instant: where clocks skip midnight, the moment to which they jump."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def between(first: date, last: date, zone: tzinfo) -> Days:
    return Days(first, (last - first).days + 1, zone)


def weeks(days: Days) -> list[slice]:
    """The days in calendar weeks, Monday first; the first and the last may be parts of one."""
    edges = [k for k in range(days.many) if k == 0 or days.day(k).weekday() == 0]
    return [slice(start, stop) for start, stop in zip(edges, [*edges[1:], days.many], strict=True)]
