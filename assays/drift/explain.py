"""Why a score is what it is: which bins make it, how high it could be, and whether it follows from its summaries."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assays.drift.bins import Floats
from assays.drift.metrics import FLOOR, Measure, Scores, factors, floored, score

ENOUGH = 2 / 3
"""The share of a score that its named bins should carry."""

MOST_BINS = 2
TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Part:
    """One bin's part of a score: `share` of the whole, its aggregated value in the baseline and in the window."""

    index: int
    label: str
    baseline: float
    window: float
    share: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """The fewest bins that carry two thirds of a score, at most two, largest first; none for a score of 0."""

    score: float
    parts: tuple[Part, ...]

    @property
    def share(self) -> float:
        """What the named bins carry of the score, 0 to 1."""
        return sum(part.share for part in self.parts)


@dataclass(frozen=True, slots=True)
class Recomputed:
    """A stored score beside the one its summaries give. `score` is None when they cannot give any."""

    stored: float
    score: float | None

    @property
    def matches(self) -> bool | None:
        """Within 1e-9; None when it cannot be checked."""
        if self.score is None:
            return None
        return math.isclose(self.stored, self.score, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def explain(labels: Sequence[str], baseline: Sequence[float], window: Sequence[float], measure: Measure) -> Explanation:
    """Decompose a score exactly: the bins' shares of it add up to 1. MaxDiff is its largest bin alone."""
    scores = score(baseline, window, measure)
    shares = _shares(scores, measure.metric)
    parts = (Part(i, labels[i], baseline[i], window[i], float(shares[i])) for i in _fewest(shares))
    return Explanation(float(scores.score), tuple(parts))


def ceiling(baseline: Sequence[float], rows: int, measure: Measure) -> float | None:
    """The highest score a window of so many rows could have against this baseline; None for Edges, which has none.

    Differences are convex in the window's shares, so that a window within one bin is the worst. PSI's floor breaks
    that: a share below it counts for more than none at all, so one row in a bin can be worse than no row.
    """
    if measure.aggregation == "Edges":
        return None
    if measure.is_stability:
        return _stability_ceiling(np.asarray(baseline), max(1, rows), measure)
    within_one = np.eye(len(baseline))
    windows = within_one if measure.aggregation == "Density" else within_one.cumsum(axis=1)
    return float(score(baseline, windows, measure).score.max())


def recompute(stored: float, baseline: Sequence[float], window: Sequence[float], measure: Measure) -> Recomputed:
    """Check a stored score against the aggregated values stored with it.

    Not checkable: an unknown metric or aggregation, Edges (nobody has seen the vendor's), lists that do not fit.
    """
    if measure.aggregation == "Edges" or not _plausible(stored, baseline, window):
        return Recomputed(stored, None)
    try:
        return Recomputed(stored, float(score(baseline, window, measure).score))
    except ValueError:
        return Recomputed(stored, None)


def _plausible(stored: float, baseline: Sequence[float], window: Sequence[float]) -> bool:
    values = [*baseline, *window]
    return bool(baseline) and math.isfinite(stored) and all(math.isfinite(value) and value >= 0 for value in values)


def contributions(scores: Scores, metric: str) -> Floats:
    """What each bin adds, so that together they are the score; shapes (B,) or (W, B) as those of `scores`.

    A SumDiff is half of what its bins hold, and of a MaxDiff one bin alone is the score.
    """
    if metric == "SumDiff":
        return scores.per_bin / 2
    if scores.bin_index is None:
        return scores.per_bin
    largest = np.arange(scores.per_bin.shape[-1]) == scores.bin_index[..., np.newaxis]
    return np.where(largest, scores.per_bin, 0.0)


def _shares(scores: Scores, metric: str) -> Floats:
    added = contributions(scores, metric)
    total = added.sum()
    return added / total if total > 0 else added


def _fewest(shares: Floats) -> list[int]:
    chosen: list[int] = []
    for index in np.argsort(-shares, kind="stable")[:MOST_BINS]:
        if shares[index] > 0 and shares[chosen].sum() < ENOUGH:
            chosen.append(int(index))
    return chosen


def _stability_ceiling(baseline: Floats, rows: int, measure: Measure) -> float:
    """Nearly all rows in one bin; in each other bin none or one, whichever counts for more."""
    p, weight = floored(baseline), factors(measure.weights, len(baseline))

    def term(share: float) -> Floats:
        return weight * (share - p) * np.log(share / p)

    most = max(1, rows - len(p) + 1) / rows
    bulk, rest = np.maximum(term(1.0), term(most)), np.maximum(term(FLOOR), term(1 / rows))
    return float((bulk + rest.sum() - rest).max())
