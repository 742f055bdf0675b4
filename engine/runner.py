"""The runner: claims what is due, computes it a month at a time, oldest first, and stores it.

Results of an assay appear in the order of their windows: up to `last_run` all are there, as a poller expects.
Any number of runners share the work; one that is killed leaves a lease that expires, and no window half stored.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from django.db import connection
from django.utils.timezone import now as present

from assays.schedule import Micros
from engine import store
from engine.compute import Column, Grid, months, summarise
from engine.definition import Definition
from engine.log import Log, LogError, problem
from engine.models import Assay
from engine.panes import Samples
from engine.replay import Replay
from engine.results import Outcome, Timing, outcomes

SETTLING = timedelta(seconds=2)
"""How long after its end a window is computed."""

PAUSE = 0.5
"""Seconds between looks at what is due."""

logger = logging.getLogger(__name__)


_Key = tuple[uuid.UUID, str]
"""An assay's id and a field's key."""


@dataclass(frozen=True, slots=True)
class _Work:
    """One claimed assay: its definition and the ends of its windows that are due."""

    assay: Assay
    definition: Definition
    ends: Micros

    @classmethod
    def of(cls, assay: Assay, until: datetime) -> _Work:
        return cls(assay, assay.read(), store.window_ends_due(assay, until))

    @property
    def grid(self) -> Grid:
        return Grid(self.assay.period, self.assay.width)

    def columns(self) -> Iterator[tuple[_Key, Column]]:
        for path in self.definition.targeting.iopath:
            yield (self.assay.id, path.key), self.definition.column(path)

    def outcomes(self, ends: Micros, found: Mapping[_Key, Samples | str], timing: Timing) -> list[Outcome]:
        """The results of its own windows among `ends`, for all of which `found` holds the samples."""
        own = self.within(ends)
        mine = {key: found[assay_id, key] for assay_id, key in found if assay_id == self.assay.id}
        windows = zip(np.searchsorted(ends, own).tolist(), own.tolist(), strict=True)
        return list(outcomes(str(self.assay.id), self.definition, mine, windows, timing))

    def within(self, ends: Micros) -> Micros:
        """Those of its due windows that are among `ends`, which cover an unbroken stretch of the grid."""
        first, last = np.searchsorted(self.ends, [ends[0], ends[-1] + 1])
        return self.ends[first:last]


class Runner:
    """`done` is told the number of windows stored each time."""

    def __init__(self, log: Log, replay: Replay, done: Callable[[int], None] = lambda _: None) -> None:
        self._log, self._replay, self._done = log, replay, done
        self.stopping = threading.Event()

    def run(self) -> None:
        """Work until `stopping` is set."""
        while not self.stopping.is_set():
            if not self.work(present()):
                self.stopping.wait(PAUSE)

    def run_once(self) -> None:
        """Work off what is due now."""
        now = present()
        while not self.stopping.is_set() and self.work(now):
            pass

    def work(self, now: datetime) -> bool:
        """Claim one grid of windows and compute what is due of it; False when nothing is.

        What fails keeps its claim: until that expires, other grids have their turn.
        """
        claim = store.claim(now - SETTLING, now)
        if claim is None:
            return False
        try:
            with _kept(claim):
                self._work_off(claim, [_Work.of(assay, now - SETTLING) for assay in claim.assays])
        except LogError as error:
            logger.error("%s; tried again in %d s", error, store.LEASE.total_seconds())
        except Exception:
            logger.exception("%d assays cannot be run", len(claim.assays))
        else:
            store.release(claim)
        return True

    def _work_off(self, claim: store.Claim, works: Sequence[_Work]) -> None:
        if not works:
            return
        for ends in months(np.unique(np.concatenate([work.ends for work in works])), self._replay):
            if self.stopping.is_set():
                return
            for assay, found in self._compute([work for work in works if len(work.within(ends))], ends):
                store.store(claim, assay, found, present())
                self._done(len(found))

    def _compute(self, works: Sequence[_Work], ends: Micros) -> Iterator[tuple[Assay, list[Outcome]]]:
        """The results of each assay in turn; all their samples come from one scan."""
        started, clock = present(), time.monotonic()
        found = self._samples(works, ends)
        millis = round((time.monotonic() - clock) * 1000)
        timing = Timing(started, started + timedelta(milliseconds=millis), millis)
        for work in works:
            yield work.assay, work.outcomes(ends, found, timing)

    def _samples(self, works: Sequence[_Work], ends: Micros) -> dict[_Key, Samples | str]:
        """Of every field of every assay its samples, from one scan, or why there are none."""
        schema = self._log.columns()
        columns = {key: column for work in works for key, column in work.columns()}
        problems = {key: problem(schema, column.field, column.index) for key, column in columns.items()}
        readable = [key for key in columns if problems[key] is None]
        asked = [columns[key] for key in readable]
        samples = summarise(self._log, self._replay, asked, works[0].grid, ends) if asked else []
        return {key: text for key, text in problems.items() if text} | dict(zip(readable, samples, strict=True))


@contextmanager
def _kept(claim: store.Claim) -> Iterator[None]:
    """Renews the claim meanwhile, however long a month of the log takes."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(store.LEASE.total_seconds() / 3):
            store.renew(claim, present())
        connection.close()

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
