"""Scores against the vendor's recorded numbers, and against a slow reference written here."""

from collections.abc import Sequence
from math import log
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assays.drift.metrics import Measure, factors, score
from assays.drift.summaries import cumulative, density


class Golden(NamedTuple):
    baseline: list[int]
    window: list[int]
    measure: Measure
    score: float
    tolerance: float = 1e-12
    bins: dict[int, float] = {}
    bin_index: int | None = None


FIFTHS = [20] * 5
SEVEN = [0, 100, 115, 87, 99, 99, 0]
FOUR = ([100, 105, 95, 100, 100], [86, 100, 96, 99, 121])
NINE = ([0, 363, 362, 363, 362, 363, 0], [6, 345, 377, 333, 385, 365, 1])
FOURTEEN = ([0, 100, 100, 101, 101, 98, 0], [0, 167, 236, 211, 199, 186, 1])
TEN_BINS = (
    [0, 181, 182, 181, 181, 182, 181, 181, 181, 182, 181, 0],
    [5, 188, 161, 169, 188, 214, 153, 212, 162, 200, 158, 2],
)
LAST_HALF = Measure("PSI", weights=[0.0] * 6 + [1.0] * 6)
PSI, SUM_DIFF, MAX_DIFF = Measure("PSI"), Measure("SumDiff"), Measure("MaxDiff")
CUMULATIVE_PSI, CUMULATIVE_MAX = Measure("PSI", "Cumulative"), Measure("MaxDiff", "Cumulative")

GOLDENS = {
    "1 all in the first bin": Golden(
        FIFTHS, [256, 0, 0, 0, 0], PSI, 4.1648763041561505, bins={0: 1.2875503299472804, 1: 0.7193314935522176}
    ),
    "2 all in the last bin": Golden(
        SEVEN, [0, 0, 0, 0, 0, 0, 1000], PSI, 8.87251496549198, bins={6: 5.2718257797152965}
    ),
    "3 empty outliers on both sides": Golden(SEVEN, [0, 186, 259, 180, 192, 183, 0], PSI, 0.006029455960052953),
    "4 PSI": Golden(*FOUR, PSI, 0.012716403159416613),
    "5 SumDiff": Golden(*FOUR, SUM_DIFF, 0.042270916334661374),
    "6 MaxDiff": Golden(*FOUR, MAX_DIFF, 0.041035856573705176, bin_index=4),
    "7 PSI on Cumulative": Golden(*FOUR, CUMULATIVE_PSI, 0.14745020, tolerance=5e-9),
    "8 MaxDiff on Cumulative": Golden(*FOUR, CUMULATIVE_MAX, 0.04103586, tolerance=5e-9, bin_index=3),
    "9 PSI with floors": Golden(
        *NINE, PSI, 0.013551035434377596, bins={0: 0.0006959467613300823, 6: 0.00980308228898587}
    ),
    "10 SumDiff": Golden(*NINE, SUM_DIFF, 0.02626907215365116),
    "11 MaxDiff": Golden(*NINE, MAX_DIFF, 0.016445794354971288, bin_index=3),
    "12 PSI on Cumulative": Golden(*NINE, CUMULATIVE_PSI, 0.028587074708172105),
    "13 small counts": Golden([0, 36, 36, 37, 36, 36, 0], [0, 31, 32, 43, 36, 36, 4], PSI, 0.037033182069201614),
    "14 PSI": Golden(*FOURTEEN, PSI, 0.01930783111913838),
    "14 SumDiff": Golden(*FOURTEEN, SUM_DIFF, 0.045999999999999985),
    "15 MaxDiff on Cumulative": Golden(*FOURTEEN, CUMULATIVE_MAX, 0.033, bin_index=1),
    "15 PSI on Cumulative": Golden(*FOURTEEN, CUMULATIVE_PSI, 0.05799999999999991),
    "16 twelve bins": Golden(*TEN_BINS, PSI, 0.021364617672033626),
    "17 weighted": Golden(*TEN_BINS, LAST_HALF, 0.0024995485785548276, bins={6: 0.000429864218114696}),
}


