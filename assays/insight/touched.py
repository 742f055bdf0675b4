"""Which windows were stored since they were last looked at: noted by sync, taken back by whoever has looked.

A stretch, not a list: a window re-scored long ago widens it to there, and what lies between is looked at once more.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import connection

from assays import bulk
from assays.insight.models import Touched

FIRST = ("verify_first", "pack_first")
LAST = ("verify_last", "pack_last")


def touch(ends: Iterable[tuple[UUID, int]]) -> None:
    """Widens the stretches by windows (assay, end in microseconds) just stored, within the caller's transaction."""
    spans: dict[UUID, tuple[int, int]] = {}
    for pk, end in ends:
        first, last = spans.get(pk, (end, end))
        spans[pk] = min(first, end), max(last, end)
    rows = [(bulk.key(pk), *span * 2) for pk, span in sorted(spans.items())]
    with connection.cursor() as cursor:
        cursor.executemany(_NOTE, rows)


_TABLE = Touched._meta.db_table


def _widened(column: str, sign: str) -> str:
    kept, new = f"{_TABLE}.{column}", f"excluded.{column}"
    return f"{column} = CASE WHEN {kept} {sign} {new} THEN {kept} ELSE {new} END"


_NOTE = f"""
INSERT INTO {_TABLE} (assay_id, verify_first, verify_last, pack_first, pack_last, stamp, fingerprint, basis)
VALUES (%s, %s, %s, %s, %s, 1, 0, 0)
ON CONFLICT (assay_id) DO UPDATE SET stamp = {_TABLE}.stamp + 1,
{", ".join([*(_widened(column, "<") for column in FIRST), *(_widened(column, ">") for column in LAST)])}
"""


def shorten_verify(seen: Touched, last: datetime | None) -> bool:
    """All after `last` has been verified, or everything; False, and nothing done, if more was stored since `seen`."""
    return _shorten(seen, "verify", last)


def shorten_pack(seen: Touched, last: datetime | None) -> bool:
    """The same for packing."""
    return _shorten(seen, "pack", last)


def _shorten(seen: Touched, reader: str, last: datetime | None) -> bool:
    first = getattr(seen, f"{reader}_first")
    rest = (first, last) if last is not None and last >= first else (None, None)
    changed = {f"{reader}_first": rest[0], f"{reader}_last": rest[1]}
    return bool(Touched.objects.filter(pk=seen.pk, stamp=seen.stamp).update(**changed))
