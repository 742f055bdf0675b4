"""Scores: how far a window's aggregated values lie from the baseline's, bin by bin and in one number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from assays.drift.bins import Floats, Indexes

FLOOR = 0.005
"""What an exact zero counts as in PSI; other tools take 0.0001 or 1e-7. Nothing is renormalised."""

METRICS = ("PSI", "MaxDiff", "SumDiff")
AGGREGATIONS = ("Density", "Cumulative", "Edges")


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured: a metric on aggregated values, and one weight a bin or None."""

    metric: str
    aggregation: str = "Density"
    weights: Sequence[float] | None = None

    @property
    def is_stability(self) -> bool:
        """Only on Density is PSI a population stability index."""
        return self.metric == "PSI" and self.aggregation == "Density"


@dataclass(frozen=True, slots=True)
class Scores:
    """Of one window: shapes (B,), (), (). Of many: (W, B), (W,), (W,).

    `per_bin` is weighted and not halved; `bin_index` is MaxDiff's largest bin, the first of equals, else None.
    """

    per_bin: Floats
    score: Floats
    bin_index: Indexes | None


def score(baseline: ArrayLike, window: ArrayLike, measure: Measure) -> Scores:
    """Score one window's aggregated values (B,), or many windows' (W, B), against the baseline's (B,).

    PSI on Density is sum((Q - P) ln(Q / P)); on Cumulative and Edges it is the plain sum of differences and no PSI.
    SumDiff is HALF the sum of differences, MaxDiff the largest. Weights are divided by their sum, so that equal ones
    divide a PSI by the number of bins. Raises ValueError for an unknown measure and for lists that do not fit.
    """
    p, q = np.asarray(baseline, dtype=np.float64), np.asarray(window, dtype=np.float64)
    if measure.metric not in METRICS or measure.aggregation not in AGGREGATIONS:
        raise ValueError(f"no such measure: {measure.metric} on {measure.aggregation}")
    if p.shape != q.shape[-1:]:
        raise ValueError(f"the window's {q.shape[-1:]} values do not fit the baseline's {p.shape}")
    per_bin = _stability(p, q) if measure.is_stability else np.abs(q - p)
    return _combined(per_bin * factors(measure.weights, len(p)), measure.metric)


def factors(weights: Sequence[float] | None, bins: int) -> Floats:
    """What each bin is multiplied with: weights divided by their sum, or ones.

    Raises ValueError unless there is one weight a bin, none negative, their sum above 0.
    """
    if weights is None:
        return np.ones(bins)
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != (bins,):
        raise ValueError(f"{given.size} weights for {bins} bins")
    total = sum(weights)
    if not np.all(given >= 0) or not 0 < total < np.inf:
        raise ValueError("weights must not be negative, nor all zero")
    return given / total


def floored(values: Floats) -> Floats:
    """Exact zeros as the floor; a small share above zero stays what it is."""
    return np.where(values == 0, FLOOR, values)


def _stability(p: Floats, q: Floats) -> Floats:
    low, high = floored(p), floored(q)
    return (high - low) * np.log(high / low)


def _combined(per_bin: Floats, metric: str) -> Scores:
    if metric == "MaxDiff":
        return Scores(per_bin, per_bin.max(axis=-1), np.asarray(per_bin.argmax(axis=-1)))
    total = per_bin.sum(axis=-1)
    return Scores(per_bin, total / 2 if metric == "SumDiff" else total, None)
