"""What moved in a pipeline, ranked, and chosen fields on one axis, each by its score over its own threshold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from assays.coverage import Span
from assays.models import Field
from assays.schedule import MICROSECOND
from dashboard import formats, guard, preferences, ranges
from dashboard.access import Act
from dashboard.conditional import unless_seen
from dashboard.context import upstream
from dashboard.figures import lines as figures
from dashboard.palette import palette
from dashboard.reads import together as reads

FIRST_SHOWN = 4
"""So many of those that moved most are drawn where nobody has chosen."""


@dataclass(frozen=True, slots=True)
class Look:
    fields: list[Field]
    chosen: list[Field]
    ranked: list[reads.Ranked]
    range: ranges.Range
    preferences: preferences.Preferences

    @property
    def span(self) -> Span:
        return self.range.span


def look_at(request: HttpRequest) -> Look:
    """Http404 for a pipeline or fields that are not there, or out of sight."""
    access, shown = guard.access_of(request), preferences.of(request)
    range_ = ranges.of(request.GET, "30d", shown.zone, timezone.now())
    asked, text = request.GET.getlist("of"), request.GET.get("pipeline", "")
    chosen, pipeline = reads.named(access, _numbers(asked)), _numbers([text])
    fields = chosen if asked and not text else reads.of_pipeline(access, pipeline[0] if pipeline else None)
    if ((asked or text) and not fields) or (text and not pipeline):
        raise Http404("No field of such a pipeline is in the cache.")
    ranked = reads.ranking(fields, chosen, range_.span)
    drawn = chosen or [one.moved.field for one in ranked[:FIRST_SHOWN]]
    return Look(fields, drawn, ranked, range_, shown)


def _numbers(texts: list[str]) -> list[int]:
    return [int(text) for text in texts if text.isascii() and text.isdecimal() and len(text) < 16]


@require_GET
@guard.may(Act.READ)
def moved(request: HttpRequest) -> HttpResponse:
    look = look_at(request)
    drawn = {field.pk for field in look.chosen}
    zone, now = look.preferences.zone, timezone.now()
    context: dict[str, Any] = {
        "section": "overview",
        "upstream": upstream(),
        "look": look,
        "pipeline": look.fields[0].assay if look.fields and request.GET.get("pipeline") else None,
        "headline": headline(look),
        "lengths": ranges.LENGTHS,
        "drawn": drawn,
        "range_words": formats.days(look.span.after, look.span.until - MICROSECOND, zone, now),
    }
    return render(request, "moved.html", context)


def headline(look: Look) -> str:
    """Who moved most, and who went bad first."""
    bad = [one for one in look.ranked if one.moved.first_bad is not None]
    if not bad:
        return "No field went bad."
    most, first = look.ranked[0].moved, min(bad, key=lambda one: one.rank_of_first or 0).moved
    told = f"{_name(most.field)} moved most, {formats.ratio(most.ratio)} its threshold"
    return f"{told}." if first.field.pk == most.field.pk else f"{told}; {_name(first.field)} went bad first."


def _name(field: Field) -> str:
    return f"{field.key} of {field.assay.name}"


@require_GET
@guard.may(Act.READ)
def figure(request: HttpRequest) -> HttpResponse:
    look = look_at(request)
    found = reads.lines(look.chosen, look.span)
    most = max((line.merged for line in found), default=1)
    drawn = figures.Lines(
        [figures.Line(_name(line.field), line.at, line.ratio, 1.0) for line in found],
        look.span.after,
        look.span.until,
        look.preferences.zone,
        palette("dark" if request.GET.get("theme") == "dark" else "light"),
        f"each point is the highest of up to {most:,} windows" if most > 1 else "",
    )
    body = figures.together(drawn).to_json(engine="orjson")
    return unless_seen(request, HttpResponse(body, content_type="application/json"))
