"""Switching an assay on or off: asked for by a form, done by `control`, shown as done only when a re-read says so."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from assays import control
from assays.models import Assay, Switch
from dashboard import guard
from dashboard.access import Act
from dashboard.context import upstream
from dashboard.forms import SwitchForm


@require_http_methods(["GET", "POST"])
@guard.may(Act.SWITCH)
def switch(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The form that asks why; posted, the change itself."""
    assay = guard.found(request, pk, Act.SWITCH)
    form = SwitchForm(request.POST if request.method == "POST" else None)
    locked = ""
    if request.method == "POST" and form.is_valid():
        try:
            row = _switch(request, assay, form)
        except control.Locked as error:
            locked = str(error)
        else:
            return _after(request, row)
    context = {"assay": assay, "form": form, "locked": locked, "upstream": upstream()}
    template = "_switch_form.html" if request.headers.get("HX-Request") else "switch.html"
    return render(request, template, context, status=409 if locked else 200)


def _switch(request: HttpRequest, assay: Assay, form: SwitchForm) -> Switch:
    person = cast(User, request.user)
    return control.switch(assay, form.cleaned_data["active"], person, form.cleaned_data["why"])


def _after(request: HttpRequest, row: Switch) -> HttpResponseBase:
    if request.headers.get("HX-Request"):
        return render(request, "_switch_outcome.html", {"switch": row, "assay": row.assay})
    return redirect("assay", row.assay_id)


@require_GET
@guard.may(Act.READ)
def outcome(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What is known of the last change by now; the page asks until it is settled."""
    assay = guard.found(request, pk)
    part = bool(request.headers.get("HX-Request"))
    context = {"switch": _last(assay), "assay": assay, "upstream": None if part else upstream()}
    return render(request, "_switch_outcome.html" if part else "switch.html", context)


def _last(assay: Assay) -> Switch | None:
    return Switch.objects.filter(assay=assay).order_by("-asked_at").first()
