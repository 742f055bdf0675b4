"""What a sample looks like in bins: aggregated values, and the six statistics beside them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assays.drift.bins import Floats, as_numbers

LARGEST = 1e150
"""Beyond this a square overflows: such a value is counted in its bin, as infinity is, but is no number here."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """`count` holds every value; the others leave out what is no number, and are 0.0 when nothing is left.

    `std` divides by N, `median` is the mean of the two middle values.
    """

    count: int
    min: float
    max: float
    mean: float
    median: float
    std: float


def statistics(values: ArrayLike) -> Statistics:
    numbers = np.asarray(values, dtype=np.float64)
    finite = numbers[are_numbers(numbers)]
    if not len(finite):
        return Statistics(len(numbers), 0.0, 0.0, 0.0, 0.0, 0.0)
    low, high = float(finite.min()), float(finite.max())
    mean = low + float((finite - low).mean())  # so that a constant is its own mean, to the bit
    std = float(np.sqrt(np.square(finite - mean).mean()))
    return Statistics(len(numbers), low, high, mean, float(np.median(finite)), std)


def are_numbers(values: Floats) -> NDArray[np.bool_]:
    """Which values statistics are made of: not NaN, nor infinite, nor so large that they might as well be."""
    return np.abs(values) < LARGEST


def density(counts: NDArray[np.int64]) -> Floats:
    """Shares of the bins along the last axis. Counts must not all be zero."""
    return np.asarray(counts / counts.sum(axis=-1, keepdims=True))


def cumulative(counts: NDArray[np.int64]) -> Floats:
    """Shares up to and with each bin; divided after summing, which is exact to the vendor's last bit."""
    return np.asarray(counts.cumsum(axis=-1) / counts.sum(axis=-1, keepdims=True))


def own_edges(edges: tuple[float, ...], values: ArrayLike) -> Floats:
    """Aggregation `Edges`: a sample's own edges, the last one its maximum (our choice, the vendor's is unknown).

    Raises ValueError when an edge is not finite.
    """
    own = np.array([*edges[:-1], as_numbers(values).max()])
    if not np.all(np.isfinite(own)):
        raise ValueError("the sample has edges that are not finite")
    return own
