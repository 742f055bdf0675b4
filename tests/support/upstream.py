"""An Assays API on a real socket: it serves the assays and results it is given, and misbehaves when it is told to."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

Message = dict[str, Any]
TOKEN_PATH = "/auth/realms/master/protocol/openid-connect/token"
FEATURES, LIST, GET, RESULTS, NEXT_RUN, SET_ACTIVE = (
    "/v1/api/features/list",
    "/v2/api/assays/get",
    "/v2/api/assays/get/:id",
    "/v2/api/assays/get_results",
    "/v2/api/assays/get_next_run",
    "/v2/api/assays/set_active",
)


@dataclass(frozen=True)
class Reply:
    """What goes over the wire. `delay` comes before the first byte; `cut` closes after that many bytes of the body."""

    body: bytes = b"null"
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    delay: float = 0.0
    cut: int | None = None
    hang_up: bool = False


Misbehaviour = Callable[[str, Message], Reply | None]


@dataclass
class Upstream:
    """The truth that a cache is compared with. Change it at any time; every call reads it anew."""

    assays: dict[str, Message] = field(default_factory=dict)
    results: dict[str, list[Message]] = field(default_factory=dict)
    runs: dict[str, Message] = field(default_factory=dict)
    misbehave: list[Misbehaviour] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    bodies: list[tuple[str, Message]] = field(default_factory=list)
    token: str | None = None
    grants: Counter[str] = field(default_factory=Counter)
    token_reply: Callable[[Message], Reply] | None = None
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, body: Message, bearer: str) -> Reply:
        with self.lock:
            self.calls[path] += 1
            self.bodies.append((path, body))
        for rule in list(self.misbehave):
            if (reply := rule(path, body)) is not None:
                return reply
        if path == TOKEN_PATH:
            return self._grant(body)
        if self.token is not None and bearer != f"Bearer {self.token}":
            return as_json({"error": "the token is not accepted"}, 401)
        return self._serve(path, body)

    def _grant(self, form: Message) -> Reply:
        with self.lock:
            self.grants[form["grant_type"]] += 1
        if self.token_reply:
            return self.token_reply(form)
        return as_json(
            {"access_token": self.token, "expires_in": 300, "refresh_token": "again", "refresh_expires_in": 900}
        )

    def _serve(self, path: str, body: Message) -> Reply:
        if path == FEATURES:
            return as_json({"features": {"plateau": "true"}, "name": "Scripted", "is_auth_enabled": True})
        if path == LIST:
            return as_json(list(self.assays.values()))
        assay_id = body.get("id") or body.get("assay_id")
        if assay_id not in self.assays:
            return as_json({"error": f"no assay {assay_id}"}, 404)
        if path == GET:
            return as_json(self.assays[assay_id])
        if path == RESULTS:
            return as_json(self._between(assay_id, body.get("start"), body.get("end")))
        if path == NEXT_RUN:
            return as_json(self.runs.get(assay_id, {"last_run": None, "next_run": None}))
        if path == SET_ACTIVE:
            self.switch(assay_id, body["active"])
            return Reply()
        return as_json({"error": "no such path"}, 404)

    def _between(self, assay_id: str, start: str | None, end: str | None) -> list[Message]:
        found = [
            result
            for result in self.results.get(assay_id, [])
            if (start is None or moment(start) <= moment(result["window_end"]))
            and (end is None or moment(result["window_end"]) < moment(end))
        ]
        return sorted(found, key=lambda result: moment(result["window_end"]), reverse=True)

    def switch(self, assay_id: str, active: bool) -> None:
        self.assays[assay_id] |= {"active": active, "updated_at": text(datetime.now(UTC))}


def as_json(content: Any, status: int = 200) -> Reply:
    return Reply(json.dumps(content).encode(), status)


def text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def moment(value: str) -> datetime:
    return datetime.fromisoformat(value)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == TOKEN_PATH:
            body: Message = {key: values[0] for key, values in parse_qs(content.decode()).items()}
        else:
            body = json.loads(content) if content else {}
        self._send(self.server.upstream.answer(self.path, body, self.headers.get("Authorization", "")))

    def _send(self, reply: Reply) -> None:
        self.server.stopping.wait(reply.delay)
        if reply.hang_up:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body[: reply.cut])
        if reply.cut is not None:
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the tests' output stays readable."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, upstream: Upstream) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream = upstream
        self.stopping = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is what some tests are about."""


@contextmanager
def serving(upstream: Upstream | None = None) -> Iterator[Upstream]:
    """Serves until the block ends, on a free port; `upstream.url` says where."""
    upstream = upstream or Upstream()
    server = _Server(upstream)
    upstream.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield upstream
    finally:
        server.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join()
