"""Pages in tests: a cache filled by sync from an upstream on a real socket, and people signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.contrib.auth.models import Group, User
from django.test import Client as Browser
from pytest_django import Settings

from assays.credentials import StaticToken
from assays.listing import apply_assays
from assays.models import Assay, Upstream
from assays.sync import run_pass
from assays.upstream import Client
from dashboard.reads import blocks
from tests.support import messages
from tests.support.messages import Message, runs
from tests.support.places import Places, asks, planted
from tests.support.upstream import Upstream as Served
from tests.support.upstream import serving

HOUR = timedelta(hours=1)
Fill = Callable[..., Assay]


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Settings) -> None:
    """No test collects static files first."""
    Path(project.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**project.STORAGES, "staticfiles": plain}


@pytest.fixture(autouse=True)
def _empty_shelf(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process's blocks outlive a test's database."""
    monkeypatch.setattr(blocks, "shelf", blocks.Shelf(blocks.ROOM))


@pytest.fixture
def now() -> datetime:
    """The last full hour: windows are hourly and the newest has just ended."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as upstream:
        yield upstream


@pytest.fixture
def fill(db: None, served: Served, now: datetime) -> Fill:
    """Adds an hourly assay with these scores, the last one's window ending now, and reads everything."""

    def add(scores: list[float | str | None], number: int = 1, **changes: Any) -> Assay:
        ends = [now - HOUR * k for k in range(len(scores) - 1, -1, -1)]
        first = ends[0] if ends else now
        assay = messages.assay(number, **{"first_run": first} | changes)
        served.assays[assay["id"]] = assay
        served.results[assay["id"]] = _results(assay, ends, scores)
        served.runs[assay["id"]] = runs(now if ends else None, now + HOUR)
        _read(served)
        return Assay.objects.get(pk=assay["id"])

    return add


def _results(assay: Message, ends: list[datetime], scores: list[float | str | None]) -> list[Message]:
    """A score of None is a window without a result."""
    given = [(end, score) for end, score in zip(ends, scores, strict=True) if score is not None]
    return [messages.result(assay, end, score) for end, score in given]


def _read(served: Served) -> None:
    client, at = Client(served.url, StaticToken()), datetime.now(UTC)
    apply_assays(client.assays(), at)
    for _ in run_pass(client, list(Assay.objects.values_list("pk", flat=True)), 2):
        pass
    Upstream.objects.update_or_create(
        pk=1, defaults={"reachable": True, "since": at, "last_answer_at": at, "last_listed_at": at}
    )


@pytest.fixture
def places(db: None, served: Served, monkeypatch: pytest.MonkeyPatch) -> Places:
    """Two workspaces, of which most people see one; the server's own client reaches the upstream of this test."""
    asks(monkeypatch, served)
    return planted(served)


def person(name: str, *groups: str) -> User:
    user = User.objects.create_user(name)
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


@pytest.fixture
def operator(db: None) -> Browser:
    browser = Browser()
    browser.force_login(person("ada", "operator"))
    return browser


@pytest.fixture
def viewer(db: None) -> Browser:
    browser = Browser()
    browser.force_login(person("vera", "viewer"))
    return browser
