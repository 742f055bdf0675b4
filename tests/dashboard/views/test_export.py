"""Downloads: windows as CSV, upstream's messages as JSON."""

from __future__ import annotations

import csv
import json
from io import StringIO

from django.http import StreamingHttpResponse
from django.test import Client

from tests.dashboard.conftest import Fill
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
