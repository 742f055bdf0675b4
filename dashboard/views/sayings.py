"""What people say of an assay's time axis: stretches that were calm, and remarks; added and taken away by triagers."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from assays.coverage import Span
from assays.insight import sayings
from assays.insight.models import Annotation, CalmPeriod
from assays.models import Assay
from dashboard import guard, preferences
from dashboard.access import Act
from dashboard.views.rules import ask, done
from dashboard.watch_forms import CalmForm, RemarkForm

NEWEST = 10


@require_http_methods(["GET", "POST"])
@guard.may(Act.TRIAGE)
def calm(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The form of a new calm period, and those there are."""
    assay = guard.found(request, pk, Act.TRIAGE)
    form = CalmForm(request.POST or None, preferences.of(request).zone, timezone.now())
    if form.is_valid():
        told = form.cleaned_data
        sayings.call_calm(assay, Span(told["after"], told["until"]), guard.person_of(request), told["note"])
        return done(request, assay)
    context = {
        "heading": "Mark a calm period",
        "words": "Its windows are taken for ordinary: the ordinary band and the recommended threshold rest on them.",
        "verb": "Mark it",
        "calm_periods": CalmPeriod.objects.filter(assay=assay).order_by("-after")[:NEWEST],
    }
    return ask(request, assay, form, context)


@require_POST
@guard.may(Act.TRIAGE)
def calm_no_more(request: HttpRequest, pk: UUID, calm: int) -> HttpResponseBase:
    assay = guard.found(request, pk, Act.TRIAGE)
    row = CalmPeriod.objects.filter(assay=assay, pk=calm).first()
    if row is None:
        raise Http404("The assay has no such calm period.")
    sayings.call_calm_no_more(row, guard.person_of(request))
    return done(request, assay)


@require_http_methods(["GET", "POST"])
@guard.may(Act.TRIAGE)
def remarks(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The form of a new remark, and the newest."""
    assay = guard.found(request, pk, Act.TRIAGE)
    form = RemarkForm(request.POST or None, preferences.of(request).zone, timezone.now())
    if form.is_valid() and _is_said(form, request, assay):
        return done(request, assay)
    context = {
        "heading": "Write on the time axis",
        "words": "Shown on this assay's chart to everybody who may see it.",
        "verb": "Write it",
        "remarks": Annotation.objects.filter(assay=assay).order_by("-at")[:NEWEST],
    }
    return ask(request, assay, form, context)


def _is_said(form: forms.Form, request: HttpRequest, assay: Assay) -> bool:
    told = form.cleaned_data
    by = guard.person_of(request)
    try:
        sayings.annotate(assay, told["at"], told["text"], by, until=told["until"], link=told["link"])
    except ValueError as error:
        form.add_error(None, f"{error}.")
        return False
    return True


@require_POST
@guard.may(Act.TRIAGE)
def withdraw(request: HttpRequest, pk: UUID, remark: int) -> HttpResponseBase:
    assay = guard.found(request, pk, Act.TRIAGE)
    row = Annotation.objects.filter(assay=assay, pk=remark).first()
    if row is None:
        raise Http404("The assay has no such remark.")
    sayings.withdraw(row, guard.person_of(request))
    return done(request, assay)
