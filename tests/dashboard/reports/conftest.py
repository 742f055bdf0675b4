"""A history to tell of, readers with schedules, and a real mail server."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from assays.states import State
from dashboard.models import Grant
from dashboard.reports.models import Rhythm, Schedule
from tests.dashboard.history.conftest import DAY, HOUR, Watch, watch  # noqa: F401
from tests.support.receivers import Mailbox, mailing

MONDAY = datetime(2026, 6, 15, tzinfo=UTC)
"""Of the mail that tells of 8 to 14 June 2026."""

Begin = Callable[..., Schedule]


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[Mailbox]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings.MAIL_URL = f"smtp://127.0.0.1:{port}"
    settings.MAIL_FROM = "Driftline <driftline@example.org>"
    settings.PUBLIC_URL = "https://drift.example.org"
    with mailing(port) as mailbox:
        yield mailbox


@pytest.fixture
def weeks(watch: Watch) -> None:  # noqa: F811
    """Two weeks of an assay, hourly: all Ok in the first, every fourth window in alert in the second."""
    ends = [MONDAY - k * HOUR for k in range(1, 14 * 24)]
    watch(
        {end: State.ALERT if end >= MONDAY - 7 * DAY and end.hour % 4 == 0 else State.OK for end in ends}, name="quagga"
    )


def reader(name: str = "rita", workspace: int | None = None, **changes: Any) -> User:
    person = User.objects.create_user(name, **changes)
    Grant.objects.create(person=person, role="viewer", workspace_id=workspace)
    return person


@pytest.fixture
def begin(db: None) -> Begin:
    """A confirmed schedule: Mondays at eight, UTC, since a month before."""

    def make(person: User | None = None, **changes: Any) -> Schedule:
        since = MONDAY - timedelta(days=30)
        told = {"rhythm": Rhythm.WEEKLY, "day": 0, "hour": 8, "zone": "UTC", "since": since, "confirmed_at": since}
        return Schedule.objects.create(person=person or reader(), **{"address": "rita@example.org", **told, **changes})

    return make
