"""API tokens: each person makes and revokes their own, an administrator revokes everybody's. One is shown once."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from dashboard import guard
from dashboard import tokens as kept
from dashboard.access import Act
from dashboard.models import ApiToken
from dashboard.people_forms import FindForm, TokenForm
from dashboard.reads import people as reads
from dashboard.reads.paging import Page
from dashboard.roles import Role

SOON_DAYS = 14
"""So many days before it expires a token says so."""


@require_http_methods(["GET", "POST"])
@guard.may(Act.READ)
def tokens(request: HttpRequest) -> HttpResponseBase:
    """The list and the form; posted, the page that shows the new token, which no other page does."""
    access = guard.access_of(request)
    form = TokenForm(access, reads.workspaces(access), request.POST if request.method == "POST" else None)
    if form.is_valid():
        return _made(request, *_make(request, form))
    find = FindForm(request.GET)
    find.is_valid()
    page = reads.tokens_page(_visible(request), find.cleaned_data.get("page") or 1)
    context = {"form": form, "page": page, "headline": headline(page, access.may(Act.ADMINISTER))}
    return render(request, "tokens.html", context | _surroundings(request))


def headline(page: Page[ApiToken], of_everybody: bool) -> str:
    owner = "No program has" if of_everybody else "You have given no program"
    if not page.total:
        return f"{owner} a token."
    many = f"{page.total:,} token{'' if page.total == 1 else 's'}"
    return f"{many} of people and services." if of_everybody else f"{many} of yours."


def _make(request: HttpRequest, form: TokenForm) -> tuple[ApiToken, str]:
    person = guard.person_of(request)
    serves_nobody = form.cleaned_data["service"] and guard.access_of(request).may(Act.ADMINISTER)
    owner: User | None = None if serves_nobody else person
    role: Role = form.cleaned_data["role"]
    return kept.make(form.cleaned_data["name"], role, form.places, form.expires_at, owner, by=person)


@never_cache
def _made(request: HttpRequest, row: ApiToken, text: str) -> HttpResponse:
    return render(request, "token_made.html", {"row": row, "token": text} | _surroundings(request))


@require_http_methods(["GET", "POST"])
@guard.may(Act.READ)
def revoke(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The question; posted, the end of the token."""
    row = get_object_or_404(_visible(request), pk=pk, revoked_at=None)
    if request.method == "POST":
        kept.revoke(row, guard.person_of(request))
        return redirect("tokens")
    template = "_token_revoke.html" if request.headers.get("HX-Request") else "token_revoke.html"
    return render(request, template, {"row": row} | _surroundings(request))


def _visible(request: HttpRequest) -> QuerySet[ApiToken]:
    whole = guard.access_of(request).may(Act.ADMINISTER)
    return reads.tokens(None if whole else guard.person_of(request))


def _surroundings(request: HttpRequest) -> dict[str, object]:
    access = guard.access_of(request)
    return {
        "section": "tokens",
        "administers": access.may(Act.ADMINISTER),
        "places": reads.workspaces(),
        "soon": timezone.now() + timedelta(days=SOON_DAYS),
    }
