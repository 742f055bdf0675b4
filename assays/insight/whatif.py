"""What other thresholds would have done over a field's whole history: windows, incidents, and what they cost. Pure.

The rule is that of `incidents.derive`, written for one history and many thresholds: which windows are counted back from
each is found once, and an incident is three places in arrays.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assays.drift.bins import Floats, Indexes
from assays.incidents.derive import Rule
from assays.insight.ordinary import predecessors
from assays.insight.packs import History

Flags = NDArray[np.bool_]

MONTH = 30 * 86_400_000_000
CANDIDATES = 64
ABOVE_ALL = 1.1


@dataclass(frozen=True, slots=True)
class Incidents:
    """Oldest first: places of the first bad window, of the one that opened it, and of the last bad one; shape (I,)."""

    first: Indexes
    opened: Indexes
    last: Indexes

    def __len__(self) -> int:
        return len(self.first)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of `windows` scored ones how many would have been Warning and Alert, and the incidents they make."""

    windows: int
    warnings: int
    alerts: int
    incidents: Incidents


@dataclass(frozen=True, slots=True)
class Marked:
    """An incident that a person judged; from the end of its first bad window to that of its last, in microseconds."""

    key: str
    first_end: int
    last_end: int
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Cost:
    """What would have become of the judged incidents: `caught` and `missed` confirmed ones, false alarms likewise."""

    caught: tuple[Marked, ...]
    missed: tuple[Marked, ...]
    raised: tuple[Marked, ...]
    avoided: tuple[Marked, ...]


class Replay:
    """A history made ready for one threshold after another."""

    def __init__(self, history: History, rule: Rule) -> None:
        self.history, self.rule = history, rule
        self._back = _counted_back(history, rule.reach - 1)

    def outcome(self, warning: float | None, alert: float | None) -> Outcome:
        """Thresholds are inclusive, a null one never fires; either alone makes a window bad."""
        alerts = _reaches(self.history.score, alert)
        bad = alerts | _reaches(self.history.score, warning)
        many, worst = int(np.count_nonzero(bad)), int(np.count_nonzero(alerts))
        return Outcome(len(self.history), many - worst, worst, self.incidents(bad))

    def incidents(self, bad: Flags) -> Incidents:
        opens = bad & self._at_least(bad, self.rule.k, self.rule.n)
        closes = ~bad & self._at_least(~bad, self.rule.m, self.rule.m)
        opened, closed = _turns(opens, closes)
        return Incidents(self._first_bad(bad, opened, closed), opened, _last_bad(bad, opened, closed))

    def _at_least(self, flags: Flags, k: int, n: int) -> Flags:
        """Of which windows at least k of the newest n counted ones, itself among them, have the flag."""
        if k == 1:
            return flags
        found = flags.astype(np.int16)
        for places in self._back[: n - 1]:
            found += flags[places] & (places >= 0)
        return found >= k

    def _first_bad(self, bad: Flags, opened: Indexes, closed: Indexes) -> Indexes:
        """The oldest bad one of those that opened the incident, after the close of the one before."""
        end, first = self.history.end, opened
        since = np.concatenate([[-1], end[closed]])[: len(opened)]
        for places in self._back[: self.rule.n - 1]:
            earlier = places[opened]
            first = np.where((earlier >= 0) & bad[earlier] & (end[earlier] > since), earlier, first)
        return first


def _counted_back(history: History, steps: int) -> list[Indexes]:
    """Of each window the places of those counted before it, the nearest first; -1 where there is none."""
    before, back = predecessors(history), []
    places = np.arange(len(history))
    for _ in range(steps):
        places = np.where(places >= 0, before[places], -1)
        back.append(places)
    return back


def _reaches(score: Floats, threshold: float | None) -> Flags:
    return np.zeros(len(score), dtype=np.bool_) if threshold is None else score >= threshold


def _turns(opens: Flags, closes: Flags) -> tuple[Indexes, Indexes]:
    """The places at which an incident opens, and at which one that is open closes."""
    told = np.flatnonzero(opens | closes)
    is_open = opens[told]
    was_open = np.concatenate([[False], is_open[:-1]])[: len(told)]
    return told[is_open & ~was_open], told[~is_open & was_open]


