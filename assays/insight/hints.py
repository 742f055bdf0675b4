"""What else a window's bins and statistics say beside its score: each hint with the numbers it rests on. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np

from assays import wire
from assays.drift.bins import Floats
from assays.drift.explain import ceiling
from assays.drift.metrics import Measure
from assays.insight.labels import LEAST_ROWS

GREW_BY = 0.05
GREW_TIMES = 1.5
"""The left-most bin has grown when it holds so much more of the rows, and so many times as much as before."""

OUTSIDE = 0.1
"""A value lies outside the baseline's range when it is so much of that range beyond it."""


class Kind(Enum):
    """What a hint says; `Hint` tells which numbers stand for it."""

    NO_NUMBERS = "values that are no numbers fell into the left-most bin"
    LEFT_GREW = "the left-most bin grew, where missing values land too"
    ONE_BIN = "every row fell into one bin, close to the highest score that these bins allow"
    FEW_ROWS = "too few rows to judge"
    IMPOSSIBLE = "the statistics and the bins cannot both be of these rows"
    MOVED_WITHIN = "the mean moved, and the bins hardly: values moved within them"
    BELOW_RANGE = "values lie below the baseline's lowest"
    ABOVE_RANGE = "values lie above the baseline's highest"


@dataclass(frozen=True, slots=True)
class Hint:
    """`before` and `after` are what `of` says of the baseline and of the window; `label` names the bin, if any.

    Of ONE_BIN `before` is the ceiling and `after` the score, of FEW_ROWS the least rows and the rows there are, of
    IMPOSSIBLE the edge and the statistic beyond it.
    """

    kind: Kind
    of: str
    before: float
    after: float
    label: str = ""


def hints(
    baseline: wire.Summary, window: wire.Summary, scored: float, how: Measure, calm_below: float | None
) -> list[Hint]:
    """Of a scored window whose bins are the baseline's; below the score `calm_below` bins count as hardly moved."""
    rows = window.statistics.count
    p, q = shares(baseline, how.aggregation), shares(window, how.aggregation)
    found: list[Hint] = [Hint(Kind.FEW_ROWS, "rows", LEAST_ROWS, rows)] if rows < LEAST_ROWS else []
    if p is not None and q is not None and len(p) == len(q):
        found += [
            *_of_left(window, p, q),
            *_of_one_bin(baseline, window, q, scored, how),
            *_of_contradiction(window, q),
        ]
    if _has_numbers(window, q):
        found += [*_of_mean(baseline, window, scored, calm_below), *_of_range(baseline, window)]
    return found


def shares(summary: wire.Summary, aggregation: str) -> Floats | None:
    """Each bin's share of the rows, whatever was aggregated; None under Edges, which keeps none."""
    values = np.asarray(summary.aggregated_values)
    if aggregation == "Cumulative":
        return np.diff(values, prepend=0.0)
    return values if aggregation == "Density" else None


def _of_left(window: wire.Summary, p: Floats, q: Floats) -> Iterator[Hint]:
    """Certain where no number of the window is low enough for the bin."""
    first_edge = next(wire.edge_values(window.bins.edges))
    label = window.bins.labels[0]
    if q[0] > 0 and window.statistics.min > first_edge:
        yield Hint(Kind.NO_NUMBERS, "share", float(p[0]), float(q[0]), label)
    elif q[0] - p[0] >= GREW_BY and q[0] >= GREW_TIMES * p[0]:
        yield Hint(Kind.LEFT_GREW, "share", float(p[0]), float(q[0]), label)


def _of_one_bin(baseline: wire.Summary, window: wire.Summary, q: Floats, scored: float, how: Measure) -> Iterator[Hint]:
    full = int(q.argmax())
    if len(q) > 1 and q[full] >= 1.0 - 1e-12:
        highest = ceiling(baseline.aggregated_values, window.statistics.count, how)
        if highest is not None:
            yield Hint(Kind.ONE_BIN, "score", highest, scored, window.bins.labels[full])


def _of_contradiction(window: wire.Summary, q: Floats) -> Iterator[Hint]:
    """The left-most bin is no witness: what is no number lies there, and in no statistic."""
    edges = list(wire.edge_values(window.bins.edges))
    filled = [int(place) for place in np.flatnonzero(q > 0) if place > 0]
    if not filled:
        return
    if window.statistics.max < edges[filled[-1] - 1]:
        yield Hint(Kind.IMPOSSIBLE, "max", edges[filled[-1] - 1], window.statistics.max, window.bins.labels[filled[-1]])
    if window.statistics.min > edges[filled[0]]:
        yield Hint(Kind.IMPOSSIBLE, "min", edges[filled[0]], window.statistics.min, window.bins.labels[filled[0]])


def _has_numbers(window: wire.Summary, q: Floats | None) -> bool:
    """Five zeros and every row in the left-most bin is how a window without any number is sent."""
    told = window.statistics
    is_blank = (told.min, told.max, told.mean, told.median, told.std) == (0.0,) * 5
    return told.count > 0 and not (is_blank and q is not None and q[0] >= 1.0 - 1e-12)


def _of_mean(baseline: wire.Summary, window: wire.Summary, scored: float, calm_below: float | None) -> Iterator[Hint]:
    before, after = baseline.statistics, window.statistics
    moved = abs(after.mean - before.mean) > before.std > 0
    if calm_below is not None and scored < calm_below and moved:
        yield Hint(Kind.MOVED_WITHIN, "mean", before.mean, after.mean)


def _of_range(baseline: wire.Summary, window: wire.Summary) -> Iterator[Hint]:
    before, after = baseline.statistics, window.statistics
    room = OUTSIDE * (before.max - before.min)
    if after.min < before.min - room:
        yield Hint(Kind.BELOW_RANGE, "min", before.min, after.min)
    if after.max > before.max + room:
        yield Hint(Kind.ABOVE_RANGE, "max", before.max, after.max)
