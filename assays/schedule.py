"""When windows should exist: pure arithmetic on an assay's schedule. A window is named by its end.

Runs are at first_run + k * period, k = 0, 1, …, not after `end`; a run at t covers (t - width, t].
An assay on Cron has no period: nothing can be expected of it, and every function answers with nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

Micros = NDArray[np.int64]
"""Times as microseconds since 1970, UTC."""


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def moment(value: int) -> datetime:
    return EPOCH + timedelta(microseconds=int(value))


@dataclass(frozen=True, slots=True)
class Plan:
    """An assay's schedule; `period` is None for Cron."""

    first_run: datetime
    period: timedelta | None
    width: timedelta
    end: datetime | None = None


def window_ends(plan: Plan, after: datetime, until: datetime) -> Micros:
    """The ends of the windows with after < end <= until, oldest first, as microseconds since 1970."""
    first, last = _indexes(plan, after, until)
    if plan.period is None or last < first:
        return np.empty(0, dtype=np.int64)
    ticks = np.arange(first, last + 1, dtype=np.int64)
    return micros(plan.first_run) + ticks * (plan.period // MICROSECOND)


def count(plan: Plan, after: datetime, until: datetime) -> int:
    """How many windows have after < end <= until."""
    first, last = _indexes(plan, after, until)
    return max(0, last - first + 1)


def next_end(plan: Plan, after: datetime) -> datetime | None:
    """The first window's end later than `after`, or None when the schedule has ended."""
    if plan.period is None:
        return None
    k = max(0, (after - plan.first_run) // plan.period + 1)
    end = plan.first_run + k * plan.period
    return None if plan.end is not None and end > plan.end else end


def newest_end(plan: Plan, at: datetime) -> datetime | None:
    """The last window's end not later than `at`, or None before the first run."""
    if plan.period is None:
        return None
    until = min(at, plan.end) if plan.end is not None else at
    k = (until - plan.first_run) // plan.period
    return plan.first_run + k * plan.period if k >= 0 else None


def _indexes(plan: Plan, after: datetime, until: datetime) -> tuple[int, int]:
    """First and last k with after < first_run + k * period <= until; last < first when there is none."""
    if plan.period is None:
        return 0, -1
    if plan.end is not None:
        until = min(until, plan.end)
    first = max(0, (after - plan.first_run) // plan.period + 1)
    last = (until - plan.first_run) // plan.period
    return first, last


GRACE = (timedelta(minutes=2), timedelta(minutes=30))
"""A run counts as late a tenth of the period after it was due, within these bounds."""

FIRST_ASK = timedelta(seconds=5)
"""A result can exist a few seconds after its run was due."""

IDLE = timedelta(minutes=15)
"""How often an assay is asked at the least, one of which no run is due too: paused, ended, gone, or refused."""


FARTHEST = timedelta(days=1)
"""An assay without a period is asked within this, however far off its next run is said to be."""


def late_after(due: datetime, period: timedelta | None) -> datetime:
    """From when on a run due then counts as late."""
    shortest, longest = GRACE
    share = period / 10 if period else longest
    return due + min(max(share, shortest), longest)


def next_ask(now: datetime, due: datetime | None, period: timedelta | None, tries: int) -> datetime:
    """When to ask again: shortly after the next run is due, then 10, 20, 40 s … later while it does not come.

    A next run that is more than a period off is not waited for.

    Where none is due the past may still be worked off: soon after the last run has moved, then ever less often.
    """
    if due is None:
        return now + min(_doubled(tries + 1), IDLE)
    if due + FIRST_ASK > now:
        return min(due, now + (period or FARTHEST)) + FIRST_ASK
    longest = min(max(period or IDLE, timedelta(seconds=40)), IDLE)
    return now + min(_doubled(tries), longest)


def back_off(now: datetime, tries: int, wait: timedelta | None = None) -> datetime:
    """When to ask again after `tries` failures: 10, 20, 40 s …, at most IDLE, and not before upstream asks for it."""
    return now + max(min(_doubled(tries), IDLE), wait or timedelta(0))


def _doubled(tries: int) -> timedelta:
    """10, 20, 40 s … for the first, second, third try."""
    return timedelta(seconds=10 << min(max(tries - 1, 0), 10))
