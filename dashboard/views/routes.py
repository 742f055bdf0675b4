"""Messages: who hears of incidents, over which route, what became of each message, and the forms that change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assays.incidents.models import Kind
from assays.notices import outbox
from assays.notices import routes as kept
from assays.notices.errors import Refused
from assays.notices.models import Delivery, Event, Maintenance, Outcome, Route
from assays.notices.sealing import Unsealable
from dashboard import context as frame
from dashboard import formats, guard, preferences
from dashboard.access import Access, Act
from dashboard.reads import people
from dashboard.reads import routes as reads
from dashboard.route_forms import ActiveForm, FindForm, RouteForm, sentence
from dashboard.views.alerts import title

NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten", "Eleven", "Twelve")
SIGNED = ("http:", "https:")


@dataclass(frozen=True, slots=True)
class Names:
    """Workspaces and pipelines by number, as far as they are known."""

    workspaces: Mapping[int, str]
    pipelines: Mapping[int, str]

    def scope(self, row: Route | Maintenance) -> str:
        """The narrowest part of it, in the next wider one."""
        where = people.place(row.workspace_id, self.workspaces)
        if row.assay is not None:
            return f"{row.assay.name} in {where}"
        if row.pipeline_id is not None:
            return f"{self.pipelines.get(row.pipeline_id) or f'pipeline {row.pipeline_id}'} in {where}"
        return where


@dataclass(frozen=True, slots=True)
class Line:
    """A route as the list shows it."""

    route: Route
    tells: str
    scope: str
    then: str
    newest: Delivery | None
    is_mine: bool


@dataclass(frozen=True, slots=True)
class Told:
    """A message as the list shows it."""

    row: Delivery
    title: str
    is_mine: bool

    @property
    def can_be_sent_again(self) -> bool:
        """As `outbox.again` has it."""
        row = self.row
        not_taken = row.outcome == Outcome.FAILED or (row.outcome == Outcome.WAITING and row.tries > 0)
        return self.is_mine and not_taken and row.event != Event.TEST


@require_GET
@guard.may(Act.READ)
def messages(request: HttpRequest) -> HttpResponse:
    access, now = guard.access_of(request), timezone.now()
    sought = FindForm(request.GET).sought()
    rows, on = reads.listed(access), reads.maintenances(access, now)
    places = people.workspaces(access)
    names = Names(places, reads.pipelines([row.pipeline_id for row in rows] + [row.pipeline_id for row in on]))
    page = reads.page(access, sought)
    context = {
        "section": "messages",
        "upstream": frame.upstream(),
        "headline": headline(rows, now, of_all=access.workspaces is None),
        "lines": lines(access, rows, names),
        "page": page,
        "told": [_told(access, row) for row in page.rows],
        "sought": sought,
        "narrows": sought.route is not None or bool(sought.state),
        "states": {name: words for name, (words, _) in reads.STATES.items()},
        "waiting": reads.waiting(access),
        "muting": [(row, names.scope(row)) for row in on if row.starts_at <= now],
        "coming": sum(row.starts_at > now for row in on),
        "may_add": access.may(Act.SWITCH),
    }
    return render(request, "routes.html", context)


def headline(rows: Sequence[Route], now: datetime, *, of_all: bool) -> str:
    """What is wrong first: nobody hears, all is paused, a route takes nothing; else when the last one was taken."""
    active = [row for row in rows if row.is_active]
    if not rows:
        return "Nobody hears of incidents yet." if of_all else "Your workspaces have no route of their own yet."
    if not active:
        return "Nobody hears of incidents: the route is paused." if len(rows) == 1 else _all_paused(len(rows))
    failing = [row for row in active if row.failures]
    if failing:
        return _failing(failing, len(active))
    return f"{_many(len(active), 'route')}; {_last(active, now)}."


def _all_paused(many: int) -> str:
    return f"Nobody hears of incidents: all {_word(many).lower()} routes are paused."


def _failing(failing: Sequence[Route], many: int) -> str:
    if many == 1:
        return f"The route {failing[0].name} takes no message."
    if len(failing) == 1:
        return f"{failing[0].name}, one of {_word(many).lower()} routes, takes no message."
    return f"{_word(len(failing))} of {_word(many).lower()} routes take no message."


def _last(active: Sequence[Route], now: datetime) -> str:
    last = max((row.last_sent_at for row in active if row.last_sent_at), default=None)
    return f"the last message was taken {formats.age(now - last)} ago" if last else "nothing has been told yet"


def _many(many: int, what: str) -> str:
    return f"{_word(many)} {what}{'' if many == 1 else 's'}"


def _word(many: int) -> str:
    return NUMBERS[many] if many < len(NUMBERS) else formats.count(many)


def lines(access: Access, rows: Sequence[Route], names: Names) -> list[Line]:
    newest = reads.newest_of(rows)
    return [
        Line(
            row,
            tells(row),
            names.scope(row),
            _then(access, row),
            newest.get(row.pk),
            reads.manages(access, row.workspace_id),
        )
        for row in rows
    ]


def _then(access: Access, row: Route) -> str:
    """Who hears of what nobody acknowledges, by name where one might choose them."""
    if row.escalate_to is None:
        return ""
    return row.escalate_to.name if reads.manages(access, row.escalate_to.workspace_id) else "another route"


def tells(route: Route) -> str:
    """Which incidents, apart from where: `Drift at alert, Late`."""
    if not route.kinds:
        return "Every kind of incident" + (", of drift alerts alone" if route.alerts_only else "")
    words = {Kind.DRIFT: "Drift at alert"} if route.alerts_only else {}
    return ", ".join(words.get(kind, kind.label) for kind in map(Kind, route.kinds))


def _told(access: Access, row: Delivery) -> Told:
    return Told(row, title(row.incident) if row.incident else "", reads.manages(access, row.route.workspace_id))


@require_http_methods(["GET", "POST"])
@guard.may(Act.SWITCH)
def new(request: HttpRequest) -> HttpResponseBase:
    """The form; posted, the route's own page, or first its secret, which no other page shows."""
    form = _form(request)
    if form.is_valid():
        try:
            route = kept.add(address=form.cleaned_data["address"], by=guard.person_of(request), **form.columns)
        except Refused as error:
            form.add_error(None, sentence(error))
        else:
            return _secret(request, route, kept.secret) if _is_signed(route) else redirect("route", route.pk)
    return render(request, "route_new.html", _surroundings(request, form), status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
@guard.may(Act.SWITCH)
def route(request: HttpRequest, pk: int) -> HttpResponseBase:
    """All of it but its address; posted, changed. `test` in the query is the try whose outcome it tells."""
    row = found(request, pk)
    form = _form(request, row)
    if form.is_valid():
        try:
            kept.edit(row, guard.person_of(request), form.cleaned_data["address"], **form.columns)
        except Refused as error:
            form.add_error(None, sentence(error))
        else:
            return redirect("route", pk)
    return _page(request, found(request, pk), form)


@require_POST
@guard.may(Act.SWITCH)
def active(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Pauses the route, or has it tell again."""
    row, form = found(request, pk), ActiveForm(request.POST)
    if form.is_valid():
        try:
            kept.edit(row, guard.person_of(request), is_active=form.cleaned_data["active"])
        except Refused as error:
            return _page(request, found(request, pk), refused=sentence(error))
    return _back(request, row)


@require_POST
@guard.may(Act.SWITCH)
def try_out(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Sends one at once; what became of it stands on the page that this leads to."""
    row = found(request, pk)
    done = kept.try_out(row, guard.person_of(request))
    return redirect(f"{reverse('route', args=[row.pk])}?test={done.pk}")


@require_http_methods(["GET", "POST"])
@guard.may(Act.SWITCH)
def remove(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The question; posted, the end of the route and its messages."""
    row = found(request, pk)
    if request.method == "POST":
        kept.remove(row, guard.person_of(request))
        return redirect("messages")
    waiting = row.deliveries.filter(outcome=Outcome.WAITING).count()
    return _ask(request, "_route_remove.html", row, waiting=waiting)


@require_http_methods(["GET", "POST"])
@guard.may(Act.SWITCH)
def secret(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The question; posted, a new signing secret, which no other page shows."""
    row = found(request, pk)
    if not _is_signed(row):
        raise Http404("Only what is sent to a webhook is signed.")
    if request.method == "POST":
        return _secret(request, row, kept.renew)
    return _ask(request, "_route_secret.html", row)


@require_POST
@guard.may(Act.SWITCH)
def again(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Has a message that was not taken tried at once; one that was, meanwhile, is left alone."""
    row = reads.deliveries(guard.access_of(request)).filter(pk=pk).select_related("route").first()
    if row is None:
        raise Http404("No message has this address.")
    _demand(guard.access_of(request), row.route.workspace_id)
    outbox.again(row, guard.person_of(request))
    return _back(request, row.route)


def found(request: HttpRequest, pk: int) -> Route:
    """One of the routes that the person may change; one of a workspace out of sight is as one that is not there."""
    access = guard.access_of(request)
    row = reads.seen(access).filter(pk=pk).first()
    if row is None:
        raise Http404("No route has this address.")
    _demand(access, row.workspace_id)
    return row


def _demand(access: Access, workspace_id: int | None) -> None:
    if not reads.manages(access, workspace_id):
        where = "of all workspaces needs the role admin" if workspace_id is None else "needs the role operator there"
        raise PermissionDenied(f"A route {where}.")


def _form(request: HttpRequest, row: Route | None = None) -> RouteForm:
    access, zone = guard.access_of(request), preferences.of(request).zone
    data = request.POST if request.method == "POST" else None
    return RouteForm(access, people.workspaces(access), str(zone), data, row)


def _is_signed(row: Route) -> bool:
    """By what may be shown of the address: a page opens none."""
    return row.shown.startswith(SIGNED)


def _back(request: HttpRequest, row: Route) -> HttpResponseBase:
    """To the list where it was asked there, else to the route's page."""
    return redirect("messages") if request.POST.get("from") == "list" else redirect("route", row.pk)


def _page(request: HttpRequest, row: Route, form: RouteForm | None = None, refused: str = "") -> HttpResponse:
    access = guard.access_of(request)
    form = form or RouteForm(access, people.workspaces(access), row.zone, route=row)
    names = Names(people.workspaces(access), reads.pipelines([row.pipeline_id]))
    newest = reads.page(access, reads.Sought(route=row.pk))
    context = _surroundings(request, form) | {
        "route": row,
        "tells": tells(row),
        "scope": names.scope(row),
        "is_signed": _is_signed(row),
        "tested": _tested(request, row),
        "refused": refused,
        "told": [_told(access, one) for one in newest.rows],
        "page": newest,
    }
    return render(request, "route.html", context, status=409 if refused else 422 if form.is_bound else 200)


def _tested(request: HttpRequest, row: Route) -> Delivery | None:
    try:
        return reads.test_of(row, UUID(request.GET.get("test", "")))
    except ValueError:
        return None


def _surroundings(request: HttpRequest, form: RouteForm) -> dict[str, Any]:
    pipelines, assays = reads.offered(guard.access_of(request))
    return {"section": "messages", "form": form, "pipelines": pipelines, "assays": assays, "zones": frame.ZONES}


def _ask(request: HttpRequest, template: str, row: Route, **more: Any) -> HttpResponse:
    """A question in a dialog, or alone on its page."""
    context = {"section": "messages", "route": row, "question": template, **more}
    return render(request, template if request.headers.get("HX-Request") else "route_asks.html", context)


@never_cache
def _secret(request: HttpRequest, row: Route, take: Callable[[Route, kept.Person], str]) -> HttpResponse:
    try:
        text = take(row, guard.person_of(request))
    except Unsealable as error:
        return _page(request, row, refused=str(error))
    return render(request, "route_secret.html", {"section": "messages", "route": row, "secret": text})
