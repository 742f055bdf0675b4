"""The Assays API over HTTP: what alone knows its URLs, headers and JSON. Typed messages out, three kinds of error.

Retries live in two places. Seconds: the adapter here, on the reading paths alone, for lost connections and 502 to 504.
Minutes: the poll's own back-off for `Unavailable`. A change (`set_active`) is sent once.
"""

from __future__ import annotations

import json
import math
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any, Generic, Protocol, Self, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util.retry import Retry

from assays import wire
from assays.credentials import Credentials
from assays.errors import Malformed, Rejected, TooLarge, Unavailable
from assays.wire import Received

FEATURES = "/v1/api/features/list"
LIST = "/v2/api/assays/get"
GET = "/v2/api/assays/get/:id"
RESULTS = "/v2/api/assays/get_results"
NEXT_RUN = "/v2/api/assays/get_next_run"
SET_ACTIVE = "/v2/api/assays/set_active"
SCHEDULE = "/v2/api/assays/schedule"
PREVIEW = "/v2/api/assays/preview"
PREVIEW_BINNING = "/v2/api/assays/preview_baseline_binning"
SCORE = "/v2/api/assays/score"
READING = (FEATURES, LIST, RESULTS, NEXT_RUN)

LONGEST_WAIT = timedelta(minutes=15)
"""A `Retry-After` of hours is cut to this."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BadItem:
    """One item of a list that cannot be read; the window it speaks of, when at least that can be."""

    problem: str
    raw: bytes
    window_start: datetime | None = None
    window_end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Listing(Generic[T]):
    """A list as answered: what could be read, what could not, and its size in bytes."""

    good: list[Received[T]] = field(default_factory=list)
    bad: list[BadItem] = field(default_factory=list)
    size: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """How long one call took, and whether it timed out."""

    endpoint: str
    at: datetime
    seconds: float
    timed_out: bool


class Parts(Protocol):
    """Bytes as they come, which somebody must read to the end or close."""

    def __iter__(self) -> Iterator[bytes]: ...

    def __next__(self) -> bytes: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Relayed:
    """An answer as it comes. `parts` are read to the end or closed; until then it holds a connection."""

    status: int
    media: str
    parts: Parts


Listener = Callable[[Answered], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds to connect and to read, the longest one call may take in all, and bytes of an answer."""

    connect: float = 5.0
    read: float = 10.0
    whole: float = 60.0
    size: int = 64 * 1024 * 1024


