"""What the assay page shows, to take away: windows and one window's bins in four forms, messages, programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

import msgspec
import orjson
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from assays import series, wire
from assays.schedule import moment
from assays.states import State
from dashboard import frames, guard, snippets, window
from dashboard.access import Act
from dashboard.api import tables
from dashboard.context import upstream
from dashboard.reads import assay as reads
from dashboard.reads import windows
from dashboard.spreadsheets import harmless, line
from dashboard.views.assay import Look, look_at, selected_end

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


@require_GET
@guard.may(Act.READ)
def as_parquet(request: HttpRequest, pk: UUID) -> FileResponse:
    """Every window of the range, oldest first, with times, texts and nulls."""
    look = look_at(request, pk)
    file = tables.as_file(_parts(look), tables.PARQUET)
    return FileResponse(file, as_attachment=True, filename=_name(look, "parquet"), content_type=tables.PARQUET)


@require_GET
@guard.may(Act.READ)
def as_rows(request: HttpRequest, pk: UUID) -> StreamingHttpResponse:
    """The same as JSON, a window a line."""
    look = look_at(request, pk)
    rows = (msgspec.json.encode(row) for part in _parts(look) for row in tables.rows(part))
    return _download(_json(rows), "application/json", look, "json")


def _parts(look: Look) -> Iterator[series.Windows]:
    return windows.read(look.assay, look.watched.field.pk, look.span, look.pauses)


@require_GET
@guard.may(Act.READ)
def of_window(request: HttpRequest, pk: UUID, form: str) -> HttpResponse:
    """The selected window's bins beside the baseline's, and what each adds."""
    if form not in FORMS:
        raise Http404("A window is given as csv, parquet or json.")
    look = look_at(request, pk)
    compared = _compared(request, look)
    body, kind = FORMS[form](compared), KINDS[form]
    response = HttpResponse(body, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{_name(look, form)}"'
    return response


def _compared(request: HttpRequest, look: Look) -> frames.Frame:
    end = selected_end(request, look)
    row = reads.results(look.assay, [end]).get(end) if end else None
    if end is None or row is None or row.problem:
        raise Http404("There are no bins of such a window.")
    judged = window.judge(
        wire.read_result(row.message), look.watched.fields, look.watched.field.key, look.watched.message
    )
    if judged.comparison is None:
        raise Http404("There are no bins of such a window.")
    bins = judged.comparison.bins
    return {
        "window_end": [wire.rfc3339(end)] * len(bins),
        "bin": [one.label for one in bins],
        "baseline": [one.before for one in bins],
        "window": [one.after for one in bins],
        "adds": [one.adds for one in bins],
    }


def _as_json(frame: frames.Frame) -> bytes:
    return orjson.dumps([dict(zip(frame, row, strict=True)) for row in zip(*frame.values(), strict=True)])


FORMS = {"csv": frames.as_csv, "parquet": frames.as_parquet, "json": _as_json}
KINDS = {"csv": "text/csv; charset=utf-8", "parquet": tables.PARQUET, "json": "application/json"}


@require_GET
@guard.may(Act.READ)
def snippet(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Programs that read what the page shows."""
    look = look_at(request, pk)
    shown = snippets.Shown(str(look.assay.pk), look.watched.field.key, look.span.after, look.span.until)
    part = bool(request.headers.get("HX-Request"))
    context = {
        "assay": look.assay,
        "programs": [
            ("requests", "With requests", snippets.by_requests(shown)),
            ("client", "With the vendor's client", snippets.by_client(shown)),
        ],
        "upstream": None if part else upstream(),
    }
    return render(request, "_snippet.html" if part else "snippet.html", context)


def _name(look: Look, ending: str) -> str:
    return f"{slugify(look.assay.name)[:60] or 'assay'}.{ending}"


def _download(pieces: Iterable[str | bytes], kind: str, look: Look, ending: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(pieces, content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{_name(look, ending)}"'
    return response


def _csv(look: Look) -> Iterator[str]:
    yield line([*COLUMNS, "field", "metric"])
    tail = [harmless(look.watched.field.key), harmless(look.assay.metric)]
    for found in _parts(look):
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
