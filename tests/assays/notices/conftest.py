"""Messages in tests: incidents as the incidents' own code would write them, and receivers that are real."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from assays.credentials import StaticToken
from assays.incidents import changes
from assays.incidents.models import Change, ChangeKind, Incident, Kind, News
from assays.listing import apply_assays
from assays.models import Assay
from assays.notices import routes, sending
from assays.notices.models import Delivery, Route
from assays.states import State
from assays.upstream import Client
from tests.support import messages
from tests.support.receivers import Mailbox, Receiver, mailing, receiving
from tests.support.servers import free_port
from tests.support.upstream import serving

NOW = datetime(2026, 6, 23, 14, 5, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
Tell = Callable[..., Change]


@pytest.fixture(autouse=True)
def _loopback_allowed(settings: Settings) -> None:
    settings.NOTICE_NETWORKS = ["127.0.0.0/8"]
    settings.PUBLIC_URL = "https://drift.example.org"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mailing(free_port()) as mailbox:
        yield mailbox


@pytest.fixture
def assay(db: None) -> Assay:
    return make_assay(1)


def make_assay(number: int, **changes: Any) -> Assay:
    """Listed beside those that are there already."""
    with serving() as upstream:
        there = [json.loads(row.message) for row in Assay.objects.all()]
        message = messages.assay(number, **changes)
        upstream.assays |= {one["id"]: one for one in [*there, message]}
        apply_assays(Client(upstream.url, StaticToken()).assays(), datetime.now(UTC))
    return Assay.objects.get(pk=message["id"])


def make_incident(assay: Assay | None, kind: Kind = Kind.DRIFT, **columns: Any) -> Incident:
    """Open, at Warning, since two hours ago."""
    field = assay.fields.get() if assay and kind != Kind.LATE else None
    facts = {
        "seen_at": NOW,
        "key_end": NOW - 2 * HOUR,
        "severity": State.WARNING,
        "onset": NOW - 3 * HOUR,
        "first_bad_end": NOW - 2 * HOUR,
        "opened_at": NOW - 2 * HOUR,
        "last_bad_end": NOW,
        "count": 3,
        "sentence": "Late flights grew from 20% to 31%.",
    }
    scope = {"workspace_id": assay.workspace_id, "pipeline_id": assay.pipeline_id} if assay else {}
    return Incident.objects.create(
        id=uuid4(),
        kind=kind,
        assay=assay,
        field=field,
        field_key=field.key if field else "",
        **scope,
        **facts | columns,
    )


def tell(incident: Incident, kind: ChangeKind = ChangeKind.OPENED, news: News = News.NOW, **columns: Any) -> Change:
    """Changes the incident as its own code would, and tells of it."""
    was = incident.severity
    for name, value in columns.items():
        setattr(incident, name, value)
    incident.save()
    change = changes.made(incident, kind, datetime.now(UTC), news, was=was)
    changes.keep([change])
    return change


def close(incident: Incident) -> Change:
    return tell(incident, ChangeKind.RESOLVED, closed_at=datetime.now(UTC), closed_why="ok")


def add_route(address: str, name: str = "on call", **columns: Any) -> Route:
    return routes.add(name, address, "test", **columns)


def send_all(later: timedelta = timedelta(0)) -> None:
    """Sends what is due, or will be after so long, as the worker does."""
    Delivery.objects.filter(outcome="waiting", due_at__lte=datetime.now(UTC) + later).update(due_at=NOW)
    Route.objects.update(blocked_until=None)
    for pk in sending.claim(datetime.now(UTC)):
        sending.deliver(pk)


def outcomes() -> list[tuple[str, str, str]]:
    """(event, outcome, why) of every message, oldest first."""
    return list(Delivery.objects.order_by("created_at", "change_id").values_list("event", "outcome", "why"))
