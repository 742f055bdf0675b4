"""The list of assays into the cache: who is there, gone or switched off. Written only where something changed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from assays import bulk, faults, standing, wire
from assays.incidents import store as incidents
from assays.models import Assay, Field, HourRollup, Pause, Result, ScopeRollup
from assays.rollups import recount_scopes
from assays.schedule import EPOCH, micros
from assays.upstream import LIST, Listing
from assays.wire import Received, utc


@dataclass(frozen=True, slots=True)
class Listed:
    """How many assays were listed, and how many of them were new, changed, gone or unreadable."""

    listed: int
    new: int
    changed: int
    gone: int
    unreadable: int


def apply_assays(listing: Listing[wire.Assay], now: datetime) -> Listed:
    """Makes the cache's list equal upstream's. With an unreadable item no assay is taken for gone."""
    with transaction.atomic():
        bulk.lock(["list of assays"])
        known = dict(Assay.objects.select_for_update().order_by("pk").values_list("pk", "fingerprint"))
        items, misnamed = _by_id(listing)
        fresh = {pk: item for pk, item in items.items() if known.get(pk) != fingerprint(item.raw)}
        _write(fresh, known.keys(), now)
        back = Assay.objects.filter(pk__in=items.keys() - fresh.keys(), gone_since__isnull=False)
        _return(list(back), now)
        unreadable = [bad.problem for bad in listing.bad] + misnamed
        gone = [] if unreadable else _lose(known.keys() - items.keys(), now)
        faults.note((faults.Fault(None, LIST, problem) for problem in unreadable), now)
    new = len(fresh.keys() - known.keys())
    return Listed(len(items), new, len(fresh) - new, len(gone), len(unreadable))


def apply_assay(item: Received[wire.Assay], now: datetime) -> None:
    """One assay, as a re-read brings it."""
    with transaction.atomic():
        bulk.lock(["list of assays"])
        known = Assay.objects.select_for_update().filter(pk=item.message.id).values_list("pk", flat=True)
        _write({UUID(item.message.id): item}, set(known), now)


def fingerprint(raw: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), signed=True)


def _by_id(listing: Listing[wire.Assay]) -> tuple[dict[UUID, Received[wire.Assay]], list[str]]:
    items, misnamed = {}, []
    for item in listing.good:
        try:
            items[UUID(item.message.id)] = item
        except ValueError:
            misnamed.append(f"id: {item.message.id[:60]!r} is no UUID")
    return items, misnamed


def _write(items: dict[UUID, Received[wire.Assay]], known: Collection[UUID], now: datetime) -> None:
    old = {row.pk: row for row in Assay.objects.filter(pk__in=items.keys() & set(known))}
    before, lay = _bearings(old.values()), {pk: _place(row) for pk, row in old.items()}
    rows = [_taken(old.get(pk) or Assay(pk=pk, next_poll_at=now), item, now) for pk, item in items.items()]
    Assay.objects.bulk_create([row for row in rows if row.pk not in old], batch_size=100)
    _write_fields(items, old)
    after = _bearings(old.values())
    _read_anew([row for pk, row in old.items() if before[pk] != after[pk]], now)
    _write_pauses(rows, now)
    _save(rows, now, _TAKEN)
    _move([(lay[pk], row) for pk, row in old.items() if lay[pk] != _place(row)])


_TAKEN = (
    "name",
    "active",
    "pipeline_id",
    "pipeline_name",
    "workspace_id",
    "workspace_name",
    "message",
    "fingerprint",
    "created_at",
    "updated_at",
    "first_run",
    "period_seconds",
    "width_seconds",
    "ends_at",
    "metric",
    "aggregation",
    "gone_since",
    "paused_since",
    "next_poll_at",
    "late_after",
)


def _place(row: Assay) -> tuple[int, int]:
    return row.workspace_id, row.pipeline_id


def _move(moved: Collection[tuple[tuple[int, int], Assay]]) -> None:
    """Incidents and sums go with an assay: who does not see where it lies now is told nothing of it any more."""
    incidents.move(row for _, row in moved)
    for scope in {before for before, _ in moved}:
        _add_up_anew(*scope)
    recount_scopes((*_place(row), hour) for _, row in moved for hour in _hours(row))


def _hours(row: Assay) -> list[int]:
    hours = HourRollup.objects.filter(field__assay=row).values_list("hour", flat=True)
    return [micros(hour) for hour in hours.distinct()]


def _taken(row: Assay, item: Received[wire.Assay], now: datetime) -> Assay:
    """The row as the message has it; an assay that is switched is asked at once."""
    message, origin = item.message, item.message.targeting.data_origin
    if row.active != message.active:
        row.next_poll_at = now
    row.name, row.active = _text(message.name), message.active
    row.pipeline_id, row.pipeline_name = origin.pipeline_id, _text(origin.pipeline_name)
    row.workspace_id, row.workspace_name = origin.workspace_id, _text(origin.workspace_name)
    row.message, row.fingerprint = item.raw, fingerprint(item.raw)
    row.created_at, row.updated_at = utc(message.created_at), utc(message.updated_at)
    row.gone_since = None
    _take_schedule(row, message)
    _take_pause(row, now)
    return row


def _take_schedule(row: Assay, message: wire.Assay) -> None:
    period = message.scheduling.run_frequency.period
    row.first_run = utc(message.scheduling.first_run)
    row.period_seconds = None if period is None else int(period.total_seconds())
    row.width_seconds = message.window.width.seconds
    row.ends_at = message.scheduling.end and utc(message.scheduling.end)
    univariate = message.summarizer.univariate
    row.metric = _text(univariate.metric) if univariate else ""
    row.aggregation = _text(univariate.aggregation) if univariate else ""


def _take_pause(row: Assay, now: datetime) -> None:
    """set_active moves `updated_at`: the best that is known of when a switch was made."""
    if row.active:
        row.paused_since = None
    elif row.paused_since is None:
        row.paused_since = min(row.updated_at, now)
        row.late_after = None


def _text(text: str) -> str:
    """PostgreSQL keeps no zero byte in a text; the message keeps all."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _bearings(rows: Collection[Assay]) -> dict[UUID, tuple[Any, ...]]:
    """What the states and hours of an assay follow from, beside its results."""
    fields = standing.fields_of(row.pk for row in rows)
    return {row.pk: (row.first_run, row.period_seconds, *map(_thresholds, fields[row.pk])) for row in rows}


