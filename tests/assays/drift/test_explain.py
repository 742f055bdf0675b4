"""What makes a score, how high it could be, and whether it follows from its summaries."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assays.drift.explain import ceiling, contributions, explain, recompute
from assays.drift.metrics import Measure, score
from assays.drift.summaries import cumulative, density

FIFTHS = [0.2] * 5
LABELS = ["a", "b", "c", "d", "e"]
PSI, SUM_DIFF, MAX_DIFF = Measure("PSI"), Measure("SumDiff"), Measure("MaxDiff")
MEASURES = [
    Measure(metric, aggregation)
    for metric in ("PSI", "MaxDiff", "SumDiff")
    for aggregation in ("Density", "Cumulative")
]


def test_one_bin_that_carries_two_thirds_is_named_alone() -> None:
    found = explain(LABELS, FIFTHS, [0.6, 0.1, 0.1, 0.1, 0.1], Measure("PSI", weights=[9.0, 1.0, 1.0, 1.0, 1.0]))
    assert [(part.label, part.baseline, part.window) for part in found.parts] == [("a", 0.2, 0.6)]
    assert found.share == pytest.approx(0.934, abs=5e-4)


def test_two_bins_are_named_at_most_the_larger_first() -> None:
    found = explain(LABELS, FIFTHS, [0.05, 0.15, 0.2, 0.2, 0.4], SUM_DIFF)
    assert [part.index for part in found.parts] == [4, 0]
    assert [part.share for part in found.parts] == pytest.approx([0.5, 0.375])


def test_max_diff_is_its_largest_bin() -> None:
    (part,) = explain(LABELS, FIFTHS, [0.1, 0.3, 0.1, 0.1, 0.4], MAX_DIFF).parts
    assert (part.index, part.share) == (4, 1.0)


@pytest.mark.parametrize("measure", MEASURES)
def test_where_nothing_moved_nothing_is_named(measure: Measure) -> None:
    assert explain(LABELS, FIFTHS, FIFTHS, measure).parts == ()


def counts(bins: int = 5) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, 400), min_size=bins, max_size=bins).filter(any)


def aggregated(sample: list[int], measure: Measure) -> list[float]:
    values = np.array(sample)
    return list((density if measure.aggregation == "Density" else cumulative)(values))


@given(counts(), counts(), st.sampled_from(MEASURES))
def test_named_bins_are_the_fewest_that_carry_two_thirds(before: list[int], after: list[int], measure: Measure) -> None:
    found = explain(LABELS, aggregated(before, measure), aggregated(after, measure), measure)
    assert len(found.parts) <= 2
    assert found.share <= 1 + 1e-9
    if len(found.parts) == 2:
        assert found.parts[0].share < 2 / 3
        assert found.parts[0].share >= found.parts[1].share > 0


@given(counts(), counts(), st.sampled_from(MEASURES))
def test_no_window_scores_above_the_ceiling(before: list[int], after: list[int], measure: Measure) -> None:
    baseline = aggregated(before, measure)
    highest = ceiling(baseline, sum(after), measure)
    assert highest is not None
    assert float(score(baseline, aggregated(after, measure), measure).score) <= highest + 1e-12


weights = st.none() | st.lists(st.floats(0, 10), min_size=5, max_size=5).filter(lambda given: sum(given) > 1e-3)


@given(counts(), st.lists(counts(), min_size=1, max_size=5), st.sampled_from(MEASURES), weights)
def test_what_the_bins_add_is_the_score(
    before: list[int], after: list[list[int]], measure: Measure, weighted: list[float] | None
) -> None:
    measure = Measure(measure.metric, measure.aggregation, weighted)
    windows = [aggregated(counted, measure) for counted in after]
    scores = score(aggregated(before, measure), windows, measure)
    assert contributions(scores, measure.metric).sum(axis=-1) == pytest.approx(scores.score, abs=1e-12)
    for window, whole in zip(windows, scores.score, strict=True):
        alone = score(aggregated(before, measure), window, measure)
        assert contributions(alone, measure.metric).sum() == pytest.approx(float(whole), abs=1e-12)


@given(counts(), counts(), st.sampled_from(["PSI", "MaxDiff", "SumDiff"]), weights)
def test_what_the_bins_add_is_the_score_under_edges_too(
    before: list[int], after: list[int], metric: str, weighted: list[float] | None
) -> None:
    measure = Measure(metric, "Edges", weighted)
    scores = score(sorted(map(float, before)), sorted(map(float, after)), measure)
    assert contributions(scores, metric).sum() == pytest.approx(float(scores.score), rel=1e-12)


def test_the_ceiling_of_fifths_is_a_window_within_one_bin() -> None:
    assert ceiling(FIFTHS, 100, MAX_DIFF) == pytest.approx(0.8)
    assert ceiling(FIFTHS, 100, SUM_DIFF) == pytest.approx(0.8)
    assert ceiling(FIFTHS, 100, PSI) == pytest.approx(4.1648763041561505, abs=1e-12)


def test_single_rows_below_the_floor_reach_higher_than_empty_bins() -> None:
    window = density(np.array([99_996, 1, 1, 1, 1]))
    highest = ceiling(FIFTHS, 100_000, PSI)
    assert highest is not None
    assert 4.17 < float(score(FIFTHS, window, PSI).score) <= highest


def test_edges_have_no_ceiling() -> None:
    assert ceiling(FIFTHS, 100, Measure("PSI", "Edges")) is None


def test_a_score_that_follows_from_its_summaries_matches() -> None:
    found = recompute(4.1648763041561505, FIFTHS, [1.0, 0.0, 0.0, 0.0, 0.0], PSI)
    assert found.matches is True


def test_a_score_that_does_not_follow_is_told_with_the_one_that_does() -> None:
    found = recompute(4.0, FIFTHS, [1.0, 0.0, 0.0, 0.0, 0.0], PSI)
    assert found.matches is False
    assert found.score == pytest.approx(4.1648763041561505)


@pytest.mark.parametrize(
    ("window", "measure", "stored"),
    [
        (FIFTHS, Measure("KL"), 0.0),
        (FIFTHS, Measure("PSI", "Edges"), 0.0),
        (FIFTHS, Measure("PSI", weights=[1.0]), 0.0),
        (FIFTHS[1:], PSI, 0.0),
        ([float("nan"), *FIFTHS[1:]], PSI, 0.0),
        ([-0.2, *FIFTHS[1:]], PSI, 0.0),
        (FIFTHS, PSI, float("nan")),
    ],
)
def test_what_cannot_be_checked_says_so(window: list[float], measure: Measure, stored: float) -> None:
    assert recompute(stored, FIFTHS, window, measure).matches is None


def test_nothing_to_compare_cannot_be_checked() -> None:
    assert recompute(0.0, [], [], PSI).matches is None