def _last_bad(bad: Flags, opened: Indexes, closed: Indexes) -> Indexes:
    """The last bad window before each close, or before the end for one that is still open."""
    stops = np.concatenate([closed, [len(bad)]])[: len(opened)]
    places = np.flatnonzero(bad)
    return places[np.searchsorted(places, stops) - 1] if len(opened) else opened


def cost(history: History, incidents: Incidents, marked: Iterable[Marked]) -> Cost:
    """Of a confirmed incident that no incident overlaps none would have been told; a false alarm is then avoided."""
    first, last = history.end[incidents.first], history.end[incidents.last]
    sorted_out: dict[tuple[bool, bool], list[Marked]] = {(a, b): [] for a in (True, False) for b in (True, False)}
    for one in marked:
        place = int(np.searchsorted(last, one.first_end))
        seen = place < len(first) and bool(first[place] <= one.last_end)
        sorted_out[one.confirmed, seen].append(one)
    caught, missed = sorted_out[True, True], sorted_out[True, False]
    return Cost(tuple(caught), tuple(missed), tuple(sorted_out[False, True]), tuple(sorted_out[False, False]))


@dataclass(frozen=True, slots=True)
class Point:
    """One threshold of the trade-off: incidents a month where all was ordinary, and in all; confirmed ones missed."""

    threshold: float
    false_alarms: float
    incidents: float
    missed: int
    raised: int


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The lowest threshold with which no more false alarms a month are to be expected than wanted.

    It is None when the curve has none, and `rests_on` says how many ordinary windows it was found with.
    """

    threshold: float | None
    curve: tuple[Point, ...]
    rests_on: int
    months: float


def recommend(
    history: History, calm: History, marked: Sequence[Marked], target: float, rule: Rule, most: int = CANDIDATES
) -> Recommendation:
    """`calm` are the ordinary windows, `target` the false alarms a month that are put up with.

    False alarms are the incidents among ordinary windows, or those marked as such in the history where they are more.
    """
    months, all_months = _months(calm), _months(history)
    whole, ordinary = Replay(history, rule), Replay(calm, rule)
    curve = [
        _point(threshold, whole, ordinary, marked, months, all_months) for threshold in _candidates(history, calm, most)
    ]
    chosen = next((point.threshold for point in curve if point.false_alarms <= target), None)
    return Recommendation(chosen, tuple(curve), len(calm), months)


def _point(
    threshold: float, whole: Replay, ordinary: Replay, marked: Sequence[Marked], months: float, all_months: float
) -> Point:
    made = whole.outcome(None, threshold).incidents
    false = len(ordinary.outcome(None, threshold).incidents)
    told = cost(whole.history, made, marked)
    return Point(
        threshold,
        max(_rate(false, months), _rate(len(told.raised), all_months)),
        _rate(len(made), all_months),
        len(told.missed),
        len(told.raised),
    )


def _rate(many: int, months: float) -> float:
    return many / months if months else 0.0


def _months(windows: History) -> float:
    """How long the windows cover together; what lies between two periods does not count."""
    if not len(windows):
        return 0.0
    step = int(np.median(np.diff(windows.end))) if len(windows) > 1 else int(windows.end[0] - windows.start[0])
    return len(windows) * max(step, 1) / MONTH


def _candidates(history: History, calm: History, most: int) -> list[float]:
    """Lowest first: evenly spread over the ordinary scores above their median, over what is higher, and above all."""
    scores = calm.score if len(calm) else history.score
    if not len(scores):
        return []
    spread = np.quantile(scores, np.linspace(0.5, 1.0, most // 2))
    higher = history.score[history.score > spread[-1]]
    beyond = np.quantile(higher, np.linspace(0.0, 1.0, most // 2)) if len(higher) else higher
    top = max(spread[-1], higher.max(initial=0.0)) * ABOVE_ALL
    return sorted({_rounded_up(float(value)) for value in (*spread, *beyond, top) if value > 0})


def _rounded_up(value: float) -> float:
    """To three digits: no more can be defended, and none of the windows below is let in."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 2)
    return float(f"{math.ceil(value / unit) * unit:.3g}")
