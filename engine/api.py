"""A JSON API of typed messages: bodies decoded to msgspec Structs, answers encoded, problems told by field.

It knows Django's requests and msgspec's types, and nothing of what is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.http.request import UnreadablePostError

from assays.wire import encode

JSON = "application/json"

Q = TypeVar("Q", bound=msgspec.Struct)
Guard = Callable[[HttpRequest], None]


class Nothing(msgspec.Struct, frozen=True):
    """A request without fields."""


class Error(msgspec.Struct, frozen=True):
    """Any answer but 200."""

    error: str
    field: str | None = None


class Problem(Exception):
    """The request cannot be answered: a status, a short text, and the field that is wrong."""

    def __init__(self, status: int, text: str, field: str | None = None) -> None:
        super().__init__(text)
        self.status, self.text, self.field = status, text, field


@dataclass(frozen=True)
class Operation(Generic[Q]):
    """A view for POST. `handle` answers with a message, with JSON as bytes, or with its parts, to be streamed.

    Its docstring is the operation's summary; `answers` is the answer's type, for the documentation.
    """

    handle: Callable[[Q], Any]
    asks: type[Q]
    answers: Any
    guard: Guard

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            if request.method != "POST":
                raise Problem(405, "only POST is answered here")
            self.guard(request)
            return respond(self.handle(decode(_body(request), self.asks)))
        except Problem as problem:
            return refuse(problem)


def operation(*, asks: type[Q], answers: Any, guard: Guard) -> Callable[[Callable[[Q], Any]], Operation[Q]]:
    return lambda handle: Operation(handle, asks, answers, guard)


def decode(body: bytes, asks: type[Q]) -> Q:
    """The request's message; no body is an empty object, unknown fields are ignored. Raises Problem."""
    try:
        return msgspec.json.decode(body or b"{}", type=asks)
    except msgspec.ValidationError as error:
        text, _, place = str(error).partition(" - at `$")
        raise Problem(422, text[:200], place.strip("`.")[:200] or _missing(text)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, f"the body is not JSON: {error}"[:200], "body") from error


def respond(answer: Any) -> HttpResponseBase:
    if isinstance(answer, bytes):
        return HttpResponse(answer, content_type=JSON)
    if isinstance(answer, Iterator):
        return StreamingHttpResponse(answer, content_type=JSON)
    return HttpResponse(encode(answer), content_type=JSON)


def refuse(problem: Problem) -> HttpResponse:
    body = msgspec.json.encode(Error(problem.text, problem.field))
    response = HttpResponse(body, content_type=JSON, status=problem.status)
    if problem.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if problem.status == 405:
        response["Allow"] = "POST"
    return response


def _body(request: HttpRequest) -> bytes:
    try:
        return request.body
    except RequestDataTooBig as error:
        raise Problem(413, "the body is too large", "body") from error
    except UnreadablePostError as error:
        raise Problem(400, "the body broke off", "body") from error


def _missing(text: str) -> str:
    """msgspec's "Object missing required field `id`" names the field in the text alone."""
    return text.split("`")[1] if text.startswith("Object missing") else "body"
