"""Bins of a baseline: their right edges, their labels, and which bin a value falls into.

A bin is (a, b]: closed on the right. The left-most one reaches down to minus infinity, the right-most one, whose right
edge is infinity, up to it. NaN counts as minus infinity everywhere here.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Indexes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Bins:
    """Right edges, the last one infinity, with a label each.

    `from_minimum`: the first edge is the baseline's own minimum, and that value belongs to the SECOND bin, so that
    nothing of a baseline lies in its outlier bins: (-inf, min), [min, e1], (e1, e2], ...
    """

    edges: tuple[float, ...]
    labels: tuple[str, ...]
    from_minimum: bool = False

    def __len__(self) -> int:
        return len(self.edges)


def one_bin() -> Bins:
    """Mode `None`: everything in one bin, so that every score is 0 (our choice)."""
    return Bins((np.inf,), ("All",))


def quantile(values: ArrayLike, n: int) -> Bins:
    """n bins of about equal counts: the n - 1 inner quantiles of the baseline. ValueError without values."""
    if n == 1:
        return one_bin()
    _check_count(n)
    edges = inner_quantiles(_ordered(values), n)
    return Bins((*edges, np.inf), _percent_labels(n))


def quantile_with_explicit_outliers(values: ArrayLike, n: int) -> Bins:
    """n + 2 bins: minimum, inner quantiles, maximum (edges and labels: our choice). ValueError without numbers."""
    _check_count(n)
    ordered = _ordered(values)
    low, high = _range(ordered)
    inner = (min(max(low, edge), high) for edge in inner_quantiles(ordered, n))
    edges = (low, *inner, high, np.inf)
    return Bins(edges, ("< 0%", *_spans(n), "> 100%"), from_minimum=True)


def equal(values: ArrayLike, n: int) -> Bins:
    """n + 2 bins: n of equal width over the baseline's range, one on either side. ValueError without numbers."""
    _check_count(n)
    low, high = _range(_ordered(values))
    width = (high - low) / n
    if not np.isfinite(width):
        raise ValueError("the baseline's range is too wide for bins of equal width")
    edges = [*(low + i * width for i in range(n)), high]
    return Bins((*edges, np.inf), number_labels(edges), from_minimum=True)


def provided(edges: list[float]) -> Bins:
    """One bin more than the given right edges. ValueError unless they are finite and in order."""
    if not edges or not np.all(np.isfinite(edges)):
        raise ValueError("provided bins need at least one edge, and finite ones")
    if any(right < left for left, right in pairwise(edges)):
        raise ValueError("provided edges must be in ascending order")
    return Bins((*map(float, edges), np.inf), number_labels(edges))


def assign(values: ArrayLike, bins: Bins) -> Indexes:
    """The bin of each value, from 0. A later twin of two equal edges stays empty."""
    numbers = as_numbers(values)
    edges = np.asarray(bins.edges)
    found = np.searchsorted(edges, numbers, side="left")
    if bins.from_minimum:
        found[numbers == edges[0]] = 1
    return found


def counts(values: ArrayLike, bins: Bins) -> NDArray[np.int64]:
    """How many values fall into each bin."""
    return np.bincount(assign(values, bins), minlength=len(bins)).astype(np.int64)


def as_numbers(values: ArrayLike) -> Floats:
    """Values with NaN as minus infinity."""
    numbers = np.asarray(values, dtype=np.float64)
    return np.where(np.isnan(numbers), -np.inf, numbers)


def inner_quantiles(ordered: Floats, n: int) -> list[float]:
    """The n - 1 values that cut a sample in ascending order into n: linear, Hyndman and Fan's type 7.

    Positions are fractions of whole numbers: 499 * 0.4 would be 199.60000000000002. Infinities are kept out of the
    arithmetic: above a lower neighbour of minus infinity the quantile is that.
    """
    below, rest = np.divmod((len(ordered) - 1) * np.arange(1, n), n)
    low, high = ordered[below], ordered[np.minimum(below + 1, len(ordered) - 1)]
    edges = np.where(np.isneginf(low) | (rest == 0), low, high)
    between = np.isfinite(low) & np.isfinite(high)
    start, step = low[between], high[between] - low[between]
    edges[between] = start + step * rest[between] / n
    return [float(edge) for edge in edges]


def number_labels(edges: list[float]) -> tuple[str, ...]:
    """Labels of bins by their finite right edges: `< 2.36e5`, `2.36e5 - 5.90e5`, ..., `> 2.01e6`."""
    texts = [_number(edge) for edge in edges]
    return (f"< {texts[0]}", *(f"{left} - {right}" for left, right in pairwise(texts)), f"> {texts[-1]}")


def _ordered(values: ArrayLike) -> Floats:
    ordered = np.sort(as_numbers(values))
    if not len(ordered):
        raise ValueError("the baseline holds no values")
    return ordered


def _range(ordered: Floats) -> tuple[float, float]:
    finite = ordered[np.isfinite(ordered)]
    if not len(finite):
        raise ValueError("the baseline holds no numbers")
    return float(finite[0]), float(finite[-1])


def _check_count(n: int) -> None:
    if n < 1:
        raise ValueError("bins must be at least one")


def _percent_labels(n: int) -> tuple[str, ...]:
    inner = _spans(n)[1:-1]
    return (f"< {_percent(1, n)}", *inner, f"> {_percent(n - 1, n)}")


def _spans(n: int) -> tuple[str, ...]:
    return tuple(f"{_percent(i, n)} - {_percent(i + 1, n)}" for i in range(n))


def _percent(i: int, n: int) -> str:
    return f"{100 * i / n:.2f}".rstrip("0").rstrip(".") + "%"


def _number(value: float) -> str:
    """Two decimals and a bare exponent: `1.30e6`, `-3.98e-1`."""
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa}e{int(exponent)}"
