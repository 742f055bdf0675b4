"""Windows taken together are as if their rows had been one window, and the counterpart is where the schedule has it."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assays import wire
from assays.drift import bins
from assays.drift.bins import Floats
from assays.drift.metrics import Measure
from assays.drift.summaries import cumulative, density, statistics
from assays.insight.compare import between, counterpart, pooled
from assays.schedule import Plan
from tests.support.messages import START

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
CUT = bins.provided([-1.0, 0.0, 1.0])


def summary(values: Floats, aggregation: str = "Density") -> wire.Summary:
    counted = bins.counts(values, CUT)
    aggregated = (density if aggregation == "Density" else cumulative)(counted)
    told = statistics(values)
    return wire.Summary(
        wire.Bins("None", [*CUT.edges], [*CUT.labels]),
        [float(value) for value in aggregated],
        wire.Statistics(told.count, told.min, told.max, told.mean, told.median, told.std),
    )


samples = st.lists(st.lists(st.floats(-3, 3), min_size=1, max_size=30), min_size=1, max_size=5)


@given(samples, st.sampled_from(["Density", "Cumulative"]))
def test_windows_taken_together_are_one_window_of_all_rows(parts: list[list[float]], aggregation: str) -> None:
    found = pooled([summary(np.array(part), aggregation) for part in parts], aggregation)
    whole = summary(np.concatenate([np.array(part) for part in parts]), aggregation)
    assert found.aggregated_values == pytest.approx(whole.aggregated_values)
    for name in ("count", "min", "max", "mean", "std"):
        assert getattr(found.statistics, name) == pytest.approx(getattr(whole.statistics, name), abs=1e-7)
    assert math.isnan(found.statistics.median)


def test_windows_of_other_bins_or_without_shares_or_rows_are_not_taken_together() -> None:
    one = summary(np.array([0.5]))
    other = wire.Summary(wire.Bins("None", ["INFINITY"], ["All"]), [1.0], one.statistics)
    blank = wire.Summary(one.bins, one.aggregated_values, wire.Statistics(0, 0.0, 0.0, 0.0, 0.0, 0.0))
    for parts, aggregation in (([one, other], "Density"), ([], "Density"), ([one], "Edges"), ([blank], "Density")):
        with pytest.raises(ValueError, match="taken together"):
            pooled(parts, aggregation)


def test_a_window_is_scored_against_another_by_the_assays_measure() -> None:
    one, other = summary(np.array([-2.0, 0.5])), summary(np.array([0.5, 0.5]))
    assert between(one, other, Measure("SumDiff")).score == pytest.approx(0.5)
    with pytest.raises(ValueError, match="different bins"):
        between(
            one, wire.Summary(wire.Bins("None", [1.0, 2.0, 3.0, 4.0], list("abcd")), [0.25] * 4, one.statistics), PSI
        )


PSI = Measure("PSI")


def test_the_counterpart_is_at_the_same_hour_of_the_same_weekday() -> None:
    hourly = Plan(START, HOUR, HOUR)
    assert counterpart(hourly, START + 10 * DAY) == START + 3 * DAY
    assert counterpart(hourly, START + 10 * DAY, DAY) == START + 9 * DAY


def test_where_the_schedule_has_none_then_it_is_the_nearest() -> None:
    every_five_days = Plan(START, 5 * DAY, DAY)
    assert counterpart(every_five_days, START + 10 * DAY) == START + 5 * DAY
    assert counterpart(every_five_days, START + 20 * DAY) == START + 15 * DAY
    assert counterpart(Plan(START, WEEK, DAY), START + 2 * WEEK, DAY) == START + WEEK


def test_before_the_first_run_and_on_cron_there_is_none() -> None:
    assert counterpart(Plan(START, HOUR, HOUR), START + DAY) is None
    assert counterpart(Plan(START, None, HOUR), START + 10 * DAY) is None
