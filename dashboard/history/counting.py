"""Windows counted by field and local day: from the hours, and from the windows where a day begins within an hour.

Nothing of what is asked here depends on who asks: `reads` keeps it, and shows each reader a part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import connection

from assays.models import Assay, Field, HourRollup, Pause, Score
from assays.rollups import COUNTS
from assays.schedule import MICROSECOND, Plan, micros, moment, window_ends
from assays.states import State
from dashboard.history.days import DAY_MICROS, HOUR_MICROS, Days
from dashboard.history.numbers import NO_DATA, Counts, Ints

AT_ONCE = 500
"""Fields of one statement."""

_ASSAY, _FIELD, _PAUSE = Assay._meta.db_table, Field._meta.db_table, Pause._meta.db_table
_HOURS, _SCORES = HourRollup._meta.db_table, Score._meta.db_table
_SUMS = ", ".join(f"sum({name})" for name in COUNTS)
_STATES = ", ".join(
    f"count(*) FILTER (WHERE score.state = {s})" for s in (State.OK, State.WARNING, State.ALERT, State.FAILED)
)
_ON_GRID = "count(*) FILTER (WHERE (score.window_end - first_run) %% nullif(period_seconds * 1000000, 0) = 0)"


def count(field_ids: Ints, days: Days) -> Counts:
    """Counts (fields, days, 5) of the fields, whose ids ascend."""
    counts = np.zeros((len(field_ids), days.many, len(COUNTS)), dtype=np.int64)
    if days.many and len(field_ids):
        _add_hours(counts, field_ids, days)
        _add_cut_hours(counts, field_ids, days)
        _take_paused(counts, field_ids, days)
    return _small(counts)


def _small(counts: Ints) -> Counts:
    """In as few bytes as its largest number needs: there may be millions."""
    return counts.astype(np.min_scalar_type(int(counts.max(initial=0))))


def _place(days: Days, column: str) -> str:
    """The SQL for the place of the day on which a moment within the days falls."""
    terms = []
    for k, start, stop in days.runs():
        regular = (stop - start) % DAY_MICROS == 0
        terms.append(
            f"WHEN {column} < {stop} THEN {k}" + (f" + ({column} - {start}) / {DAY_MICROS}" if regular else "")
        )
    return f"CASE {' '.join(terms)} END"


def _add_hours(counts: Ints, field_ids: Ints, days: Days) -> None:
    whole = f"AND {_place(days, 'hour')} = {_place(days, f'(hour + {HOUR_MICROS - 1})')}" if len(days.cuts) else ""
    first, last = int(days.starts[0]), int(days.starts[-1]) - HOUR_MICROS
    statement = (
        f"SELECT field_id, {_place(days, 'hour')} AS place, {_SUMS} FROM {_HOURS}"
        f" WHERE field_id >= %s AND field_id <= %s AND hour >= {first} AND hour <= {last} {whole}"
        " GROUP BY field_id, place"
    )
    for rows in _in_batches(statement, field_ids, 7):
        counts[np.searchsorted(field_ids, rows[:, 0]), rows[:, 1]] += rows[:, 2:]


def _in_batches(statement: str, field_ids: Ints, width: int) -> Iterator[Ints]:
    """The rows of the known fields, some hundreds of fields at a time."""
    for start in range(0, len(field_ids), AT_ONCE):
        batch = field_ids[start : start + AT_ONCE]
        with connection.cursor() as cursor:
            cursor.execute(statement, [int(batch[0]), int(batch[-1])])
            rows = np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, width)
        yield rows[np.isin(rows[:, 0], batch)]


def _add_cut_hours(counts: Ints, field_ids: Ints, days: Days) -> None:
    """Hours in which a day begins: their windows, and the scheduled ones that are missing, on either side."""
    parts = list(_parts(days))
    if not parts:
        return
    hours = ", ".join(f"({hour})" for hour in days.cuts.tolist())
    statement = (
        f"WITH cut(hour) AS (VALUES {hours})"
        f" SELECT watched.id, {_place(days, 'score.window_end')} AS place, cut.hour, {_STATES}, {_ON_GRID}"
        f" FROM cut CROSS JOIN {_FIELD} watched JOIN {_ASSAY} assay ON assay.id = watched.assay_id"
        f" JOIN {_SCORES} score ON score.field_id = watched.id"
        f" AND score.window_end >= cut.hour AND score.window_end < cut.hour + {HOUR_MICROS}"
        " WHERE watched.id >= %s AND watched.id <= %s"
        f" AND score.window_end >= {days.starts[0]} AND score.window_end < {days.starts[-1]}"
        " GROUP BY watched.id, place, cut.hour"
    )
    found = np.concatenate([*_in_batches(statement, field_ids, 8), np.empty((0, 8), dtype=np.int64)])
    rows = np.searchsorted(field_ids, found[:, 0])
    np.add.at(counts[..., :NO_DATA], (rows, found[:, 1]), found[:, 3:7])
    missing = _scheduled(field_ids, parts)
    part_of = {(part.place, part.hour): k for k, part in enumerate(parts)}
    places = [part_of[place, hour] for place, hour in found[:, 1:3].tolist()]
    np.subtract.at(missing, (rows, np.array(places, dtype=np.intp)), found[:, 7])
    for k, part in enumerate(parts):
        counts[:, part.place, NO_DATA] += np.maximum(missing[:, k], 0)


@dataclass(frozen=True, slots=True)
class _Part:
    """The moments of a cut hour that belong to one day: since <= moment < until."""

    place: int
    hour: int
    since: int
    until: int


def _parts(days: Days) -> Iterator[_Part]:
    for k, start in enumerate(days.starts.tolist()):
        hour = start - start % HOUR_MICROS
        if hour != start and k > 0:
            yield _Part(k - 1, hour, hour, start)
        if hour != start and k < days.many:
            yield _Part(k, hour, start, hour + HOUR_MICROS)


def _scheduled(field_ids: Ints, parts: Sequence[_Part]) -> Ints:
    """How many windows the schedule names in each part (fields, parts), of those that have been read."""
    columns = ("assay__first_run", "assay__period_seconds", "assay__ends_at", "assay__read_from", "assay__read_to")
    plans = {pk: plan for pk, *plan in Field.objects.values_list("pk", *columns)}
    since, until = (np.array([getattr(part, name) for part in parts]) for name in ("since", "until"))
    result = np.zeros((len(field_ids), len(parts)), dtype=np.int64)
    for row, pk in enumerate(field_ids.tolist()):
        first, period, ends, read_from, read_to = plans.get(pk, (None,) * 5)
        if period and read_from and read_to:
            last = micros(min(read_to, ends) if ends else read_to)
            after, stop = np.maximum(since - 1, micros(read_from)), np.minimum(until - 1, last)
            result[row] = np.maximum(_ends_until(stop, first, period) - _ends_until(after, first, period), 0)
    return result


def _ends_until(at: Ints, first: datetime, period: int) -> Ints:
    return np.maximum((at - micros(first)) // (period * 1_000_000) + 1, 0)


def _take_paused(counts: Ints, field_ids: Ints, days: Days) -> None:
    """Nothing is missing of an assay that is switched off."""
    since, until = moment(days.starts[0]), moment(days.starts[-1])
    pauses = [p for p in Pause.objects.filter(began_at__lt=until).select_related("assay") if not _is_over(p, since)]
    if not pauses:
        return
    came = _results_in_pauses(days)
    fields: dict[object, list[int]] = {}
    for pk, assay_id in Field.objects.filter(assay__in=[p.assay_id for p in pauses]).values_list("pk", "assay_id"):
        fields.setdefault(assay_id, []).append(pk)
    for pause in pauses:
        for pk in fields.get(pause.assay_id, []):
            row = int(np.searchsorted(field_ids, pk))
            if row < len(field_ids) and field_ids[row] == pk:
                missing = np.setdiff1d(_named(pause, days), came[came[:, 0] == pk, 1])
                lost = np.bincount(np.searchsorted(days.starts, missing, side="right") - 1, minlength=days.many)
                counts[row, :, NO_DATA] = np.maximum(counts[row, :, NO_DATA] - lost, 0)


def _is_over(pause: Pause, at: datetime) -> bool:
    return pause.ended_at is not None and pause.ended_at <= at


def _named(pause: Pause, days: Days) -> Ints:
    """The ends of the windows that the schedule names within a pause, of those that have been read."""
    assay, tick = pause.assay, MICROSECOND
    if assay.read_from is None or assay.read_to is None:
        return np.empty(0, dtype=np.int64)
    after = max(pause.began_at, assay.read_from, moment(days.starts[0]) - tick)
    until = min(pause.ended_at or assay.read_to, assay.read_to, moment(days.starts[-1]) - tick)
    plan: Plan = assay.plan
    return window_ends(plan, after, until) if after < until else np.empty(0, dtype=np.int64)


def _results_in_pauses(days: Days) -> Ints:
    statement = (
        f"SELECT watched.id, score.window_end FROM {_PAUSE} pause"
        f" JOIN {_FIELD} watched ON watched.assay_id = pause.assay_id"
        f" JOIN {_SCORES} score ON score.field_id = watched.id AND score.window_end > pause.began_at"
        " AND (pause.ended_at IS NULL OR score.window_end <= pause.ended_at)"
        f" WHERE score.window_end >= {days.starts[0]} AND score.window_end < {days.starts[-1]}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return np.array(cursor.fetchall(), dtype=np.int64).reshape(-1, 2)
