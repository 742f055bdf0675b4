"""Moments that explain charts, such as a deployment: added and taken away by those who triage."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from assays.incidents import about
from assays.incidents.models import Event
from assays.models import Assay
from dashboard import guard, preferences
from dashboard.access import Act
from dashboard.reads import alerts as reads
from dashboard.views.rules import ask, done
from dashboard.watch_forms import MarkerForm


@require_http_methods(["GET", "POST"])
@guard.may(Act.TRIAGE)
def markers(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The form of a new one, and the newest of the assay."""
    assay = guard.found(request, pk, Act.TRIAGE)
    form = MarkerForm(request.POST or None, preferences.of(request).zone, timezone.now())
    if form.is_valid():
        told = form.cleaned_data
        scope = _scope(told["of"], assay)
        about.add_marker(
            Event(told["event"]), told["at"], told["text"], cast(User, request.user), scope, link=told["link"]
        )
        return done(request, assay)
    context = {
        "heading": "Mark a moment",
        "words": "Drawn on the charts and listed in the timelines of incidents.",
        "verb": "Mark it",
        "markers": reads.newest_markers(assay),
    }
    return ask(request, assay, form, context)


def _scope(of: str, assay: Assay) -> about.Scope:
    if of == "assay":
        return about.Scope(assay=assay)
    if of == "pipeline":
        return about.Scope(pipeline_id=assay.pipeline_id)
    return about.Scope(workspace_id=assay.workspace_id)


@require_POST
@guard.may(Act.TRIAGE)
def remove(request: HttpRequest, pk: UUID, marker: int) -> HttpResponseBase:
    assay = guard.found(request, pk, Act.TRIAGE)
    row = reads.markers_of(assay).filter(pk=marker).first()
    if row is None:
        raise Http404("The assay has no such marker.")
    about.remove_marker(row, cast(User, request.user))
    return done(request, assay)