class Client:
    """One method an endpoint. Safe to share among threads.

    Every method raises Unavailable (try again later), Rejected (our fault) or Malformed (theirs).
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        *,
        limits: Limits = Limits(),
        connections: int = 10,
        session: requests.Session | None = None,
        listener: Listener | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._credentials = credentials
        self._limits = limits
        self._session = session or open_session(self._url, connections)
        self._listener = listener

    def features(self) -> Received[wire.Features]:
        return self._one(FEATURES, {}, _FEATURES)

    def assays(self, activity: wire.Activity = "All") -> Listing[wire.Assay]:
        """Every assay the account may see."""
        body = self._call(LIST, wire.ListRequest(active=activity))
        return _listing(LIST, body, _ASSAY.decode)

    def assay(self, assay_id: str) -> Received[wire.Assay]:
        heard = self._one(GET, wire.GetRequest(id=assay_id), _ASSAY)
        if heard.message.id.lower() != assay_id.lower():
            raise Malformed(GET, "id", "another assay was asked for")
        return heard

    def results(self, assay_id: str, after: datetime, until: datetime) -> Listing[wire.Result]:
        """The results with after < window_end <= until, as upstream orders them."""
        body = self._call(RESULTS, wire.ResultsRequest(id=assay_id, start=after + _TICK, end=until + _TICK))
        return _listing(RESULTS, body, wire.read_result)

    def next_run(self, assay_id: str) -> Received[wire.NextRun]:
        return self._one(NEXT_RUN, wire.NextRunRequest(assay_id=assay_id), _NEXT_RUN)

    def set_active(self, assay_id: str, active: bool) -> None:
        """Sent once: after an Unavailable the outcome is unknown and only a re-read can tell."""
        self._call(SET_ACTIVE, wire.SetActiveRequest(assay_id=assay_id, active=active))

    def relay(self, path: str, body: bytes, *, patience: float | None = None) -> Relayed:
        """Sends JSON as it is and hands on whatever is answered, however large, refusals included.

        `patience` is the longest silence in seconds, the client's own when None. Raises Unavailable; so do the parts.
        """
        limits = replace(self._limits, read=patience or self._limits.read)
        token = self._credentials.token()
        response = self._opened(path, body, token, limits)
        if response.status_code == 401 and (renewed := self._credentials.renew(token)) != token:
            response.close()
            response = self._opened(path, body, renewed, limits)
        media = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return Relayed(response.status_code, media, _Parts(response, partial(self._unavailable, path, limits=limits)))

    def _opened(self, path: str, body: bytes, token: str, limits: Limits) -> requests.Response:
        began = time.monotonic()
        try:
            response = self._post(path, body, token, limits)
        except (requests.RequestException, HTTPError) as error:
            self._tell(path, began, _is_timeout(error))
            raise self._unavailable(path, error, limits) from None
        self._tell(path, began, timed_out=False)
        return response

    def _unavailable(self, path: str, error: Exception, limits: Limits) -> Unavailable:
        return Unavailable(path, _sentence(error, self._url, limits), timed_out=_is_timeout(error))

    def _one(self, path: str, message: Any, decoder: msgspec.json.Decoder[T]) -> Received[T]:
        body = self._call(path, message)
        try:
            return Received(decoder.decode(body), body)
        except _UNREADABLE as error:
            raise _malformed(path, error) from error

    def _call(self, path: str, message: Any) -> bytes:
        token = self._credentials.token()
        status, headers, body = self._send(path, message, token)
        if status == 401 and (renewed := self._credentials.renew(token)) != token:
            status, headers, body = self._send(path, message, renewed)
        if status != 200 or _is_page(headers):
            raise _refusal(path, status, headers, body)
        return body

    def _send(self, path: str, message: Any, token: str) -> tuple[int, Mapping[str, str], bytes]:
        began = time.monotonic()
        try:
            with self._post(path, wire.encode(message), token, self._limits) as response:
                answer = response.status_code, response.headers, self._body(path, response, began)
        except (requests.RequestException, HTTPError) as error:
            self._tell(path, began, _is_timeout(error))
            raise self._unavailable(path, error, self._limits) from None
        self._tell(path, began, timed_out=False)
        return answer

    def _post(self, path: str, body: bytes, token: str, limits: Limits) -> requests.Response:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return self._session.post(
            self._url + path,
            data=body,
            headers=headers,
            timeout=(limits.connect, limits.read),
            allow_redirects=False,
            stream=True,
        )

    def _body(self, path: str, response: requests.Response, began: float) -> bytes:
        """The body within the limits: one that is too large or drips for too long is given up."""
        parts, size = [], 0
        while part := response.raw.read1(65_536, decode_content=True):
            size += len(part)
            if size > self._limits.size:
                raise TooLarge(path, f"the answer is larger than {self._limits.size:,} bytes")
            if time.monotonic() - began > self._limits.whole:
                raise Unavailable(path, f"no whole answer within {self._limits.whole:g} s", timed_out=True)
            parts.append(part)
        return b"".join(parts)

    def _tell(self, path: str, began: float, timed_out: bool) -> None:
        if self._listener:
            self._listener(Answered(path, datetime.now(UTC), time.monotonic() - began, timed_out))


class _Parts:
    """A response's body. Unlike a generator's, its `close` gives the connection back also before the first part."""

    def __init__(self, response: requests.Response, unavailable: Callable[[Exception], Unavailable]) -> None:
        self._response, self._unavailable = response, unavailable

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            part: bytes = self._response.raw.read1(65_536, decode_content=True)
        except (requests.RequestException, HTTPError) as error:
            self.close()
            raise self._unavailable(error) from None
        if not part:
            self.close()
            raise StopIteration
        return part

    def close(self) -> None:
        self._response.close()


def open_session(url: str, connections: int) -> requests.Session:
    """A session that keeps the environment's proxies and certificate bundle, read once.

    requests would read them, and a .netrc that could replace our token, at every call.
    """
    session = requests.Session()
    session.proxies = get_environ_proxies(url)
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    session.trust_env = False
    session.mount("http://", HTTPAdapter(pool_maxsize=connections))
    session.mount("https://", HTTPAdapter(pool_maxsize=connections))
    reading = HTTPAdapter(pool_maxsize=connections, max_retries=_LostConnections.of_reading())
    for path in READING:
        session.mount(url + path, reading)
    return session


class _LostConnections(Retry):
    """Retries what failed at once; a time-out has already cost its seconds and is left to the poll."""

    @classmethod
    def of_reading(cls) -> Self:
        return cls(
            total=2,
            redirect=False,
            status_forcelist=(502, 503, 504),
            allowed_methods={"POST"},
            backoff_factor=0.3,
            respect_retry_after_header=False,
            raise_on_status=False,
        )

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: Any = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Self:
        if isinstance(error, ReadTimeoutError):
            raise error
        return super().increment(method, url, response, error, _pool, _stacktrace)


_TICK = timedelta(microseconds=1)
_FEATURES = msgspec.json.Decoder(wire.Features)
_UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What decoding raises: also for half a surrogate pair, and for thousands of nested brackets."""

