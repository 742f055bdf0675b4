"""Samples to results: statuses, error texts, what is listed, and the bytes they are answered in."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest

from assays import wire
from assays.schedule import micros
from engine.definition import Definition
from engine.panes import Samples
from engine.results import NO_EDGES, NO_ROWS, Timing, outcomes, status, with_id
from tests.support.engine import PSI, asked

END = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TIMING = Timing(END + 2 * HOUR, END + 2 * HOUR + timedelta(milliseconds=7), 7)
FIFTHS = wire.Summary(
    wire.Bins(wire.BinModeSpec(quantile=5), [1.0, 2.0, 3.0, 4.0, "INFINITY"], ["a", "b", "c", "d", "e"]),
    [0.2] * 5,
    wire.Statistics(100, 0.0, 5.0, 2.5, 2.5, 1.0),
)


def definition(*fields: str, **summarizer: Any) -> Definition:
    """Of these fields, all against five equal shares."""
    paths = [{"field": name, "thresholds": {"warning": 1.0, "alert": 4.0}} for name in fields]
    plain = asked("an assay", "in.a", baseline={"Summary": {}}, first_run=END)
    plain["targeting"]["iopath"] = paths
    plain["summarizer"] = {"UnivariateContinuous": PSI | {"bin_mode": {"Quantile": 5}} | summarizer}
    made = msgspec.convert(plain, Definition)
    return msgspec.structs.replace(made, baseline=wire.Baseline(summary=dict.fromkeys(fields, FIFTHS)))


def samples(*counts: list[int], edges: list[Any] | None = None) -> Samples:
    rows = np.array([sum(each) for each in counts])
    numbers = np.arange(len(counts), dtype=float)
    return Samples(np.array(counts), rows, rows, *([numbers] * 5), edges or [])


def results(made: Definition, found: dict[str, Samples | str]) -> list[tuple[bool, dict[str, Any]]]:
    """Whether each is listed, and what it says; as many as there are samples, or one."""
    count = max([1, *(len(each.rows) for each in found.values() if not isinstance(each, str))])
    windows = [(index, micros(END + index * HOUR)) for index in range(count)]
    return [
        (each.listed, json.loads(with_id(index, each.tail)))
        for index, each in enumerate(outcomes("an-id", made, found, windows, TIMING))
    ]


def test_a_result_reads_as_the_vendors_sample_does() -> None:
    ((listed, result),) = results(definition("in.a"), {"in.a": samples([256, 0, 0, 0, 0])})
    assert listed
    assert (result["id"], result["assay_id"], result["status"]) == (0, "an-id", "Alert")
    assert (result["window_start"], result["window_end"]) == ("2026-03-01T11:00:00Z", "2026-03-01T12:00:00Z")
    assert (result["created_at"], result["updated_at"]) == ("2026-03-01T14:00:00Z", "2026-03-01T14:00:00.007Z")
    assert result["elapsed_millis"] == 7
    assert result["scores"]["in.a"]["score"] == pytest.approx(4.1648763041561505, abs=1e-12)
    assert result["summaries"]["in.a"]["aggregated_values"] == [1.0, 0.0, 0.0, 0.0, 0.0]
    assert result["summaries"]["in.a"]["statistics"]["count"] == 256


def test_whole_numbers_are_written_as_floats() -> None:
    windows = [(0, micros(END))]
    (outcome,) = outcomes("an-id", definition("in.a"), {"in.a": samples([20] * 5)}, windows, TIMING)
    assert b'"score":0.0' in outcome.tail
    assert b'"min":0.0' in outcome.tail


def test_windows_are_told_apart_by_their_rows() -> None:
    found = results(definition("in.a"), {"in.a": samples([20] * 5, [0] * 5, [0, 0, 0, 0, 9])})
    assert [(listed, result["status"]) for listed, result in found] == [(True, "Ok"), (False, "Ok"), (True, "Alert")]
    assert found[1][1]["scores"] == {"in.a": NO_ROWS}
    assert found[1][1]["summaries"] == {}


def test_a_field_that_cannot_be_read_fails_beside_one_that_can() -> None:
    ((listed, result),) = results(
        definition("in.a", "in.none"), {"in.a": samples([256, 0, 0, 0, 0]), "in.none": "the log has no field in.none"}
    )
    assert listed
    assert result["status"] == "Alert"
    assert result["scores"]["in.none"] == "the log has no field in.none"
    assert set(result["summaries"]) == {"in.a"}


def test_a_failed_run_is_listed_though_its_window_has_no_rows() -> None:
    ((listed, result),) = results(definition("in.a", "in.none"), {"in.a": samples([0] * 5), "in.none": "gone"})
    assert listed
    assert (result["scores"], result["summaries"]) == ({"in.a": NO_ROWS, "in.none": "gone"}, {})


def test_cumulative_shares_are_scored_and_sent() -> None:
    made = definition("in.a", aggregation="Cumulative", metric="MaxDiff")
    ((_, result),) = results(made, {"in.a": samples([0, 0, 10, 0, 0])})
    assert result["summaries"]["in.a"]["aggregated_values"] == [0.0, 0.0, 1.0, 1.0, 1.0]
    assert result["scores"]["in.a"]["bin_index"] == 2  # the first of three


def test_own_edges_are_compared_where_there_are_any() -> None:
    made = definition("in.a", aggregation="Edges", metric="SumDiff")
    own = [np.array([0.2, 0.2, 0.2, 0.2, 1.2]), None]
    (_, first), (listed, second) = results(made, {"in.a": samples([1] * 5, [5, 0, 0, 0, 0], edges=own)})
    assert first["scores"]["in.a"]["score"] == pytest.approx(0.5)
    assert listed
    assert (second["scores"], second["summaries"]) == ({"in.a": NO_EDGES}, {})


def test_weights_reach_the_score() -> None:
    made = definition("in.a", bin_weights=[1.0, 0.0, 0.0, 0.0, 0.0])
    ((_, result),) = results(made, {"in.a": samples([256, 0, 0, 0, 0])})
    assert result["scores"]["in.a"]["score"] == pytest.approx(1.2875503299472804)


@pytest.mark.parametrize(
    ("score", "warning", "alert", "expected"),
    [
        (0.1, 0.1, 0.2, "Warning"),
        (0.2, 0.1, 0.2, "Alert"),
        (0.0999, 0.1, 0.2, "Ok"),
        (9.0, None, None, "Ok"),
        (9.0, 0.1, None, "Warning"),
        (9.0, None, 0.1, "Alert"),
        (0.0, 0.0, None, "Warning"),
    ],
)
def test_thresholds_are_inclusive_and_null_never_fires(
    score: float, warning: float | None, alert: float | None, expected: str
) -> None:
    assert status(score, wire.Thresholds(warning, alert)) == expected
