"""Who asks when: assays that are due are claimed in the database, asked by a pool of threads, stored in batches.

A claim is a lease: work that is lost, with its worker or with Redis, is due again when the lease ends. A slow assay
holds one thread and nothing else; while the breaker is open nothing is asked.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db import close_old_connections, connection

from assays import breaker, bulk
from assays.answers import Recorder
from assays.models import Assay
from assays.schedule import MICROSECOND, back_off, micros
from assays.sync import Visit, store, sweep_visit, visit
from assays.upstream import Client

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
BATCH = 50
MOST_CLAIMED = 1_000
STORE_EVERY = 0.4
KEEP_ANSWERS_EVERY = 10.0
MOST_STORED = 200
"""Visits in one transaction, so that none lasts long."""


def claim(now: datetime, limit: int = MOST_CLAIMED) -> list[UUID]:
    """The assays due for a poll, longest due first; each goes to one claimant only."""
    return _claim("next_poll_at", now, limit)


def claim_sweeps(now: datetime, limit: int = BATCH) -> list[UUID]:
    """The assays of which a stretch of the past is due to be read again."""
    return _claim("sweep_at", now, limit)


def _claim(due: str, now: datetime, limit: int) -> list[UUID]:
    skip = "FOR UPDATE SKIP LOCKED" if connection.features.has_select_for_update_skip_locked else ""
    statement = f"""
        UPDATE assays_assay SET leased_until = %s WHERE id IN (
            SELECT id FROM assays_assay
            WHERE {due} <= %s AND (leased_until IS NULL OR leased_until < %s) ORDER BY {due} LIMIT %s {skip}
        ) RETURNING id"""
    at = micros(now)
    with connection.cursor() as cursor:
        cursor.execute(statement, [at + LEASE // MICROSECOND, at, at, limit])
        return [bulk.uuid(key) for (key,) in cursor.fetchall()]


def batches(ids: Sequence[UUID]) -> Iterator[list[UUID]]:
    yield from (list(ids[start : start + BATCH]) for start in range(0, len(ids), BATCH))


Ask = Callable[[Client, Assay, datetime], Visit]


@dataclass(frozen=True, slots=True)
class _Job:
    assay: Assay
    ask: Ask
    until: float
    """The monotonic time at which the lease ends: then the work is another's."""


class Poller:
    """One a process: threads that ask, and one that stores what they bring a few times a second."""

    def __init__(self, client: Client, threads: int, recorder: Recorder | None = None) -> None:
        self._client = client
        self._recorder = recorder
        self._jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self._visits: queue.SimpleQueue[Visit] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._under_way: set[UUID] = set()
        self._stopping = threading.Event()
        self._askers = [self._start(self._ask_on, f"ask-{number}") for number in range(threads)]
        self._storer = self._start(self._store_on, "store")

    def poll(self, ids: Iterable[UUID]) -> None:
        self._submit(ids, visit)

    def sweep(self, ids: Iterable[UUID]) -> None:
        self._submit(ids, sweep_visit)

    def idle(self) -> bool:
        """Nothing waits, is asked or is being stored."""
        with self._lock:
            return not self._under_way

    def close(self) -> None:
        """Stores what has been answered. What is still being asked is left to its lease."""
        self._stopping.set()
        self._storer.join(timeout=5)

    def _start(self, target: Callable[[], None], name: str) -> threading.Thread:
        thread = threading.Thread(target=target, name=f"poller-{name}", daemon=True)
        thread.start()
        return thread

    def _submit(self, ids: Iterable[UUID], ask: Ask) -> None:
        until = time.monotonic() + LEASE.total_seconds()
        with self._lock:
            fresh = set(ids) - self._under_way
            self._under_way |= fresh
        for row in Assay.objects.filter(pk__in=fresh).defer("message").order_by("next_poll_at"):
            self._jobs.put(_Job(row, ask, until))

    def _ask_on(self) -> None:
        while not self._stopping.is_set():
            try:
                job = self._jobs.get(timeout=0.5)
            except queue.Empty:
                continue
            self._ask(job)

    def _ask(self, job: _Job) -> None:
        if time.monotonic() > job.until:
            self._forget([job.assay.pk])
            return
        try:
            self._visits.put(job.ask(self._client, job.assay, datetime.now(UTC)))
        except Exception:
            log.exception("asking assay %s failed", job.assay.pk)
            self._forget([job.assay.pk])

    def _store_on(self) -> None:
        kept_at = time.monotonic()
        while not self._stopping.wait(STORE_EVERY) or not self._visits.empty():
            self._guarded(self._store_gathered)
            if self._recorder and time.monotonic() - kept_at > KEEP_ANSWERS_EVERY:
                kept_at = time.monotonic()
                self._guarded(self._recorder.keep)
        connection.close()

    def _guarded(self, step: Callable[[], None]) -> None:
        """The storing thread outlives whatever happens in it: leases repeat the work."""
        try:
            close_old_connections()
            step()
        except Exception:
            log.exception("storing failed")
            connection.close()

    def _store_gathered(self) -> None:
        while visits := self._gathered():
            try:
                self._keep(visits)
            finally:
                self._forget(done.assay_id for done in visits)
            suspect = breaker.observe([done.error for done in visits], datetime.now(UTC))
            if suspect and not breaker.probe(self._client):
                self._drop_waiting()

    def _gathered(self) -> list[Visit]:
        visits: list[Visit] = []
        while len(visits) < MOST_STORED and not self._visits.empty():
            visits.append(self._visits.get())
        return visits

    def _keep(self, visits: Sequence[Visit]) -> None:
        """All at once; should one of them spoil the transaction, each alone."""
        try:
            store(visits, datetime.now(UTC))
        except Exception:  # whatever one answer has led to, the others are not to suffer
            log.exception("storing %d visits at once failed; each is now stored alone", len(visits))
            for done in visits:
                self._keep_alone(done)

    def _keep_alone(self, done: Visit) -> None:
        try:
            store([done], datetime.now(UTC))
        except Exception as error:
            log.exception("what assay %s answered cannot be stored", done.assay_id)
            now = datetime.now(UTC)
            Assay.objects.filter(pk=done.assay_id).update(
                last_error=f"the answer cannot be stored: {type(error).__name__}",
                last_error_at=now,
                next_poll_at=back_off(now, 4),
                leased_until=None,
            )

    def _drop_waiting(self) -> None:
        """While upstream does not answer nothing more is asked; the claims are given back."""
        dropped = []
        while not self._jobs.empty():
            try:
                dropped.append(self._jobs.get_nowait().assay.pk)
            except queue.Empty:
                break
        self._forget(dropped)
        Assay.objects.filter(pk__in=dropped).update(leased_until=None)

    def _forget(self, ids: Iterable[UUID]) -> None:
        with self._lock:
            self._under_way.difference_update(ids)
