"""How an assay and its fields stand now: what an overview row shows, found anew from the cache after each change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from assays import bulk
from assays.models import Assay, Field, HourRollup, Score
from assays.rollups import HOUR_MICROS, hour_of
from assays.schedule import MICROSECOND, count, micros, moment, newest_end, next_end, window_ends
from assays.states import State

SLOTS = 48
PAUSED_SLOTS = 12
"""A pause takes at most a quarter of the slots, so that what came before it stays in sight."""


class Window(NamedTuple):
    """A row of `Score`, times as microseconds since 1970; a window without data has no start."""

    end: int
    state: int
    score: float | None = None
    start: int | None = None
    rows: int | None = None
    warning: float | None = None
    alert: float | None = None


class Run(NamedTuple):
    """The windows of one kind that the newest one ends: the first one's end, and of bad ones how many and the peak."""

    since: int | None
    streak: int
    peak: float | None


def fields_of(assays: Iterable[UUID]) -> dict[UUID, list[Field]]:
    """Each assay's fields, in upstream's order; an assay without any has an empty list."""
    grouped: dict[UUID, list[Field]] = {pk: [] for pk in assays}
    for row in Field.objects.filter(assay__in=grouped.keys()).order_by("position"):
        grouped[row.assay_id].append(row)
    return grouped


def save(assays: Iterable[Assay], columns: Sequence[str]) -> None:
    bulk.update(Assay, columns, bulk.prepared(assays, (*columns, "id")))


def refresh(assays: Sequence[Assay], fields: Mapping[UUID, Sequence[Field]], now: datetime) -> None:
    """Sets the columns of the fields (saved here) and of the assays (saved by the caller)."""
    owners = {field.pk: assay for assay in assays for field in fields[assay.pk]}
    windows = _recent_scores(assays, fields)
    slots = {pk: _slots(owner, windows[pk]) for pk, owner in owners.items()}
    runs = _runs(owners, {pk: row[-1] for pk, row in slots.items() if row})
    everything = [field for assay in assays for field in fields[assay.pk]]
    for field in everything:
        _stand(field, slots[field.pk], runs.get(field.pk), _paused_slots(owners[field.pk], now))
    bulk.update(Field, _FIELD_COLUMNS, bulk.prepared(everything, (*_FIELD_COLUMNS, "id")))
    for assay in assays:
        judge(assay, fields[assay.pk], now)


def judge(assay: Assay, fields: Sequence[Field], now: datetime) -> None:
    """Sets the assay's state, since when, and the field that stands worst."""
    seen = [field for field in fields if field.state != State.NEW]
    worst = min(seen, key=lambda field: (field.state, -(field.ratio or 0.0)), default=None)
    assay.worst_field = worst
    assay.ratio = worst.ratio if worst else None
    assay.state, assay.state_since = _state(assay, worst, now)


def _state(assay: Assay, worst: Field | None, now: datetime) -> tuple[State, datetime | None]:
    if assay.gone_since is not None:
        return State.GONE, assay.gone_since
    if not assay.active:
        return State.PAUSED, assay.paused_since
    if has_ended(assay, now):
        return State.ENDED, assay.ends_at
    if is_late(assay):
        return State.LATE, assay.next_run
    return (State(worst.state), worst.since) if worst else (State.NEW, assay.created_at)


def has_ended(assay: Assay, now: datetime) -> bool:
    """Its end has passed, and no run of before is still to come."""
    if assay.ends_at is None or assay.ends_at > now:
        return False
    return assay.last_run is None or next_end(assay.plan, assay.last_run) is None


def is_late(assay: Assay) -> bool:
    """Upstream has answered after the grace period, and the run that was due had not come."""
    answered = assay.last_success_at
    return assay.late_after is not None and answered is not None and answered > assay.late_after


def _recent_scores(assays: Sequence[Assay], fields: Mapping[UUID, Sequence[Field]]) -> dict[int, list[Window]]:
    floors = [(field.pk, _floor(assay, field)) for assay in assays for field in fields[assay.pk]]
    found: dict[int, list[Window]] = defaultdict(list)
    for field_id, *window in bulk.select(_RECENT, floors, 2):
        found[field_id].append(Window(*window))
    return found


