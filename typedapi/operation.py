"""A JSON API of typed messages: bodies decoded to msgspec Structs, answers encoded, problems told by field.

It knows Django's requests and msgspec's types, and nothing of what is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ClassVar, Generic, Literal, TypeVar

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.http.request import UnreadablePostError

from assays.wire import encode

JSON = "application/json"

Q = TypeVar("Q", bound=msgspec.Struct)
T = TypeVar("T")
Guard = Callable[[HttpRequest], None]
Method = Literal["GET", "POST"]


class Nothing(msgspec.Struct, frozen=True):
    """A request without fields."""


class Error(msgspec.Struct, frozen=True):
    """Any answer but 200."""

    error: str
    field: str | None = None


class Problem(Exception):
    """The request cannot be answered: a status, a short text, and the field that is wrong."""

    def __init__(
        self, status: int, text: str, field: str | None = None, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(text)
        self.status, self.text, self.field, self.headers = status, text, field, dict(headers or {})


@dataclass(frozen=True, eq=False)  # hashed by what it is: a URL map keeps views as keys
class Operation(Generic[Q]):
    """A view of one method. `handle` answers with a message, with JSON as bytes, with its parts to be streamed, or
    with a response of its own.

    Its docstring is the operation's summary. For the documentation: `answers` is the answer's type, `media` what else
    the answer may be written in, `beside` the statuses it may have besides 200 and the refusals.
    """

    handle: Callable[[Q, HttpRequest], Any]
    asks: type[Q]
    answers: Any
    guard: Guard
    method: Method = "POST"
    media: tuple[str, ...] = ()
    beside: Mapping[str, str] = field(default_factory=dict)

    # the guard says who may ask, and whether a form of another site could
    csrf_exempt: ClassVar[bool] = True
    login_required: ClassVar[bool] = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            response = self._answer(request)
        except Problem as problem:
            response = refuse(problem)
        response.headers.setdefault("Cache-Control", "private, no-cache")  # it is the caller's, and of this moment
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if request.method != self.method:
            raise Problem(405, f"only {self.method} is answered here", headers={"Allow": self.method})
        self.guard(request)
        return respond(self.handle(self._asked(request), request))

    def _asked(self, request: HttpRequest) -> Q:
        return decode(body_of(request), self.asks) if self.method == "POST" else parameters(request, self.asks)


def operation(
    *, asks: type[Q], answers: Any, guard: Guard, **told: Any
) -> Callable[[Callable[[Q], Any]], Operation[Q]]:
    """Makes an operation of a function of the message alone."""

    def made(handle: Callable[[Q], Any]) -> Operation[Q]:
        @wraps(handle)
        def handled(asked: Q, _: HttpRequest) -> Any:
            return handle(asked)

        return Operation(handled, asks, answers, guard, **told)

    return made


def exchange(
    *, asks: type[Q], answers: Any, guard: Guard, **told: Any
) -> Callable[[Callable[[Q, HttpRequest], Any]], Operation[Q]]:
    """Makes an operation of a function that needs more of the request: who asks, and by which headers."""
    return lambda handle: Operation(handle, asks, answers, guard, **told)


def decode(body: bytes, asks: type[T]) -> T:
    """The request's message; no body is an empty object, unknown fields are ignored. Raises Problem."""
    try:
        return msgspec.json.decode(body or b"{}", type=asks)
    except msgspec.ValidationError as error:
        raise _invalid(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, f"the body is not JSON: {error}"[:200], "body") from error


def parameters(request: HttpRequest, asks: type[Q]) -> Q:
    """The message that a query string spells out; unknown parameters are ignored. Raises Problem."""
    try:
        return msgspec.convert(request.GET.dict(), asks, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(error) from error


def respond(answer: Any) -> HttpResponseBase:
    if isinstance(answer, HttpResponseBase):
        return answer
    if isinstance(answer, bytes):
        return HttpResponse(answer, content_type=JSON)
    if isinstance(answer, Iterator):
        return StreamingHttpResponse(answer, content_type=JSON)
    return HttpResponse(encode(answer), content_type=JSON)


def refuse(problem: Problem) -> HttpResponse:
    body = msgspec.json.encode(Error(problem.text, problem.field))
    response = HttpResponse(body, content_type=JSON, status=problem.status, headers=problem.headers)
    if problem.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def body_of(request: HttpRequest) -> bytes:
    """The whole body. Raises Problem."""
    try:
        return request.body
    except RequestDataTooBig as error:
        raise Problem(413, "the body is too large", "body") from error
    except UnreadablePostError as error:
        raise Problem(400, "the body broke off", "body") from error


def _invalid(error: msgspec.ValidationError) -> Problem:
    text, _, place = str(error).partition(" - at `$")
    return Problem(422, text[:200], place.strip("`.")[:200] or _missing(text))


def _missing(text: str) -> str:
    """msgspec's "Object missing required field `id`" names the field in the text alone."""
    return text.split("`")[1] if text.startswith("Object missing") else "body"
