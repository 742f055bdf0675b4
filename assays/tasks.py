"""Celery's doors: ids in, one call. Beat knocks by the schedule in the settings; each knock expires before the next.

The threads pool knows no time limits: every call to upstream has its own, and a lease ends what is lost.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any
from uuid import UUID

from celery import shared_task
from celery.signals import worker_process_shutdown, worker_ready, worker_shutting_down
from django.conf import settings

from assays import breaker, control, instance, polling, retention
from assays.answers import Recorder
from assays.errors import APIError
from assays.faults import Fault, note
from assays.incidents import store as incidents
from assays.incidents import triage
from assays.insight import packs, verify
from assays.listing import apply_assays
from assays.models import Upstream
from assays.notices import heartbeat as heart
from assays.notices import sending
from assays.polling import Poller
from assays.upstream import LIST, Client

_making = threading.Lock()
_recorder = Recorder()


@shared_task
def tick() -> None:
    """Hands out what is due; while upstream does not answer, at most one probe."""
    now = datetime.now(UTC)
    breaker.state()
    Upstream.objects.filter(pk=1).update(ticked_at=now)
    if not breaker.is_open():
        _hand_out(now)
    elif breaker.claim_probe(now):
        probe.delay()


def _hand_out(now: datetime) -> None:
    for ids in polling.batches(polling.claim(now)):
        poll.delay([str(pk) for pk in ids])
    for ids in polling.batches(polling.claim_sweeps(now)):
        sweep.delay([str(pk) for pk in ids])


@shared_task(expires=60)
def poll(ids: Sequence[str]) -> None:
    poller().poll(map(UUID, ids))


@shared_task(expires=60)
def sweep(ids: Sequence[str]) -> None:
    poller().sweep(map(UUID, ids))


@shared_task(expires=10)
def probe() -> None:
    breaker.probe(_client())


@shared_task
def refresh_list() -> None:
    """Reads the list of assays; when it does not come, a probe finds out why."""
    if breaker.is_open():
        return
    try:
        listing = _client().assays()
    except APIError as error:
        note([Fault(None, LIST, error.text)], datetime.now(UTC))
        breaker.probe(_client())
        return
    now = datetime.now(UTC)
    apply_assays(listing, now)
    breaker.answered(now)
    Upstream.objects.filter(pk=1).update(last_listed_at=now)


@shared_task
def refresh_features() -> None:
    if not breaker.is_open():
        breaker.probe(_client())


@shared_task
def settle_switches() -> None:
    control.settle_open()


@shared_task
def send_notices() -> None:
    for route_id in sending.claim(datetime.now(UTC)):
        deliver_notices.delay(route_id)


@shared_task(expires=60)
def deliver_notices(route_id: int) -> None:
    sending.deliver(route_id)


@shared_task
def heartbeat() -> None:
    heart.beat(datetime.now(UTC))


@shared_task
def verify_scores() -> None:
    verify.verify()


@shared_task
def pack_scores() -> None:
    packs.pack_touched()


@shared_task
def redo_incidents() -> None:
    incidents.redo(datetime.now(UTC))


@shared_task
def expire_triage() -> None:
    triage.expire(datetime.now(UTC))


@shared_task
def prune() -> None:
    retention.prune(datetime.now(UTC))


def poller() -> Poller:
    """The process's own: a worker that forks has one in each child."""
    with _making:
        return _made_poller()


@cache
def _made_poller() -> Poller:
    """Messages are many small objects without cycles: collecting as often as usual costs a fifth of the time."""
    gc.set_threshold(50_000, 20, 20)
    return Poller(_client(), settings.POLL_CONCURRENCY, _recorder)


def _client() -> Client:
    return instance.client(_recorder)


@worker_ready.connect
def _begin(**_: Any) -> None:
    refresh_features.delay()
    refresh_list.delay()


@worker_shutting_down.connect
@worker_process_shutdown.connect
def _store_the_last(**_: Any) -> None:
    if _made_poller.cache_info().currsize:
        _made_poller().close()
