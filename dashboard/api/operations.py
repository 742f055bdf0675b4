"""The Assays V2 API, call by call: from the cache what it holds, `set_active` by `control`, the rest from upstream."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from assays import breaker, control, instance, upstream, wire
from assays.errors import APIError
from assays.listing import apply_assay
from assays.models import Assay, Outcome, Switch, Upstream
from dashboard.access import Access, Act
from dashboard.api import answering, asking
from dashboard.api.asking import Check, Question
from dashboard.api.callers import allowed, caller_of, refusal
from dashboard.context import upstream as how_upstream_answers
from dashboard.reads import messages
from dashboard.reads.messages import Kept
from typedapi.operation import Nothing, Operation, Problem, exchange

reading = allowed(Act.READ)
UNKNOWN = "no assay has this id"
switching = allowed(Act.SWITCH, changes=True)


@exchange(asks=Nothing, answers=wire.Features, guard=reading, beside=answering.ANSWERS)
def features(_: Nothing, request: HttpRequest) -> HttpResponseBase:
    """What the watched instance can do"""
    row = how_upstream_answers()
    kept = messages.features(row, timezone.now())
    return _answer(request, row, kept, Question(upstream.FEATURES, b"{}", "features"))


@exchange(asks=wire.ListRequest, answers=list[wire.Assay], guard=reading, beside=answering.ANSWERS)
def assays(asked: wire.ListRequest, request: HttpRequest) -> HttpResponseBase:
    """Assays, all or by activity, pipeline and workspace
    As far as the caller's workspaces reach.
    """
    row, access = how_upstream_answers(), caller_of(request).access
    kept = messages.assays(row, asked, access, timezone.now())
    question = Question(upstream.LIST, wire.encode(asked), "list", _only(access, _seen_of_list))
    return _answer(request, row, kept, question)


@exchange(asks=wire.GetRequest, answers=wire.Assay, guard=reading, beside=answering.ANSWERS)
def assay(asked: wire.GetRequest, request: HttpRequest) -> HttpResponseBase:
    """One assay; the path holds the literal text `:id`, the id goes in the body"""
    row, access = how_upstream_answers(), caller_of(request).access
    found = _reachable(asked.id, access, "id")
    kept = messages.assay(row, found, timezone.now())
    question = Question(upstream.GET, wire.encode(asked), asked.id, _only(access, _seen_alone))
    return _answer(request, row, kept, question)


@exchange(asks=wire.ResultsRequest, answers=list[wire.Result], guard=reading, beside=answering.ANSWERS)
def results(asked: wire.ResultsRequest, request: HttpRequest) -> HttpResponseBase:
    """Results with start <= window_end < end, newest first
    A range that the cache does not hold whole, `debug` and another workspace are asked upstream.
    """
    asked = msgspec.structs.replace(asked, start=_utc(asked.start, "start"), end=_utc(asked.end, "end"))
    found = _reachable(asked.id, caller_of(request).access, "id")
    kept = messages.results(found, asked, timezone.now())
    question = Question(upstream.RESULTS, wire.encode(asked), asked.id)
    return _answer(request, how_upstream_answers(), kept, question)


@exchange(asks=wire.NextRunRequest, answers=wire.NextRun, guard=reading, beside=answering.ANSWERS)
def next_run(asked: wire.NextRunRequest, request: HttpRequest) -> HttpResponseBase:
    """When an assay last ran and runs next"""
    found = _reachable(asked.assay_id, caller_of(request).access, "assay_id")
    kept = messages.next_run(found, timezone.now())
    question = Question(upstream.NEXT_RUN, wire.encode(asked), asked.assay_id)
    return _answer(request, how_upstream_answers(), kept, question)


UNCERTAIN = {
    "502": "Upstream does not answer, or refuses the change",
    "504": "The outcome is not known; the text says where it will be seen",
}


@exchange(asks=wire.SetActiveRequest, answers=None, guard=switching, beside=UNCERTAIN)
def set_active(asked: wire.SetActiveRequest, request: HttpRequest) -> None:
    """Switch an assay on or off
    Posted upstream once, read back and audited. 409 while another change of the assay is open.
    """
    caller = caller_of(request)
    found = _reachable(asked.assay_id, caller.access, "assay_id") or _learnt(asked.assay_id, "assay_id")
    if not caller.access.may(Act.SWITCH, found.workspace_id):
        raise refusal(Act.SWITCH)
    if breaker.is_open():
        raise Problem(502, "the assays API does not answer; nothing was sent")
    try:
        row = control.switch(found, asked.active, caller.person or caller.who, "by the API")
    except control.Locked as error:
        raise Problem(409, str(error)) from error
    _tell(row)


def _tell(row: Switch) -> None:
    """Nothing when the change is done; else raises what is known of it."""
    if row.outcome == Outcome.DONE:
        return
    if row.outcome in control.OPEN:
        where = settings.PUBLIC_URL.rstrip("/") + reverse("switch-outcome", args=[row.assay_id])
        raise Problem(504, f"the outcome is not known yet, and is asked for until it is; see {where}")
    raise Problem(502, f"the assays API: {row.detail or row.get_outcome_display()}"[:300])


def _answer(request: HttpRequest, row: Upstream, kept: Kept | None, question: Question) -> HttpResponseBase:
    return answering.answer(request, row, kept, lambda: asking.ask(question))


def _visible(assay_id: str, access: Access, field: str) -> Assay | None:
    """The assay as cached, or None; one of another workspace is told apart from none at all by nobody."""
    found = messages.find(assay_id)
    if found is not None and not access.sees(found.workspace_id):
        raise Problem(404, UNKNOWN, field)
    return found


def _reachable(assay_id: str, access: Access, field: str) -> Assay | None:
    """As `_visible`; where the caller does not see everything, an assay not yet cached is first looked at upstream."""
    found = _visible(assay_id, access, field)
    if found is None and access.workspaces is not None:
        _learnt(assay_id, field)
        return _visible(assay_id, access, field)
    return found


def _learnt(assay_id: str, field: str) -> Assay:
    """An assay that upstream has and the list has not brought yet, read into the cache. Raises Problem."""
    try:
        item = instance.client().assay(assay_id)
    except APIError as error:
        problem = asking.problem_of(error)
        raise (Problem(404, UNKNOWN, field) if problem.status == 404 else problem) from error
    if item.message.id != assay_id:
        raise Problem(404, UNKNOWN, field)
    apply_assay(item, timezone.now())
    return Assay.objects.get(pk=assay_id)


def _utc(moment: datetime | None, field: str) -> datetime | None:
    try:
        return None if moment is None else wire.utc(moment)
    except OverflowError as error:
        raise Problem(422, "the time is out of range", field) from error


class _Origin(msgspec.Struct):
    workspace_id: int


class _Targeting(msgspec.Struct):
    data_origin: _Origin


class _Placed(msgspec.Struct):
    """What is left to know of an assay to tell whose it is."""

    targeting: _Targeting


_PLACED = msgspec.json.Decoder(_Placed)
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


def _only(access: Access, check: Any) -> Check | None:
    """Nothing to check where everything may be seen: then the answer is not even read."""
    return None if access.workspaces is None else lambda body: check(body, access)


def _seen_of_list(body: bytes, access: Access) -> bytes:
    return b"[" + b",".join(item for item in _items(body) if _sees(item, access)) + b"]"


def _seen_alone(body: bytes, access: Access) -> bytes:
    if not _sees(body, access):
        raise Problem(404, UNKNOWN, "id")
    return body


def _items(body: bytes) -> list[msgspec.Raw]:
    try:
        return _ITEMS.decode(body)
    except msgspec.MsgspecError as error:
        raise Problem(502, "the assays API answered with what is no list") from error


def _sees(item: bytes, access: Access) -> bool:
    """An assay that does not say whose it is is shown to those alone who see everything."""
    try:
        return access.sees(_PLACED.decode(item).targeting.data_origin.workspace_id)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False


OPERATIONS: dict[str, Operation[Any]] = {
    upstream.FEATURES: features,
    upstream.LIST: assays,
    upstream.GET: assay,
    upstream.RESULTS: results,
    upstream.NEXT_RUN: next_run,
    upstream.SET_ACTIVE: set_active,
}
