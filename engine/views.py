"""The engine's doors: each reads or changes assays, and answers as the vendor's API does."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.timezone import now
from django.views.decorators.http import require_safe

from assays import wire
from engine import store, tokens
from engine.models import Assay
from typedapi import openapi
from typedapi.operation import JSON, Nothing, Operation, Problem, operation, refuse

NAME = "Driftline engine"
VERSION = "1"

ASKED_ACTIVITY = {"ActiveOnly": True, "InactiveOnly": False}


@operation(asks=Nothing, answers=wire.Features, guard=tokens.require)
def features(_: Nothing) -> wire.Features:
    """What this server can do"""
    return wire.Features(features={"assays_v2": "true"}, name=NAME, is_auth_enabled=True)


@operation(asks=wire.ListRequest, answers=list[wire.Assay], guard=tokens.require)
def assays(asked: wire.ListRequest) -> bytes:
    """Assays, all or by activity, pipeline and workspace"""
    return b"[%b]" % b",".join(store.answer(assay) for assay in Assay.objects.all() if _is_asked(assay, asked))


@operation(asks=wire.GetRequest, answers=wire.Assay, guard=tokens.require)
def assay(asked: wire.GetRequest) -> bytes:
    """One assay; the path holds the literal text `:id`, the id goes in the body"""
    return store.answer(_found(asked.id, "id"))


@operation(asks=wire.ResultsRequest, answers=list[wire.Result], guard=tokens.require)
def results(asked: wire.ResultsRequest) -> Iterator[bytes]:
    """Results with start <= window_end < end, newest first
    `debug` adds runs that found no rows.
    """
    found = _found(asked.id, "id")
    if asked.workspace_id not in (None, found.workspace_id):
        return iter([b"[]"])
    return store.results(found, _utc(asked.start, "start"), _utc(asked.end, "end"), debug=bool(asked.debug))


@operation(asks=wire.NextRunRequest, answers=wire.NextRun, guard=tokens.require)
def next_run(asked: wire.NextRunRequest) -> wire.NextRun:
    """When an assay last ran and runs next"""
    return store.next_run(_found(asked.assay_id, "assay_id"))


@operation(asks=wire.SetActiveRequest, answers=None, guard=tokens.require)
def set_active(asked: wire.SetActiveRequest) -> None:
    """Switch an assay on or off; on again, the windows missed are worked off"""
    store.set_active(_found(asked.assay_id, "assay_id"), asked.active, now())


OPERATIONS: dict[str, Operation[Any]] = {
    "/v1/api/features/list": features,
    "/v2/api/assays/get": assays,
    "/v2/api/assays/get/:id": assay,
    "/v2/api/assays/get_results": results,
    "/v2/api/assays/get_next_run": next_run,
    "/v2/api/assays/set_active": set_active,
}


@require_safe
def config(_: HttpRequest) -> HttpResponse:
    """What the vendor's client reads before it has a token: any object will do."""
    return HttpResponse(msgspec.json.encode({"name": NAME}), content_type=JSON)


@require_safe
def document(_: HttpRequest) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(openapi.document(NAME, VERSION, OPERATIONS)), content_type=JSON)


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    return render(request, "engine/docs.html")


def unknown(*_: object, **__: object) -> HttpResponse:
    return refuse(Problem(404, "there is no such path"))


def unreadable(*_: object, **__: object) -> HttpResponse:
    return refuse(Problem(400, "the request cannot be read"))


def broken(_: HttpRequest) -> HttpResponse:
    return refuse(Problem(500, "the engine failed; its log says why"))


def _is_asked(assay: Assay, asked: wire.ListRequest) -> bool:
    return (
        ASKED_ACTIVITY.get(asked.active, assay.active) == assay.active
        and asked.pipeline_name in (None, assay.pipeline_name)
        and asked.workspace_id in (None, assay.workspace_id)
    )


def _found(text: str, field: str) -> Assay:
    try:
        return Assay.objects.get(id=uuid.UUID(text))
    except (ValueError, Assay.DoesNotExist) as error:
        raise Problem(404, "no assay has this id", field) from error


def _utc(moment: datetime | None, field: str) -> datetime | None:
    try:
        return None if moment is None else wire.utc(moment)
    except OverflowError as error:
        raise Problem(422, "the time is out of range", field) from error
