"""What upstream's API lacks and people's tools want: all assays with their state now, a field's series, and metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

from assays import series, wire
from assays.coverage import TICK, Span
from assays.models import Assay, Field
from assays.series import Windows
from dashboard.access import Act
from dashboard.api import answering, metrics, tables
from dashboard.api.callers import allowed, caller_of
from dashboard.context import upstream
from dashboard.reads import messages, windows
from dashboard.reads.now import AssayNow, assays_now
from typedapi.operation import JSON, Nothing, Operation, Problem, exchange

reading = allowed(Act.READ)


@exchange(asks=Nothing, answers=list[AssayNow], guard=reading, method="GET")
def states(_: Nothing, request: HttpRequest) -> HttpResponseBase:
    """All assays with their state now, worst first"""
    row = upstream()
    response = HttpResponse(wire.encode(assays_now(caller_of(request).access)), content_type=JSON)
    return answering.from_cache(response, row.last_answer_at or timezone.now(), answering.outage(row))


class SeriesRequest(msgspec.Struct):
    """`assay` and `field` as the states name them; a range as for results, all that is kept when left out."""

    assay: UUID
    field: str
    start: wire.Time | None = None
    end: wire.Time | None = None


class Series(msgspec.Struct):
    """Oldest first. Windows that end after `covered_from`, and until `covered_to`, are all there."""

    assay: UUID
    field: str
    metric: str
    covered_from: datetime | None
    covered_to: datetime | None
    windows: list[tables.Row]


@exchange(
    asks=SeriesRequest,
    answers=Series,
    guard=reading,
    method="GET",
    media=(tables.CSV, tables.PARQUET, tables.ARROW),
    beside={"406": "None of the content types asked for is spoken here"},
)
def field_series(asked: SeriesRequest, request: HttpRequest) -> HttpResponseBase:
    """Every window of a field, in the content type asked for
    Windows without data are among them, and those to be worked off are not.
    """
    row, field = _found(asked, request)
    span = _span(row, asked)
    parts = windows.read(row, field.pk, span, series.pauses_within(row, span))
    response = _written(request, row, field, parts)
    now = timezone.now()
    return answering.from_cache(response, row.last_success_at or now, answering.outage(upstream()))


@exchange(asks=Nothing, answers=None, guard=reading, method="GET", media=("text/plain",))
def prometheus(_: Nothing, request: HttpRequest) -> HttpResponseBase:
    """Metrics for Prometheus, as far as the token's workspaces reach"""
    text = metrics.exposition(caller_of(request).access, timezone.now())
    return HttpResponse(text, content_type=metrics.CONTENT_TYPE)


OPERATIONS: dict[str, Operation[Any]] = {
    "/v1/api/states": states,
    "/v1/api/series": field_series,
    "/metrics": prometheus,
}


def _found(asked: SeriesRequest, request: HttpRequest) -> tuple[Assay, Field]:
    row = messages.find(str(asked.assay))
    if row is None or not caller_of(request).access.sees(row.workspace_id):
        raise Problem(404, "no assay has this id", "assay")
    field = row.fields.filter(key=asked.field).first()
    if field is None:
        raise Problem(404, "the assay has no such field", "field")
    return row, field


def _span(row: Assay, asked: SeriesRequest) -> Span:
    """What has been read of start <= window_end < end."""
    try:
        after = wire.utc(asked.start) - TICK if asked.start else None
        until = wire.utc(asked.end) - TICK if asked.end else None
    except OverflowError as error:
        raise Problem(422, "the time is out of range", "start") from error
    if row.read_from is None or row.read_to is None:
        return Span(row.first_run, row.first_run)
    return Span(max(after or row.read_from, row.read_from), min(until or row.read_to, row.read_to))


def _written(request: HttpRequest, row: Assay, field: Field, parts: Iterator[Windows]) -> HttpResponseBase:
    media = request.get_preferred_type([JSON, tables.CSV, tables.PARQUET, tables.ARROW])
    if media is None:
        raise Problem(406, "JSON, CSV, Parquet and Arrow are spoken here", "Accept")
    if media == JSON:
        return StreamingHttpResponse(_json(row, field, parts), content_type=JSON)
    if media == tables.ARROW:
        return HttpResponse(tables.as_arrow(parts), content_type=media)
    return FileResponse(tables.as_file(parts, media), content_type=media)


def _json(row: Assay, field: Field, parts: Iterable[Windows]) -> Iterator[bytes]:
    head = Series(row.pk, field.key, row.metric, row.covered_from, row.covered_to, [])
    yield wire.encode(head).removesuffix(b"]}")
    comma = b""
    for part in parts:
        if told := msgspec.json.encode(list(tables.rows(part)))[1:-1]:
            yield comma + told
            comma = b","
    yield b"]}"
