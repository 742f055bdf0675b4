"""Which times of the log the present is made of: shifted by whole weeks, and over again from its start when it ends.

All times are microseconds since 1970, UTC. A stretch (after, until] is open on the left and closed on the right,
as windows are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from assays.schedule import MICROSECOND, Micros

WEEK = timedelta(weeks=1) // MICROSECOND
STILL_TO_COME = 3 * WEEK
"""At most this much of the log lies ahead when a replay begins, and a week less at least."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The stretch (after, until] of the log, and what is added to its times."""

    after: int
    until: int
    offset: int


@dataclass(frozen=True, slots=True)
class Replay:
    """The log's stretch (start, start + length], moved by `shift` and repeated from then on; never before.

    A `length` of None is a log that is not replayed: its times are the present's.
    """

    start: int = 0
    length: int | None = None
    shift: int = 0

    @property
    def moved(self) -> timedelta:
        """What is added to the log's times, in its first round."""
        return self.shift * MICROSECOND

    def pieces(self, after: int, until: int) -> Iterator[Piece]:
        """The parts of the log that make up the present's (after, until], in order."""
        if self.length is None:
            yield Piece(after - self.shift, until - self.shift, self.shift)
            return
        began = self.start + self.shift
        after = max(after, began)
        while after < until:
            offset = self.shift + (after - began) // self.length * self.length
            end = min(until, self.start + self.length + offset)
            yield Piece(after - offset, end - offset, offset)
            after = end

    def log_times(self, moments: Micros) -> Micros:
        """The log's times that these moments show; the last moment of a round belongs to it."""
        if self.length is None:
            return moments - self.shift
        rounds = np.maximum(0, (moments - 1 - self.start - self.shift) // self.length)
        return np.asarray(moments - self.shift - rounds * self.length)


def begin(first: int, last: int, now: int) -> Replay:
    """A replay of the whole weeks after `first`, at least one, with two to three of them still to come at `now`."""
    length = max(1, (last - first) // WEEK) * WEEK
    ahead = first + length - STILL_TO_COME
    return Replay(first, length, (now - ahead) // WEEK * WEEK)
