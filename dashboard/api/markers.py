"""Moments that explain charts, asked for and added by programs: a pipeline that deploys says so here."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from django.http import HttpRequest
from django.utils import timezone

from assays import wire
from assays.incidents import about
from assays.incidents import models as kept
from assays.models import Assay
from dashboard.access import Access, Act
from dashboard.api.callers import allowed, caller_of, refusal
from dashboard.reads import alerts as reads
from typedapi.operation import Operation, Problem, exchange

LONGEST_TEXT, LONGEST_LINK = 200, 1000
Number = Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)]
"""As every database holds one."""


class Marker(msgspec.Struct):
    """Of an assay, a pipeline or a workspace; of everything when all three are null."""

    id: int
    event: str
    at: datetime
    text: str
    link: str
    assay: UUID | None
    pipeline_id: int | None
    workspace_id: int | None
    who: str


class MarkersRequest(msgspec.Struct):
    """Those with start <= at < end; without a time the newest."""

    start: wire.Time | None = None
    end: wire.Time | None = None


class NewMarker(msgspec.Struct):
    """At most one of `assay`, `pipeline_id` and `workspace_id`; without any it is of everything. No `at` is now."""

    event: Literal["deployment", "retraining", "other"]
    text: str
    at: wire.Time | None = None
    link: str = ""
    assay: UUID | None = None
    pipeline_id: Number | None = None
    workspace_id: Number | None = None


@exchange(asks=MarkersRequest, answers=list[Marker], guard=allowed(Act.READ), method="GET")
def markers(asked: MarkersRequest, request: HttpRequest) -> list[Marker]:
    """Deployments and retrainings that people and programs marked, newest first
    At most 1,000.
    """
    rows = reads.markers(caller_of(request).access, _utc(asked.start, "start"), _utc(asked.end, "end"))
    return [_told(row) for row in rows]


@exchange(asks=NewMarker, answers=Marker, guard=allowed(Act.TRIAGE, changes=True))
def add(asked: NewMarker, request: HttpRequest) -> Marker:
    """Mark a deployment, a retraining or another moment
    It is drawn on the charts and listed in the timelines of incidents.
    """
    caller = caller_of(request)
    if len(asked.text) > LONGEST_TEXT or len(asked.link) > LONGEST_LINK:
        raise Problem(422, "the text or the link is too long", "text")
    if re.search(r"[\x00-\x1f\x7f]", asked.text + asked.link):
        raise Problem(422, "the text or the link holds a control character", "text")
    scope = _scope(asked, caller.access)
    at = _utc(asked.at, "at") or timezone.now()
    by = caller.person or caller.who
    try:
        row = about.add_marker(kept.Event(asked.event), at, asked.text, by, scope, link=asked.link)
    except ValueError as error:
        raise Problem(422, str(error)) from error
    return _told(row)


OPERATIONS: dict[str, Operation[Any]] = {"/v1/api/markers": markers, "/v1/api/markers/add": add}


def _told(row: kept.Marker) -> Marker:
    return Marker(
        row.pk, row.event, row.at, row.text, row.link, row.assay_id, row.pipeline_id, row.workspace_id, row.who
    )


def _scope(asked: NewMarker, access: Access) -> about.Scope:
    """Raises Problem for more than one, for one out of sight, and where it is not the caller's to mark."""
    named = [each for each in (asked.assay, asked.pipeline_id, asked.workspace_id) if each is not None]
    if len(named) > 1:
        raise Problem(422, "at most one of assay, pipeline_id and workspace_id", "assay")
    if not named:
        if access.where_may(Act.TRIAGE) is not None:
            raise Problem(403, "what is of everything needs the role responder everywhere")
        return about.Scope()
    workspace_id, assay = _placed(asked, access)
    if not access.may(Act.TRIAGE, workspace_id):
        raise refusal(Act.TRIAGE)
    return about.Scope(asked.workspace_id, asked.pipeline_id, assay)


def _placed(asked: NewMarker, access: Access) -> tuple[int, Assay | None]:
    """The workspace of what is named, and the assay where one is."""
    rows = access.assays().defer("message")
    if asked.assay is not None:
        row = rows.filter(pk=asked.assay).first()
        return (row.workspace_id, row) if row else _unknown("assay")
    if asked.pipeline_id is not None:
        row = rows.filter(pipeline_id=asked.pipeline_id).first()
        return (row.workspace_id, None) if row else _unknown("pipeline_id")
    assert asked.workspace_id is not None  # noqa: S101  (the caller has seen to it)
    return (asked.workspace_id, None) if access.sees(asked.workspace_id) else _unknown("workspace_id")


def _unknown(field: str) -> Any:
    raise Problem(404, f"there is no such {field.removesuffix('_id')}", field)


def _utc(moment: datetime | None, field: str) -> datetime | None:
    try:
        return None if moment is None else wire.utc(moment)
    except OverflowError as error:
        raise Problem(422, "the time is out of range", field) from error
