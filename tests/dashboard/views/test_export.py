"""Downloads: windows as CSV, upstream's messages as JSON."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from datetime import datetime
from io import StringIO
from pathlib import Path

import duckdb
import pytest
from django.http import StreamingHttpResponse
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from assays import wire
from dashboard import tokens
from dashboard.roles import Role
from dashboard.views.export import FORMS
from tests.dashboard.conftest import HOUR, Fill
from tests.support.upstream import Upstream


def download(browser: Client, address: str) -> str:
    response = browser.get(address)
    assert isinstance(response, StreamingHttpResponse)
    assert response["Content-Disposition"].startswith("attachment")
    return response.getvalue().decode()


def test_the_csv_holds_every_window_of_the_range_with_those_without_data(operator: Client, fill: Fill) -> None:
    assay = fill([0.05, None, "failed", 0.9])
    rows = list(csv.DictReader(StringIO(download(operator, f"/assays/{assay.pk}/windows.csv"))))
    assert [row["state"] for row in rows] == ["Ok", "No data", "Failed", "Alert"]
    assert [row["score"] for row in rows] == ["0.05", "", "", "0.9"]
    assert {row["field"] for row in rows} == {"out.score"}
    assert all(row["window_end"].endswith("Z") for row in rows)


def test_the_json_is_what_upstream_sent_unknown_keys_and_all(operator: Client, fill: Fill, served: Upstream) -> None:
    assay = fill([0.05, 0.9])
    sent = served.results[str(assay.pk)]
    got = json.loads(download(operator, f"/assays/{assay.pk}/results.json"))
    assert sorted(got, key=lambda one: one["id"]) == sorted(sent, key=lambda one: one["id"])


def test_a_field_that_looks_like_a_formula_is_harmless_in_a_spreadsheet(operator: Client, fill: Fill) -> None:
    assay = fill([0.05], fields={"=HYPERLINK(1)": (0.1, 0.2)})
    assert "'=HYPERLINK(1)" in download(operator, f"/assays/{assay.pk}/windows.csv")


def test_an_empty_range_is_an_empty_list(operator: Client, fill: Fill) -> None:
    assay = fill([0.05])
    address = f"/assays/{assay.pk}/results.json?from=2020-01-01&to=2020-01-02"
    assert json.loads(download(operator, address)) == []


def test_parquet_and_json_hold_the_same_windows_as_the_csv(operator: Client, fill: Fill, tmp_path: Path) -> None:
    assay = fill([0.05, None, "failed", 0.9])
    response = operator.get(f"/assays/{assay.pk}/windows.parquet")
    path = tmp_path / "windows.parquet"
    path.write_bytes(response.getvalue())
    with duckdb.connect() as connection:
        told = connection.read_parquet(str(path)).project("state, score").fetchall()
    rows = json.loads(download(operator, f"/assays/{assay.pk}/windows.json"))
    assert [row[0] for row in told] == [row["state"] for row in rows] == ["ok", "no-data", "failed", "alert"]
    assert [row[1] for row in told] == [row["score"] for row in rows] == [0.05, None, None, 0.9]


@pytest.mark.parametrize("form", FORMS)
def test_one_windows_bins_can_be_taken_along(
    operator: Client, fill: Fill, now: datetime, tmp_path: Path, form: str
) -> None:
    assay = fill([0.05, 4.1648763041561505])
    body = operator.get(f"/assays/{assay.pk}/window/{form}/").content
    if form == "parquet":
        (tmp_path / "bins").write_bytes(body)
        with duckdb.connect() as connection:
            bins = [str(row) for row in connection.read_parquet(str(tmp_path / "bins")).fetchall()]
    else:
        text = body.decode()
        bins = json.loads(text) if form == "json" else [str(row) for row in csv.DictReader(StringIO(text))]
    assert len(bins) == 5
    assert wire.rfc3339(now) in str(bins[0])


def test_the_bins_add_up_to_the_score(operator: Client, fill: Fill) -> None:
    assay = fill([4.1648763041561505])
    bins = operator.get(f"/assays/{assay.pk}/window/json/").json()
    assert sum(one["adds"] for one in bins) == pytest.approx(4.1648763041561505, abs=1e-9)


@pytest.mark.parametrize("asked", ["json/?window=2020-01-01T00:00:00Z", "xlsx/"])
def test_bins_that_are_not_there_are_not_found(operator: Client, fill: Fill, asked: str) -> None:
    assert operator.get(f"/assays/{fill([0.05]).pk}/window/{asked}").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_the_program_for_requests_prints_what_is_shown(
    operator: Client, fill: Fill, live_server: LiveServer, now: datetime
) -> None:
    assay = fill([0.05, None, "failed", 0.9])
    page = operator.get(f"/assays/{assay.pk}/snippet/")
    code = next(code for key, _, code in page.context["programs"] if key == "requests")
    _, token = tokens.make("reader", Role.VIEWER)
    environment = {**os.environ, "DRIFTLINE_URL": live_server.url, "DRIFTLINE_TOKEN": token}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ends = [wire.rfc3339(now - back * HOUR) for back in (3, 2, 1, 0)]
    states = ["ok 0.05", "no-data None", "failed None", "alert 0.9"]
    assert done.stdout.splitlines() == [f"{end} {state}" for end, state in zip(ends, states, strict=True)]


def test_a_fields_name_cannot_leave_its_quotes_in_a_program(operator: Client, fill: Fill) -> None:
    key = 'x"); import os; ("'
    assay = fill([0.05], fields={key: (0.1, 0.2)})
    for _, _, code in operator.get(f"/assays/{assay.pk}/snippet/").context["programs"]:
        compile(code, "snippet", "exec")
        assert json.dumps(f"out.{key}") in code or json.dumps(key) in code
