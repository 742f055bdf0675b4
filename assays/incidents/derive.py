"""Windows into incidents: a pure function of the windows of one scope, whatever order they came in. numpy only.

Each window is judged by the windows counted back from it: itself, then the newest that ends at or before its start, and
so on, for windows that overlap are no independent evidence. An incident opens with a bad window of which k of the last
n so counted are bad, and closes with a window of which the last m are all Ok. It begins with the earliest bad window of
those that opened it, not before the close of the incident before. Times are microseconds since 1970, UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

BEGINNING = -(1 << 62)
"""Before every window."""

ALERT = 1
"""The worst state of a window, as `states.State` numbers it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Opens after k bad ones of the last n counted windows, closes after m Ok ones."""

    k: int = 1
    n: int = 1
    m: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.k <= self.n or self.m < 1:
            raise ValueError(f"{self.k} of {self.n}, closing after {self.m}, is no rule")

    @property
    def reach(self) -> int:
        """How many counted windows decide about one."""
        return max(self.n, self.m)


@dataclass(frozen=True, slots=True)
class Windows:
    """The counted windows of a scope in order of their ends, each bad or Ok: all arrays of one length.

    `state` is the smaller the worse; `score` is NaN where there is none.
    """

    end: Ints
    start: Ints
    bad: Flags
    state: Ints
    score: Floats

    def __len__(self) -> int:
        return len(self.end)

    def until(self, end: int) -> Windows:
        stop = int(np.searchsorted(self.end, end, side="right"))
        return Windows(self.end[:stop], self.start[:stop], self.bad[:stop], self.state[:stop], self.score[:stop])


@dataclass(frozen=True, slots=True)
class Spell:
    """An incident as windows make it: its windows named by their ends, `ok` the one that closed it, None while open.

    `count` and all else is of its bad windows; of equal peaks the first is kept.
    """

    first_bad: int
    opened: int
    last_bad: int
    ok: int | None
    count: int
    alerts: int
    severity: int
    peak: float | None
    peak_start: int
    peak_end: int


def derive(
    windows: Windows, rule: Rule, *, since: int = BEGINNING, going: Spell | None = None, closed: int = BEGINNING
) -> list[Spell]:
    """The incidents of the windows that end after `since`, oldest first; those before are only counted back to.

    `going` is the incident that is open at `since`, which is continued; `closed` is the end of the window that closed
    the one before.
    """
    first = int(np.searchsorted(windows.end, since, side="right"))
    earlier = _earlier(windows)
    opening, closing = _opening(windows, rule, earlier), _closing(windows, rule, earlier)
    opened, shut = _turns(opening[first:], closing[first:], is_open=going is not None)
    opened, shut = opened + first, shut + first
    spells = []
    if going is not None:
        stop = int(shut[0]) if len(shut) else len(windows)
        spells.append(_continued(windows, going, first, stop))
        closed, shut = (int(windows.end[stop]) if len(shut) else closed), shut[1:]
    begun = _begun(windows, rule, earlier, opened, np.concatenate([[closed], windows.end[shut]]))
    return [*spells, *_spells(windows, begun, opened, shut)]


def closings(windows: Windows, rule: Rule, touched: tuple[int, int]) -> tuple[Ints, Ints]:
    """The places of windows that leave nothing open, whatever came before them: those that end before the first of
    the two touched ends and whose evidence is all there, and those that no window up to the second can have moved.
    """
    earlier = _earlier(windows)
    closing = _closing(windows, rule, earlier)
    furthest = _counted_back(earlier, rule.reach - 1)
    whole = closing & (furthest >= 0) & (np.diff(windows.end, append=np.iinfo(np.int64).max) > 0)
    before = whole & (windows.end < touched[0])
    after = whole & (windows.end[furthest] > touched[1]) if len(windows) else whole
    return np.flatnonzero(before), np.flatnonzero(after)


def is_whole(windows: Windows, rule: Rule, since: int) -> bool:
    """Whether of every window that ends after `since` all are there that it is counted back to."""
    first = int(np.searchsorted(windows.end, since, side="right"))
    return bool((_counted_back(_earlier(windows), rule.reach - 1)[first:] >= 0).all())


def _earlier(windows: Windows) -> Ints:
    """For each window the place of the one counted before it, -1 for none."""
    return np.searchsorted(windows.end, windows.start, side="right") - 1


def _counted_back(earlier: Ints, steps: int) -> Ints:
    places = np.arange(len(earlier))
    for _ in range(steps):
        places = _step(earlier, places)
    return places


def _step(earlier: Ints, places: Ints) -> Ints:
    return np.where(places >= 0, earlier[places], -1) if len(earlier) else places


def _opening(windows: Windows, rule: Rule, earlier: Ints) -> Flags:
    if rule.k == 1:
        return windows.bad
    places = np.arange(len(windows))
    many = np.zeros(len(windows), dtype=np.int64)
    for _ in range(rule.n):
        many += (places >= 0) & windows.bad[places]
        places = _step(earlier, places)
    return windows.bad & (many >= rule.k)


def _closing(windows: Windows, rule: Rule, earlier: Ints) -> Flags:
    places = np.arange(len(windows))
    closing = ~windows.bad
    for _ in range(rule.m - 1):
        places = _step(earlier, places)
        closing &= (places >= 0) & ~windows.bad[places]
    return closing


def _turns(opening: Flags, closing: Flags, *, is_open: bool) -> tuple[Ints, Ints]:
    """The places at which it opens, and at which it closes."""
    told = np.flatnonzero(opening | closing)
    says_open = opening[told]
    before = np.concatenate([[is_open], says_open[:-1]])[: len(told)]
    return told[says_open & ~before], told[~says_open & before]


def _begun(windows: Windows, rule: Rule, earlier: Ints, opened: Ints, closed: Ints) -> Ints:
    """The place of each incident's first bad window; `closed` are the ends of the closes before them."""
    begun, places = opened, opened
    for _ in range(rule.n - 1):
        places = _step(earlier, places)
        counts = (places >= 0) & windows.bad[places] & (windows.end[places] > closed[: len(opened)])
        begun = np.where(counts, places, begun)
    return begun


