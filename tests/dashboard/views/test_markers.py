"""Moments that people mark: of an assay, its pipeline or its workspace, drawn on its chart, and taken away again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from assays.incidents import about
from assays.incidents.models import Event, Marker
from assays.models import Assay
from tests.dashboard.conftest import Fill


@pytest.fixture
def assay(fill: Fill) -> Assay:
    return fill([0.05, 0.3], 1, name="watched", pipeline=7, workspace=1)


@pytest.mark.parametrize(
    ("of", "scope"),
    [
        ("assay", {"pipeline_id": None, "workspace_id": None}),
        ("pipeline", {"pipeline_id": 7}),
        ("workspace", {"workspace_id": 1}),
    ],
)
def test_a_moment_is_marked_in_the_readers_zone(
    operator: Client, assay: Assay, of: str, scope: dict[str, int | None]
) -> None:
    operator.cookies["zone"] = "Asia/Kolkata"
    sent = {"of": of, "event": "deployment", "at": "2026-06-30T12:00", "text": "model 2.1"}
    operator.post(f"/assays/{assay.pk}/markers/", sent)
    row = Marker.objects.get()
    assert row.at == datetime(2026, 6, 30, 6, 30, tzinfo=UTC)
    assert {name: getattr(row, name) for name in scope} == scope
    assert row.who == "ada"


def test_it_is_drawn_on_the_chart_and_only_ever_text(operator: Client, assay: Assay, now: datetime) -> None:
    at = now - timedelta(minutes=30)
    about.add_marker(Event.DEPLOYMENT, at, "<a href='x'>2.1</a>", "ci", about.Scope(assay=assay))
    figure = json.loads(operator.get(f"/assays/{assay.pk}/figure.json").content)
    texts = [note["text"] for note in figure["layout"]["annotations"]]
    assert "&lt;a href='x'&gt;2.1&lt;/a&gt;" in texts
    assert [shape for shape in figure["layout"]["shapes"] if shape["type"] == "line"]


@pytest.mark.parametrize("sent", [{}, {"text": "x", "link": "ftp:x"}, {"text": "x", "at": "soon"}, {"text": ""}])
def test_what_makes_no_sense_is_asked_again(operator: Client, assay: Assay, sent: dict[str, str]) -> None:
    usual = {"of": "assay", "event": "other", "at": "2026-06-30T12:00"}
    assert operator.post(f"/assays/{assay.pk}/markers/", usual | sent).status_code == 422
    assert not Marker.objects.exists()


def test_one_is_taken_away_from_where_it_belongs_alone(operator: Client, assay: Assay, fill: Fill) -> None:
    other = fill([0.05], 2, pipeline=8, workspace=2)
    row = about.add_marker(Event.OTHER, datetime.now(UTC), "2.1", "ci", about.Scope(pipeline_id=7))
    assert "2.1" in operator.get(f"/assays/{assay.pk}/markers/").content.decode()
    assert operator.post(f"/assays/{other.pk}/markers/{row.pk}/remove/").status_code == 404
    operator.post(f"/assays/{assay.pk}/markers/{row.pk}/remove/")
    assert not Marker.objects.exists()
