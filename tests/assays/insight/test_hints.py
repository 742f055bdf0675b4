"""Each hint holds where its evidence does, and says the numbers it rests on."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from assays import wire
from assays.drift.metrics import Measure
from assays.insight.hints import Hint, Kind, hints, shares

EDGES: list[float | str] = [10.0, 20.0, 30.0, 40.0, "INFINITY"]
LABELS = ["< 20%", "20% - 40%", "40% - 60%", "60% - 80%", "> 80%"]
PSI = Measure("PSI")


def summary(values: list[float], **statistics: Any) -> wire.Summary:
    told = {"count": 500, "min": 0.0, "max": 50.0, "mean": 25.0, "median": 25.0, "std": 14.0} | statistics
    bins = wire.Bins("None", EDGES, LABELS)
    return wire.Summary(bins, values, msgspec.convert(told, wire.Statistics))


BASELINE = summary([0.2] * 5)


def found(values: list[float], scored: float = 0.5, calm_below: float | None = 0.1, **statistics: Any) -> list[Hint]:
    return hints(BASELINE, summary(values, **statistics), scored, PSI, calm_below)


def kinds(values: list[float], **how: Any) -> list[Kind]:
    return [hint.kind for hint in found(values, **how)]


def test_a_window_like_its_baseline_gives_no_hint() -> None:
    assert found([0.2] * 5) == []


def test_the_left_bin_that_grew_is_where_missing_values_land() -> None:
    assert found([0.4, 0.15, 0.15, 0.15, 0.15]) == [Hint(Kind.LEFT_GREW, "share", 0.2, 0.4, "< 20%")]
    assert found([0.24, 0.19, 0.19, 0.19, 0.19]) == []


def test_a_left_bin_too_low_for_any_number_holds_none() -> None:
    assert found([0.1, 0.3, 0.2, 0.2, 0.2], min=11.0) == [Hint(Kind.NO_NUMBERS, "share", 0.2, 0.1, "< 20%")]


def test_everything_in_one_bin_is_told_with_the_ceiling() -> None:
    """Which is a little higher: a single row in a bin lies below the floor that an empty one counts as."""
    (hint,) = found([0.0, 0.0, 1.0, 0.0, 0.0], scored=4.16, min=21.0, max=29.0)
    assert (hint.kind, hint.of, hint.after, hint.label) == (Kind.ONE_BIN, "score", 4.16, "40% - 60%")
    assert hint.before == pytest.approx(1.2875503299472804 + 4 * 0.198 * np.log(100))


def test_few_rows_are_told_with_their_number() -> None:
    assert found([0.2] * 5, count=29) == [Hint(Kind.FEW_ROWS, "rows", 30, 29)]


def test_a_highest_value_below_a_filled_bin_is_impossible() -> None:
    assert found([0.2] * 5, max=35.0) == [Hint(Kind.IMPOSSIBLE, "max", 40.0, 35.0, "> 80%")]


def test_a_lowest_value_above_a_filled_bin_is_impossible_but_for_the_left_most() -> None:
    assert found([0.0, 0.4, 0.2, 0.2, 0.2], min=25.0) == [Hint(Kind.IMPOSSIBLE, "min", 20.0, 25.0, "20% - 40%")]
    assert kinds([0.4, 0.0, 0.2, 0.2, 0.2], min=25.0) == [Kind.NO_NUMBERS]


def test_a_mean_that_moved_behind_an_ok_score_is_told() -> None:
    assert found([0.2] * 5, scored=0.01, mean=40.0) == [Hint(Kind.MOVED_WITHIN, "mean", 25.0, 40.0)]
    assert found([0.2] * 5, scored=0.3, mean=40.0) == []
    assert found([0.2] * 5, scored=0.01, calm_below=None, mean=40.0) == []


def test_values_outside_the_baselines_range_are_told_on_either_side() -> None:
    assert kinds([0.2] * 5, min=-5.1, max=55.1) == [Kind.BELOW_RANGE, Kind.ABOVE_RANGE]
    assert kinds([0.2] * 5, min=-4.9, max=54.9) == []


def test_a_window_without_any_number_is_not_compared_by_its_zeros() -> None:
    blank = dict.fromkeys(("min", "max", "mean", "median", "std"), 0.0)
    assert kinds([1.0, 0.0, 0.0, 0.0, 0.0], scored=4.16, **blank) == [Kind.LEFT_GREW, Kind.ONE_BIN]


def test_bins_that_are_not_the_baselines_are_not_compared() -> None:
    other = wire.Summary(wire.Bins("None", ["INFINITY"], ["All"]), [1.0], summary([1.0], count=12).statistics)
    assert [hint.kind for hint in hints(BASELINE, other, 0.0, PSI, None)] == [Kind.FEW_ROWS]


def test_shares_are_the_same_whether_summed_up_or_not() -> None:
    assert shares(summary([0.2, 0.4, 0.6, 0.8, 1.0]), "Cumulative") == pytest.approx([0.2] * 5)
    assert shares(summary([0.2] * 5), "Density") == pytest.approx([0.2] * 5)
    assert shares(summary([10.0, 20.0, 30.0, 40.0, 50.0]), "Edges") is None
