"""Groups of rows to windows: a group taken as it is, or the panes of overlapping windows merged by adding them up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from assays.drift.bins import Floats
from assays.schedule import Micros

Counts = NDArray[np.int64]
N = TypeVar("N", bound=np.generic)
PAIRS = 1 << 20
"""How many pairs of window and pane are merged at a time: what bounds the memory of it."""


@dataclass(frozen=True, slots=True)
class Samples:
    """W samples: counts (W, B), the rest (W,). Those without rows or without numbers have zeros.

    `rows` are all rows, `numbers` what statistics are made of: min, max, mean, std and median.
    `edges` are each sample's own, where they were asked for.
    """

    counts: Counts
    rows: Counts
    numbers: Counts
    min: Floats
    max: Floats
    mean: Floats
    std: Floats
    median: Floats
    edges: list[Floats | None] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Spans:
    """For each window the items from `start` to before `stop`, in something ordered by time."""

    start: NDArray[np.intp]
    stop: NDArray[np.intp]

    def __getitem__(self, part: slice) -> Spans:
        return Spans(self.start[part], self.stop[part])


def time_spans(times: Micros, ends: Micros, width: int) -> Spans:
    """The items of each window (end - width, end], by their times in order."""
    return Spans(np.searchsorted(times, ends - width, "right"), np.searchsorted(times, ends, "right"))


def slices(values: Floats, spans: Spans) -> Iterator[Floats]:
    for start, stop in zip(spans.start.tolist(), spans.stop.tolist(), strict=True):
        yield values[start:stop]


def median(values: Floats) -> float:
    """The mean of the two middle values; 0.0 of none."""
    if not len(values):
        return 0.0
    middle = len(values) // 2
    if len(values) % 2:
        return float(np.partition(values, middle)[middle])
    low, high = np.partition(values, [middle - 1, middle])[middle - 1 : middle + 1]
    return float((low + high) / 2)


def take(groups: Samples, spans: Spans) -> Samples:
    """Windows of one group each, or of none."""
    found = spans.stop > spans.start

    def placed(values: NDArray[N]) -> NDArray[N]:
        out = np.zeros((len(found), *values.shape[1:]), dtype=values.dtype)
        out[found] = values[spans.start[found]]
        return out

    return _each(lambda name: placed(getattr(groups, name)))


def merge(panes: Samples, spans: Spans) -> Samples:
    """Windows of many panes each. Medians do not merge and are left at zero."""
    widest = int((spans.stop - spans.start).max(initial=1))
    step = max(1, PAIRS // max(1, widest))
    parts = [_merge(panes, spans[i : i + step]) for i in range(0, len(spans.start), step)]
    return _each(lambda name: np.concatenate([getattr(part, name) for part in parts]))


_ARRAYS = tuple(item.name for item in fields(Samples) if item.name != "edges")


def _each(array: Callable[[str], NDArray[Any]]) -> Samples:
    return Samples(**{name: array(name) for name in _ARRAYS})  # type: ignore[arg-type]


def _merge(panes: Samples, spans: Spans) -> Samples:
    pairs = _Pairs.of(spans)
    numbers = pairs.add(panes.numbers)
    mean = pairs.add(panes.numbers * panes.mean) / np.maximum(numbers, 1)
    return Samples(
        counts=pairs.add(panes.counts),
        rows=pairs.add(panes.rows),
        numbers=numbers,
        min=pairs.extreme(np.minimum, panes.min, panes.numbers, np.inf),
        max=pairs.extreme(np.maximum, panes.max, panes.numbers, -np.inf),
        mean=mean,
        std=np.sqrt(pairs.squares(panes, mean) / np.maximum(numbers, 1)),
        median=np.zeros(len(numbers)),
    )


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Every pane of every window, window by window: `pane` and `window` of each pair, `first` pair of each window
    that has any (`filled`), of `windows` in all.
    """

    pane: NDArray[np.intp]
    window: NDArray[np.intp]
    first: NDArray[np.intp]
    filled: NDArray[np.bool_]

    @classmethod
    def of(cls, spans: Spans) -> _Pairs:
        lengths = spans.stop - spans.start
        first = np.cumsum(lengths) - lengths
        window = np.repeat(np.arange(len(lengths)), lengths)
        pane = np.arange(len(window)) - first[window] + spans.start[window]
        return cls(pane, window, first[lengths > 0], lengths > 0)

    def add(self, values: NDArray[N]) -> NDArray[N]:
        return self._reduce(np.add, values[self.pane])

    def extreme(self, which: np.ufunc, values: Floats, numbers: Counts, empty: float) -> Floats:
        """The least or greatest of the panes that have numbers; 0.0 where none has."""
        found = self._reduce(which, np.where(numbers > 0, values, empty)[self.pane])
        return np.where(np.isfinite(found), found, 0.0)

    def squares(self, panes: Samples, mean: Floats) -> Floats:
        """The sum of squared distances from the window's mean: within the panes, and of the panes."""
        within: Floats = np.square(panes.std) * panes.numbers
        apart: Floats = np.square(panes.mean[self.pane] - mean[self.window]) * panes.numbers[self.pane]
        return self._reduce(np.add, within[self.pane] + apart)

    def _reduce(self, ufunc: np.ufunc, paired: NDArray[N]) -> NDArray[N]:
        out = np.zeros((len(self.filled), *paired.shape[1:]), dtype=paired.dtype)
        if len(self.first):
            out[self.filled] = ufunc.reduceat(paired, self.first, axis=0)
        return out
