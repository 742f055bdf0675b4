"""Calls that only upstream can answer, a new assay and its previews: whose they are is checked, and each is audited."""

from __future__ import annotations

from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from assays import audit, upstream, wire
from assays.errors import APIError
from assays.models import Assay, AuditEvent
from dashboard.access import Access, Act
from dashboard.api import answering, asking
from dashboard.api.callers import Caller, allowed, caller_of
from dashboard.context import upstream as how_upstream_answers
from typedapi.operation import Operation, Problem, body_of, decode, exchange

scheduling = allowed(Act.SCHEDULE, changes=True)
UNANSWERED = {"502": "Upstream does not answer, or not as it should", "504": "Upstream has not answered in time"}

Part = dict[str, Any]


class ScheduleRequest(msgspec.Struct):
    """As upstream takes it; what else the body holds is passed on as well."""

    name: str | None = None
    baseline: Part | None = None
    scheduling: Part | None = None
    summarizer: Part | None = None
    targeting: Part | None = None
    window: Part | None = None


class PreviewRequest(msgspec.Struct):
    baseline: Part | None = None
    summarizer: Part | None = None
    targeting: Part | None = None
    window: Part | None = None
    scheduling: Part | None = None
    preview_start: wire.Time | None = None
    preview_end: wire.Time | None = None


class BinningRequest(msgspec.Struct):
    baseline: Part | None = None
    summarizer: Part | None = None
    targeting: Part | None = None


class ScoreRequest(msgspec.Struct):
    """`window` is `{"Stored": [start, end]}` or `{"Raw": [1.0, …]}`."""

    baseline: Part | None = None
    summarizer: Part | None = None
    targeting: Part | None = None
    window: Part | None = None


@exchange(asks=ScheduleRequest, answers=str, guard=scheduling, beside=UNANSWERED)
def schedule(_: ScheduleRequest, request: HttpRequest) -> HttpResponseBase:
    """Schedule a new assay; answered with its id
    Passed on to upstream, once.
    """
    return _passed(request, upstream.SCHEDULE)


@exchange(asks=PreviewRequest, answers=list[Part], guard=scheduling, beside=UNANSWERED)
def preview(_: PreviewRequest, request: HttpRequest) -> HttpResponseBase:
    """The results an assay would have had
    Passed on to upstream, which may take minutes.
    """
    return _passed(request, upstream.PREVIEW)


@exchange(asks=BinningRequest, answers=dict[str, Part], guard=scheduling, beside=UNANSWERED)
def preview_binning(_: BinningRequest, request: HttpRequest) -> HttpResponseBase:
    """How a baseline would be binned
    Passed on to upstream.
    """
    return _passed(request, upstream.PREVIEW_BINNING)


@exchange(asks=ScoreRequest, answers=dict[str, Any], guard=scheduling, beside=UNANSWERED)
def score(_: ScoreRequest, request: HttpRequest) -> HttpResponseBase:
    """The score of one window, by field, or the text of what went wrong
    Passed on to upstream.
    """
    return _passed(request, upstream.SCORE)


OPERATIONS: dict[str, Operation[Any]] = {
    upstream.SCHEDULE: schedule,
    upstream.PREVIEW: preview,
    upstream.PREVIEW_BINNING: preview_binning,
    upstream.SCORE: score,
}


def _passed(request: HttpRequest, path: str) -> HttpResponseBase:
    """The body is written anew: what was checked here is what upstream reads, also of a key that was given twice."""
    caller, body = caller_of(request), decode(body_of(request), Part)
    _check(_origin(body), caller.access)
    if how_upstream_answers().reachable is False:
        raise Problem(502, "the assays API does not answer; nothing was sent")
    asked = _noted(caller, path, body)
    try:
        response = asking.pass_on(path, msgspec.json.encode(body), settings.API_PATIENCE)
    except APIError as error:
        problem = asking.problem_of(error)
        _settle(asked, caller, problem.status)
        raise problem from error
    except Problem as problem:
        _settle(asked, caller, problem.status)
        raise
    _settle(asked, caller, response.status_code)
    return answering.labelled(response)


def _origin(body: Part) -> Part:
    targeting = body.get("targeting")
    origin = targeting.get("data_origin") if isinstance(targeting, dict) else None
    return origin if isinstance(origin, dict) else {}


def _check(origin: Part, access: Access) -> None:
    """That it is of a workspace where the caller may schedule, by the id and by what is known of pipeline and name."""
    if access.where_may(Act.SCHEDULE) is None:
        return
    workspace = _number(origin.get("workspace_id"))
    if workspace is None or not access.may(Act.SCHEDULE, workspace):
        told = "this must name a workspace in which you may schedule"
        raise Problem(403, told, "targeting.data_origin.workspace_id")
    known = Assay.objects.exclude(workspace_id=workspace)
    pipeline = origin.get("pipeline_id")
    if pipeline is not None and (_number(pipeline) is None or known.filter(pipeline_id=pipeline).exists()):
        raise Problem(403, "the pipeline is of another workspace", "targeting.data_origin.pipeline_id")
    if known.filter(workspace_name=str(origin.get("workspace_name"))).exists():
        raise Problem(403, "the name is of another workspace", "targeting.data_origin.workspace_name")
    named = Assay.objects.filter(pipeline_name=str(origin.get("pipeline_name")))
    if named.exists() and not named.filter(workspace_id=workspace).exists():
        raise Problem(403, "the pipeline is of another workspace", "targeting.data_origin.pipeline_name")


def _number(value: object) -> int | None:
    """A whole number that a database can hold."""
    return value if type(value) is int and abs(value) < 1 << 62 else None


def _noted(caller: Caller, path: str, body: Part) -> AuditEvent:
    name = body.get("name")
    return audit.record(
        f"api.{path.rpartition('/')[2]}",
        caller.person or caller.who,
        about=name[:300] if isinstance(name, str) else "",
        workspace_id=_number(_origin(body).get("workspace_id")),
    )


def _settle(asked: AuditEvent, caller: Caller, status: int) -> None:
    audit.record(
        f"{asked.act}_answered",
        caller.person or caller.who,
        about=asked.about,
        workspace_id=asked.workspace_id,
        detail={"status": status, "asked": asked.pk},
    )
