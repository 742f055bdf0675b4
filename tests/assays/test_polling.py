"""Polling with the real thing: several claimants, slow assays among quick ones, an upstream that falls silent."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
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


def test_what_is_claimed_is_not_claimed_again_until_its_lease_ends(upstream: Scripted, client: Client) -> None:
    ids = list_minute_assays(upstream, client, 5)
    now = datetime.now(UTC)
    assert sorted(polling.claim(now, limit=3) + polling.claim(now, limit=3)) == sorted(ids)
    assert polling.claim(now) == []
    assert len(polling.claim(now + polling.LEASE + timedelta(seconds=1))) == 5


CLAIMANT = """
import django, sys
django.setup()
from datetime import UTC, datetime
from assays import polling
print("ready", flush=True)
sys.stdin.readline()
while ids := polling.claim(datetime.now(UTC), limit=7):
    print(*ids, flush=True)
"""


@pytest.mark.slow
def test_several_processes_share_the_claims_without_any_doubled(upstream: Scripted, client: Client) -> None:
    ids = list_minute_assays(upstream, client, 200)
    environment = os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    running = [
        subprocess.Popen([sys.executable, "-c", CLAIMANT], env=environment, text=True, **pipes) for _ in range(3)
    ]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    claimed = [UUID(key) for process in running for key in process.communicate("go\n", timeout=60)[0].split()]
    assert sorted(claimed) == sorted(ids)


def database_url() -> str:
    """Where another process finds the database of this test."""
    if connection.vendor == "sqlite":
        connection.close()
        return f"sqlite:///{connection.settings_dict['NAME']}"
    address, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    return f"{address}/{connection.settings_dict['NAME']}"


@pytest.mark.slow
def test_slow_assays_delay_no_other(upstream: Scripted, client: Client, poller: Poller) -> None:
    ids = list_minute_assays(upstream, client, 50)
    slow = {str(pk) for pk in ids[:10]}
    upstream.misbehave.append(
        lambda _, body: Reply(b"{}", delay=19) if body.get("assay_id", body.get("id")) in slow else None
    )
    began = time.monotonic()
    poller.poll(polling.claim(datetime.now(UTC)))
    quick = Assay.objects.exclude(pk__in=slow)
    wait(lambda: quick.filter(caught_up_at__isnull=False).count() == 40, 15)
    Assay.objects.update(next_poll_at=timezone.now())
    again = polling.claim(datetime.now(UTC))
    assert len(again) == 40, "the slow ones are still leased"
    upstream.calls.clear()
    poller.poll(again)
    wait(lambda: upstream.calls[NEXT_RUN] == 40, 15)
    assert time.monotonic() - began < 19, "and the quick ones were asked twice meanwhile"


def test_a_doubled_message_asks_once(upstream: Scripted, client: Client, poller: Poller) -> None:
    upstream.misbehave.append(lambda path, _: Reply(delay=0.5) if path == NEXT_RUN else None)
    ids = list_minute_assays(upstream, client, 3)
    poller.poll(ids)
    poller.poll(ids)
    wait(poller.idle)
    assert upstream.calls[NEXT_RUN] == 3


def test_an_upstream_that_is_down_opens_the_breaker_and_a_probe_closes_it(
    upstream: Scripted, client: Client, poller: Poller
) -> None:
    list_minute_assays(upstream, client, 30)
    upstream.misbehave.append(lambda *_: Reply(b'{"error": "maintenance"}', 500))
    poller.poll(polling.claim(datetime.now(UTC)))
    wait(breaker.is_open)
    wait(poller.idle)
    row = Upstream.objects.get()
    assert "maintenance" in row.last_error
    assert row.since is not None
    assert not breaker.claim_probe(row.since), "not before its time"
    later = row.since + timedelta(minutes=2)
    assert breaker.claim_probe(later)
    assert not breaker.claim_probe(later), "one probe at a time"
    upstream.misbehave.clear()
    assert breaker.probe(client)
    assert not breaker.is_open()
    assert not Assay.objects.filter(next_poll_at__gt=timezone.now()).exists(), "what failed is asked again at once"


def test_some_failing_assays_do_not_open_the_breaker(upstream: Scripted, client: Client, poller: Poller) -> None:
    list_minute_assays(upstream, client, 12)
    upstream.misbehave.append(lambda path, _: Reply(status=500) if path == NEXT_RUN else None)
    poller.poll(polling.claim(datetime.now(UTC)))
    wait(poller.idle)
    wait(lambda: upstream.calls[FEATURES] >= 1)
    assert not breaker.is_open(), "the probe was answered"
    assert Assay.objects.filter(last_error__contains="500", tries=1).count() == 12


def test_an_assay_that_upstream_does_not_know_is_left_alone_for_a_while(
    upstream: Scripted, client: Client, poller: Poller
) -> None:
    list_minute_assays(upstream, client, 1)
    upstream.assays.clear()
    poller.poll(polling.claim(datetime.now(UTC)))
    wait(poller.idle)
    row = Assay.objects.get()
    assert "404" in row.last_error
    assert row.next_poll_at is not None
    assert row.next_poll_at > timezone.now() + timedelta(minutes=14)


def test_a_visit_that_cannot_be_stored_spoils_no_other(upstream: Scripted, client: Client, poller: Poller) -> None:
    list_minute_assays(upstream, client, 5)
    spoilt = str(UUID(int=3))
    upstream.results[spoilt][0]["id"] = 2**70
    upstream.results[spoilt][0]["elapsed_millis"] = 2**63
    poller.poll(polling.claim(datetime.now(UTC)))
    wait(poller.idle)
    assert Assay.objects.filter(caught_up_at__isnull=False).count() >= 4


def test_the_work_of_a_killed_worker_is_done_by_the_next_after_the_lease(upstream: Scripted, client: Client) -> None:
    ids = list_minute_assays(upstream, client, 3)
    assert len(polling.claim(datetime.now(UTC))) == 3, "claimed by a worker that dies before it asks"
    later = datetime.now(UTC) + polling.LEASE + timedelta(seconds=1)
    successor = Poller(client, threads=2)
    successor.poll(polling.claim(later))
    wait(successor.idle)
    successor.close()
    assert Assay.objects.filter(pk__in=ids, leased_until=None, caught_up_at__isnull=False).count() == 3
