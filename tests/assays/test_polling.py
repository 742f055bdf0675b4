"""Polling with the real thing: claims by several processes, slow assays among quick ones, an upstream that falls silent."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from assays import breaker, polling
from assays.credentials import StaticToken
from assays.listing import apply_assays
from assays.models import Assay, Upstream
from assays.polling import Poller
from assays.upstream import Client, Limits
from tests.support import messages
from tests.support.messages import runs
from tests.support.upstream import FEATURES, NEXT_RUN, Reply, serving
from tests.support.upstream import Upstream as Scripted

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = timedelta(minutes=1)


@pytest.fixture
def upstream() -> Iterator[Scripted]:
    with serving() as upstream:
        yield upstream


@pytest.fixture
def client(upstream: Scripted) -> Client:
    return Client(upstream.url, StaticToken(), limits=Limits(connect=1, read=20))


@pytest.fixture
def poller(client: Client) -> Iterator[Poller]:
    poller = Poller(client, threads=16)
    yield poller
    poller.close()


def list_minute_assays(upstream: Scripted, client: Client, number: int) -> list[UUID]:
    """Assays with a run each minute since ten minutes ago, none of it read yet."""
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    for n in range(1, number + 1):
        assay = messages.assay(n, first_run=now - 10 * MINUTE, unit="Minute", width=MINUTE)
        upstream.assays[assay["id"]] = assay
        ends = [now - MINUTE * k for k in range(10)]
        upstream.results[assay["id"]] = messages.results(assay, ends, [0.05] * 10)
        upstream.runs[assay["id"]] = runs(now, now + MINUTE)
    apply_assays(client.assays(), datetime.now(UTC))
    return [UUID(key) for key in upstream.assays]


def wait(until: Callable[[], Any], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not until():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def test_what_is_due_is_asked_stored_and_due_again_after_the_next_run(
    upstream: Scripted, client: Client, poller: Poller
) -> None:
    list_minute_assays(upstream, client, 20)
    poller.poll(polling.claim(datetime.now(UTC)))
    wait(poller.idle)
    for row in Assay.objects.all():
        assert row.caught_up_at is not None
        assert row.leased_until is None
        assert row.next_run is not None
        assert row.next_poll_at is not None
        assert timedelta(seconds=5) <= row.next_poll_at - row.next_run <= timedelta(seconds=7)
        assert row.fields.get().score == 0.05
