"""Aggregated values and statistics of a sample."""

from math import inf, isfinite, nan
from statistics import fmean, median, pstdev

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assays.drift.bins import quantile
from assays.drift.summaries import Statistics, cumulative, density, own_edges, statistics


def test_nan_is_counted_and_left_out_of_the_rest() -> None:
    found = statistics([nan, nan, 1, 2, 3, 4, 5, 6, 7, 8])
    assert (found.count, found.min, found.max, found.mean, found.median) == (10, 1.0, 8.0, 4.5, 4.5)
    assert found.std == pytest.approx(2.29128784747792, abs=1e-12)


@pytest.mark.parametrize("values", [[nan] * 3, [inf, -inf, nan], [1e150, -1e300, nan]])
def test_a_sample_without_a_number_has_five_zeros(values: list[float]) -> None:
    assert statistics(values) == Statistics(3, 0.0, 0.0, 0.0, 0.0, 0.0)


def test_the_median_is_the_mean_of_the_two_middle_values() -> None:
    assert statistics([4, 1, 3, 2]).median == 2.5


def test_a_constant_has_no_deviation() -> None:
    assert statistics([0.1] * 7).std == 0.0


@given(st.lists(st.floats(-1e6, 1e6) | st.just(nan), min_size=1))
def test_statistics_are_those_of_the_standard_library(values: list[float]) -> None:
    numbers = [value for value in values if isfinite(value)] or [0.0]
    found = statistics(values)
    assert (found.count, found.min, found.max) == (len(values), min(numbers), max(numbers))
    assert found.mean == pytest.approx(fmean(numbers), rel=1e-12, abs=1e-9)
    assert found.median == pytest.approx(median(numbers))
    assert found.std == pytest.approx(pstdev(numbers), rel=1e-9, abs=1e-9)


def test_many_windows_are_aggregated_at_once() -> None:
    counts = np.array([[1, 3], [2, 2]])
    assert density(counts).tolist() == [[0.25, 0.75], [0.5, 0.5]]
    assert cumulative(counts).tolist() == [[0.25, 1.0], [0.5, 1.0]]


def test_zeros_stay_zeros() -> None:
    assert density(np.array([0, 5])).tolist() == [0.0, 1.0]


def test_own_edges_end_with_the_samples_maximum() -> None:
    values = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert own_edges(quantile(values, 4).edges, values).tolist() == [2.0, 3.0, 4.0, 5.0]


def test_own_edges_that_are_not_finite_are_refused() -> None:
    values = [nan, nan, 1.0, 2.0]
    with pytest.raises(ValueError, match="not finite"):
        own_edges(quantile(values, 4).edges, values)
