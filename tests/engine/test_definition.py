"""Definitions: what is stored of what is asked, and what is refused with the field named."""

import re
from datetime import UTC, datetime, timedelta
from math import inf

import msgspec
import pytest

from assays import wire
from assays.wire import BinModeSpec
from engine.definition import Definition, Refused, bins_of, posted, settled, wire_edges
from engine.log import Log
from engine.replay import Replay
from tests.support.engine import PSI, ROOT, Json, asked, write_log

START = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = '"in.a" DOUBLE, "in.list" INTEGER[], "in.text" VARCHAR'
STATIC = {"Static": [START.isoformat(), (START + timedelta(hours=10)).isoformat()]}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """Values 1 to 10, an hour apart, in one model and two partitions."""
    rows = [
        (START.replace(tzinfo=None) + timedelta(hours=n), "m", "ab"[n % 2], float(n), [n, -n], "x")
        for n in range(1, 11)
    ]
    return Log(write_log(tmp_path_factory.mktemp("log"), COLUMNS, rows))


def request(field: str = "in.a", baseline: Json = STATIC, **changes: Json) -> Definition:
    return msgspec.convert(asked("an assay", field, baseline=baseline, first_run=START, **changes), Definition)


def summarised_by(**changes: Json) -> Json:
    return {"summarizer": {"UnivariateContinuous": PSI | changes}}


def targeting(**path: Json) -> Json:
    plain = asked("", "in.a", baseline=STATIC, first_run=START)["targeting"]
    return {"targeting": {**plain, "iopath": [{"field": "in.a", **path}]}}


def baseline(definition: Definition, log: Log) -> wire.Summary:
    stored = settled(definition, log, Replay())
    return stored.baseline_of(stored.targeting.iopath[0])


def test_a_static_baseline_becomes_a_summary_of_the_log(log: Log) -> None:
    found = baseline(request(**summarised_by(bin_mode={"Quantile": 5})), log)
    assert found.bins.edges == [2.8, 4.6, 6.4, 8.2, "INFINITY"]
    assert found.aggregated_values == [0.2] * 5
    assert found.statistics == wire.Statistics(10, 1.0, 10.0, 5.5, 5.5, pytest.approx(8.25**0.5))
    assert (found.start, found.end) == (START, START + timedelta(hours=10))
    assert found.name == "an assay"


def test_a_baseline_is_open_at_its_start_and_closed_at_its_end(log: Log) -> None:
    span = [(START + timedelta(hours=2)).isoformat(), (START + timedelta(hours=4)).isoformat()]
    assert baseline(request(baseline={"Static": span}), log).statistics.count == 2


def test_a_baseline_is_of_the_model_and_partitions_asked_for(log: Log) -> None:
    changed = targeting()
    changed["targeting"]["data_origin"] |= {"model_id": "m", "locations": ["a"]}
    assert baseline(request(**changed), log).statistics.count == 5
    changed["targeting"]["data_origin"] |= {"model_id": "another"}
    with pytest.raises(Refused, match="holds no values"):
        settled(request(**changed), log, Replay())


def test_an_element_of_a_list_is_a_field_of_its_own(log: Log) -> None:
    stored = settled(request(**targeting(field="in.list", indexes=[1])), log, Replay())
    assert set(stored.baseline.summary or {}) == {"in.list.1"}
    assert stored.baseline_of(stored.targeting.iopath[0]).statistics.max == -1.0


def test_a_vector_may_hold_nulls_and_a_field_that_no_log_has(log: Log) -> None:
    found = baseline(request("in.none", {"Vector": [1.0, None, 2.0, 3.0]}), log)
    assert (found.statistics.count, found.statistics.min) == (4, 1.0)
    assert found.bins.edges == [1.0, 2.0, "INFINITY"]
    assert (found.start, found.end) == (None, None)


def test_a_summary_is_kept_as_it_is(log: Log) -> None:
    stored = settled(request(), log, Replay())
    again = msgspec.structs.replace(request("in.a"), baseline=stored.baseline)
    assert settled(again, log, Replay()).baseline == stored.baseline


def test_the_first_window_starts_at_the_posted_time(log: Log) -> None:
    assert posted(request(), log, Replay()).scheduling.first_run == START + timedelta(hours=1)


@pytest.mark.parametrize(
    ("mode", "count", "labels"),
    [
        ("None", 1, ["All"]),
        ({"Equal": 3}, 5, ["< 1.00e0", "1.00e0 - 4.00e0", "4.00e0 - 7.00e0", "7.00e0 - 1.00e1", "> 1.00e1"]),
        ({"Provided": [5]}, 2, ["< 5.00e0", "> 5.00e0"]),
        ({"Quantile": 2}, 2, ["< 50%", "> 50%"]),
        ({"QuantileWithExplicitOutliers": 2}, 4, ["< 0%", "0% - 50%", "50% - 100%", "> 100%"]),
    ],
)
def test_each_mode_makes_its_bins(log: Log, mode: Json, count: int, labels: list[str]) -> None:
    found = baseline(request(**summarised_by(bin_mode=mode)), log)
    assert found.bins.labels == labels
    assert len(found.bins.edges) == len(found.aggregated_values) == count


