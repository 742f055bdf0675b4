"""What if the thresholds were others: answered at once over the kept history, recommended, applied, taken away."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import orjson
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from assays.incidents.derive import Rule
from assays.insight.successor import successor
from dashboard import guard, trade_off
from dashboard.access import Act
from dashboard.context import upstream
from dashboard.reads import assay as assay_reads
from dashboard.reads import whatif as reads
from dashboard.reads.assay import Watched
from dashboard.watch_forms import TargetForm, WhatIfForm

USUAL_TARGET = 1.0
CURVE_ROWS = 12


@require_GET
@guard.may(Act.READ)
def what_if(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The form with its answer; the answer alone to who changes a number in it."""
    watched = assay_reads.watched(guard.access_of(request), pk, request.GET.get("field"))
    form = _form(request, watched)
    context = _context(request, watched, form)
    if request.headers.get("HX-Target") == "whatif-answer":
        return render(request, "_whatif_answer.html", context, status=200 if form.is_valid() else 422)
    if request.headers.get("HX-Request"):
        return render(request, "_whatif.html", context)
    return render(request, "whatif.html", context | {"upstream": upstream()})


def _form(request: HttpRequest, watched: Watched) -> WhatIfForm:
    """What is not asked stays as it is."""
    thresholds, rule = reads.present(watched)
    initial = {
        "warning": _typed(thresholds.warning),
        "alert": _typed(thresholds.alert),
        **{name: str(getattr(rule, name)) for name in ("k", "n", "m")},
    }
    asked = {name: request.GET[name] for name in initial if name in request.GET}
    return WhatIfForm(initial | asked)


def _typed(value: float | None) -> str:
    return "" if value is None else repr(value)


def _context(request: HttpRequest, watched: Watched, form: WhatIfForm) -> dict[str, Any]:
    answer = None
    if form.is_valid():
        answer = reads.answer(watched, *_wanted(form), timezone.now())
    return {
        "section": "overview",
        "assay": watched.assay,
        "field": watched.field,
        "form": form,
        "answer": answer,
        "may_switch": guard.access_of(request).may(Act.SWITCH, watched.assay.workspace_id),
        "target": request.GET.get("target", f"{USUAL_TARGET:g}"),
    }


def _wanted(form: WhatIfForm) -> tuple[reads.Thresholds, Rule]:
    told = form.cleaned_data
    return reads.Thresholds(told["warning"], told["alert"]), Rule(told["k"], told["n"], told["m"])


@require_GET
@guard.may(Act.READ)
def recommend(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The lowest alert threshold with no more false alarms a month than are put up with, and the whole trade-off."""
    watched = assay_reads.watched(guard.access_of(request), pk, request.GET.get("field"))
    form, asked = _form(request, watched), TargetForm({"target": request.GET.get("target", f"{USUAL_TARGET:g}")})
    context: dict[str, Any] = {"assay": watched.assay, "field": watched.field, "form": asked, "section": "overview"}
    if asked.is_valid() and form.is_valid():
        target = asked.cleaned_data["target"]
        told = reads.recommendation(watched, target, _wanted(form)[1], timezone.now())
        step = -(-len(told.curve) // CURVE_ROWS) or 1
        context |= {"told": told, "target": target, "rows": told.curve[::step], "curve": trade_off.curve(told, target)}
        context |= {"has_ground": told.rests_on > 0 or any(one.missed or one.raised for one in told.curve)}
    part = bool(request.headers.get("HX-Request"))
    context |= {"upstream": None if part else upstream()}
    return render(request, "_whatif_recommended.html" if part else "whatif_recommended.html", context)


@require_GET
@guard.may(Act.READ)
def successor_body(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The ready body of `schedule` for an assay with these thresholds, since upstream's cannot be edited."""
    watched = assay_reads.watched(guard.access_of(request), pk, request.GET.get("field"))
    form = _form(request, watched)
    if not form.is_valid():
        return HttpResponse("\n".join(_errors(form)), content_type="text/plain", status=422)
    wanted, _ = _wanted(form)
    assay, name = watched.assay, f"{watched.assay.name} (2)"
    thresholds = {watched.field.key: (wanted.warning, wanted.alert)}
    body = successor(bytes(assay.message), name, thresholds, assay.plan, assay.last_run or timezone.now())
    response = HttpResponse(orjson.dumps(body, option=orjson.OPT_INDENT_2), content_type="application/json")
    file = f"{slugify(assay.name)[:60] or 'assay'}-schedule.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{file}"'
    return response


def _errors(form: forms.Form) -> list[str]:
    return [str(error) for errors in form.errors.values() for error in errors]
