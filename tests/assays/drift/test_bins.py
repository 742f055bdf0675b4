"""Edges, labels and the bin of a value, for each mode."""

from math import floor, inf, isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assays.drift import bins
from assays.drift.bins import Bins
from assays.drift.metrics import Measure, score
from assays.drift.summaries import cumulative, density

SESSION = np.repeat(
    [303936.84375, 306037.625, 418823.40625, 421402.15625, 464060.1875, 469038.0625, 682284.625, 900000.0],
    [100, 1, 99, 1, 99, 1, 103, 96],
)
SESSION_WINDOW = np.repeat([250000.0, 400000.0, 450000.0, 600000.0, 682284.625, 900000.0], [158, 178, 181, 243, 6, 234])


def test_a_recorded_session_comes_out_from_values_to_score() -> None:
    made = bins.quantile(SESSION, 5)
    assert made.edges == (305617.46875, 420370.65625, 466051.3375, 682284.625, inf)
    baseline = density(bins.counts(SESSION, made))
    assert baseline.tolist() == [0.2, 0.2, 0.2, 0.208, 0.192]
    window = bins.counts(SESSION_WINDOW, made)
    assert window.tolist() == [158, 178, 181, 249, 234]
    assert float(score(baseline, density(window), Measure("PSI")).score) == pytest.approx(
        0.030045857043033503, abs=1e-12
    )


def test_nan_takes_part_in_quantiles_as_minus_infinity() -> None:
    values = [nan, nan, 1, 2, 3, 4, 5, 6, 7, 8]
    made = bins.quantile(values, 5)
    assert made.edges == pytest.approx((-inf, 2.6, 4.4, 6.2, inf))
    assert bins.counts(values, made).tolist() == [2, 2, 2, 2, 2]


def test_quantile_labels_are_percentages() -> None:
    assert bins.quantile([1.0, 2.0], 5).labels == ("< 20%", "20% - 40%", "40% - 60%", "60% - 80%", "> 80%")
    assert bins.quantile([1.0, 2.0], 3).labels == ("< 33.33%", "33.33% - 66.67%", "> 66.67%")
    assert bins.quantile([1.0, 2.0], 2).labels == ("< 50%", "> 50%")


def test_equal_bins_have_one_more_on_either_side() -> None:
    made = bins.equal([236000.0, 2010000.0, 1e6], 5)
    assert made.edges == (236000.0, 590800.0, 945600.0, 1300400.0, 1655200.0, 2010000.0, inf)
    assert made.labels[:2] == ("< 2.36e5", "2.36e5 - 5.91e5")
    assert made.labels[-1] == "> 2.01e6"


def test_the_baselines_minimum_belongs_to_the_second_bin() -> None:
    values = [1.0, 1.0, 2.0, 5.0]
    assert bins.counts(values, bins.equal(values, 2)).tolist() == [0, 3, 1, 0]
    assert bins.counts(values, bins.quantile_with_explicit_outliers(values, 2)).tolist() == [0, 2, 2, 0]


def test_explicit_outliers_are_labelled_below_none_and_above_all() -> None:
    made = bins.quantile_with_explicit_outliers([0.0, 1.0, 2.0, 3.0, 4.0], 4)
    assert made.edges == (0.0, 1.0, 2.0, 3.0, 4.0, inf)
    assert made.labels == ("< 0%", "0% - 25%", "25% - 50%", "50% - 75%", "75% - 100%", "> 100%")


def test_provided_edges_are_kept_and_closed_on_the_right() -> None:
    made = bins.provided([2e5, 4e5, 2e6])
    assert made.labels == ("< 2.00e5", "2.00e5 - 4.00e5", "4.00e5 - 2.00e6", "> 2.00e6")
    assert bins.assign([2e5, 2e5 + 1, 2e6, 3e6], made).tolist() == [0, 1, 2, 3]


def test_small_and_negative_numbers_have_a_bare_exponent() -> None:
    assert bins.number_labels([-0.398, 1.234e-4, 0.0]) == (
        "< -3.98e-1",
        "-3.98e-1 - 1.23e-4",
        "1.23e-4 - 0.00e0",
        "> 0.00e0",
    )


def test_one_bin_holds_everything() -> None:
    assert bins.one_bin() == bins.quantile([1.0], 1) == Bins((inf,), ("All",))
    assert bins.counts([nan, -inf, 0.0, inf], bins.one_bin()).tolist() == [4]


