"""A refresh that finds nothing new is answered with nothing: 204, and the moment the page is as of in a header."""

from __future__ import annotations

import re
from hashlib import blake2b
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse

SEEN = "X-Seen"
"""The page sends back the version it shows."""

_AS_OF = re.compile(rb"<span data-asof>(.*?)</span>")
_FORM_KEY = re.compile(rb'name="csrfmiddlewaretoken" value="\w+"')
"""Masked anew in every answer."""


def unless_seen(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """The version leaves out the moment: that upstream has answered again is no news by itself."""
    told = _AS_OF.search(response.content)
    lasting = _FORM_KEY.sub(b"", _AS_OF.sub(b"", response.content))
    version = blake2b(lasting, digest_size=12).hexdigest()
    if request.headers.get(SEEN) == version:
        response = HttpResponse(status=204)
    response.headers["X-Version"] = version
    response.headers["X-As-Of"] = quote(told[1]) if told else ""
    response.headers["Cache-Control"] = "no-store"
    return response
