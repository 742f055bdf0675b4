"""Markers by the API: a pipeline says that it has deployed, and everybody who may sees it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assays.incidents.models import Marker
from assays.models import Assay, AuditEvent
from dashboard.roles import Role
from tests.dashboard.api.conftest import Grant, Program, said
from tests.dashboard.conftest import Fill

pytestmark = pytest.mark.django_db(transaction=True)

MARKERS, ADD = "/v1/api/markers", "/v1/api/markers/add"
DEPLOYED = {"event": "deployment", "text": "model 2.1", "at": "2026-06-30T12:00:00Z"}


@pytest.fixture
def responder(grant: Grant) -> Program:
    return grant(Role.RESPONDER)


@pytest.fixture
def assay(fill: Fill) -> Assay:
    return fill([0.05], 1, pipeline=7, workspace=1)


def test_what_is_added_is_told_back_and_found(assay: Assay, responder: Program) -> None:
    added = said(responder.post(ADD, DEPLOYED | {"pipeline_id": 7, "link": "https://ci.example.com/1"}))
    assert (added["text"], added["at"], added["pipeline_id"]) == ("model 2.1", "2026-06-30T12:00:00Z", 7)
    assert added["who"].startswith("token nightly report")
    assert said(responder.get(MARKERS)) == [added]
    assert AuditEvent.objects.filter(act="marker.add").count() == 1


def test_a_range_cuts_as_it_does_for_results(assay: Assay, responder: Program) -> None:
    responder.post(ADD, DEPLOYED)
    assert len(said(responder.get(MARKERS, {"start": DEPLOYED["at"], "end": "2026-06-30T12:00:01Z"}))) == 1
    assert said(responder.get(MARKERS, {"end": DEPLOYED["at"]})) == []


def test_without_a_time_it_is_now(assay: Assay, responder: Program) -> None:
    responder.post(ADD, {"event": "retraining", "text": "weekly", "assay": str(assay.pk)})
    row = Marker.objects.get()
    assert abs(row.added_at - row.at) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"text": " "}, 422),
        ({"text": "x" * 201}, 422),
        ({"link": "javascript:alert(1)"}, 422),
        ({"event": "party"}, 422),
        ({"pipeline_id": 7, "workspace_id": 1}, 422),
        ({"pipeline_id": 99}, 404),
        ({"assay": "00000000-0000-0000-0000-000000000099"}, 404),
        ({"at": "yesterday"}, 422),
        ({"text": "model\0"}, 422),
        ({"link": "https://ci.example.com/\n1"}, 422),
        ({"workspace_id": 2**63}, 422),
        ({"pipeline_id": -(2**63) - 1}, 422),
    ],
)
def test_what_makes_no_sense_is_refused(assay: Assay, responder: Program, changes: dict[str, Any], status: int) -> None:
    assert responder.post(ADD, DEPLOYED | changes).status_code == status
    assert not Marker.objects.exists()


def test_a_token_marks_and_sees_what_is_of_its_workspaces(assay: Assay, grant: Grant, fill: Fill) -> None:
    elsewhere = fill([0.05], 2, pipeline=8, workspace=2)
    mine = grant(Role.RESPONDER, [1])
    for hidden in ({"pipeline_id": 8}, {"workspace_id": 2}, {"assay": str(elsewhere.pk)}):
        assert mine.post(ADD, DEPLOYED | hidden).status_code == 404
    assert mine.post(ADD, DEPLOYED).status_code == 403  # of everything
    for seen in ({"pipeline_id": 7}, {"workspace_id": 1}, {"assay": str(assay.pk)}):
        assert mine.post(ADD, DEPLOYED | seen).status_code == 200
    grant(Role.RESPONDER).post(ADD, DEPLOYED | {"pipeline_id": 8})
    assert len(said(mine.get(MARKERS))) == 3


def test_viewers_only_look(assay: Assay, viewer: Program) -> None:
    assert viewer.post(ADD, DEPLOYED | {"pipeline_id": 7}).status_code == 403
    assert said(viewer.get(MARKERS)) == []
