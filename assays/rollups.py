"""Hours, counted anew whenever one of their windows is touched: of a field, and of all fields of a pipeline.

An hour holds the windows that end in it, from its first microsecond to its last. Windows without data are those that
the schedule names, that have been read, and that left no result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection

from assays import bulk
from assays.coverage import TICK, Span
from assays.models import Assay, Field, HourRollup, ScopeRollup
from assays.schedule import MICROSECOND, Plan, count, micros, moment, window_ends
from assays.states import State

HOUR = timedelta(hours=1)
HOUR_MICROS = HOUR // MICROSECOND
COUNTS = ("ok", "warning", "alert", "failed", "no_data")


@dataclass(frozen=True, slots=True)
class Touched:
    """Hours (microseconds since 1970) of one assay that must be counted again, for each of its fields."""

    plan: Plan
    read: Span
    field_ids: tuple[int, ...]
    hours: frozenset[int]


def hour_of(end: int) -> int:
    """The hour in which a window ends, both as microseconds since 1970."""
    return end - end % HOUR_MICROS


def scheduled_hours(plan: Plan, span: Span) -> set[int]:
    """The hours in which the schedule names a window of the span."""
    return {hour_of(int(end)) for end in window_ends(plan, span.after, span.until)}


def recount(touched: Iterable[Touched]) -> None:
    """Counts the fields' hours anew. The caller holds the assays' locks, and calls `recount_scopes` after it."""
    work = list(touched)
    counted = {row[:2]: row[2:] for row in bulk.select(_COUNT, _pairs(work), 4)}
    rows = list(_rows(work, counted))
    bulk.upsert(HourRollup, _COLUMNS, ("field_id", "hour"), [row for row in rows if any(row[2:7])])
    _drop([row[:2] for row in rows if not any(row[2:7])])


_COLUMNS = ("field_id", "hour", *COUNTS, "worst", "lowest", "highest", "total")

_COUNT = f"""
WITH touched(field_id, hour, first_run, period) AS ({{rows}})
SELECT touched.field_id, touched.hour,
       count(*) FILTER (WHERE state = {State.OK}), count(*) FILTER (WHERE state = {State.WARNING}),
       count(*) FILTER (WHERE state = {State.ALERT}), count(*) FILTER (WHERE state = {State.FAILED}),
       count(*) FILTER (WHERE (window_end - first_run) %% nullif(period, 0) = 0),
       min(state), min(score), max(score), sum(score)
FROM touched JOIN assays_score ON assays_score.field_id = touched.field_id
     AND window_end >= touched.hour AND window_end < touched.hour + {HOUR_MICROS}
GROUP BY touched.field_id, touched.hour
"""


def _pairs(work: Iterable[Touched]) -> Iterator[tuple[int, int, int, int]]:
    for item in work:
        period = 0 if item.plan.period is None else item.plan.period // MICROSECOND
        first = micros(item.plan.first_run)
        for field_id in item.field_ids:
            yield from ((field_id, hour, first, period) for hour in item.hours)


def _rows(work: Iterable[Touched], counted: dict[tuple[Any, ...], tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    for item in work:
        for hour in item.hours:
            scheduled = _scheduled(item, hour)
            for field_id in item.field_ids:
                *states, on_grid, worst, lowest, highest, total = counted.get((field_id, hour), _NONE)
                no_data = max(0, scheduled - on_grid)
                yield (field_id, hour, *states, no_data, worst, lowest, highest, total)


_NONE = (0, 0, 0, 0, 0, int(State.NO_DATA), None, None, None)


def _scheduled(item: Touched, hour: int) -> int:
    """How many windows the schedule names in the hour, of those that have been read."""
    begin = moment(hour) - TICK
    after, until = max(begin, item.read.after), min(begin + HOUR, item.read.until)
    return count(item.plan, after, until) if after < until else 0


def _drop(pairs: list[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(f"DELETE FROM {bulk.table(HourRollup)} WHERE field_id = %s AND hour = %s", pairs)


Scope = tuple[int, int, int]
"""Workspace, pipeline, and an hour as microseconds since 1970."""


def recount_scopes(scopes: Iterable[Scope]) -> None:
    """Adds the fields' hours up. Scopes are locked first: of two writers the later sees the earlier's hours."""
    ordered = sorted(set(scopes))
    if not ordered:
        return
    bulk.lock({f"scope {workspace} {pipeline}" for workspace, pipeline, _ in ordered})
    identity = ("hour", "workspace_id", "pipeline_id")
    bulk.upsert(ScopeRollup, (*_SCOPE, *COUNTS), identity, bulk.select(_ADD, ordered, 3))


_SCOPE = ("workspace_id", "pipeline_id", "hour")

_ADD = f"""
WITH touched(workspace_id, pipeline_id, hour) AS ({{rows}})
SELECT touched.workspace_id, touched.pipeline_id, touched.hour, {", ".join(f"sum(counted.{name})" for name in COUNTS)}
FROM touched
JOIN {Assay._meta.db_table} assay USING (workspace_id, pipeline_id)
JOIN {Field._meta.db_table} field ON field.assay_id = assay.id
JOIN {HourRollup._meta.db_table} counted ON counted.field_id = field.id AND counted.hour = touched.hour
GROUP BY touched.workspace_id, touched.pipeline_id, touched.hour
"""
