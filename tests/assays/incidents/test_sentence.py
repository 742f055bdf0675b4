"""The sentence names the fewest bins that carry the score, and says so when they do not tell."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from assays import wire
from assays.drift.metrics import Measure
from assays.incidents import sentence
from assays.wording import NARROW


def summary(values: list[float], labels: list[str] | None = None) -> wire.Summary:
    edges: list[wire.Edge] = [10.0 * n for n in range(1, len(values))]
    names = labels or [f"bin {n}" for n in range(len(values))]
    bins = wire.Bins(mode="None", edges=[*edges, "INFINITY"], labels=names)
    statistics = wire.Statistics(count=100, min=0.0, max=1.0, mean=0.5, median=0.5, std=0.1)
    return wire.Summary(bins=bins, aggregated_values=values, statistics=statistics)


def told(score: float, before: list[float], after: list[float], metric: str = "PSI") -> str:
    return sentence.of_drift(score, summary(before), summary(after), Measure(metric)).replace(NARROW, " ")


@pytest.mark.parametrize(
    ("metric", "before", "after", "expected"),
    [
        ("PSI", [0.2, 0.2, 0.6], [0.02, 0.2, 0.78], "90 % of PSI 0.40 comes from one bin: ≤ 10 shrank 20 % → 2 %."),
        (
            "SumDiff",
            [0.4, 0.3, 0.3],
            [0.1, 0.3, 0.6],
            "100 % of SumDiff 0.40 comes from two bins: ≤ 10 shrank 40 % → 10 %, and > 20 grew 30 % → 60 %.",
        ),
        ("MaxDiff", [0.4, 0.3, 0.3], [0.1, 0.3, 0.6], "MaxDiff 0.40 is one bin: ≤ 10 shrank 40 % → 10 %."),
        ("PSI", [0.5, 0.5], [0.5, 0.5], "PSI 0.40; no bin has moved."),
    ],
)
def test_the_fewest_bins_that_carry_the_score_are_named(
    metric: str, before: list[float], after: list[float], expected: str
) -> None:
    assert told(0.4, before, after, metric) == expected


def test_bins_are_compared_by_their_labels() -> None:
    before, after = summary([0.9, 0.1], ["low", "high"]), summary([0.1, 0.9], ["high", "low"])
    assert sentence.of_drift(0.4, before, after, Measure("PSI")) == "PSI 0.40; no bin has moved."


@pytest.mark.parametrize("before", [None, summary([0.5, 0.5]), summary([0.3, 0.3, 0.4], ["a", "b", "c"])])
def test_bins_that_do_not_fit_tell_nothing(before: wire.Summary | None) -> None:
    told = sentence.of_drift(0.4, before, summary([0.2, 0.2, 0.6]), Measure("PSI"))
    assert told == "PSI 0.40; its bins do not tell what moved."


def test_a_score_of_no_known_measure_is_told_as_it_is() -> None:
    assert sentence.of_drift(0.4, None, None, None) == "The score 0.40; its bins do not tell what moved."


def test_a_late_run_is_named_by_when_it_was_due() -> None:
    due = datetime(2026, 6, 3, 5, 0, tzinfo=UTC)
    assert sentence.of_late_run(due) == "The run due 3 Jun 2026 05:00 UTC has not come."
