"""What a stretch of days comes to: shares, coverage, days in drift. Pure functions of counts.

Counts are of windows by the day on which they end: an array (fields, days, 5) in the order of `rollups.COUNTS`. States
are `State` values, and 0 where a day has no window. Drift is Warning or Alert; a share of windows Ok is one of windows
with a score, so that failed runs and windows without data are neither Ok nor drift.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from assays.schedule import Micros
from assays.states import BAD, State

Counts = NDArray[np.unsignedinteger[Any]]
States = NDArray[np.uint8]
Ints = NDArray[np.int64]
Places = NDArray[np.intp]

OK, WARNING, ALERT, FAILED, NO_DATA = range(5)
NOTHING = 0
_UNKNOWN = 255


class Tally(NamedTuple):
    """How many windows of each state."""

    ok: int = 0
    warning: int = 0
    alert: int = 0
    failed: int = 0
    no_data: int = 0

    @property
    def scored(self) -> int:
        return self.ok + self.warning + self.alert

    @property
    def received(self) -> int:
        return self.scored + self.failed

    @property
    def scheduled(self) -> int:
        return self.received + self.no_data

    @property
    def share_ok(self) -> float | None:
        """Of the windows with a score; None without one."""
        return self.ok / self.scored if self.scored else None

    @property
    def coverage(self) -> float | None:
        """The results that came, of the windows that were scheduled and have been read; None without one."""
        return self.received / self.scheduled if self.scheduled else None


def daily(counts: Counts) -> Ints:
    """Of all fields, by day."""
    sums: Ints = counts.sum(axis=0, dtype=np.int64)
    return sums


def tally(counts: Ints) -> Tally:
    """Of all days, by day given."""
    return Tally(*counts.sum(axis=0).tolist())


def tallies(counts: Counts, of: Places, many: int) -> list[Tally]:
    """Of all days, by assay: `of` names each field's."""
    sums = np.zeros((many, 5), dtype=np.int64)
    np.add.at(sums, of, counts.sum(axis=1, dtype=np.int64))
    return [Tally(*row) for row in sums.tolist()]


def by_stretch(counts: Ints, stretches: Iterable[slice]) -> list[Tally]:
    """Of each stretch of days, by day given."""
    return [tally(counts[part]) for part in stretches]


def states(counts: Counts) -> States:
    """The worst state of each day, 0 without a window that left a result."""
    told = [counts[..., column] > 0 for column in (ALERT, WARNING, FAILED, OK)]
    return np.select(told, [State.ALERT, State.WARNING, State.FAILED, State.OK], NOTHING).astype(np.uint8)


def spread(found: States, days: int, early: bool) -> States:
    """The states of a field whose windows come every so many days, of which each stands for all.

    A window stands for the day on which it ends and those back to the window before; one that ends before noon
    (`early`) for the day before and as many back from there.
    """
    shifted = np.append(found[1:], np.uint8(NOTHING)) if early else found
    result = shifted.copy()
    for back in range(1, days):
        earlier = np.append(shifted[back:], np.zeros(min(back, len(shifted)), dtype=np.uint8))
        result = np.where(result == NOTHING, earlier, result)
    return result


def worst(found: States, of: Places, many: int) -> States:
    """The worst of several rows' states by day: `of` says to which of `many` results a row belongs."""
    result = np.full((many, found.shape[1]), _UNKNOWN, dtype=np.uint8)
    np.minimum.at(result, of, np.where(found == NOTHING, np.uint8(_UNKNOWN), found))
    return np.where(result == _UNKNOWN, np.uint8(NOTHING), result)


def by_week(found: States, stretches: Sequence[slice]) -> States:
    """The worst state of each stretch of days, which follow each other from the first day to the last."""
    ranked = np.where(found == NOTHING, np.uint8(_UNKNOWN), found)
    result = np.minimum.reduceat(ranked, [part.start for part in stretches], axis=1)
    return np.where(result == _UNKNOWN, np.uint8(NOTHING), result)


def is_drift(found: States) -> NDArray[np.bool_]:
    return np.isin(found, BAD)


def days_in_drift(found: States) -> Ints:
    """By row."""
    days: Ints = is_drift(found).astype(np.int64).sum(axis=1)
    return days


class During(NamedTuple):
    """A row's stretch of time, such as a pause: from `began` until before `ended`."""

    row: int
    began: int
    ended: int


def overlaid(found: States, stretches: Iterable[During], state: State, starts: Micros) -> States:
    """With a state on each day that a stretch touches and that has nothing worse."""
    result = found.copy()
    for row, began, ended in stretches:
        first = max(0, int(np.searchsorted(starts, began, side="right")) - 1)
        part = result[row, first : int(np.searchsorted(starts, ended, side="left"))]
        part[(part == NOTHING) | (part > state)] = state
    return result
