"""The doctor's page: assays that serve nobody as they are, why, what to change, and who said that it may stay so."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assays.insight import sayings
from assays.insight.doctor import OF_ASSAY, Kind
from assays.insight.models import Dismissal
from dashboard import formats, guard
from dashboard.access import Act
from dashboard.context import upstream
from dashboard.reads import assay as assay_reads
from dashboard.reads import doctor as reads
from dashboard.templatetags.driftline import kind_slug
from dashboard.views.rules import ask
from dashboard.watch_forms import DismissForm


@require_GET
@guard.may(Act.READ)
def doctor(request: HttpRequest) -> HttpResponse:
    access, choice = guard.access_of(request), _choice(request)
    found = reads.findings(access, choice, timezone.now())
    context = {
        "section": "health",
        "upstream": upstream(),
        "headline": headline(found),
        "found": found,
        "kinds": [(kind, found.counts[kind]) for kind in Kind if found.counts[kind]],
        "choice": choice,
        "page": found.page,
        "may_triage": access.may(Act.TRIAGE),
    }
    return render(request, "doctor.html", context)


def _choice(request: HttpRequest) -> reads.Choice:
    kind = next((kind for kind in Kind if kind.value == request.GET.get("kind")), None)
    text = request.GET.get("page", "")
    number = int(text) if text.isdecimal() and len(text) < 7 else 1
    return reads.Choice(kind, request.GET.get("show") == "dismissed", number)


def headline(found: reads.Findings) -> str:
    if not found.standing:
        return "The doctor finds nothing to change."
    assays = formats.plural(found.assays, "assay")
    return f"{formats.plural(found.standing, 'finding')} in {assays}."


@require_http_methods(["GET", "POST"])
@guard.may(Act.TRIAGE)
def dismiss(request: HttpRequest, pk: UUID, kind: str) -> HttpResponseBase:
    """Answers a finding with a reason, so that it is not shown again."""
    assay, which = guard.found(request, pk, Act.TRIAGE), _kind(kind)
    key = request.POST.get("field") or request.GET.get("field")
    of_field = None if which in OF_ASSAY else assay_reads.watched(guard.access_of(request), pk, key).field
    form = DismissForm(request.POST or None)
    if form.is_valid():
        sayings.dismiss(assay, of_field, which, form.cleaned_data["reason"], guard.person_of(request))
        return _back(request)
    context = {
        "heading": f"Dismiss: {which.value}",
        "words": f"Of {assay.name}. It is not shown again until somebody takes it up.",
        "verb": "Dismiss it",
        "field_key": of_field.key if of_field else "",
    }
    return ask(request, assay, form, context)


@require_POST
@guard.may(Act.TRIAGE)
def take_up(request: HttpRequest, pk: UUID, dismissal: int) -> HttpResponseBase:
    assay = guard.found(request, pk, Act.TRIAGE)
    row = Dismissal.objects.filter(assay=assay, pk=dismissal).first()
    if row is None:
        raise Http404("The assay has no such dismissal.")
    sayings.take_up_again(row, guard.person_of(request))
    return _back(request)


def _kind(text: str) -> Kind:
    found = next((kind for kind in Kind if kind_slug(kind) == text), None)
    if found is None:
        raise Http404("The doctor knows no such finding.")
    return found


def _back(request: HttpRequest) -> HttpResponseBase:
    if request.headers.get("HX-Request"):
        response = HttpResponse()
        response.headers["HX-Refresh"] = "true"
        return response
    return redirect("doctor")
