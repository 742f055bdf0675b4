"""Acts of triage: each a form, for one incident or for many, that says what others did since and asks again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from assays.incidents import triage
from assays.incidents.models import Act as Deed
from assays.incidents.models import ActKind, Incident, Mark
from assays.incidents.triage import Changed, Done, Seen
from dashboard import formats, guard
from dashboard.access import Access, Act
from dashboard.alerts_forms import ActForm, AssignForm, MarkForm, NoteForm, SnoozeForm, named, offered
from dashboard.context import upstream
from dashboard.reads import alerts as reads
from dashboard.views.alerts import Asked, asked, seen_key, title
from dashboard.views.incident import deed_words


@dataclass(frozen=True, slots=True)
class Kind:
    """One act: its words, the form that asks for it, and what does it."""

    name: str
    verb: str
    past: str
    form: Callable[[Asked, Any, Sequence[Incident]], forms.Form]
    do: Callable[[Sequence[Seen], User, dict[str, Any]], Done]


def _plain(_: Asked, data: Any, __: Sequence[Incident]) -> forms.Form:
    return ActForm(data)


def _snooze_form(told: Asked, data: Any, _: Sequence[Incident]) -> forms.Form:
    return SnoozeForm(data, told.zone, told.now)


def _assign_form(_: Asked, data: Any, rows: Sequence[Incident]) -> forms.Form:
    return AssignForm(data, reads.assignable({row.workspace_id for row in rows}))


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "acknowledge",
            "Acknowledge",
            "Acknowledged",
            _plain,
            lambda seen, by, said: triage.acknowledge(seen, by, said["note"]),
        ),
        Kind(
            "snooze",
            "Snooze",
            "Snoozed",
            _snooze_form,
            lambda seen, by, said: triage.snooze(seen, by, said["moment"], said["note"]),
        ),
        Kind(
            "assign",
            "Assign",
            "Assigned",
            _assign_form,
            lambda seen, by, said: triage.assign(seen, by, said["to"], said["note"]),
        ),
        Kind(
            "note",
            "Note",
            "Noted on",
            lambda _, data, __: NoteForm(data),
            lambda seen, by, said: triage.note(seen, by, said["note"]),
        ),
        Kind(
            "resolve",
            "Resolve",
            "Resolved",
            _plain,
            lambda seen, by, said: triage.resolve(seen, by, said["note"]),
        ),
        Kind(
            "mark",
            "Judge",
            "Judged",
            lambda _, data, __: MarkForm(data),
            lambda seen, by, said: triage.mark(seen, by, Mark(said["mark"]), said["note"]),
        ),
    )
}


@require_http_methods(["GET", "POST"])
@guard.may(Act.TRIAGE)
def act(request: HttpRequest, name: str) -> HttpResponseBase:
    """The form of an act; posted, the act itself. 409 with the form again when somebody was faster."""
    kind = KINDS.get(name)
    if kind is None:
        raise Http404("There is no such act.")
    told = asked(request)
    sent = request.POST if request.method == "POST" else request.GET
    try:
        seen = named(sent.getlist("incident"))
    except forms.ValidationError as error:
        return _refused(request, str(error.message))
    rows = _triable(told.access, seen)
    if request.method == "GET":
        return _ask(request, told, kind, rows, kind.form(told, None, rows))
    return _act(request, told, kind, seen, rows)


def _act(
    request: HttpRequest, told: Asked, kind: Kind, seen: Sequence[Seen], rows: Sequence[Incident]
) -> HttpResponseBase:
    form = kind.form(told, request.POST, rows)
    if not form.is_valid():
        return _ask(request, told, kind, rows, form, status=422)
    done = kind.do(seen, told.person, form.cleaned_data)
    if done.refused:
        left = [changed.incident for changed in done.refused]
        return _ask(request, told, kind, left, form, status=409, done=done)
    return _done(request, f"{kind.past} {_what(rows)}", done.batch)


def _triable(access: Access, seen: Sequence[Seen]) -> list[Incident]:
    """What is out of sight is not there: Http404. What may only be read: PermissionDenied."""
    rows = reads.several(access, [one.incident_id for one in seen])
    if len(rows) != len({one.incident_id for one in seen}):
        raise Http404("No incident has this address.")
    if not all(access.may(Act.TRIAGE, row.workspace_id) for row in rows):
        raise PermissionDenied("This needs the role responder in the incident's workspace.")
    return rows


def _ask(
    request: HttpRequest,
    told: Asked,
    kind: Kind,
    rows: Sequence[Incident],
    form: forms.Form,
    *,
    status: int = 200,
    done: Done | None = None,
) -> HttpResponse:
    context = {
        "section": "alerts",
        "upstream": upstream(),
        "kind": kind,
        "form": form,
        "rows": [(row, title(row), seen_key(row)) for row in rows],
        "offered": offered(told.zone, told.now),
        "marks": [Mark.FALSE_ALARM, Mark.CONFIRMED, Mark.NONE],
        "conflicts": [(title(each.incident), _since(each, told)) for each in done.refused] if done else [],
        "others": len(done.acts) if done else 0,
        "next": _next(request),
    }
    if not request.headers.get("HX-Request"):
        return render(request, "alerts_act.html", context, status=status)
    response = render(request, "_alerts_act.html", context, status=status)
    if request.method == "POST":
        _into(response, "#dialog")
        response.headers["HX-Trigger-After-Swap"] = "asking"
    return response


def _into(response: HttpResponse, place: str) -> None:
    """Where htmx puts the answer, whatever asked for it."""
    response.headers["HX-Retarget"], response.headers["HX-Reswap"] = place, "innerHTML"


def _since(changed: Changed, told: Asked) -> list[str]:
    """What others did, newest first, when and with which words."""
    if not changed.since:
        return [str(changed)]
    return [_deed(deed, told) for deed in changed.since]


def _deed(deed: Deed, told: Asked) -> str:
    note = f": “{deed.note}”" if deed.note and deed.kind != ActKind.UNDO else ""
    return f"{deed_words(deed, told)} {formats.age(told.now - deed.at)} ago{note}"


def _what(rows: Sequence[Incident]) -> str:
    return title(rows[0]) if len(rows) == 1 else formats.plural(len(rows), "incident")


def _done(request: HttpRequest, words: str, batch: UUID | None = None) -> HttpResponseBase:
    """Says what was done, and offers to take it back."""
    reads.count_anew(guard.access_of(request))
    if request.headers.get("HX-Request"):
        response = _toast(request, {"words": words, "batch": batch})
        response.headers["HX-Trigger"] = "triaged"
        return response
    messages.success(request, words, extra_tags=str(batch or ""))
    return redirect(_next(request))


def _refused(request: HttpRequest, words: str, status: int = 400) -> HttpResponse:
    if request.headers.get("HX-Request"):
        return _toast(request, {"words": words, "failed": True}, status)
    return render(request, "400.html", {"exception": words}, status=status)


def _toast(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    response = render(request, "_alerts_toast.html", context, status=status)
    _into(response, "#toasts")
    return response


def _next(request: HttpRequest) -> str:
    sent = request.POST if request.method == "POST" else request.GET
    address = sent.get("next", "")
    safe = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if safe else reverse("alerts")


@require_POST
@guard.may(Act.TRIAGE)
def undo(request: HttpRequest) -> HttpResponseBase:
    """Takes back what was done together, for ten minutes."""
    access = guard.access_of(request)
    try:
        batch = UUID(request.POST.get("batch", ""))
    except ValueError:
        return _refused(request, "There is nothing to undo.")
    deeds = list(Deed.objects.filter(batch=batch).select_related("incident"))
    _triable(access, [Seen(deed.incident_id, 0) for deed in deeds])
    done = triage.undo(batch, cast(User, request.user))
    if not done.acts:
        return _refused(request, "That is undone already, or was done more than ten minutes ago.", 409)
    return _done(request, f"Took back what was done to {formats.plural(len(done.acts), 'incident')}")
