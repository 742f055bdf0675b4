"""What people set of an assay here, upstream knowing nothing of it: owner and runbook, thresholds, when it opens."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from assays.incidents import about, derive, rules
from assays.incidents.models import Criticality
from assays.models import Assay, Field
from dashboard import formats, guard
from dashboard.access import Act
from dashboard.context import upstream
from dashboard.reads import assay as assay_reads
from dashboard.watch_forms import AboutForm, RuleForm, ThresholdForm


@require_http_methods(["GET", "POST"])
@guard.may(Act.TRIAGE)
def whose(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Owner, runbook and criticality, of the assay or of its whole pipeline."""
    assay = guard.found(request, pk, Act.TRIAGE)
    known = about.known([assay])[assay.pk]
    initial = {"owner": known.owner, "runbook_url": known.runbook_url, "criticality": known.criticality}
    form = AboutForm(request.POST or None, initial=initial)
    if form.is_valid():
        told = form.cleaned_data
        of = assay if told["of"] == "assay" else assay.pipeline_id
        known = about.Known(told["owner"], told["runbook_url"], Criticality(told["criticality"]))
        about.say(of, known, _person(request))
        return done(request, assay)
    words = "Shown where somebody decides about an incident. What is said of the assay wins over its pipeline."
    return ask(request, assay, form, {"heading": f"Whose {assay.name} is", "words": words, "verb": "Save"})


@require_http_methods(["GET", "POST"])
@guard.may(Act.SWITCH)
def thresholds(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Thresholds of Driftline's own for one field, with a reason; `back` goes back to upstream's."""
    assay = guard.found(request, pk, Act.SWITCH)
    field = _field(request, assay)
    local = rules.local_thresholds([field]).get(field.pk)
    if request.method == "POST" and "back" in request.POST:
        rules.drop_threshold(field, _person(request))
        return done(request, assay)
    initial = {"warning": local.warning, "alert": local.alert, "reason": local.reason} if local else {}
    form = ThresholdForm(request.POST or None, initial=initial)
    if form.is_valid():
        told = form.cleaned_data
        rules.set_threshold(field, told["warning"], told["alert"], told["reason"], _person(request))
        return done(request, assay)
    context = {
        "heading": f"Thresholds of {field.key}",
        "words": f"Upstream's are warning {formats.score(field.warning)} and alert {formats.score(field.alert)}, and"
        " stay as they are: they cannot be edited there. Incidents follow these from now on, none of it news.",
        "verb": "Set them",
        "back": "Back to upstream's" if local else "",
        "field_key": field.key,
    }
    return ask(request, assay, form, context)


@require_http_methods(["GET", "POST"])
@guard.may(Act.SWITCH)
def rule(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """After how many bad windows an incident opens, and after how many Ok ones it closes."""
    assay = guard.found(request, pk, Act.SWITCH)
    field = _field(request, assay)
    now = rules.read().of(assay, field)
    dropping = request.method == "POST" and "back" in request.POST
    initial = {"of": "field", "k": now.k, "n": now.n, "m": now.m}
    sent = {**initial, "of": request.POST.get("of")} if dropping else request.POST or None
    form = RuleForm(sent, field, initial)
    if form.is_valid():
        told = form.cleaned_data
        scope = _scope(told["of"], assay, field)
        if dropping:
            rules.drop_rule(scope, _person(request))
        else:
            rules.set_rule(scope, derive.Rule(told["k"], told["n"], told["m"]), _person(request))
        return done(request, assay)
    context = {
        "heading": "When an incident opens and closes",
        "words": f"Now {_in_words(now)}. Windows that overlap count once. The nearest rule holds: field, assay,"
        " pipeline, workspace.",
        "verb": "Set it",
        "back": "Drop the rule there",
        "field_key": field.key,
    }
    return ask(request, assay, form, context)


def _in_words(now: derive.Rule) -> str:
    return f"{now.k} of {now.n} bad windows open it, {now.m} Ok close it"


def _scope(of: str, assay: Assay, field: Field) -> rules.Scope:
    scopes: dict[str, rules.Scope] = {
        "field": {"field": field},
        "assay": {"assay": assay},
        "pipeline": {"pipeline_id": assay.pipeline_id},
        "workspace": {"workspace_id": assay.workspace_id},
    }
    return scopes[of]


def _field(request: HttpRequest, assay: Assay) -> Field:
    """The one that the form names, or else the worst."""
    key = request.POST.get("field") or request.GET.get("field")
    return assay_reads.watched(guard.access_of(request), assay.pk, key).field


def _person(request: HttpRequest) -> User:
    return cast(User, request.user)


def ask(request: HttpRequest, assay: Assay, form: forms.Form, context: dict[str, Any]) -> HttpResponse:
    """A form in a dialog, or alone on its page; 422 where what was sent makes no sense."""
    part = bool(request.headers.get("HX-Request"))
    context = {"assay": assay, "form": form, "upstream": None if part else upstream(), **context}
    template = "_alert_setting.html" if part else "alert_setting.html"
    return render(request, template, context, status=422 if form.is_bound else 200)


def done(request: HttpRequest, assay: Assay) -> HttpResponseBase:
    """The page it was opened from, drawn anew."""
    if request.headers.get("HX-Request"):
        response = HttpResponse()
        response.headers["HX-Refresh"] = "true"
        return response
    return redirect("assay", assay.pk)
