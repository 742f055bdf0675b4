"""Programs in tests: tokens, and an API whose upstream is a real socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client as Browser

from assays import instance
from assays.credentials import StaticToken
from assays.models import Assay
from assays.upstream import Client, Limits
from dashboard import tokens
from dashboard.roles import Role
from tests.dashboard.conftest import Fill
from tests.support.upstream import Upstream

FEATURES, LIST, GET = "/v1/api/features/list", "/v2/api/assays/get", "/v2/api/assays/get/:id"
RESULTS, NEXT_RUN, SET_ACTIVE = (f"/v2/api/assays/{name}" for name in ("get_results", "get_next_run", "set_active"))
SCHEDULE, PREVIEW, BINNING, SCORE = (
    f"/v2/api/assays/{name}" for name in ("schedule", "preview", "preview_baseline_binning", "score")
)


class Program:
    """Calls the API as a program does; `token` goes with every call."""

    def __init__(self, token: str = "", browser: Browser | None = None) -> None:
        self.browser = browser or Browser(enforce_csrf_checks=True)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.browser.post(path, data, "application/json", headers=self.headers | headers)

    def get(self, path: str, asked: dict[str, Any] | None = None, **headers: str) -> HttpResponse:
        return self.browser.get(path, asked or {}, headers=self.headers | headers)


def said(response: Any) -> Any:
    """The body of an answer, streamed or not."""
    return json.loads(content(response))


def content(response: Any) -> bytes:
    try:
        return b"".join(response.streaming_content) if response.streaming else bytes(response.content)
    finally:
        response.close()


Grant = Callable[..., Program]


@pytest.fixture
def grant(db: None) -> Grant:
    def made(role: Role = Role.VIEWER, workspaces: list[int] | None = None) -> Program:
        return Program(tokens.make("nightly report", role, workspaces)[1])

    return made


@pytest.fixture
def viewer(grant: Grant) -> Program:
    return grant()


@pytest.fixture
def operator(grant: Grant) -> Program:
    return grant(Role.OPERATOR)


@pytest.fixture(autouse=True)
def _asks_served(served: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's own client is one of the scripted upstream, with little patience."""
    client = Client(served.url, StaticToken(), limits=Limits(connect=1, read=0.5))
    monkeypatch.setattr(instance, "client", lambda: client)
    cache.clear()


@pytest.fixture
def filled(fill: Fill, served: Upstream) -> Assay:
    """An assay of six windows, read whole; what upstream was asked meanwhile is forgotten."""
    row = fill([0.05, 0.15, 0.3, "no model", 0.1, 0.02])
    served.calls.clear()
    return row
