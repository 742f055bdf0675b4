"""The history: how a stretch of days went, beside the one before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from assays.incidents.models import Marker
from dashboard import guard, preferences
from dashboard.access import Access, Act
from dashboard.context import upstream
from dashboard.history import choice as choices
from dashboard.history import files, pictures, reads, report, showing, table
from dashboard.history.choice import Choice
from dashboard.history.report import CalendarRow, History
from dashboard.reads.paging import Page, stretch
from dashboard.reports import paper

PER_PAGE = 50
LEDGER = 10
KEPT_IN_ADDRESS = ("workspace", "pipeline", "owner", "group", "by", "tz")


@require_GET
@guard.may(Act.READ)
def history(request: HttpRequest) -> HttpResponse:
    access, zone = guard.access_of(request), preferences.of(request).zone
    choice = choice_of(request, access, zone)
    told = report.history(access, choice, timezone.now())
    context = page(told, request.GET.dict()) | filters(access, choice)
    return render(request, "history.html", context | {"section": "history", "upstream": upstream()})


def choice_of(request: HttpRequest, access: Access, zone: tzinfo) -> Choice:
    marked = reads.marker(access, choices.number(request.GET.get("since")))
    return choices.of(request.GET, zone, timezone.now(), marked.at if marked else None)


def page(told: History, query: dict[str, str]) -> dict[str, Any]:
    """All of the page but its menus; `query` is its address."""
    sheet = showing.sheet(told)
    days = told.now.days
    return {
        "told": told,
        "choice": told.choice,
        "sheet": sheet,
        "range_words": showing.dates(days.first, days.last),
        "before_words": showing.dates(told.before.days.first, told.before.days.last),
        "weeks": pictures.shares(sheet.columns, pictures.on_page),
        "steps": "week" if days.many >= 14 else "day",
        "scope_words": scope_words(told),
        "lines": [
            (line, pictures.bar(line.now, sheet.most, pictures.on_page)) for line in sheet.lines[: showing.LINES]
        ],
        "more_lines": max(0, len(sheet.lines) - showing.LINES),
        "legend": table.legend(showing.LEGEND),
        **_calendar(told, sheet.rows, query),
        **_ledger(told),
        "off": report.switched_off(told)[:LEDGER],
    }


def scope_words(told: History) -> str:
    """Whose history it is, for paper: `all workspaces`, or what has been chosen."""
    choice, first = told.choice, next(iter(told.roster.assays), None)
    if not choice.narrows or first is None:
        return "all workspaces"
    place = first.pipeline if choice.pipeline is not None else first.workspace if choice.workspace is not None else ""
    return ", ".join(filter(None, [place, choice.owner]))


def _calendar(told: History, rows: Sequence[CalendarRow], query: dict[str, str]) -> dict[str, Any]:
    shown = stretch(told.choice.page, PER_PAGE, len(rows))
    days, kept = told.now.days, {key: query[key] for key in KEPT_IN_ADDRESS if query.get(key)}
    groups = table.columns(days)
    drawn = [table.row(one, days, groups, kept) for one in rows[shown.start : shown.stop]]
    return {"columns": groups, "page": Page(drawn, len(rows), shown), "cell": _cell(told)}


def _cell(told: History) -> str:
    return "day" if told.now.days.many <= table.MOST_DAYS else "week"


def _ledger(told: History) -> dict[str, Any]:
    rows = report.ledger(told)
    shown = stretch(told.choice.ledger_page, LEDGER, len(rows))
    part = rows[shown.start : shown.stop]
    errors = reads.failures(row.assay.id for row in part if row.tally.failed)
    ledger = [(row, errors.get(row.assay.id, "")) for row in part]
    return {"ledger": Page(ledger, len(rows), shown), "total": told.now.total}


def filters(access: Access, choice: Choice) -> dict[str, Any]:
    return {
        "scope": reads.scope(access, choice),
        "markers": reads.markers(access, choice, choice.days),
        "recent": reads.recent_markers(access),
        "presets": choices.PRESETS,
        "groups": choices.GROUPS,
        "bys": choices.BYS,
        "read_at": reads.read_at(access),
    }


@require_GET
@guard.may(Act.READ)
def pdf(request: HttpRequest) -> HttpResponse:
    """One page of paper; where nothing can draw it, what to install."""
    access, zone, now = guard.access_of(request), preferences.of(request).zone, timezone.now()
    told = report.history(access, choice_of(request, access, zone), now)
    try:
        written = paper.as_pdf(told, scope_words(told), now)
    except paper.Missing as missing:
        return render(request, "history_no_pdf.html", {"section": "history", "needed": str(missing)}, status=501)
    response = HttpResponse(written, content_type="application/pdf")
    response.headers["Content-Disposition"] = 'attachment; filename="history.pdf"'
    return response


FILES: dict[str, tuple[Callable[[History, Sequence[Marker]], bytes], str, str]] = {
    "json": (files.as_json, "application/json", "history.json"),
    "csv": (files.as_csv, "application/zip", "history-csv.zip"),
    "parquet": (files.as_parquet, "application/zip", "history-parquet.zip"),
}


@require_GET
@guard.may(Act.READ)
def download(request: HttpRequest, form: str) -> HttpResponse:
    """Everything on the page, as one of FILES."""
    if form not in FILES:
        raise Http404("There is no such form.")
    access, zone = guard.access_of(request), preferences.of(request).zone
    choice = choice_of(request, access, zone)
    write, kind, name = FILES[form]
    told = report.history(access, choice, timezone.now())
    response = HttpResponse(write(told, reads.markers(access, choice, choice.days)), content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
