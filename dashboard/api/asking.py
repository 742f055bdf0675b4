"""Calls handed on to upstream: one at a time about one thing, shared by who waits; refusals in upstream's own words.

The one place outside `assays.upstream` that deals in HTTP statuses of the Assays API, because it repeats them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain

import msgspec
from django.core.cache import cache
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from redis.exceptions import RedisError

from assays import instance
from assays.errors import APIError, Rejected, Unavailable
from assays.upstream import Parts, Relayed
from typedapi.operation import JSON, Problem

MOST_SHARED = 2 * 1024 * 1024
"""Bytes of an answer that is put aside for those who wait for the same."""

SHARED_FOR = 15
LONGEST_TURN = 60
LONGEST_REFUSAL = 64 * 1024

Check = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Question:
    """A reading call. `about` is what only one call at a time may ask about; `check` takes a whole answer and gives
    what of it the caller may see.
    """

    path: str
    body: bytes
    about: str
    check: Check | None = None

    @property
    def shelf(self) -> str:
        return f"api-heard:{_digest(self.path.encode() + self.body)}"

    @property
    def turn(self) -> str:
        return f"api-asking:{_digest(self.about.encode())}"


class _Heard(msgspec.Struct):
    """A small answer put aside; `at` is when it had come (seconds since 1970)."""

    at: float
    body: bytes


def ask(question: Question) -> HttpResponseBase:
    """Upstream's answer, be it a refusal. Raises APIError when there is none, Problem when it is no use."""
    asked_at = time.time()
    ours = _wait(question, asked_at)
    heard = _heard(question, asked_at)
    try:
        response = _whole(question, heard.body) if heard else _asked(question)
    finally:
        if ours:
            _end(question)
    return response


def _asked(question: Question) -> HttpResponseBase:
    relayed = instance.client().relay(question.path, question.body)
    if refusal := _refusal(relayed):
        return refusal
    beginning, rest = _beginning(relayed.parts)
    if rest is None:
        _put_aside(question, beginning)
        return _whole(question, beginning)
    if question.check:
        return _whole(question, b"".join([beginning, *rest]))
    return StreamingHttpResponse(_Continued(beginning, rest), content_type=JSON)


def pass_on(path: str, body: bytes, patience: float) -> HttpResponseBase:
    """A call that is no reading: sent once, its answer streamed. Raises APIError and Problem."""
    relayed = instance.client().relay(path, body, patience=patience)
    return _refusal(relayed) or StreamingHttpResponse(relayed.parts, content_type=JSON)


def problem_of(error: APIError) -> Problem:
    """What a call that failed is to its caller: 504 when the time ran out, else 502."""
    timed_out = isinstance(error, Unavailable) and error.timed_out
    if isinstance(error, Rejected) and 400 <= error.status < 500 and error.status not in (401, 403):
        return Problem(error.status, error.text[:300])
    return Problem(504 if timed_out else 502, f"the assays API: {error.text}"[:300])


def _refusal(relayed: Relayed) -> HttpResponse | None:
    """Upstream's refusal in its own words, or None. One of this server's own account is not the caller's to hear."""
    if relayed.status == 200 and relayed.media == JSON:
        return None
    status, body = relayed.status, _cut(relayed.parts)
    if status in (401, 403):
        raise Problem(502, "the assays API refuses the account that this server asks with")
    if not 400 <= status < 500 or status == 429:
        raise Problem(502, f"the assays API answered with status {status}: {_said(body)}"[:300])
    if relayed.media != JSON:
        raise Problem(status, f"the assays API says: {_said(body)}"[:300])
    return HttpResponse(body, status=status, content_type=JSON)


def _cut(parts: Parts) -> bytes:
    taken = b""
    for part in parts:
        taken += part
        if len(taken) > LONGEST_REFUSAL:
            break
    parts.close()
    return taken[:LONGEST_REFUSAL]


def _said(body: bytes) -> str:
    return re.sub(r"\s+", " ", body[:2000].decode("utf-8", "replace")).strip()[:300]


class _Continued:
    """What has been read of an answer, then the rest of it; closed like the rest."""

    def __init__(self, beginning: bytes, rest: Parts) -> None:
        self._parts = chain([beginning], rest)
        self.close = rest.close

    def __iter__(self) -> Iterator[bytes]:
        return self._parts


def _beginning(parts: Parts) -> tuple[bytes, Parts | None]:
    """As much as may be shared, and the rest; None when that was all."""
    taken: list[bytes] = []
    size = 0
    for part in parts:
        taken.append(part)
        size += len(part)
        if size > MOST_SHARED:
            return b"".join(taken), parts
    return b"".join(taken), None


def _whole(question: Question, body: bytes) -> HttpResponse:
    return HttpResponse(question.check(body) if question.check else body, content_type=JSON)


def _wait(question: Question, asked_at: float) -> bool:
    """Until it is our turn (True), or another has brought the answer; no longer than a turn lasts."""
    deadline = time.monotonic() + LONGEST_TURN
    while not (ours := _begin(question)) and not _heard(question, asked_at) and time.monotonic() < deadline:
        time.sleep(0.02)
    return ours


def _begin(question: Question) -> bool:
    """A Redis that is down lets everybody ask."""
    try:
        return bool(cache.add(question.turn, 1, LONGEST_TURN))
    except (OSError, RedisError):
        return True


def _end(question: Question) -> None:
    try:
        cache.delete(question.turn)
    except (OSError, RedisError):
        return


def _heard(question: Question, since: float) -> _Heard | None:
    try:
        packed = cache.get(question.shelf)
    except (OSError, RedisError):
        return None
    heard = msgspec.msgpack.decode(packed, type=_Heard) if packed else None
    return heard if heard and heard.at >= since else None


def _put_aside(question: Question, body: bytes) -> None:
    try:
        cache.set(question.shelf, msgspec.msgpack.encode(_Heard(time.time(), body)), SHARED_FOR)
    except (OSError, RedisError):
        return


def _digest(text: bytes) -> str:
    return blake2b(text, digest_size=16).hexdigest()
