"""How long it takes to find incidents: in windows at hand, in the cache of one assay, and with each poll.

`python -m benchmarks.bench_incidents` measures SQLite and PostgreSQL, each in a process of its own; a first argument
divides all sizes, for a short run.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

SIZES = (50_000, 100_000, 200_000)
POLLED, ROUNDS = 200, 5
"""Visits in one transaction, and how many transactions."""

HOUR = timedelta(hours=1)


def main() -> None:
    from tests.support.servers import start_postgresql

    shrink = sys.argv[1] if len(sys.argv) > 1 else "1"
    with tempfile.TemporaryDirectory() as folder:
        for name, url in (("SQLite", f"sqlite:///{folder}/incidents.sqlite3"), ("PostgreSQL", start_postgresql())):
            environment = os.environ | {
                "DATABASE_URL": url,
                "DJANGO_SETTINGS_MODULE": "dashboard.settings",
                "DRIFTLINE_RETENTION_DAYS": "36500",
            }
            command = [sys.executable, "-m", "benchmarks.bench_incidents", shrink, name]
            subprocess.run(command, env=environment, check=True)


def measure(name: str, shrink: int) -> None:
    import django

    django.setup()
    gc.set_threshold(50_000, 20, 20)  # as a worker has it
    from django.core.management import call_command

    call_command("migrate", verbosity=0, skip_checks=True)
    for size in SIZES:
        _tell(name, "in windows at hand", size // shrink, *_at_hand(size // shrink))
    for size in SIZES:
        _tell(name, "in the cache of one assay", size // shrink, *_in_cache(size // shrink))
    whole, incidents = _with_each_poll()
    sys.stdout.write(
        f"{name}: storing {POLLED} polls with a window each, every fourth bad: {whole * 1e3:,.0f} ms,"
        f" {incidents * 1e3:,.0f} ms of it for incidents\n"
    )


def _tell(name: str, where: str, windows: int, seconds: float, found: int) -> None:
    sys.stdout.write(f"{name}: {found:,} incidents {where}, of {windows:,}: {seconds * 1e3:,.0f} ms\n")


def _scores(windows: int) -> list[float]:
    """An incident of three windows every twenty."""
    return [0.3 if k % 20 in (5, 6, 7) else 0.05 for k in range(windows)]


def _at_hand(size: int) -> tuple[float, int]:
    import numpy as np

    from assays.incidents.derive import Rule, Windows, derive

    ends = np.arange(size, dtype=np.int64) * 3_600_000_000
    scores = np.array(_scores(size))
    state = np.where(scores > 0.2, 1, 5)
    windows = Windows(ends, ends - 3_600_000_000, state == 1, state, scores)
    return min(_timed(lambda: derive(windows, Rule())) for _ in range(ROUNDS)), len(derive(windows, Rule()))


def _in_cache(size: int) -> tuple[float, int]:
    from datetime import UTC, datetime

    from assays.incidents import store as incidents
    from assays.incidents.models import Incident
    from assays.models import Assay

    Assay.objects.all().delete()
    row = _with_history(size)
    now = datetime.now(UTC)
    Incident.objects.all().delete()
    seconds = _timed(lambda: incidents.rebuild(row.pk, now))
    return seconds, Incident.objects.count()


def _with_history(size: int) -> Any:
    from assays.models import Assay
    from tests.support import messages

    assay = messages.assay(1, unit="Minute", width=timedelta(minutes=1))
    _list([assay])
    minute = timedelta(minutes=1)
    ends = [messages.START + minute * k for k in range(size)]
    for start in range(0, size, 5_000):
        part = slice(start, start + 5_000)
        found = messages.results(assay, ends[part], list(_scores(size)[part]))
        _visit([(assay, found)], ends[part][0] - minute, ends[part][-1], minute)
    return Assay.objects.get()


def _with_each_poll() -> tuple[float, float]:
    from assays.models import Assay
    from tests.support import messages

    Assay.objects.all().delete()
    assays = [messages.assay(n) for n in range(1, POLLED + 1)]
    _list(assays)
    totals = []
    for k in range(ROUNDS):
        end = messages.START + HOUR * k
        visits = [(one, [messages.result(one, end, 0.3 if n % 4 == 0 else 0.05)]) for n, one in enumerate(assays)]
        totals.append(_visit(visits, end - HOUR, end, HOUR))
    return min(total for total, _ in totals), min(incidents for _, incidents in totals)


def _list(assays: list[dict[str, Any]]) -> None:
    import msgspec

    from assays import wire
    from assays.listing import apply_assays
    from assays.upstream import Listing
    from assays.wire import Received
    from tests.support import messages

    raws = [json.dumps(assay).encode() for assay in assays]
    good = [Received(msgspec.json.decode(raw, type=wire.Assay), raw) for raw in raws]
    apply_assays(Listing(good, [], 0), messages.START - 2 * HOUR)


def _visit(visits: list[tuple[Any, list[Any]]], after: Any, until: Any, period: timedelta) -> tuple[float, float]:
    """Stores the visits; how long that took, and how much of it went into incidents."""
    from unittest import mock
    from uuid import UUID

    from assays import sync, wire
    from assays.coverage import Span
    from assays.incidents import store
    from assays.upstream import Listing
    from assays.wire import Received

    made = []
    for assay, found in visits:
        raws = [json.dumps(one).encode() for one in found]
        good = [Received(wire.read_result(raw), raw) for raw in raws]
        reading = sync.Reading(Span(after, until), Listing(good, [], 0))
        made.append(sync.Visit(UUID(assay["id"]), until, wire.NextRun(until, until + period), (reading,)))
    spent: list[float] = []
    follow = store.follow
    with mock.patch.object(store, "follow", lambda *given: spent.append(_timed(lambda: follow(*given)))):
        return _timed(lambda: sync.store(made, until)), sum(spent)


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    if len(sys.argv) > 2:
        measure(sys.argv[2], int(sys.argv[1]))
    else:
        sys.path.insert(0, ".")
        main()
