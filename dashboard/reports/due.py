"""When a schedule's mails are due, and which days each tells of: by the reader's own calendar and clock. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Protocol

from dashboard.history.days import DAY, Days, between
from dashboard.reports.models import Rhythm

WEEK = timedelta(days=7)


class Timed(Protocol):
    """A schedule, or what is about to be one."""

    rhythm: str
    day: int
    hour: int

    @property
    def clock(self) -> tzinfo: ...


def moment(plan: Timed, period: date) -> datetime:
    """The hour of that day; where clocks skip it, the one to which they jump, and where it comes twice, the first."""
    return datetime.combine(period, time(plan.hour), plan.clock).astimezone(UTC)


def newest(plan: Timed, now: datetime) -> date:
    """The last day on which a mail was due."""
    today = now.astimezone(plan.clock).date()
    return next(day for day in _back(plan, today) if moment(plan, day) <= now)


def upcoming(plan: Timed, now: datetime) -> datetime:
    """When the next one is due."""
    later = now + (WEEK if plan.rhythm == Rhythm.WEEKLY else timedelta(days=31))
    days = list(_back(plan, later.astimezone(plan.clock).date() + DAY))
    return min(at for at in (moment(plan, day) for day in days) if at > now)


def _back(plan: Timed, day: date) -> Iterator[date]:
    """The last three days of a schedule, not after `day`; newest first."""
    if plan.rhythm == Rhythm.WEEKLY:
        newest = day - (day.weekday() - plan.day) % 7 * DAY
        yield from (newest - k * WEEK for k in range(3))
        return
    first = day.replace(day=1) if day.day >= plan.day else _month_before(day)
    for _ in range(3):
        yield first.replace(day=plan.day)
        first = _month_before(first)


def _month_before(day: date) -> date:
    """Its first day."""
    return (day.replace(day=1) - DAY).replace(day=1)


def told_of(plan: Timed, period: date) -> Days:
    """The seven days before it, or the calendar month before."""
    if plan.rhythm == Rhythm.WEEKLY:
        return between(period - WEEK, period - DAY, plan.clock)
    return between(_month_before(period), period.replace(day=1) - DAY, plan.clock)
