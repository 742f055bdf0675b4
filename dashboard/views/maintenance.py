"""Maintenance: stretches in which incidents are recorded and told to nobody, announced, listed and ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assays.notices import maintenances as kept
from assays.notices.models import Maintenance
from dashboard import formats, guard, preferences
from dashboard.access import Access, Act
from dashboard.reads import people
from dashboard.reads import routes as reads
from dashboard.route_forms import MaintenanceForm
from dashboard.views.routes import Names


@require_GET
@guard.may(Act.READ)
def maintenance(request: HttpRequest) -> HttpResponse:
    """What is on, comes and was, for everybody; the form for those who operate."""
    return _page(request, _form(request))


@require_POST
@guard.may(Act.SWITCH)
def announce(request: HttpRequest) -> HttpResponseBase:
    form = _form(request, request.POST)
    if not form.is_valid():
        return _page(request, form)
    told = form.cleaned_data
    kept.add(told["starts_at"], told["ends_at"], guard.person_of(request), told["why"], **form.scope)
    return redirect("maintenance")


def _form(request: HttpRequest, data: QueryDict | None = None) -> MaintenanceForm:
    access = guard.access_of(request)
    zone = preferences.of(request).zone
    return MaintenanceForm(access, people.workspaces(access), zone, timezone.now(), data)


def _page(request: HttpRequest, form: MaintenanceForm) -> HttpResponse:
    access, now = guard.access_of(request), timezone.now()
    going, over = reads.maintenances(access, now), reads.over(access, now)
    names = Names(people.workspaces(access), reads.pipelines([row.pipeline_id for row in [*going, *over]]))
    pipelines, assays = reads.offered(access)
    context = {
        "section": "messages",
        "headline": headline(going, names, preferences.of(request).zone, now),
        "going": [(row, names.scope(row), reads.manages(access, row.workspace_id)) for row in going],
        "over": [(row, names.scope(row)) for row in over],
        "form": form if access.may(Act.SWITCH) else None,
        "pipelines": pipelines,
        "assays": assays,
    }
    return render(request, "maintenance.html", context, status=422 if form.is_bound else 200)


def headline(going: Sequence[Maintenance], names: Names, zone: tzinfo, now: datetime) -> str:
    """What holds messages up now, else what will."""
    on = [row for row in going if row.starts_at <= now]
    if len(on) > 1:
        return f"{len(on):,} stretches of maintenance hold messages up."
    if on:
        until = formats.moment(on[0].ends_at, zone, now)
        return f"Nobody is told of incidents in {names.scope(on[0])} until {until} {formats.zone_name(zone, now)}."
    if going:
        return f"No maintenance is on; the next begins {formats.moment(going[0].starts_at, zone, now)}."
    return "No maintenance is on or announced."


@require_http_methods(["GET", "POST"])
@guard.may(Act.SWITCH)
def end(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The question; posted, the end: what was held up is told. One that has not begun never was."""
    access, now = guard.access_of(request), timezone.now()
    row = _found(access, pk, now)
    if request.method == "POST":
        kept.end(row, guard.person_of(request))
        return redirect("maintenance")
    names = Names(people.workspaces(access), reads.pipelines([row.pipeline_id]))
    template = "_maintenance_end.html" if request.headers.get("HX-Request") else "maintenance_end.html"
    context = {"section": "messages", "row": row, "scope": names.scope(row), "begun": row.starts_at <= now}
    return render(request, template, context)


def _found(access: Access, pk: int, now: datetime) -> Maintenance:
    row = reads.find_maintenance(access, pk, now)
    if row is None:
        raise Http404("No maintenance has this address, or it is over.")
    if not reads.manages(access, row.workspace_id):
        raise PermissionDenied("It is ended by who may announce it: an operator there, or an administrator.")
    return row
