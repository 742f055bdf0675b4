"""Every scored window of a field as arrays, from packs of thirty days and the rows that are newer than these.

A year of one-minute windows is read from its packs in a few hundredths of a second, and from its rows in seconds.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import numpy as np
from django.db import connection, transaction
from numpy.typing import NDArray

from assays import bulk
from assays.coverage import Span
from assays.drift.bins import Floats
from assays.insight.models import Pack, Touched
from assays.insight.touched import shorten_pack
from assays.models import Field, Score
from assays.schedule import MICROSECOND, micros, moment
from assays.series import Ints

STRETCH = timedelta(days=30) // MICROSECOND
"""What one pack holds: the ends from number * STRETCH, microseconds since 1970, to the next."""

WORTH_PACKING = timedelta(days=1)
"""A shorter stretch of newly stored windows is left to be read from its rows."""

PATIENCE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class History:
    """Scored windows, oldest end first; times are microseconds since 1970. Shape (W,) each."""

    end: Ints
    start: Ints
    score: Floats

    def __len__(self) -> int:
        return len(self.end)

    def take(self, places: NDArray[np.bool_] | slice) -> History:
        return History(self.end[places], self.start[places], self.score[places])


def history(field: Field, span: Span) -> History:
    """The scored windows of a field that end within a span.

    What is stale is asked first: packed meanwhile, it is merely read twice.
    """
    first, last = micros(span.after) + 1, micros(span.until)
    stale = Touched.objects.filter(assay=field.assay_id, pack_last__isnull=False).first()
    kept = Pack.objects.filter(field=field, number__range=(first // STRETCH, last // STRETCH)).order_by("number")
    packed = joined(unpack(data) for data in kept.values_list("data", flat=True))
    if stale is not None and stale.pack_first is not None and stale.pack_last is not None:
        packed = _replaced(packed, field.pk, max(first, micros(stale.pack_first)), min(last, micros(stale.pack_last)))
    return packed.take(slice(*np.searchsorted(packed.end, [first, last + 1])))


def _replaced(packed: History, field_id: int, first: int, last: int) -> History:
    """The same with the windows of a stretch as its rows have them now."""
    if last < first:
        return packed
    before, after = np.searchsorted(packed.end, [first, last + 1])
    return joined([packed.take(slice(0, before)), rows(field_id, first, last), packed.take(slice(after, None))])


def rows(field_id: int, first: int, last: int) -> History:
    """The scored windows with first <= end <= last, from their rows."""
    kept = f"FROM {Score._meta.db_table} WHERE field_id = %s AND window_end BETWEEN %s AND %s AND score IS NOT NULL"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT window_end, window_start, score {kept} ORDER BY window_end, window_start", [field_id, first, last]
        )
        columns = list(zip(*cursor.fetchall(), strict=True)) or [(), (), ()]
    return History(
        np.array(columns[0], dtype=np.int64), np.array(columns[1], dtype=np.int64), np.array(columns[2], dtype=float)
    )


def joined(parts: Iterable[History]) -> History:
    """One after the other."""
    every = [NOTHING, *parts]
    return History(*(np.concatenate([getattr(part, name) for part in every]) for name in History.__slots__))


NOTHING = History(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))


def pack(windows: History) -> bytes:
    """Times as differences, compressed, for a schedule repeats itself; scores as they are, for they do not."""
    steps = np.diff(windows.end, prepend=0)
    times = zlib.compress(np.concatenate([steps, windows.end - windows.start]).astype("<i8").tobytes(), 1)
    return len(times).to_bytes(4, "little") + times + windows.score.astype("<f8").tobytes()


def unpack(data: bytes | memoryview) -> History:
    packed = memoryview(data)
    size = 4 + int.from_bytes(packed[:4], "little")
    steps, widths = np.frombuffer(zlib.decompress(packed[4:size]), dtype="<i8").reshape(2, -1)
    end = np.cumsum(steps)
    return History(end, end - widths, np.frombuffer(packed[size:], dtype="<f8"))


def pack_touched(patience: timedelta = PATIENCE) -> int:
    """Packs what was stored since it was last packed, where that is long enough; how many packs were written."""
    stop = time.monotonic() + patience.total_seconds()
    done = 0
    for pk in _worth_packing():
        while time.monotonic() < stop and (many := _pack_newest(pk)):
            done += many
    return done


def _worth_packing() -> Sequence[UUID]:
    kept = Touched.objects.filter(pack_last__isnull=False).values_list("pk", "pack_first", "pack_last")
    return [pk for pk, first, last in kept.iterator() if first and last and last - first >= WORTH_PACKING]


def _pack_newest(pk: UUID) -> int:
    """Packs the newest thirty days of an assay's stretch, for each of its fields."""
    row = Touched.objects.get(pk=pk)
    if row.pack_first is None or row.pack_last is None:
        return 0
    number = micros(row.pack_last) // STRETCH
    first = number * STRETCH
    packs = [(field_id, number, _packed(field_id, first)) for field_id in _fields(pk)]
    with transaction.atomic():
        if not shorten_pack(row, _before(first)):
            return 0
        bulk.upsert(Pack, ("field_id", "number", "data"), ("field_id", "number"), packs)
    return len(packs)


def _fields(pk: UUID) -> Iterable[int]:
    return Field.objects.filter(assay=pk).values_list("pk", flat=True)


def _packed(field_id: int, first: int) -> bytes:
    return pack(rows(field_id, first, first + STRETCH - 1))


def _before(first: int) -> datetime:
    return moment(first) - MICROSECOND


def prune(limit: datetime) -> None:
    """Forgets the packs of which no window is kept: all end at or before the limit."""
    Pack.objects.filter(number__lt=micros(limit) // STRETCH).delete()
