"""An assay's results as they are answered, newest first; blocks that are asked for again are kept ready compressed.

A block is a stretch of time that holds about as many windows whatever the assay's period. Before one is taken from the
shelf, the database says by how many rows there are and when they were updated that nothing in it has changed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection

from assays import bulk
from assays.fields import unpack
from assays.models import Assay, Result
from assays.schedule import MICROSECOND, micros
from dashboard.pieces import Packed, Piece, pack

PAGE = 500
FIRST, LAST = -(1 << 62), 1 << 62
"""Before and after every moment, in microseconds since 1970."""

WINDOWS = 240
"""Of a block: four hours of minutes, so that a day or a week of any zone is made of whole ones."""

MOST_BLOCKS = 256
"""Of a longer range none is kept: it would push out what is asked for more often."""

LARGEST = 4 * WINDOWS
"""Rows; an assay that has been run far more often than it says is read a page at a time."""

ROOM = 32 << 20
REMEMBERED = 4096

Key = tuple[UUID, int, int]


class State(NamedTuple):
    """What changes with any row of a stretch: how many there are, and the sum of when they were updated."""

    rows: int
    updated: int


@dataclass(slots=True)
class Shelf:
    """The blocks last used, as many as have room, and what was asked for once and is no block yet."""

    room: int
    _blocks: OrderedDict[Key, tuple[State, Packed]] = field(default_factory=OrderedDict)
    _asked: OrderedDict[Key, State] = field(default_factory=OrderedDict)
    _size: int = 0
    _lock: Lock = field(default_factory=Lock)

    def take(self, key: Key, state: State) -> Packed | None:
        with self._lock:
            found = self._blocks.get(key)
            if found is None or found[0] != state:
                return None
            self._blocks.move_to_end(key)
            return found[1]

    def put(self, key: Key, state: State, block: Packed) -> None:
        with self._lock:
            self._drop(key)
            self._blocks[key] = state, block
            self._size += len(block.deflated)
            while self._size > self.room:
                self._drop(next(iter(self._blocks)))

    def is_asked_again(self, key: Key, state: State) -> bool:
        """Packing takes as long as reading, which pays from the second time on."""
        with self._lock:
            again = self._asked.pop(key, None) == state
            self._asked[key] = state
            if len(self._asked) > REMEMBERED:
                self._asked.popitem(last=False)
            return again

    def _drop(self, key: Key) -> None:
        if key in self._blocks:
            self._size -= len(self._blocks.pop(key)[1].deflated)


shelf = Shelf(ROOM)
"""Of this process, whoever asks: what may be seen by whom has been settled before."""


def listed(assay: Assay, start: int, end: int) -> Iterator[Piece]:
    """A JSON list of the results with start <= window_end < end, in microseconds since 1970."""
    yield b"["
    for number, piece in enumerate(_pieces(assay, start, end)):
        if number:
            yield b","
        yield piece
    yield b"]"


def _pieces(assay: Assay, start: int, end: int) -> Iterator[Piece]:
    width = WINDOWS * ((assay.plan.period or assay.plan.width) // MICROSECOND)
    if width <= 0 or _known(assay, start, end) > MOST_BLOCKS * width:
        yield from _by_page(assay.pk, start, end)
        return
    yield from _by_block(assay.pk, max(start, 0), end, width)
    if start < 0:  # before 1970 the database's division would round the other way
        yield from _by_page(assay.pk, start, min(end, 0))


def _known(assay: Assay, start: int, end: int) -> int:
    """How much of the range, in microseconds, may hold results."""
    first = micros(assay.covered_from or assay.first_run)
    last = micros(assay.covered_to or assay.first_run)
    return min(end, last) - max(start, first)


_STATES = f"""
SELECT window_end / %s, COUNT(*), SUM(updated_at / 1000000), SUM(updated_at %% 1000000)
FROM {Result._meta.db_table} WHERE assay_id = %s AND window_end >= %s AND window_end < %s
GROUP BY 1 ORDER BY 1 DESC
"""  # seconds and the rest apart, for microseconds of thousands of rows are more than 64 bits hold


def _by_block(pk: UUID, start: int, end: int, width: int) -> Iterator[Piece]:
    for number, rows, seconds, rest in _fetched(_STATES, [width, bulk.key(pk), start, end]):
        key = pk, max(start, number * width), min(end, (number + 1) * width)
        yield from _block(key, State(rows, int(seconds) * 1_000_000 + int(rest)))


def _block(key: Key, state: State) -> Iterator[Piece]:
    if state.rows > LARGEST:
        yield from _by_page(*key)
    elif found := shelf.take(key, state):
        yield found
    elif content := b",".join(_by_page(*key)):
        if shelf.is_asked_again(key, state):
            shelf.put(key, state, pack(content))
        yield content


_NEWEST = f"""
SELECT window_end, window_start, message FROM {Result._meta.db_table}
WHERE assay_id = %s AND window_end >= %s AND (window_end, window_start) < (%s, %s)
ORDER BY window_end DESC, window_start DESC LIMIT {PAGE}
"""


def _by_page(pk: UUID, start: int, end: int) -> Iterator[bytes]:
    """By the index, a page at a time and each a query of its own: a slow reader holds no transaction open."""
    before = (end, FIRST)
    while rows := _fetched(_NEWEST, [bulk.key(pk), start, *before]):
        yield b",".join(unpack(message) for *_, message in rows)
        before = rows[-1][:2]


def _fetched(statement: str, values: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[Any] = cursor.fetchall()
        return rows
