"""Changes by the API: a switch as by the page's, and calls handed on upstream, checked and audited."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import pytest

from assays.models import Assay, AuditEvent, Outcome, Switch, Upstream
from dashboard.roles import Role
from tests.dashboard.api.conftest import (
    BINNING,
    GET,
    NEXT_RUN,
    PREVIEW,
    SCHEDULE,
    SCORE,
    SET_ACTIVE,
    Grant,
    Program,
    content,
    said,
)
from tests.dashboard.conftest import Fill
from tests.support import messages
from tests.support.messages import runs
from tests.support.upstream import Reply, as_json
from tests.support.upstream import Upstream as Served

pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = {"workspace_id": 1, "workspace_name": "w", "pipeline_id": 7, "pipeline_name": "p"}
DEFINITION = {"name": "new one", "targeting": {"data_origin": ORIGIN, "iopath": []}, "later": {"kept": 1}}
NEW = str(UUID(int=5))


def off(row: Assay) -> dict[str, Any]:
    return {"assay_id": str(row.pk), "active": False}


def schedules(served: Served, answer: Any = NEW, status: int = 200) -> None:
    served.misbehave.append(lambda path, _: as_json(answer, status) if path in (SCHEDULE, PREVIEW, SCORE) else None)


def answered_with() -> int:
    status: int = AuditEvent.objects.get(act__endswith="_answered").detail["status"]
    return status


def test_a_switch_is_posted_once_read_back_and_audited(filled: Assay, operator: Program, served: Served) -> None:
    answer = operator.post(SET_ACTIVE, off(filled))
    assert (answer.status_code, content(answer)) == (200, b"null")
    assert served.calls[SET_ACTIVE] == 1
    row = Switch.objects.get()
    assert (row.outcome, row.to_active, row.person) == (Outcome.DONE, False, None)
    assert row.who.startswith("token nightly report (drift_")


def test_after_a_switch_the_next_reading_shows_it(filled: Assay, operator: Program, served: Served) -> None:
    operator.post(SET_ACTIVE, off(filled))
    served.runs[str(filled.pk)] = runs(None, None)
    assert said(operator.post(GET, {"id": str(filled.pk)}))["active"] is False
    assert said(operator.post(NEXT_RUN, {"assay_id": str(filled.pk)}))["next_run"] is None


def test_a_switch_without_an_answer_says_where_to_look(filled: Assay, operator: Program, served: Served) -> None:
    served.misbehave.append(lambda path, _: Reply(delay=2) if path == SET_ACTIVE else None)
    answer = operator.post(SET_ACTIVE, off(filled))
    assert answer.status_code == 504
    assert f"/assays/{filled.pk}/switch/outcome/" in said(answer)["error"]
    assert operator.post(SET_ACTIVE, off(filled)).status_code == 409
    assert served.calls[SET_ACTIVE] == 1


def test_a_switch_that_upstream_refuses_is_told_so(filled: Assay, operator: Program, served: Served) -> None:
    served.misbehave.append(lambda path, _: as_json({"error": "frozen"}, 422) if path == SET_ACTIVE else None)
    answer = operator.post(SET_ACTIVE, off(filled))
    assert answer.status_code == 502
    assert "frozen" in said(answer)["error"]


def test_while_upstream_is_down_no_switch_is_sent(filled: Assay, operator: Program, served: Served) -> None:
    Upstream.objects.update(reachable=False)
    assert operator.post(SET_ACTIVE, off(filled)).status_code == 502
    assert not served.calls
    assert not Switch.objects.exists()


def test_an_assay_of_another_workspace_is_not_switched(fill: Fill, grant: Grant, served: Served) -> None:
    row = fill([0.1], workspace=2)
    assert grant(Role.OPERATOR, [1]).post(SET_ACTIVE, off(row)).status_code == 404
    assert not served.calls[SET_ACTIVE]


def test_an_assay_that_only_upstream_knows_is_switched(filled: Assay, operator: Program, served: Served) -> None:
    served.assays[NEW] = messages.assay(5)
    assert operator.post(SET_ACTIVE, {"assay_id": NEW, "active": False}).status_code == 200
    assert served.assays[NEW]["active"] is False
    assert operator.post(SET_ACTIVE, {"assay_id": str(UUID(int=6)), "active": False}).status_code == 404


def test_a_schedule_is_passed_on_whole_and_audited(operator: Program, served: Served) -> None:
    schedules(served)
    assert said(operator.post(SCHEDULE, DEFINITION)) == NEW
    assert served.bodies == [(SCHEDULE, DEFINITION)]
    asked, answered = AuditEvent.objects.filter(act__startswith="api.").order_by("id")
    assert (asked.act, asked.about, asked.workspace_id) == ("api.schedule", "new one", 1)
    assert asked.who.startswith("token nightly report (drift_")
    assert (answered.act, answered.who) == ("api.schedule_answered", asked.who)
    assert answered.detail == {"status": 200, "asked": asked.pk}


@pytest.mark.parametrize("path", [PREVIEW, BINNING, SCORE])
def test_a_call_that_upstream_does_not_know_is_refused_in_its_words(
    filled: Assay, operator: Program, path: str
) -> None:
    answer = operator.post(path, DEFINITION)
    assert answer.status_code == 404
    assert said(answer)["error"].startswith("no ")
    assert answered_with() == 404


def test_a_preview_may_take_longer_than_a_reading(operator: Program, served: Served) -> None:
    served.misbehave.append(lambda *_: Reply(b"[]", delay=1.0))
    assert said(operator.post(PREVIEW, DEFINITION)) == []


def test_a_preview_that_breaks_off_is_502(operator: Program, served: Served) -> None:
    served.misbehave.append(lambda *_: Reply(hang_up=True))
    assert operator.post(PREVIEW, DEFINITION).status_code == 502
    assert answered_with() == 502


@pytest.mark.parametrize(
    "targeting",
    [
        None,
        {},
        {"data_origin": None},
        {"data_origin": {**ORIGIN, "workspace_id": 2}},
        {"data_origin": {**ORIGIN, "workspace_id": "1"}},
        {"data_origin": {**ORIGIN, "workspace_id": True}},
        {"data_origin": {**ORIGIN, "workspace_id": 1.0}},
        {"data_origin": {**ORIGIN, "pipeline_id": 9}},
        {"data_origin": {**ORIGIN, "pipeline_id": "9"}},
        {"data_origin": {**ORIGIN, "pipeline_id": 9.0}},
        {"data_origin": {**ORIGIN, "workspace_name": "theirs"}},
        {"data_origin": {"workspace_id": 1, "pipeline_name": "their log"}},
    ],
    ids=[
        *("none", "empty", "null", "another", "text", "true", "float", "their pipeline", "its text", "its float"),
        *("their name", "their pipeline's name"),
    ],
)
def test_nothing_is_passed_on_out_of_scope(fill: Fill, grant: Grant, served: Served, targeting: Any) -> None:
    theirs = fill([0.1], number=2, workspace=2, pipeline=9)
    Assay.objects.filter(pk=theirs.pk).update(workspace_name="theirs", pipeline_name="their log")
    answer = grant(Role.OPERATOR, [1]).post(SCHEDULE, {**DEFINITION, "targeting": targeting})
    assert answer.status_code == 403
    assert not served.calls[SCHEDULE]


def test_a_key_given_twice_reaches_upstream_once(grant: Grant, served: Served) -> None:
    schedules(served)
    twice = json.dumps(DEFINITION).replace('"workspace_id": 1', '"workspace_id": 2, "workspace_id": 1')
    assert said(grant(Role.OPERATOR, [1]).post(SCHEDULE, twice.encode())) == NEW
    assert served.bodies[0][1]["targeting"]["data_origin"] == ORIGIN


@pytest.mark.parametrize(
    "body",
    [b"[]", b"{", b"null", b'{"targeting": 3}', b"\xff", b"[" * 5000, b'{"later": 1e999}', b'{"later": "\\ud800"}'],
)
def test_what_is_no_definition_is_refused_here(operator: Program, served: Served, body: bytes) -> None:
    assert operator.post(SCHEDULE, body).status_code in (400, 422)
    assert not served.calls