def test_cumulative_values_end_with_one(log: Log) -> None:
    found = baseline(request(**summarised_by(bin_mode={"Quantile": 2}, aggregation="Cumulative")), log)
    assert found.aggregated_values == [0.5, 1.0]


def test_edges_end_with_the_largest_value(log: Log) -> None:
    found = baseline(request(**summarised_by(bin_mode={"Quantile": 2}, aggregation="Edges")), log)
    assert found.aggregated_values == [5.5, 10.0]


@pytest.mark.parametrize(
    ("mode", "edges", "from_minimum"),
    [
        (BinModeSpec(quantile=3), 3, False),
        (BinModeSpec(quantile=1), 3, True),  # two bins more than asked for: an assay of 2024
        (BinModeSpec(equal=1), 3, True),
        (BinModeSpec(quantile_with_explicit_outliers=1), 3, True),
        (BinModeSpec(provided=[0.0, 1.0]), 3, False),
        ("None", 3, False),
        ("Unheard", 3, False),
    ],
)
def test_a_stored_summary_says_where_its_minimum_belongs(mode: wire.BinMode, edges: int, from_minimum: bool) -> None:
    bins = wire.Bins(mode, [0.0, 1.0, "INFINITY"], ["a", "b", "c"])
    summary = wire.Summary(bins, [0.0, 0.5, 0.5], wire.Statistics(1, 0.0, 0.0, 0.0, 0.0, 0.0))
    found = bins_of(summary)
    assert (len(found), found.edges, found.from_minimum) == (edges, (0.0, 1.0, inf), from_minimum)


def test_infinite_edges_are_written_by_name() -> None:
    assert wire_edges((-inf, 1.5, inf)) == ["NEG_INFINITY", 1.5, "INFINITY"]


REFUSED: list[tuple[str, Json]] = [
    ("summarizer", {"summarizer": {"MultivariateContinuous": {}}}),
    ("summarizer", summarised_by(metric="KL")),
    ("summarizer", summarised_by(aggregation="Sum")),
    ("summarizer", summarised_by(bin_weights=[1.0, 2.0])),
    ("summarizer", summarised_by(bin_weights=[0.0, 0.0, 0.0])),
    ("summarizer.bin_mode", summarised_by(bin_mode="Some")),
    ("summarizer.bin_mode", summarised_by(bin_mode={})),
    ("summarizer.bin_mode", summarised_by(bin_mode={"Quantile": 0})),
    ("summarizer.bin_mode", summarised_by(bin_mode={"Equal": 10_000_000})),
    ("baseline", summarised_by(bin_mode={"Provided": [2.0, 1.0]})),
    ("baseline", {"baseline": {"Vector": []}}),
    ("baseline", {"baseline": {"Vector": [None]}, **summarised_by(bin_mode={"Equal": 2})}),
    ("baseline", {"baseline": {"Rolling": {"start": START.isoformat(), "width": {"seconds": 60}}}}),
    ("baseline", {"baseline": {}}),
    ("baseline", {"baseline": {"Static": ["2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z"]}}),
    ("baseline", {"baseline": {"Static": ["2031-01-01T00:00:00Z", "2030-01-01T00:00:00Z"]}}),
    ("baseline", {"baseline": {"Summary": {}}}),
    ("baseline", targeting(field="in.none")),
    ("baseline", targeting(field="in.text")),
    ("baseline", targeting(field="model")),
    ("baseline", targeting(field="in.list")),
    ("baseline", targeting(field="in.a", indexes=[0])),
    (
        "scheduling.run_frequency",
        {"scheduling": {"first_run": START.isoformat(), "run_frequency": {"Cron": "* * * * *"}}},
    ),
]


@pytest.mark.parametrize(("field", "changes"), REFUSED)
def test_what_cannot_be_computed_is_refused_by_field(log: Log, field: str, changes: Json) -> None:
    plain = asked("an assay", "in.a", baseline=STATIC, first_run=START)
    with pytest.raises(Refused) as refused:
        settled(msgspec.convert({**plain, **changes}, Definition), log, Replay())
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("edges", "labels", "values"),
    [
        ([1.0], ["a"], [1.0]),
        (["INFINITY"], ["a", "b"], [1.0]),
        (["INFINITY"], ["a"], []),
        ([], [], []),
        ([2.0, 1.0, "INFINITY"], ["a", "b", "c"], [0.2, 0.3, 0.5]),
    ],
)
def test_a_summary_that_is_no_partition_of_the_numbers_is_refused(
    log: Log, edges: list[wire.Edge], labels: list[str], values: list[float]
) -> None:
    statistics = wire.Statistics(1, 0.0, 0.0, 0.0, 0.0, 0.0)
    summary = wire.Summary(wire.Bins("None", edges, labels), values, statistics)
    given = msgspec.structs.replace(request(), baseline=wire.Baseline(summary={"in.a": summary}))
    with pytest.raises(Refused, match="baseline"):
        settled(given, log, Replay())


def test_the_documented_request_is_one() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", (ROOT / "docs" / "engine.md").read_text(), re.DOTALL)
    (example,) = msgspec.json.decode(text, type=list[Definition])
    assert example.targeting.iopath[0].field == "out.delay_probability"
