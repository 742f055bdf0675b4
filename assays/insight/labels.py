"""Whether to believe a bad window, and how many false alarms to expect of a threshold. Pure.

Neither band proves a change: what lies beyond the first may be rows that depend on one another, and the second is no
better than the windows that were taken for ordinary.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike

from assays.drift import noise
from assays.schedule import Plan

LEAST_ROWS = 30
"""Below so many rows a window's shares are mostly chance."""

WEEK = timedelta(weeks=1)
WILSON_Z = 1.959964


class Label(Enum):
    """What a bad window is taken for. Where only one band is known, the last two say beyond which."""

    TOO_FEW_ROWS = "too few rows to judge"
    SAMPLING_NOISE = "within sampling noise"
    ORDINARY = "within ordinary variation"
    BEYOND_BOTH = "beyond both bands"
    BEYOND_NOISE = "beyond sampling noise; what is ordinary is not known"
    BEYOND_ORDINARY = "beyond ordinary variation; sampling noise has no band here"
    UNKNOWN = "no band to judge it by"


def label(score: float, rows: int | None, noise_limit: float | None, ordinary_limit: float | None) -> Label:
    """The limits are the bands' upper ends; None where there is no band. A score on a limit lies within."""
    if rows is not None and rows < LEAST_ROWS:
        return Label.TOO_FEW_ROWS
    if noise_limit is not None and score <= noise_limit:
        return Label.SAMPLING_NOISE
    if ordinary_limit is not None and score <= ordinary_limit:
        return Label.ORDINARY
    return _BEYOND[noise_limit is not None, ordinary_limit is not None]


_BEYOND = {
    (True, True): Label.BEYOND_BOTH,
    (True, False): Label.BEYOND_NOISE,
    (False, True): Label.BEYOND_ORDINARY,
    (False, False): Label.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Range:
    """From so many to so many a week."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Expected:
    """False alarms a week that each band leads to expect; None where there is no band."""

    noise: Range | None
    ordinary: Range | None

    @property
    def whole(self) -> Range | None:
        """From the lowest to the highest that either expects."""
        both = [band for band in (self.noise, self.ordinary) if band is not None]
        return Range(min(band.low for band in both), max(band.high for band in both)) if both else None


def a_week(plan: Plan) -> float | None:
    """Windows a week, of overlapping ones as many as follow one another; None on Cron."""
    return None if plan.period is None else WEEK / max(plan.period, plan.width)


def expect_of_noise(baseline: noise.Sample, rows: ArrayLike, threshold: float, weekly: float) -> Range | None:
    """By the chance of windows with as many rows as nine in ten, and as one in ten, of the given ones have."""
    counts = np.asarray(rows)
    counts = counts[counts > 0]
    if not len(counts):
        return None
    few, many = np.quantile(counts, [0.1, 0.9], method="nearest")
    found = sorted(weekly * noise.chances(baseline, [few, many], threshold))
    return Range(float(found[0]), float(found[1]))


def expect_of_ordinary(reaching: int, of: int, weekly: float) -> Range | None:
    """By the share of ordinary windows that reach the threshold: its 95 % interval (E. B. Wilson, 1927)."""
    if of < 1:
        return None
    share, z2 = reaching / of, WILSON_Z**2
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = WILSON_Z * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return Range(weekly * max(0.0, middle - half), weekly * min(1.0, middle + half))
