"""The audit trail: what was changed, by whom and when, filtered, page by page, and to take away as CSV."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from itertools import islice

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from assays import wire
from assays.models import AuditEvent
from dashboard import guard, preferences
from dashboard.access import Act
from dashboard.people_forms import AuditForm
from dashboard.reads import audit as reads
from dashboard.reads import people
from dashboard.spreadsheets import harmless, line

COLUMNS = ("at", "who", "person_id", "act", "about", "about_id", "workspace_id", "workspace", "detail")
TOGETHER = 200
"""Lines of an export that are sent together."""


@require_GET
@guard.may(Act.READ)
def audit(request: HttpRequest) -> HttpResponseBase:
    access, form = guard.access_of(request), AuditForm(request.GET)
    sought = form.sought(_zone(request))
    places = people.workspaces(access)
    context = {
        "section": "audit",
        "form": form,
        "sought": sought,
        "page": reads.page(access, sought, form.cursor),
        "newer": form.cursor is not None,
        "filtered": sought != reads.Sought(),
        "places": places,
        "acts": reads.ACTS,
        "kept_days": settings.AUDIT_DAYS,
        "administers": access.may(Act.ADMINISTER),
    }
    return render(request, "audit.html", context)


@require_GET
@guard.may(Act.READ)
def as_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Every event that the page's filters leave, newest first, times in UTC."""
    access = guard.access_of(request)
    sought = AuditForm(request.GET).sought(_zone(request))
    pieces = _csv(reads.every(access, sought), people.workspaces(access))
    response = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="audit.csv"'
    return response


def _zone(request: HttpRequest) -> tzinfo:
    return preferences.of(request).zone


def _csv(events: Iterator[AuditEvent], places: Mapping[int, str]) -> Iterator[str]:
    yield line(COLUMNS)
    while rows := list(islice(events, TOGETHER)):
        yield "".join(line(_cells(event, places)) for event in rows)


def _cells(event: AuditEvent, places: Mapping[int, str]) -> Iterator[str]:
    workspace = "" if event.workspace_id is None else str(event.workspace_id)
    yield wire.rfc3339(event.at)
    yield harmless(event.who)
    yield "" if event.person_id is None else str(event.person_id)
    yield event.act
    yield harmless(event.about)
    yield harmless(event.about_id)
    yield workspace
    yield harmless(places.get(event.workspace_id, "") if event.workspace_id is not None else "")
    yield json.dumps(event.detail, ensure_ascii=False)
