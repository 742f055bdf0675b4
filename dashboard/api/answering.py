"""Cache or upstream: which of them answers, and the headers that say so, how old it is and whether it has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags

from assays.errors import APIError
from assays.models import Upstream
from dashboard.api.asking import problem_of
from dashboard.pieces import Piece, gzipped, plain
from dashboard.reads.messages import Kept
from typedapi.operation import JSON, Problem

SOURCE = "X-Driftline-Source"
ANSWERS = {
    "304": "Unchanged: the answer named by If-None-Match still holds",
    "502": "Upstream does not answer, or not as it should, and the cache does not hold this",
    "504": "Upstream has not answered in time, and the cache does not hold this",
}
"""Besides 200 and the refusals; for the documentation of what reads."""

Ask = Callable[[], HttpResponseBase]


def answer(request: HttpRequest, upstream: Upstream, kept: Kept | None, ask: Ask) -> HttpResponseBase:
    """The cache's answer while whole and current, else upstream's; when that fails the cache's, with a warning."""
    if kept and kept.current and not _insists(request):
        return _kept(request, kept, outage(upstream))
    if upstream.reachable is False:
        if kept:
            return _kept(request, kept, outage(upstream))
        raise Problem(502, f"the assays API does not answer: {upstream.last_error}"[:300])
    try:
        return labelled(ask())
    except APIError as error:
        if kept:
            return _kept(request, kept, f'111 driftline "Revalidation Failed: {_quotable(error.text)}"')
        raise problem_of(error) from error


def labelled(response: HttpResponseBase) -> HttpResponseBase:
    """As upstream's own, of this moment."""
    response.headers.setdefault("Age", "0")
    response.headers[SOURCE] = "upstream"
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _insists(request: HttpRequest) -> bool:
    return "no-cache" in request.headers.get("Cache-Control", "").lower()


def outage(upstream: Upstream) -> str:
    if upstream.reachable is not False:
        return ""
    since = f" since {upstream.since:%Y-%m-%dT%H:%M:%SZ}" if upstream.since else ""
    return f'110 driftline "Response is Stale: the assays API has not answered{since}"'


def _quotable(text: str) -> str:
    plain = "".join(letter if " " <= letter <= "~" else "?" for letter in text[:200])
    return plain.replace("\\", "/").replace('"', "'")


def from_cache(response: HttpResponseBase, as_of: datetime, warning: str) -> HttpResponseBase:
    response.headers["Age"] = str(_age(as_of))
    response.headers[SOURCE] = "cache"
    response.headers["Cache-Control"] = "private, no-cache"
    if warning:
        response.headers["Warning"] = warning
    return response


def _kept(request: HttpRequest, kept: Kept, warning: str) -> HttpResponseBase:
    etag = f'W/"{kept.version}"'
    response = HttpResponse(status=304) if _has(request, etag) else _written(request, kept.parts())
    response.headers["ETag"] = etag
    return from_cache(response, kept.as_of, warning)


def _age(as_of: datetime) -> int:
    return max(0, int((timezone.now() - as_of).total_seconds()))


def _has(request: HttpRequest, etag: str) -> bool:
    """RFC 9110's weak comparison, for a reading POST as for a GET."""
    known = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in known or etag.removeprefix("W/") in {each.removeprefix("W/") for each in known}


def _written(request: HttpRequest, parts: Iterator[Piece]) -> HttpResponseBase:
    """Streamed, and compressed here: Django's middleware would take six times as long for a tenth less."""
    if "gzip" not in request.headers.get("Accept-Encoding", ""):
        return _streamed(plain(parts))
    response = _streamed(gzipped(parts))
    response.headers["Content-Encoding"] = "gzip"
    return response


def _streamed(parts: Iterator[bytes]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(parts, content_type=JSON)
    patch_vary_headers(response, ("Accept-Encoding",))
    return response
