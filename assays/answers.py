"""How fast upstream answers: calls are gathered in memory and kept by quarters of an hour, as counts of buckets."""

from __future__ import annotations

import math
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
from django.db import transaction

from assays.models import AnswerSlot
from assays.schedule import EPOCH
from assays.upstream import Answered

QUARTER = timedelta(minutes=15)
KEPT = timedelta(days=2)
BUCKETS = 64


def bucket(seconds: float) -> int:
    """Four buckets to a doubling, from 1 ms: the upper edge of bucket b is 2 ** ((b + 1) / 4) ms."""
    return min(max(int(4 * math.log2(max(seconds * 1000, 1.0))), 0), BUCKETS - 1)


@dataclass
class _Tally:
    calls: int = 0
    timeouts: int = 0
    slowest: float = 0.0
    counts: list[int] = field(default_factory=lambda: [0] * BUCKETS)

    def add(self, call: Answered) -> None:
        self.calls += 1
        self.timeouts += call.timed_out
        self.slowest = max(self.slowest, call.seconds)
        self.counts[bucket(call.seconds)] += 1


class Recorder:
    """Given to a client as its listener, and asked now and then to keep what it heard."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tallies: dict[datetime, _Tally] = defaultdict(_Tally)

    def __call__(self, call: Answered) -> None:
        with self._lock:
            self._tallies[quarter(call.at)].add(call)

    def keep(self) -> None:
        with self._lock:
            tallies, self._tallies = self._tallies, defaultdict(_Tally)
        for began_at, tally in tallies.items():
            _merge(began_at, tally)


def quarter(at: datetime) -> datetime:
    return at - (at - EPOCH) % QUARTER


def quantile(slots: Iterable[AnswerSlot], share: float) -> float | None:
    """Seconds within which that share of the calls was answered, to the edge of a bucket; None without calls."""
    counts = [sum(column) for column in zip(*map(histogram, slots), strict=True)]
    wanted = share * sum(counts)
    running = 0
    for index, count in enumerate(counts):
        running += count
        if count and running >= wanted:
            return float(2 ** ((index + 1) / 4) / 1000)
    return None


def histogram(slot: AnswerSlot) -> Sequence[int]:
    return msgspec.msgpack.decode(slot.histogram, type=list[int]) if slot.histogram else [0] * BUCKETS


def forget(now: datetime) -> None:
    AnswerSlot.objects.filter(began_at__lt=now - KEPT).delete()


def _merge(began_at: datetime, tally: _Tally) -> None:
    with transaction.atomic():
        AnswerSlot.objects.get_or_create(began_at=began_at)
        slot = AnswerSlot.objects.select_for_update().get(began_at=began_at)
        slot.calls += tally.calls
        slot.timeouts += tally.timeouts
        slot.slowest = max(slot.slowest, tally.slowest)
        merged = [old + new for old, new in zip(histogram(slot), tally.counts, strict=True)]
        slot.histogram = msgspec.msgpack.encode(merged)
        slot.save()
