"""What the assay page shows, to take away: windows as CSV, and upstream's own messages as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from django.http import HttpRequest, StreamingHttpResponse
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from assays import series, wire
from assays.schedule import moment
from assays.states import State
from dashboard import guard
from dashboard.access import Act
from dashboard.reads import assay as reads
from dashboard.reads import windows
from dashboard.spreadsheets import harmless, line
from dashboard.views.assay import Look, look_at

COLUMNS = ("window_start", "window_end", "state", "score", "warning", "alert", "rows")


@require_GET
@guard.may(Act.READ)
def as_csv(request: HttpRequest, pk: UUID) -> StreamingHttpResponse:
    """Every window of the range, oldest first, times in UTC; those without data among them."""
    look = look_at(request, pk)
    return _download(_csv(look), "text/csv; charset=utf-8", look, "csv")


@require_GET
@guard.may(Act.READ)
def as_json(request: HttpRequest, pk: UUID) -> StreamingHttpResponse:
    """The results of the range as upstream sent them, unknown keys and all, newest first."""
    look = look_at(request, pk)
    return _download(_json(reads.raw_results(look.assay, look.span)), "application/json", look, "json")


def _download(pieces: Iterable[str | bytes], kind: str, look: Look, ending: str) -> StreamingHttpResponse:
    name = slugify(look.assay.name)[:60] or "assay"
    response = StreamingHttpResponse(pieces, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{ending}"'
    return response


def _csv(look: Look) -> Iterator[str]:
    yield line([*COLUMNS, "field", "metric"])
    tail = [harmless(look.watched.field.key), harmless(look.assay.metric)]
    for found in windows.read(look.assay, look.watched.field.pk, look.span, look.pauses):
        yield "".join(line([*row, *tail]) for row in _rows(found))


def _rows(found: series.Windows) -> Iterator[list[str]]:
    columns = (found.start, found.end, found.state, found.score, found.warning, found.alert, found.rows)
    for start, end, state, *numbers, rows in zip(*(column.tolist() for column in columns), strict=True):
        began = wire.rfc3339(moment(start)) if start else ""
        told = ["" if number != number else repr(number) for number in numbers]
        yield [began, wire.rfc3339(moment(end)), State(state).label, *told, str(rows) if rows >= 0 else ""]


def _json(messages: Iterable[bytes]) -> Iterator[bytes]:
    yield b"["
    for k, message in enumerate(messages):
        yield (b",\n" if k else b"\n") + bytes(message)
    yield b"\n]\n"
