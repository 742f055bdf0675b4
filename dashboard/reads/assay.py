"""The assay page's queries: a fixed number of them, each bounded by what is shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from django.http import Http404

from assays import wire
from assays.coverage import Span
from assays.models import Assay, Field, Result, Score, Switch
from assays.schedule import MICROSECOND
from dashboard.access import Access
from dashboard.reads.alerts import with_care

STRIP_BEFORE, STRIP_AFTER = 23, 23
STRIP = 24
SWITCHES = 20

_ASSAY = msgspec.json.Decoder(wire.Assay)


@dataclass(frozen=True, slots=True)
class Watched:
    """An assay with its fields, the one that is looked at, and its message."""

    assay: Assay
    fields: list[Field]
    field: Field
    message: wire.Assay

    @property
    def baseline(self) -> wire.Summary | None:
        return (self.message.baseline.summary or {}).get(self.field.key)


def watched(access: Access, pk: UUID, key: str | None) -> Watched:
    """Raises Http404 for an assay or a field that is not in the cache, or out of sight."""
    seen = access.within(Field.objects.filter(assay=pk), "assay__workspace_id")
    fields = list(with_care(seen).order_by("position"))
    if not fields:
        raise Http404("No such assay is in the cache.")
    assay = fields[0].assay
    chosen = [field for field in fields if field.key == key] if key else [_worst(assay, fields)]
    if not chosen:
        raise Http404("The assay watches no such field.")
    return Watched(assay, fields, chosen[0], _ASSAY.decode(assay.message))


def _worst(assay: Assay, fields: Sequence[Field]) -> Field:
    return next((field for field in fields if field.pk == assay.worst_field_id), fields[0])


def results(assay: Assay, ends: Iterable[datetime]) -> dict[datetime, Result]:
    """The messages of some windows, by their ends."""
    wanted = sorted(set(ends))
    if not wanted:
        return {}
    return {row.window_end: row for row in Result.objects.filter(assay=assay, window_end__in=wanted)}


def worst_near(field: Field, at: datetime, within: timedelta) -> datetime | None:
    """Where a point of a chart stands for many windows: the end of the worst of them."""
    near = Score.objects.filter(field=field, window_end__gt=at - within, window_end__lte=at + within)
    return near.order_by("state", "-score").values_list("window_end", flat=True).first()


def switches(assay: Assay) -> list[Switch]:
    return list(Switch.objects.filter(assay=assay).order_by("-asked_at")[:SWITCHES])


def raw_results(assay: Assay, span: Span) -> Iterable[bytes]:
    """Upstream's messages of a span as they came, newest first, a few at a time."""
    rows = Result.objects.filter(assay=assay, window_end__gt=span.after, window_end__lte=span.until)
    return rows.order_by("-window_end").values_list("message", flat=True).iterator(chunk_size=200)


def after_first_run(assay: Assay, span: Span) -> Span:
    """Cut at the first window, so that a young assay fills its chart."""
    first = assay.first_run - max(assay.plan.period or assay.plan.width, MICROSECOND) / 2
    return Span(min(max(span.after, first), span.until - timedelta(hours=1)), span.until)
