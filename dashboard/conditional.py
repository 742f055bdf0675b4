"""A refresh that finds nothing new is answered with nothing: 204, which htmx leaves alone."""

from __future__ import annotations

from hashlib import blake2b

from django.http import HttpRequest, HttpResponse

SEEN = "X-Seen"
"""The page sends back the version it shows."""


def unless_seen(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    version = blake2b(response.content, digest_size=12).hexdigest()
    if request.headers.get(SEEN) == version:
        response = HttpResponse(status=204)
    response.headers["X-Version"] = version
    response.headers["Cache-Control"] = "no-store"
    return response