_RECENT = f"""
WITH wanted(field_id, floor) AS ({{rows}})
SELECT wanted.field_id, window_end, state, score, window_start, rows, warning, alert
FROM wanted JOIN {Score._meta.db_table} scored ON scored.field_id = wanted.field_id AND window_end > wanted.floor
ORDER BY wanted.field_id, window_end
"""


def _floor(assay: Assay, field: Field) -> int:
    """A time (microseconds) after which the newest slots lie, by the schedule or by the rows themselves."""
    newest = newest_end(assay.plan, assay.read_to) if assay.read_to else None
    if newest is not None and assay.plan.period is not None:
        return micros(newest) - SLOTS * (assay.plan.period // MICROSECOND)
    rows = Score.objects.filter(field=field).order_by("-window_end").values_list("window_end", flat=True)
    oldest = rows[SLOTS : SLOTS + 1].first()
    return micros(oldest) if oldest else 0


def _slots(assay: Assay, scored: Sequence[Window]) -> list[Window]:
    """The newest windows, oldest first, those without data among them."""
    if assay.read_from is None or assay.read_to is None:
        return list(scored[-SLOTS:])
    present = {window.end for window in scored}
    period = assay.plan.period or timedelta(0)
    floor = max(assay.read_from, assay.read_to - SLOTS * period)
    expected = (int(end) for end in window_ends(assay.plan, floor, assay.read_to))
    missing = [Window(end, State.NO_DATA) for end in expected if end not in present]
    return sorted([*scored, *missing], key=lambda window: window.end)[-SLOTS:]


def _paused_slots(assay: Assay, now: datetime) -> list[Window]:
    """The windows that a pause has kept from coming, as far as they are shown."""
    if assay.paused_since is None or assay.plan.period is None:
        return []
    since = max(assay.paused_since, assay.last_run or assay.paused_since, now - PAUSED_SLOTS * assay.plan.period)
    return [Window(int(end), State.PAUSED) for end in window_ends(assay.plan, since, now)]


def _stand(field: Field, slots: Sequence[Window], run: Run | None, paused: Sequence[Window]) -> None:
    shown = [*slots, *paused][-SLOTS:]
    field.recent = msgspec.msgpack.encode([(slot.end, int(slot.state), slot.score) for slot in shown])
    if not slots or run is None:
        return
    newest = slots[-1]
    if newest.state != State.FAILED:
        field.error = ""
    if newest.score is None:
        field.top_bin_data = ""
    field.state = newest.state
    field.window_start = moment(newest.start) if newest.start is not None else None
    field.window_end = moment(newest.end)
    field.score, field.rows = newest.score, newest.rows
    field.ratio = _ratio(newest)
    field.since = moment(run.since) if run.since is not None else None
    field.streak, field.peak = run.streak, run.peak


def _ratio(window: Window) -> float | None:
    """The score against its alert threshold, or its warning threshold where there is no other."""
    against = window.alert if window.alert is not None else window.warning
    return window.score / against if window.score is not None and against else None


_FIELD_COLUMNS = (
    "state",
    "window_start",
    "window_end",
    "score",
    "ratio",
    "rows",
    "top_bin_data",
    "error",
    "since",
    "streak",
    "peak",
    "recent",
)


@dataclass(frozen=True, slots=True)
class _Kind:
    """Windows that belong to one run, and those that end it; others, such as one without a score, do neither."""

    same: tuple[State, ...]
    ending: tuple[State, ...]
    counts: str = ""


_BAD = _Kind((State.ALERT, State.WARNING), (State.OK,), "warning + alert")
_KINDS = {
    State.ALERT: _BAD,
    State.WARNING: _BAD,
    State.OK: _Kind((State.OK,), (State.ALERT, State.WARNING)),
    State.FAILED: _Kind((State.FAILED,), (State.ALERT, State.WARNING, State.OK), "failed"),
    State.NO_DATA: _Kind((), (State.ALERT, State.WARNING, State.FAILED, State.OK)),
}


def _runs(owners: Mapping[int, Assay], newest: Mapping[int, Window]) -> dict[int, Run]:
    runs: dict[int, Run] = {}
    for kind in {_KINDS[State(window.state)] for window in newest.values()}:
        members = {pk: window.end for pk, window in newest.items() if _KINDS[State(window.state)] is kind}
        ended = _ended(kind, members)
        runs |= _unscored_runs(owners, members, ended) if not kind.same else _scored_runs(kind, ended)
    return runs


def _ended(kind: _Kind, newest: Mapping[int, int]) -> dict[int, int]:
    """The last window before the run, that ended the run before it; BEGINNING where there is none."""
    looks = ", ".join(f"({_LOOK.format(pick='max', state=state, op='<=', end='newest')})" for state in kind.ending)
    statement = f"WITH wanted(field_id, newest) AS ({{rows}}) SELECT field_id, {looks} FROM wanted"
    rows = bulk.select(statement, newest.items(), 2)
    return {pk: max((end for end in ends if end is not None), default=BEGINNING) for pk, *ends in rows}


def _scored_runs(kind: _Kind, ended: Mapping[int, int]) -> dict[int, Run]:
    looks = ", ".join(f"({_LOOK.format(pick='min', state=state, op='>', end='ended')})" for state in kind.same)
    statement = f"WITH wanted(field_id, ended) AS ({{rows}}) SELECT field_id, {looks} FROM wanted"
    first = {pk: min(end for end in ends if end is not None) for pk, *ends in bulk.select(statement, ended.items(), 2)}
    lengths = _lengths(kind, ended) if kind.counts else {}
    return {pk: Run(since, *lengths.get(pk, (0, None))) for pk, since in first.items()}


def _lengths(kind: _Kind, ended: Mapping[int, int]) -> dict[int, tuple[int, float | None]]:
    """How many windows the run has, and their peak: by the rollups, and by windows in the hour it began in."""
    states = ", ".join(str(int(state)) for state in kind.same)
    statement = f"""
        WITH wanted(field_id, ended, next_hour) AS ({{rows}})
        SELECT field_id,
            (SELECT sum({kind.counts}) FROM {Hours} h WHERE h.field_id = wanted.field_id AND h.hour >= next_hour),
            (SELECT max(highest) FROM {Hours} h WHERE h.field_id = wanted.field_id AND h.hour >= next_hour),
            (SELECT count(*) FROM {Scores} s WHERE s.field_id = wanted.field_id AND state IN ({states})
                AND window_end > ended AND window_end < next_hour),
            (SELECT max(score) FROM {Scores} s WHERE s.field_id = wanted.field_id
                AND window_end > ended AND window_end < next_hour)
        FROM wanted"""
    rows = bulk.select(statement, [(pk, end, hour_of(end) + HOUR_MICROS) for pk, end in ended.items()], 3)
    return {pk: ((many or 0) + few, _peak(kind, high, higher)) for pk, many, high, few, higher in rows}


def _peak(kind: _Kind, *highest: float | None) -> float | None:
    return max((value for value in highest if value is not None), default=None) if kind is _BAD else None


def _unscored_runs(owners: Mapping[int, Assay], newest: Mapping[int, int], ended: Mapping[int, int]) -> dict[int, Run]:
    """Windows without data leave no rows: their run follows from the schedule."""
    runs = {}
    for pk, end in newest.items():
        plan, read_from = owners[pk].plan, owners[pk].read_from
        begin = max(moment(ended[pk]), read_from) if read_from else moment(ended[pk])
        first = next_end(plan, begin)
        runs[pk] = Run(micros(first) if first else None, count(plan, begin, moment(end)), None)
    return runs


BEGINNING = 0
"""Before every window: 1970."""

Scores = Score._meta.db_table
Hours = HourRollup._meta.db_table
_LOOK = (
    f"SELECT {{pick}}(window_end) FROM {Scores} s"
    " WHERE s.field_id = wanted.field_id AND state = {state:d} AND window_end {op} wanted.{end}"
)
