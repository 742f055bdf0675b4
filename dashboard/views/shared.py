"""Histories for those who do not sign in, by links that end; and the wall display, for them and for others."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard import formats, guard, preferences
from dashboard.access import Access, Act
from dashboard.conditional import unless_seen
from dashboard.history import choice as choices
from dashboard.history import pictures, reads, report, showing, table
from dashboard.history.choice import Choice
from dashboard.history.report import History
from dashboard.reads.paging import Page, stretch
from dashboard.reports import forms, plain, shares
from dashboard.reports import wall as walls
from dashboard.reports.forms import ShareForm
from dashboard.reports.models import Form, Share

KEPT = (*forms.CHOSEN, "range", "from", "to", "since")
PER_PAGE = 50


@require_http_methods(["GET", "POST"])
@guard.may(Act.READ)
def links(request: HttpRequest) -> HttpResponseBase:
    """The list and the form; posted, the page that shows the new link, which no other page does."""
    form = ShareForm(request.POST) if request.method == "POST" else ShareForm()
    if request.method == "POST" and form.is_valid():
        return _made(request, *_make(request, form))
    return render(request, "shared_links.html", _list(request) | {"form": form})


def _make(request: HttpRequest, form: ShareForm) -> tuple[Share, str]:
    """What is seen of the address now is what it is frozen to."""
    access, zone = guard.access_of(request), preferences.of(request).zone
    query = forms.chosen(request.GET, KEPT)
    choice = _choice(access, query, zone)
    workspaces = {assay.workspace_id for assay in reads.roster(access, choice).assays}
    told = form.cleaned_data
    person = guard.person_of(request)
    return shares.make(person, told["name"], told["form"], told["days"], query, forms.zone_key(zone), workspaces)


@never_cache
def _made(request: HttpRequest, row: Share, token: str) -> HttpResponse:
    address = settings.PUBLIC_URL.rstrip("/") + reverse("shared", args=[token])
    return render(request, "shared_made.html", _list(request) | {"row": row, "link": address})


def _list(request: HttpRequest) -> dict[str, Any]:
    access, now = guard.access_of(request), timezone.now()
    places = reads.scope(access, choices.of({}, preferences.of(request).zone, now))
    rows = [
        (row, forms.scope_words(row.query, places.workspaces, places.pipelines), row.is_good(now))
        for row in _visible(request)[:200]
    ]
    return {
        "section": "history",
        "rows": rows,
        "headline": headline(sum(good for *_, good in rows)),
        "scope": forms.scope_words(forms.chosen(request.GET), places.workspaces, places.pipelines),
        "range_words": Share(query=forms.chosen(request.GET, KEPT)).range_words,
        "administers": access.may(Act.ADMINISTER),
    }


def headline(good: int) -> str:
    if not good:
        return "No link shows a history to others."
    return "One link shows a history to others." if good == 1 else f"{good:,} links show a history to others."


def _visible(request: HttpRequest) -> Any:
    whole = guard.access_of(request).may(Act.ADMINISTER)
    return shares.listed(None if whole else guard.person_of(request))


@require_POST
@guard.may(Act.READ)
def revoke(request: HttpRequest, pk: int) -> HttpResponseBase:
    row = get_object_or_404(_visible(request), pk=pk, revoked_at=None)
    shares.revoke(row, guard.person_of(request))
    messages.success(request, f"The link for {row.name} shows nothing any more.")
    return redirect("links")


@login_not_required
@never_cache
@require_GET
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """Nothing of the address but the token and the calendar's page is heard, and nothing here leads into the pages."""
    row = shares.use(token)
    if row is None:
        return _apart(render(request, "shared_over.html", status=404))
    allowed = shares.access_of(row)
    choice, now = _choice(allowed, row.query, row.clock), timezone.now()
    told = {"zone": row.clock, "zone_name": formats.zone_name(row.clock, now), "share": row, "access": allowed}
    if row.form == Form.WALL:
        return _apart(_wall(request, allowed, choice, told | {"wall_name": row.name}))
    history = report.history(allowed, choice, now)
    return _apart(render(request, "shared.html", told | page(history, request.GET.get("page"))))


def _choice(access: Access, query: dict[str, str], zone: Any) -> Choice:
    marked = reads.marker(access, choices.number(query.get("since")))
    return choices.of(query, zone, timezone.now(), marked.at if marked else None)


def page(told: History, number: str | None) -> dict[str, Any]:
    """The history without a link in it."""
    sheet, days = showing.sheet(told), told.now.days
    found = stretch(choices.number(number) or 1, PER_PAGE, len(sheet.rows))
    groups = table.columns(days)
    drawn = [plain.row(one, groups) for one in sheet.rows[found.start : found.stop]]
    return {
        "sheet": sheet,
        "range_words": showing.dates(days.first, days.last),
        "before_words": showing.dates(told.before.days.first, told.before.days.last),
        "weeks": pictures.shares(sheet.columns, pictures.on_page),
        "steps": "week" if days.many >= 14 else "day",
        "lines": [
            (line, pictures.bar(line.now, sheet.most, pictures.on_page)) for line in sheet.lines[: showing.LINES]
        ],
        "by": told.choice.by,
        "group": told.choice.group,
        "legend": table.legend(showing.LEGEND),
        "columns": groups,
        "cell": "day" if days.many <= table.MOST_DAYS else "week",
        "page": Page(drawn, len(sheet.rows), found),
    }


@require_GET
@guard.may(Act.READ)
def wall(request: HttpRequest) -> HttpResponse:
    """Of what the address chooses, as the history's does."""
    access, zone = guard.access_of(request), preferences.of(request).zone
    return _wall(request, access, _choice(access, forms.chosen(request.GET), zone), {"wall_name": ""})


def _wall(request: HttpRequest, access: Access, choice: Choice, told: dict[str, Any]) -> HttpResponse:
    """The page; to its own refresh the board alone, or nothing when nothing changed."""
    context = told | walls.wall(access, choice, timezone.now())
    if request.headers.get("HX-Request"):
        return unless_seen(request, render(request, "_wall_board.html", context))
    return render(request, "wall.html", context)


def _apart(response: HttpResponse) -> HttpResponse:
    """Neither the next site nor a search engine learns the address."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
