"""What upstream's API lacks: states, series in four forms, and Prometheus metrics with the rules that read them."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import tempfile
from datetime import datetime
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from nanoarrow import ArrayStream
from nanoarrow.ipc import InputStream
from prometheus_client.parser import text_string_to_metric_families

from assays.models import Assay, Upstream
from dashboard.api import tables
from tests.dashboard.api.conftest import Grant, Program, content, said
from tests.dashboard.conftest import HOUR, Fill
from tests.support.messages import text

pytestmark = pytest.mark.django_db(transaction=True)

STATES, SERIES, METRICS = "/v1/api/states", "/v1/api/series", "/metrics"
FOLDER = Path(__file__).resolve().parents[3] / "docs" / "prometheus"
SCORES = [0.05, None, 0.3, "no model", 0.1, 0.02]


@pytest.fixture
def row(fill: Fill) -> Assay:
    return fill(SCORES)


def asked(row: Assay, **changes: Any) -> dict[str, Any]:
    return {"assay": str(row.pk), "field": "out.score"} | changes


def test_states_tell_each_field_of_each_assay(row: Assay, viewer: Program, now: datetime) -> None:
    (told,) = said(viewer.get(STATES))
    assert (told["id"], told["state"], told["active"]) == (str(row.pk), "ok", True)
    (field,) = told["fields"]
    assert (field["field"], field["score"], field["window_end"]) == ("out.score", 0.02, text(now))


def test_a_series_holds_failed_windows_and_those_without_data(row: Assay, viewer: Program, now: datetime) -> None:
    told = said(viewer.get(SERIES, asked(row)))
    assert [window["score"] for window in told["windows"]] == [0.05, None, 0.3, None, 0.1, 0.02]
    assert [window["state"] for window in told["windows"]] == ["ok", "no-data", "alert", "failed", "warning", "ok"]
    assert told["windows"][-1]["window_end"] == text(now)
    assert told["windows"][1]["window_start"] is None


def test_a_range_cuts_as_it_does_for_results(row: Assay, viewer: Program, now: datetime) -> None:
    told = said(viewer.get(SERIES, asked(row, start=text(now - 2 * HOUR), end=text(now))))
    assert [window["window_end"] for window in told["windows"]] == [text(now - 2 * HOUR), text(now - HOUR)]


def read_csv(body: bytes) -> list[list[Any]]:
    head, *lines = csv.reader(StringIO(body.decode()))
    assert head == list(tables.Row.__struct_fields__)
    return [[start or None, end, state, float(score) if score else None] for start, end, state, score, *_ in lines]


def read_parquet(body: bytes) -> list[list[Any]]:
    with tempfile.NamedTemporaryFile() as file, duckdb.connect() as connection:
        file.write(body)
        file.flush()
        connection.execute("SET TimeZone = 'UTC'")
        columns = "window_start::VARCHAR, window_end::VARCHAR, state, score"
        return [list(found) for found in connection.read_parquet(file.name).project(columns).fetchall()]


def read_arrow(body: bytes) -> list[list[Any]]:
    with ArrayStream(InputStream.from_readable(BytesIO(body))) as stream:
        return [list(found.values())[:4] for found in stream.read_all().to_pylist()]


@pytest.mark.parametrize(
    ("media", "reader"), [(tables.CSV, read_csv), (tables.PARQUET, read_parquet), (tables.ARROW, read_arrow)]
)
def test_a_series_is_the_same_in_every_form(
    row: Assay, viewer: Program, media: str, reader: Any, tmp_path: Path
) -> None:
    plain = said(viewer.get(SERIES, asked(row)))["windows"]
    answer = viewer.get(SERIES, asked(row), Accept=media)
    assert answer.headers["Content-Type"] == media
    found = reader(content(answer))
    assert [[moment(one[0]), moment(one[1]), *one[2:]] for one in found] == [
        [moment(one["window_start"]), moment(one["window_end"]), one["state"], one["score"]] for one in plain
    ]


def moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


@pytest.mark.parametrize("media", [tables.CSV, tables.PARQUET, tables.ARROW, "application/json"])
def test_a_series_without_windows_is_empty_and_no_error(fill: Fill, viewer: Program, media: str) -> None:
    row = fill([])
    answer = viewer.get(SERIES, asked(row), Accept=media)
    assert answer.status_code == 200
    assert content(answer)


def test_a_form_that_is_not_spoken_is_406(row: Assay, viewer: Program) -> None:
    assert viewer.get(SERIES, asked(row), Accept="application/xml").status_code == 406


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"assay": "x"}, 422, "assay"),
        ({"assay": "00000000-0000-0000-0000-000000000063"}, 404, "assay"),
        ({"field": "out.other"}, 404, "field"),
        ({"start": "yesterday"}, 422, "start"),
        ({"start": "0001-01-01T00:00:00Z"}, 422, "start"),
    ],
)
def test_what_a_series_cannot_be_of_is_refused(
    row: Assay, viewer: Program, changes: dict[str, str], status: int, field: str
) -> None:
    answer = viewer.get(SERIES, asked(row, **changes))
    assert (answer.status_code, said(answer)["field"]) == (status, field)


def samples(answer: Any) -> dict[str, list[tuple[dict[str, str], float]]]:
    """By family: labels and values."""
    return {
        family.name: [(sample.labels, sample.value) for sample in family.samples]
        for family in text_string_to_metric_families(content(answer).decode())
    }


def test_metrics_tell_scores_states_and_how_upstream_does(row: Assay, viewer: Program) -> None:
    told = samples(viewer.get(METRICS))
    ((labels, score),) = told["driftline_score"]
    assert (labels["assay_id"], labels["field"], score) == (str(row.pk), "out.score", 0.02)
    assert [labels["state"] for labels, _ in told["driftline_assay_state"]] == ["ok"]
    assert {labels["level"]: value for labels, value in told["driftline_threshold"]} == {"warning": 0.1, "alert": 0.2}
    assert told["driftline_upstream_up"] == [({}, 1)]
    assert told["driftline_queue_depth"] == [({"queue": "driftline"}, 0), ({"queue": "tick"}, 0)]


def test_hostile_names_are_labels_and_nothing_else(fill: Fill, viewer: Program) -> None:
    name = 'a"} 1\ndriftline_score{assay="b\\'
    fill([0.1], name=name)
    assert [labels["assay"] for labels, _ in samples(viewer.get(METRICS))["driftline_score"]] == [name]


def test_a_scope_hides_other_workspaces_everywhere(fill: Fill, grant: Grant) -> None:
    fill([0.1])
    hidden = fill([0.1], number=2, workspace=2, pipeline=9)
    program = grant(workspaces=[1])
    assert len(said(program.get(STATES))) == 1
    assert program.get(SERIES, asked(hidden)).status_code == 404
    assert len(samples(program.get(METRICS))["driftline_score"]) == 1


def test_everything_needs_to_know_who_asks(db: None) -> None:
    assert [Program().get(path).status_code for path in (STATES, SERIES, METRICS)] == [401] * 3


def expressions() -> list[str]:
    rules = yaml.safe_load((FOLDER / "rules.yml").read_text())
    board = json.loads((FOLDER / "grafana.json").read_text())
    found = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    found += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    return found + [choice["query"] for choice in board["templating"]["list"] if choice["type"] == "query"]


def test_rules_and_board_ask_only_for_metrics_and_labels_that_exist(row: Assay, viewer: Program) -> None:
    Upstream.objects.update(ticked_at=row.last_success_at)
    exposed = content(viewer.get(METRICS)).decode()
    labels = set(re.findall(r'[{,](\w+)="', exposed))
    for expression in expressions():
        names = set(re.findall(r"driftline_\w+", expression))
        assert names
        assert all(f"# TYPE {name} " in exposed for name in names), expression
        assert set(re.findall(r"(\w+)\s*=~?\s*\"", expression)) <= labels


def test_promtool_accepts_the_rules_where_it_is_installed() -> None:
    if promtool := shutil.which("promtool"):
        assert subprocess.run([promtool, "check", "rules", FOLDER / "rules.yml"]).returncode == 0