def _spells(windows: Windows, begun: Ints, opened: Ints, shut: Ints) -> Iterator[Spell]:
    if not len(opened):
        return
    bad = np.flatnonzero(windows.bad)
    stops = np.concatenate([shut, [len(windows)]])[: len(opened)]
    low, high = np.searchsorted(bad, begun), np.searchsorted(bad, stops)
    state, score = windows.state[bad], np.where(np.isnan(windows.score[bad]), -np.inf, windows.score[bad])
    peak = bad[_highest(score, low, high)]
    worst = np.minimum.reduceat(np.append(state, 0), _edges(low, high))[::2]
    alerts = np.concatenate([[0], np.cumsum(state == ALERT)])
    for k in range(len(opened)):
        top = windows.score[peak[k]]
        yield Spell(
            first_bad=int(windows.end[begun[k]]),
            opened=int(windows.end[opened[k]]),
            last_bad=int(windows.end[bad[high[k] - 1]]),
            ok=int(windows.end[shut[k]]) if k < len(shut) else None,
            count=int(high[k] - low[k]),
            alerts=int(alerts[high[k]] - alerts[low[k]]),
            severity=int(worst[k]),
            peak=None if np.isnan(top) else float(top),
            peak_start=int(windows.start[peak[k]]),
            peak_end=int(windows.end[peak[k]]),
        )


def _edges(low: Ints, high: Ints) -> Ints:
    """For `reduceat`: each stretch, and what lies between it and the next."""
    return np.column_stack([low, high]).ravel()


def _highest(score: Floats, low: Ints, high: Ints) -> Ints:
    """The first place of the highest score in each stretch."""
    highest = np.maximum.reduceat(np.append(score, -np.inf), _edges(low, high))[::2]
    owner = np.searchsorted(low, np.arange(len(score)), side="right") - 1
    places = np.flatnonzero((owner >= 0) & (score == highest[np.maximum(owner, 0)]))
    return places[np.searchsorted(places, low)]


def _continued(windows: Windows, going: Spell, first: int, stop: int) -> Spell:
    """The open incident with what came after it."""
    ok = int(windows.end[stop]) if stop < len(windows) else None
    more = np.array([first + int(np.argmax(windows.bad[first:stop]))]) if windows.bad[first:stop].any() else None
    if more is None:
        return replace(going, ok=ok)
    (new,) = _spells(windows.until(int(windows.end[stop - 1])), more, more, np.empty(0, dtype=np.int64))
    peaks_later = new.peak is not None and (going.peak is None or new.peak > going.peak)
    top = new if peaks_later else going
    return replace(
        going,
        last_bad=new.last_bad,
        ok=ok,
        count=going.count + new.count,
        alerts=going.alerts + new.alerts,
        severity=min(going.severity, new.severity),
        peak=top.peak,
        peak_start=top.peak_start,
        peak_end=top.peak_end,
    )
