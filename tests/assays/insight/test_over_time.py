"""Bins and statistics over time are those of the messages, all of them or a spread that says so."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from assays import wire
from assays.coverage import Span
from assays.insight.over_time import over_time
from assays.models import Assay
from assays.schedule import micros
from tests.assays.insight.conftest import HOUR, Filled, sync
from tests.support import messages
from tests.support.messages import START
from tests.support.upstream import Upstream

WHOLE = Span(START - HOUR, START + 100 * HOUR)
SHARES = [0.1, 0.2, 0.3, 0.4, 0.0]


def told(assay: Assay) -> wire.Assay:
    return msgspec.json.decode(assay.message, type=wire.Assay)


@pytest.fixture
def moving(upstream: Upstream, db: None) -> Assay:
    """Forty hours, of which each moves the shares by one bin; the fifth run failed."""
    assay = messages.assay()
    results = [messages.result(assay, START + HOUR * k, 0.1 if k != 4 else "no rows") for k in range(40)]
    for k, result in enumerate(results):
        for summary in result["summaries"].values():
            summary["aggregated_values"] = rolled(k)
            summary["statistics"] |= {"mean": float(k), "count": 100 + k}
    return sync(upstream, assay, results, START + 39 * HOUR)


def rolled(k: int) -> list[float]:
    return SHARES[k % 5 :] + SHARES[: k % 5]


def test_each_window_tells_how_each_share_changed(moving: Assay) -> None:
    found = over_time(moving.fields.get(), told(moving), WHOLE)
    kept = [k for k in range(40) if k != 4]
    assert found.end.tolist() == [micros(START + HOUR * k) for k in kept]
    assert found.change is not None
    np.testing.assert_allclose(found.change.T, np.array([rolled(k) for k in kept]) - 0.2)
    assert found.statistics["mean"].tolist() == kept
    assert found.statistics["count"].tolist() == [100 + k for k in kept]
    assert (found.of, found.is_sample) == (39, False)


def test_of_many_windows_the_newest_of_equal_stretches_are_taken_and_that_is_said(moving: Assay) -> None:
    found = over_time(moving.fields.get(), told(moving), Span(START - 500 * HOUR, START + 900 * HOUR), most=10)
    assert (len(found.end), found.of, found.is_sample) == (10, 39, True)
    assert set(np.diff(found.end).tolist()) <= {4 * micros_of_an_hour(), 5 * micros_of_an_hour()}
    assert found.end[-1] == micros(START + 39 * HOUR)


def micros_of_an_hour() -> int:
    return micros(START + HOUR) - micros(START)


def test_the_baseline_is_told_beside(moving: Assay) -> None:
    found = over_time(moving.fields.get(), told(moving), WHOLE)
    assert found.before == pytest.approx([0.2] * 5)
    assert len(found.labels) == len(found.edges) == 5
    assert set(found.baseline) == set(found.statistics)


def test_a_window_with_other_bins_has_no_change_and_keeps_its_statistics(upstream: Upstream, db: None) -> None:
    assay = messages.assay()
    result = messages.result(assay, START, 0.1)
    result["summaries"]["out.score"]["bins"]["labels"] = list("abcde")
    row = sync(upstream, assay, [result], START)
    found = over_time(row.fields.get(), told(row), WHOLE)
    assert found.change is not None
    assert np.isnan(found.change).all()
    assert not np.isnan(found.statistics["mean"]).any()


def test_cumulative_values_are_told_as_shares(upstream: Upstream, db: None) -> None:
    assay = messages.assay()
    assay["summarizer"]["UnivariateContinuous"]["aggregation"] = "Cumulative"
    assay["baseline"]["Summary"]["out.score"]["aggregated_values"] = [0.2, 0.4, 0.6, 0.8, 1.0]
    result = messages.result(assay, START, 0.1)
    result["summaries"]["out.score"]["aggregated_values"] = [0.5, 0.5, 0.5, 0.5, 1.0]
    row = sync(upstream, assay, [result], START)
    found = over_time(row.fields.get(), told(row), WHOLE)
    assert found.change is not None
    assert found.change[:, 0] == pytest.approx([0.3, -0.2, -0.2, -0.2, 0.3])


@pytest.mark.parametrize("without", ["aggregation", "baseline"])
def test_without_shares_or_a_baseline_only_statistics_are_told(upstream: Upstream, db: None, without: str) -> None:
    assay = messages.assay()
    if without == "aggregation":
        assay["summarizer"]["UnivariateContinuous"]["aggregation"] = "Edges"
    changed: dict[str, Any] = assay["baseline"]["Summary"]
    result = messages.result(assay, START, 0.1)
    if without == "baseline":
        changed.clear()
    row = sync(upstream, assay, [result], START)
    found = over_time(row.fields.get(), told(row), WHOLE)
    assert found.change is None
    assert len(found.statistics["std"]) == 1


def test_without_windows_nothing_is_told(filled: Filled) -> None:
    assay = filled([0.1])
    found = over_time(assay.fields.get(), told(assay), Span(START - 9 * HOUR, START - 8 * HOUR))
    assert (len(found.end), found.of, found.is_sample) == (0, 0, False)