def aggregated(counts: Sequence[int], aggregation: str) -> np.ndarray:
    return (density if aggregation == "Density" else cumulative)(np.array(counts))


@pytest.mark.parametrize("golden", GOLDENS.values(), ids=GOLDENS.keys())
def test_the_vendors_recorded_numbers_come_out(golden: Golden) -> None:
    aggregation = golden.measure.aggregation
    found = score(aggregated(golden.baseline, aggregation), aggregated(golden.window, aggregation), golden.measure)
    assert float(found.score) == pytest.approx(golden.score, abs=golden.tolerance)
    assert {i: float(found.per_bin[i]) for i in golden.bins} == pytest.approx(golden.bins, abs=1e-12)
    assert (None if found.bin_index is None else int(found.bin_index)) == golden.bin_index


def test_only_an_exact_zero_counts_as_the_floor() -> None:
    found = score([0.5, 0.5], [0.002, 0.998], PSI)
    assert float(found.per_bin[0]) == pytest.approx((0.002 - 0.5) * log(0.002 / 0.5), abs=1e-15)


def test_equal_weights_divide_a_score_by_the_number_of_bins() -> None:
    plain, weighted = (score([0.25] * 4, [0.1, 0.2, 0.3, 0.4], Measure("PSI", weights=w)) for w in (None, [3.0] * 4))
    assert float(weighted.score) == pytest.approx(float(plain.score) / 4)


@pytest.mark.parametrize("weights", [[1.0], [1.0, -1.0], [0.0, 0.0], [1.0, float("nan")], [1e308, 1e308]])
def test_weights_that_cannot_be_meant_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights"):
        factors(weights, 2)


@pytest.mark.parametrize("measure", [Measure("KL"), Measure("PSI", "Sum")])
def test_an_unknown_measure_is_refused(measure: Measure) -> None:
    with pytest.raises(ValueError, match="no such measure"):
        score([1.0], [1.0], measure)


def test_values_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        score([0.5, 0.5], [1.0], PSI)


def slow_score(p: list[float], q: list[float], measure: Measure) -> tuple[float, list[float], int | None]:
    """The rules one by one, as a reader would check them by hand."""
    per_bin = []
    for i, (before, after) in enumerate(zip(p, q, strict=True)):
        value = abs(after - before)
        if measure.metric == "PSI" and measure.aggregation == "Density":
            low, high = before or 0.005, after or 0.005
            value = (high - low) * log(high / low)
        per_bin.append(value * measure.weights[i] / sum(measure.weights) if measure.weights else value)
    if measure.metric == "MaxDiff":
        return max(per_bin), per_bin, per_bin.index(max(per_bin))
    return sum(per_bin) / (2 if measure.metric == "SumDiff" else 1), per_bin, None


@st.composite
def comparisons(draw: st.DrawFn) -> tuple[list[int], list[list[int]], Measure]:
    bins = draw(st.integers(1, 12))
    sample = st.lists(st.integers(0, 500), min_size=bins, max_size=bins).filter(any)
    weights = st.none() | st.lists(st.floats(0, 100), min_size=bins, max_size=bins).filter(lambda w: sum(w) > 1e-9)
    metric = draw(st.sampled_from(["PSI", "MaxDiff", "SumDiff"]))
    measure = Measure(metric, draw(st.sampled_from(["Density", "Cumulative"])), draw(weights))
    return draw(sample), draw(st.lists(sample, min_size=1, max_size=4)), measure


@given(comparisons())
def test_many_windows_at_once_score_as_each_by_hand(case: tuple[list[int], list[list[int]], Measure]) -> None:
    baseline, windows, measure = case
    p, q = aggregated(baseline, measure.aggregation), np.array([aggregated(w, measure.aggregation) for w in windows])
    found = score(p, q, measure)
    for i, row in enumerate(q):
        expected, per_bin, bin_index = slow_score(p.tolist(), row.tolist(), measure)
        assert float(found.score[i]) == pytest.approx(expected, abs=1e-12)
        assert found.per_bin[i].tolist() == pytest.approx(per_bin, abs=1e-12)
        assert bin_index is None or (found.bin_index is not None and int(found.bin_index[i]) == bin_index)