def _thresholds(field: Field) -> tuple[str, float | None, float | None]:
    return field.key, field.warning, field.alert


def _read_anew(rows: Collection[Assay], now: datetime) -> None:
    """Everything is judged again as it is read again; until then the messages stay as they are."""
    ids = [row.pk for row in rows]
    HourRollup.objects.filter(field__assay__in=ids).delete()
    for scope in {(row.workspace_id, row.pipeline_id) for row in rows}:
        _add_up_anew(*scope)
    Result.objects.filter(assay__in=ids).update(updated_at=EPOCH)
    Assay.objects.filter(pk__in=ids).update(**dict.fromkeys(_READ))
    for row in rows:
        row.next_poll_at = now


def _add_up_anew(workspace_id: int, pipeline_id: int) -> None:
    kept = ScopeRollup.objects.filter(workspace_id=workspace_id, pipeline_id=pipeline_id)
    hours = [micros(hour) for hour in kept.values_list("hour", flat=True)]
    kept.delete()
    recount_scopes((workspace_id, pipeline_id, hour) for hour in hours)


_READ = ("read_from", "read_to", "covered_from", "covered_to", "swept_to", "caught_up_at")


def _write_fields(items: dict[UUID, Received[wire.Assay]], old: Collection[UUID]) -> None:
    rows = [
        Field(
            assay_id=pk,
            key=_text(path.key),
            mark=fingerprint(_text(path.key).encode()),
            position=position,
            warning=path.thresholds.warning if path.thresholds else None,
            alert=path.thresholds.alert if path.thresholds else None,
        )
        for pk, item in items.items()
        for position, path in enumerate(_distinct(item.message.targeting.iopath))
    ]
    Field.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["assay", "mark"],
        update_fields=["position", "warning", "alert"],
        batch_size=200,
    )
    wanted = {(row.assay_id, row.mark) for row in rows}
    kept = Field.objects.filter(assay__in=old).values_list("pk", "assay_id", "mark")
    Field.objects.filter(pk__in=[pk for pk, *identity in kept if tuple(identity) not in wanted]).delete()


def _distinct(paths: Iterable[wire.IoPath]) -> list[wire.IoPath]:
    return list({_text(path.key): path for path in paths}.values())


def _write_pauses(rows: Sequence[Assay], now: datetime) -> None:
    """Opens the pauses that began, and closes those that ended."""
    running = {row.pk: row for row in rows if row.active}
    for pause in Pause.objects.filter(assay__in=running.keys(), ended_at=None):
        pause.ended_at = max(pause.began_at, min(running[pause.assay_id].updated_at, now))
        pause.save(update_fields=["ended_at"])
    stopped = [Pause(assay=row, began_at=row.paused_since) for row in rows if row.paused_since is not None]
    Pause.objects.bulk_create(stopped, ignore_conflicts=True)


def _return(rows: Sequence[Assay], now: datetime) -> None:
    for row in rows:
        row.gone_since, row.next_poll_at = None, now
    _save(rows, now, ("gone_since", "next_poll_at"))


def _lose(ids: Collection[UUID], now: datetime) -> list[Assay]:
    rows = list(Assay.objects.filter(pk__in=ids, gone_since=None))
    for row in rows:
        row.gone_since = now
    _save(rows, now, ("gone_since",))
    return rows


def _save(rows: Sequence[Assay], now: datetime, columns: Sequence[str]) -> None:
    fields = standing.fields_of(row.pk for row in rows)
    for row in rows:
        standing.judge(row, fields[row.pk], now)
    written = (*columns, "state", "state_since", "ratio", "worst_field_id")
    standing.save(rows, written)
    incidents.settle(rows, now)
