"""Counts of days that are over, kept in the cache by month until the past itself changes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from django.core.cache import cache
from django.db import connection
from django.db.models import BigIntegerField, Sum
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Cast
from redis.exceptions import RedisError

from assays import bulk
from assays.models import Field, Pause
from assays.rollups import COUNTS
from assays.schedule import micros
from dashboard.history.counting import count
from dashboard.history.days import Days, between
from dashboard.history.models import Revision
from dashboard.history.numbers import Counts, Ints

SETTLED = timedelta(days=1)
"""A window that comes so long after it ended changes the past."""

KEPT_SECONDS, OPEN_SECONDS = 14 * 86_400, 30

Kept = tuple[Ints, Counts]
"""The ids of all fields, ascending, and their counts."""


def note(hours: Mapping[UUID, set[int]], **_: Any) -> None:
    """The receiver of `signals.recounted`: counts the assays of which it reaches back beyond a day."""
    limit = micros(datetime.now(UTC) - SETTLED)
    past = sorted(bulk.key(pk) for pk, touched in hours.items() if touched and min(touched) <= limit)
    table = bulk.table(Revision)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} (assay_id, number) VALUES (%s, 1)"
            f" ON CONFLICT (assay_id) DO UPDATE SET number = {table}.number + 1",
            [(pk,) for pk in past],
        )


def counts(field_ids: Ints, days: Days, now: datetime) -> Counts:
    """Counts (fields, days, 5) of the fields, whose ids ascend; a day to come has none."""
    parts = list(_parts(days, now))
    found = _kept([part for part, _ in parts], stamp(), {part for part, is_over in parts if is_over})
    widest = np.result_type(*(part.dtype for _, part in found.values()), np.uint8)
    result = np.zeros((len(field_ids), days.many, len(COUNTS)), dtype=widest)
    for part, (ids, counted) in found.items():
        _put(result, days, field_ids, part, ids, counted)
    return result


def _parts(days: Days, now: datetime) -> Iterator[tuple[Days, bool]]:
    """The months that hold the days, as far as they are over, and then the days that are not; none to come."""
    today, settled = (at.astimezone(days.zone).date() for at in (now, now - SETTLED))
    month = days.first.replace(day=1)
    while month <= days.last and month < settled:
        following = _following(month)
        yield between(month, min(following, settled) - timedelta(days=1), days.zone), True
        month = following
    first, last = max(days.first, settled), min(days.last, today)
    if first <= last:
        yield between(settled, today, days.zone), False


def _following(month: date) -> date:
    return (month + timedelta(days=31)).replace(day=1)


def stamp() -> tuple[object, ...]:
    """What changes whenever the past does."""
    revised = Revision.objects.aggregate(total=Sum("number"))["total"]
    paused = Pause.objects.aggregate(began=Sum(_seconds("began_at")), ended=Sum(_seconds("ended_at")))
    return revised, *paused.values()


def _seconds(column: str) -> CombinedExpression:
    """Of which a sum is a number that databases can hold."""
    return Cast(column, BigIntegerField()) / 1_000_000


def _kept(parts: list[Days], stamped: tuple[object, ...], over: set[Days]) -> dict[Days, Kept]:
    names = {part: _name(part, stamped) for part in parts}
    found = _get(list(names.values()))
    missing = [part for part in parts if names[part] not in found]
    for part, kept in _counted(missing):
        found[names[part]] = kept
        _set(names[part], kept, KEPT_SECONDS if part in over else OPEN_SECONDS)
    return {part: found[name] for part, name in names.items()}


def _name(part: Days, stamped: tuple[object, ...]) -> str:
    return ":".join(map(str, ("history", part.zone, part.first, part.many, *stamped))).replace(" ", "")


def _counted(parts: list[Days]) -> Iterator[tuple[Days, Kept]]:
    if not parts:
        return
    ids = np.array(Field.objects.order_by("pk").values_list("pk", flat=True), dtype=np.int64)
    for part in parts:
        yield part, (ids, count(ids, part))


def _get(names: list[str]) -> dict[str, Kept]:
    try:
        return dict(cache.get_many(names))
    except (RedisError, OSError):
        return {}


def _set(name: str, kept: Kept, seconds: int) -> None:
    try:
        cache.set(name, kept, seconds)
    except (RedisError, OSError):
        return


def _put(result: Counts, days: Days, field_ids: Ints, part: Days, ids: Ints, counted: Counts) -> None:
    """Copies the days and fields that both have."""
    first, last = max(part.first, days.first), min(part.last, days.last)
    if first > last:
        return
    there = slice(days.place(first), days.place(last) + 1)
    here = counted[:, part.place(first) : part.place(last) + 1]
    if np.array_equal(ids, field_ids):
        result[:, there] = here
        return
    known = np.isin(field_ids, ids)
    result[known, there] = here[np.searchsorted(ids, field_ids[known])]