def test_a_constant_baseline_keeps_its_twin_edges_as_empty_bins() -> None:
    constant = [7.0] * 4
    assert bins.counts(constant, bins.equal(constant, 3)).tolist() == [0, 4, 0, 0, 0]
    assert bins.counts(constant, bins.quantile(constant, 3)).tolist() == [4, 0, 0]


def test_infinities_lie_in_the_outer_bins_and_never_become_nan() -> None:
    values = [-inf, -inf, 1.0, inf, inf]
    made = bins.quantile(values, 4)
    assert made.edges == (-inf, 1.0, inf, inf)
    assert bins.counts(values, made).tolist() == [2, 1, 2, 0]


@pytest.mark.parametrize("edges", [[], [nan], [inf], [2.0, 1.0]])
def test_provided_edges_that_make_no_bins_are_refused(edges: list[float]) -> None:
    with pytest.raises(ValueError, match="provided"):
        bins.provided(edges)


@pytest.mark.parametrize("make", [bins.quantile, bins.equal, bins.quantile_with_explicit_outliers])
def test_a_baseline_without_values_is_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match="holds no"):
        make([], 5)


def test_equal_bins_need_a_number_and_a_range_that_can_be_divided() -> None:
    with pytest.raises(ValueError, match="no numbers"):
        bins.equal([nan, nan], 5)
    with pytest.raises(ValueError, match="too wide"), np.errstate(over="ignore"):
        bins.equal([-1.7e308, 1.7e308], 2)


@pytest.mark.parametrize("make", [bins.quantile, bins.equal, bins.quantile_with_explicit_outliers])
def test_no_bins_are_refused(make: object) -> None:
    assert callable(make)
    with pytest.raises(ValueError, match="at least one"):
        make([1.0, 2.0], 0)


def slow_quantile(values: list[float], share: float) -> float:
    """Between neighbours, one value at a time; its position is rounded where the library's is not."""
    ordered = sorted(-inf if isnan(value) else value for value in values)
    position = (len(ordered) - 1) * share
    below = floor(position)
    low, high = ordered[below], ordered[min(below + 1, len(ordered) - 1)]
    return low if low == -inf or position == below else low + (high - low) * (position - below)


def slow_bin(value: float, made: Bins) -> int:
    if isnan(value):
        return 0
    if made.from_minimum and value == made.edges[0]:
        return 1
    return next(i for i, edge in enumerate(made.edges) if value <= edge)


numbers = st.floats(-1e6, 1e6) | st.integers(-3, 3).map(float)
samples = st.lists(numbers | st.just(nan), min_size=1, max_size=60)
with_numbers = samples.filter(lambda values: not all(map(isnan, values)))


@given(samples, st.integers(2, 12))
def test_quantile_edges_are_those_found_one_at_a_time(values: list[float], n: int) -> None:
    made = bins.quantile(values, n)
    assert len(made) == len(made.labels) == n
    for i, edge in enumerate(made.edges[:-1], start=1):
        assert edge == pytest.approx(slow_quantile(values, i / n), rel=1e-12, abs=1e-9)


@given(with_numbers, st.lists(numbers | st.sampled_from([nan, inf, -inf]), max_size=60), st.integers(1, 8))
def test_every_value_lies_in_the_one_bin_that_holds_it(baseline: list[float], values: list[float], n: int) -> None:
    edges = sorted(value for value in baseline if not isnan(value))
    for made in (
        bins.quantile(baseline, n),
        bins.equal(baseline, n),
        bins.quantile_with_explicit_outliers(baseline, n),
        bins.provided(edges),
    ):
        everything = values + baseline + list(made.edges)
        assert bins.assign(everything, made).tolist() == [slow_bin(value, made) for value in everything]
        assert bins.counts(everything, made).sum() == len(everything)


@given(with_numbers, st.integers(1, 8))
def test_a_baseline_has_nothing_in_its_outlier_bins_but_nan(baseline: list[float], n: int) -> None:
    for made in (bins.equal(baseline, n), bins.quantile_with_explicit_outliers(baseline, n)):
        found = bins.counts(baseline, made)
        assert found[0] == sum(map(isnan, baseline))
        assert found[-1] == 0


def test_cumulative_values_are_divided_after_summing() -> None:
    counts = np.array([1, 2, 4])
    assert cumulative(counts).tolist() == [1 / 7, 3 / 7, 1.0]
