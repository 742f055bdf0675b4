"""Assays and runs in the database: creating, reading for answers, claiming and storing for runners."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

import msgspec
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from assays import wire
from assays.schedule import MICROSECOND, Micros, count, micros, next_end, window_ends
from engine.definition import Definition
from engine.log import Log
from engine.models import Assay, ReplayStart, Run
from engine.replay import Replay, begin
from engine.results import Outcome, with_id

LEASE = timedelta(seconds=15)
"""How long a runner that no longer speaks keeps others off its assays."""

BLOCK = 2000
"""Runs read or written at a time."""

Row = tuple[int, bytes | memoryview]
"""A run's id and the rest of its JSON; PostgreSQL hands out memoryviews."""


def replay(log: Log, now: datetime, first: int | None = None) -> Replay:
    """How the log is replayed: chosen at the first call, from its moment `first` on, and the same ever after."""
    begun = ReplayStart.objects.filter(pk=1).first()
    if begun is None:
        earliest, last = log.span()
        chosen = begin(earliest if first is None else first, last, micros(now)) if settings.ENGINE_REPLAY else Replay()
        values = {"start": chosen.start, "length": chosen.length, "shift": chosen.shift}
        begun, _ = ReplayStart.objects.get_or_create(pk=1, defaults=values)
    return begun.replay


def create(definition: Definition, now: datetime) -> Assay:
    """Schedule a settled definition."""
    plan, origin = definition.plan, definition.targeting.data_origin
    period = definition.period // MICROSECOND
    return Assay.objects.create(
        name=definition.name,
        pipeline_name=origin.pipeline_name,
        workspace_id=origin.workspace_id,
        definition=wire.encode(definition),
        created_at=now,
        updated_at=now,
        period=period,
        width=definition.width // MICROSECOND,
        phase=micros(plan.first_run) % period,
        next_end=next_end(plan, plan.first_run - MICROSECOND),
    )


def set_active(assay: Assay, active: bool, now: datetime) -> None:
    """Switch; what is set already keeps its time. `updated_at` moves either way."""
    assay.inactive_since = None if active else assay.inactive_since or now
    assay.updated_at = now
    assay.save(update_fields=["inactive_since", "updated_at"])


def answer(assay: Assay) -> bytes:
    """The assay as JSON."""
    return wire.encode(
        wire.Assay(
            id=str(assay.id),
            active=assay.active,
            created_at=assay.created_at,
            updated_at=assay.updated_at,
            **msgspec.structs.asdict(assay.read()),
        )
    )


def results(assay: Assay, start: datetime | None, end: datetime | None, debug: bool) -> Iterator[bytes]:
    """A JSON list of the results with start <= window_end < end, newest first, a block at a time."""
    asked = Run.objects.filter(assay=assay) if debug else Run.objects.filter(assay=assay, listed=True)
    if start is not None:
        asked = asked.filter(window_end__gte=start)
    if end is not None:
        asked = asked.filter(window_end__lt=end)
    rows = asked.order_by("-window_end").values_list("id", "tail")
    yield b"["
    for number, block in enumerate(_blocks(rows.iterator(BLOCK))):
        yield (b"," if number else b"") + b",".join(with_id(run_id, bytes(tail)) for run_id, tail in block)
    yield b"]"


def next_run(assay: Assay) -> wire.NextRun:
    """The newest run's end, one without rows or failed included, and when the next is due; null when inactive."""
    if not assay.active:
        return wire.NextRun(assay.last_run, None)
    definition = assay.read()
    due = definition.scheduling.first_run if assay.last_run is None else assay.last_run + definition.period
    return wire.NextRun(assay.last_run, due)


def _blocks(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while block := list(islice(rows, BLOCK)):
        yield block


@dataclass(frozen=True, slots=True)
class Claim:
    """Assays of one grid of windows that this runner alone works on, until its lease expires."""

    lease: uuid.UUID
    assays: Sequence[Assay]


def ready(until: datetime) -> QuerySet[Assay]:
    """Assays with a window to compute that ended by `until`."""
    held = Q(held_since__isnull=True) | Q(next_end__lte=F("held_since"))
    active = Q(inactive_since__isnull=True) | Q(next_end__lte=F("inactive_since"))
    return Assay.objects.filter(held, active, next_end__lte=until)


def limit(assay: Assay, until: datetime) -> datetime:
    """The last moment at which a window of this assay may end now."""
    bounds = (until, assay.held_since, assay.inactive_since)
    return min(bound for bound in bounds if bound is not None)


def due(until: datetime) -> int:
    """How many windows ended by `until` and are still to be computed."""
    return sum(count(assay.read().plan, _after(assay), limit(assay, until)) for assay in ready(until))


def window_ends_due(assay: Assay, until: datetime) -> Micros:
    """The ends of its windows to compute, oldest first."""
    return window_ends(assay.read().plan, _after(assay), limit(assay, until))


def claim(until: datetime, now: datetime) -> Claim | None:
    """Take the grid with the least work that nobody works on; None when there is none.

    The claim is an UPDATE whose condition is tried again at each row: of two runners one gets it.
    """
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    wanted = _least_work(ready(until).filter(free), until)
    if not wanted:
        return None
    lease = uuid.uuid4()
    ready(until).filter(free, id__in=wanted).update(lease=lease, leased_until=now + LEASE)
    return Claim(lease, list(Assay.objects.filter(lease=lease)))


def store(claim: Claim, assay: Assay, outcomes: Sequence[Outcome], now: datetime) -> None:
    """Keep an assay's runs, oldest first, and move it on; when the lease was lost they belong to who took it."""
    with transaction.atomic():
        if _advance(claim, assay, outcomes[-1].window_end, now):
            Run.objects.bulk_create((_run(assay, outcome) for outcome in outcomes), batch_size=BLOCK)


def renew(claim: Claim, now: datetime) -> None:
    Assay.objects.filter(lease=claim.lease).update(leased_until=now + LEASE)


def release(claim: Claim) -> None:
    Assay.objects.filter(lease=claim.lease).update(lease=None, leased_until=None)


def _least_work(free: QuerySet[Assay], until: datetime) -> list[uuid.UUID]:
    grids: dict[tuple[int, int, int], list[uuid.UUID]] = defaultdict(list)
    windows: Counter[tuple[int, int, int]] = Counter()
    for assay in free.only("id", "period", "width", "phase", "next_end"):
        grid = (assay.period, assay.width, assay.phase)
        grids[grid].append(assay.id)
        if assay.next_end is not None:
            windows[grid] += (until - assay.next_end) // MICROSECOND // assay.period + 1
    return grids[min(windows, key=windows.__getitem__)] if windows else []


def _advance(claim: Claim, assay: Assay, last: datetime, now: datetime) -> bool:
    mine = Assay.objects.filter(id=assay.id, lease=claim.lease)
    following = next_end(assay.read().plan, last)
    return bool(mine.update(last_run=last, next_end=following, leased_until=now + LEASE))


def _after(assay: Assay) -> datetime:
    """The moment after which its windows are still to be computed."""
    return assay.read().scheduling.first_run - MICROSECOND if assay.last_run is None else assay.last_run


def _run(assay: Assay, outcome: Outcome) -> Run:
    return Run(assay=assay, window_end=outcome.window_end, listed=outcome.listed, tail=outcome.tail)