_ASSAY = msgspec.json.Decoder(wire.Assay)
_NEXT_RUN = msgspec.json.Decoder(wire.NextRun)
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])


class _Bounds(msgspec.Struct):
    """What is left to know of a result that cannot be read."""

    window_start: wire.Time
    window_end: wire.Time


_BOUNDS = msgspec.json.Decoder(_Bounds)


def _listing(path: str, body: bytes, decode: Callable[[bytes], T]) -> Listing[T]:
    """Item by item, so that one that cannot be read holds up no other."""
    listing: Listing[T] = Listing(size=len(body))
    for raw in _items(path, body):
        try:
            listing.good.append(Received(decode(raw), raw))
        except _UNREADABLE as error:
            listing.bad.append(_bad(raw, error))
    return listing


def _items(path: str, body: bytes) -> list[bytes]:
    try:
        return [bytes(item) for item in _ITEMS.decode(body)]
    except _UNREADABLE as error:
        items = _loose_items(body)
        if items is None:
            raise _malformed(path, error) from error
        return items


def _loose_items(body: bytes) -> list[bytes] | None:
    """The items of a list that holds bare NaN or Infinity, which JSON forbids: they become null."""
    try:
        items = json.loads(body)
        return [json.dumps(_finite(item)).encode() for item in items] if isinstance(items, list) else None
    except (ValueError, RecursionError):
        return None


def _finite(node: Any) -> Any:
    if isinstance(node, float):
        return node if math.isfinite(node) else None
    if isinstance(node, dict):
        return {key: _finite(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_finite(value) for value in node]
    return node


def _bad(raw: bytes, error: Exception) -> BadItem:
    problem = ": ".join(_where(error))
    try:
        bounds = _BOUNDS.decode(raw)
    except _UNREADABLE:
        return BadItem(problem, raw)
    return BadItem(problem, raw, bounds.window_start, bounds.window_end)


def _malformed(path: str, error: Exception) -> Malformed:
    field, reason = _where(error)
    return Malformed(path, field, reason)


def _where(error: Exception) -> tuple[str, str]:
    """msgspec's "Expected `int`, got `str` - at `$.id`" as field and reason."""
    reason, _, at = str(error).partition(" - at ")
    field = at.strip("`").removeprefix("$").lstrip(".")
    return field or "body", reason


def _refusal(path: str, status: int, headers: Mapping[str, str], body: bytes) -> Exception:
    said = _said(body)
    if status == 429 or status >= 500:
        return Unavailable(path, f"status {status}{said}", retry_after=_retry_after(headers))
    if 300 <= status < 400:
        host = urlsplit(headers.get("Location", "")).netloc or "another path"
        return Rejected(path, f"it redirects to {host}, which is not followed: is WALLAROO_URL right?", status)
    if _is_page(headers):
        return Rejected(path, f"status {status} and a web page: is WALLAROO_URL the Assays API?", status)
    return Rejected(path, f"status {status}{said}", status)


def _is_page(headers: Mapping[str, str]) -> bool:
    return "html" in headers.get("Content-Type", "").lower()


def _said(body: bytes) -> str:
    text = re.sub(r"\s+", " ", body[:2000].decode("utf-8", "replace")).strip()
    return f": {text[:300]}" if text else ""


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    text = headers.get("Retry-After", "")
    if text.isdecimal():
        wait = timedelta(seconds=int(text)) if len(text) < 9 else LONGEST_WAIT
    else:
        try:
            wait = parsedate_to_datetime(text) - datetime.now(UTC)
        except (ValueError, TypeError, OverflowError):
            return None
    return max(timedelta(0), min(wait, LONGEST_WAIT))


def _is_timeout(error: Exception) -> bool:
    return isinstance(error, requests.Timeout | ReadTimeoutError) or "timed out" in str(error).lower()


def _sentence(error: Exception, url: str, limits: Limits) -> str:
    """What went wrong, without the address's user part and without urllib3's nested texts."""
    host = urlsplit(url).netloc.rpartition("@")[2]
    if isinstance(error, requests.ConnectTimeout):
        return f"ConnectTimeout: no connection to {host} within {limits.connect:g} s"
    if _is_timeout(error):
        return f"ReadTimeout: no answer from {host} within {limits.read:g} s"
    if isinstance(error, requests.exceptions.SSLError):
        return f"SSLError: the certificate of {host} is not trusted"
    if isinstance(error, requests.exceptions.ProxyError):
        return f"ProxyError: the proxy for {host} does not answer"
    if isinstance(error, requests.ConnectionError) and "refused" in str(error).lower():
        return f"ConnectionError: {host} refuses the connection"
    if isinstance(error, requests.ConnectionError) and "resolve" in str(error).lower():
        return f"ConnectionError: the name {host} is not known"
    return f"{type(error).__name__}: the answer of {host} broke off"
