"""How high a PSI on Density rises by chance alone, when rows are independent and nothing has changed.

Where every expected count is large it is distributed as (1/N + 1/M) chi-squared of B - 1 degrees of freedom, N rows in
the baseline and M in the window (B. Yurdakul, Statistical Properties of Population Stability Index, 2018). Elsewhere
windows are drawn from what the baseline's own counts leave possible. Rows of real traffic are not independent: a score
beyond this proves no change, one within it shows none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assays.drift.bins import Floats
from assays.drift.metrics import Measure, score

LEVEL = 0.95
"""The share of windows that lie within the band when nothing has changed."""

SMALL = 20
"""An expected count below this is small: of windows with 5 in each bin 8 to 12 % lie beyond chi-squared's 95 %."""

DRAWS = 4_000
SEED = 2018
STEP = 1.1
"""Windows are drawn for numbers of rows this ratio apart, few rows for each number; in between scores are scaled."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A baseline: its rows in each bin, and which bins a value can fall into (not the later twin of two edges)."""

    counts: tuple[int, ...]
    reachable: tuple[bool, ...]

    @property
    def rows(self) -> int:
        return sum(self.counts)

    @property
    def degrees(self) -> int:
        return sum(self.reachable) - 1

    @property
    def least(self) -> int:
        """The rows of its emptiest bin."""
        return min(count for count, can in zip(self.counts, self.reachable, strict=True) if can)


@dataclass(frozen=True, slots=True)
class Bands:
    """The highest score that chance gives at a level, shape (W,), NaN for a window without rows.

    `corrected` tells where counts were too small for chi-squared and the band was simulated.
    """

    upper: Floats
    corrected: NDArray[np.bool_]


def has_band(measure: Measure) -> bool:
    """Only a PSI on Density without weights has one."""
    return measure.is_stability and measure.weights is None


def sample(shares: Sequence[float], rows: int, edges: Sequence[float]) -> Sample | None:
    """A baseline from its density, its rows and its right edges; None where they tell no counts."""
    if rows < 1 or len(edges) != len(shares) or not math.isclose(sum(shares), 1.0, abs_tol=1e-6):
        return None
    counts = tuple(round(share * rows) for share in shares)
    twins = (False, *(right == left for left, right in pairwise(edges)))
    reachable = tuple(count > 0 or not twin for count, twin in zip(counts, twins, strict=True))
    found = Sample(counts, reachable)
    return found if found.degrees > 0 else None


def bands(baseline: Sample, rows: ArrayLike, level: float = LEVEL) -> Bands:
    """The limit of chance for windows of so many rows each, shape (W,)."""
    upper = _by_number(rows, lambda many: limit(baseline, many, level))
    return Bands(upper, _by_number(rows, lambda many: is_small(baseline, many)).astype(np.bool_))


def chances(baseline: Sample, rows: ArrayLike, threshold: float) -> Floats:
    """How likely chance alone reaches a threshold in windows of so many rows each, shape (W,), 0 to 1."""
    return _by_number(rows, lambda many: chance(baseline, many, threshold))


def limit(baseline: Sample, rows: int, level: float = LEVEL) -> float:
    """What a window of so many rows exceeds by chance once in 1 / (1 - level); NaN without rows."""
    if rows < 1:
        return math.nan
    if is_small(baseline, rows):
        return _drawn_limit(baseline, _snapped(rows), level) * _stretch(baseline, rows)
    return large_sample_limit(baseline, rows, level)


def large_sample_limit(baseline: Sample, rows: int, level: float = LEVEL) -> float:
    """The same where no count is small: chi-squared's quantile times the sum of the samples' reciprocals."""
    return _scale(baseline, rows) * chi2_quantile(level, baseline.degrees)


def chance(baseline: Sample, rows: int, threshold: float) -> float:
    """How likely chance alone reaches a threshold in a window of so many rows; NaN without rows."""
    if rows < 1:
        return math.nan
    if is_small(baseline, rows):
        return float(np.mean(_drawn(baseline, _snapped(rows)) * _stretch(baseline, rows) >= threshold))
    return chi2_tail(threshold / _scale(baseline, rows), baseline.degrees)


def is_small(baseline: Sample, rows: int) -> bool:
    """Whether in baseline or window a bin's expected count is too small for chi-squared."""
    return baseline.least < SMALL or rows * baseline.least < SMALL * baseline.rows


def chi2_tail(x: float, degrees: int) -> float:
    """The chance of a chi-squared above x: the finite sums of Abramowitz and Stegun, 26.4.4 and 26.4.5."""
    if x <= 0:
        return 1.0
    half = x / 2
    powers = (power / 2 for power in range(degrees % 2, degrees, 2))
    terms = (math.exp(power * math.log(half) - half - math.lgamma(power + 1)) for power in powers)
    return math.fsum(terms) + (math.erfc(math.sqrt(half)) if degrees % 2 else 0.0)


@lru_cache(maxsize=1024)
def chi2_quantile(level: float, degrees: int) -> float:
    """Below which a chi-squared lies with this probability, by bisection of its tail to the last bits."""
    low, high = 0.0, 1.0
    while chi2_tail(high, degrees) > 1 - level:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if chi2_tail(middle, degrees) > 1 - level else (low, middle)
    return high


def _by_number(rows: ArrayLike, answer: Callable[[int], float]) -> Floats:
    """One answer for each distinct number of rows, in the places where it stands."""
    distinct, places = np.unique(np.asarray(rows, dtype=np.int64), return_inverse=True)
    return np.array([answer(int(many)) for many in distinct], dtype=np.float64)[places]


def _scale(baseline: Sample, rows: int) -> float:
    return 1 / baseline.rows + 1 / rows


def _snapped(rows: int) -> int:
    return max(1, round(STEP ** round(math.log(rows, STEP))))


def _stretch(baseline: Sample, rows: int) -> float:
    """What scores of the number of rows that windows are drawn for are scaled by, as where no count is small."""
    return _scale(baseline, rows) / _scale(baseline, _snapped(rows))


@lru_cache(maxsize=4096)
def _drawn_limit(baseline: Sample, rows: int, level: float) -> float:
    return float(np.quantile(_drawn(baseline, rows), level))


@lru_cache(maxsize=512)
def _drawn(baseline: Sample, rows: int) -> Floats:
    """Scores of windows of so many rows, each from true shares of its own."""
    counts, reachable = np.asarray(baseline.counts), np.asarray(baseline.reachable)
    windows = np.random.default_rng(SEED).multinomial(rows, _true_shares(baseline)) / rows
    return score(counts[reachable] / baseline.rows, windows, _STABILITY).score


@lru_cache(maxsize=32)
def _true_shares(baseline: Sample) -> Floats:
    """What the shares of the reachable bins may truly be, shape (DRAWS, B).

    The N values of a baseline cut the line into N + 1 stretches of equal expected probability, in any order: a bin
    that spans n of them holds a Beta-distributed share, and an empty one lies within a single stretch.
    """
    stretches = np.maximum(baseline.counts, 1)[np.asarray(baseline.reachable)]
    return np.random.default_rng(SEED + 1).dirichlet(stretches, DRAWS)


_STABILITY = Measure("PSI")
