"""How many results a second sync keeps, beside merely decoding and inserting the same messages.

`python -m benchmarks.bench_sync` measures SQLite and PostgreSQL, each in a process of its own.
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
from uuid import UUID

ASSAYS, WINDOWS, STEP, ROUNDS = 10, 2_000, 1_000, 3
TOGETHER = 5
"""Visits that a worker stores in one transaction while it is busy."""


def main() -> None:
    from tests.support.servers import start_postgresql

    with tempfile.TemporaryDirectory() as folder:
        for name, url in (("SQLite", f"sqlite:///{folder}/sync.sqlite3"), ("PostgreSQL", start_postgresql())):
            environment = os.environ | {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
            subprocess.run([sys.executable, "-m", "benchmarks.bench_sync", name], env=environment, check=True)


def measure(name: str) -> None:
    import django

    django.setup()
    gc.set_threshold(50_000, 20, 20)  # as a worker has it
    from django.core.management import call_command

    call_command("migrate", verbosity=0, skip_checks=True)
    bodies = _bodies()
    results = ASSAYS * WINDOWS
    bare = min(_timed(lambda: _bare(bodies)) for _ in range(ROUNDS))
    whole = min(_timed(lambda: _whole(bodies)) for _ in range(ROUNDS))
    sys.stdout.write(
        f"{name}: sync {results / whole:,.0f} results/s, bare {results / bare:,.0f} results/s,"
        f" {whole / bare:.1f} times as long"
        f" ({results:,} results of two fields, {len(bodies[0][1][0][1]) // STEP:,} B each)\n"
    )


Bodies = list[tuple[dict[str, Any], list[tuple[Any, bytes]]]]


def _bodies() -> Bodies:
    """Of each assay the answers to its steps, as upstream would send them."""
    from assays.coverage import Span
    from tests.support import messages

    fields = {"out.a": (0.1, 0.2), "in.b": (0.1, 0.2)}
    hour = timedelta(hours=1)
    bodies = []
    for n in range(1, ASSAYS + 1):
        assay = messages.assay(n, fields=fields)
        ends = [messages.START + hour * k for k in range(WINDOWS)]
        results = [messages.result(assay, end, 0.05 + end.hour / 100) for end in ends]
        steps = []
        for start in range(WINDOWS - STEP, -1, -STEP):
            span = Span(ends[start] - hour, ends[start + STEP - 1])
            steps.append((span, json.dumps(results[start : start + STEP]).encode()))
        bodies.append((assay, steps))
    return bodies


def _timed(work: Callable[[], None]) -> float:
    _clean()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _clean() -> None:
    from django.db import connection

    from assays.models import Assay, ScopeRollup

    Assay.objects.all().delete()
    ScopeRollup.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS bare")
        binary = "bytea" if connection.vendor == "postgresql" else "blob"
        cursor.execute(
            "CREATE TABLE bare (assay text, started bigint, ended bigint, updated bigint,"
            f" status text, message {binary}, PRIMARY KEY (assay, ended, started))"
        )


def _bare(bodies: Bodies) -> None:
    from django.db import connection, transaction

    from assays import wire
    from assays.schedule import micros
    from assays.upstream import RESULTS, _listing

    for _, steps in bodies:
        for _, body in steps:
            listing = _listing(RESULTS, body, wire.read_result)
            rows = [
                (m.assay_id, micros(m.window_start), micros(m.window_end), micros(m.updated_at), m.status, item.raw)
                for item in listing.good
                for m in [item.message]
            ]
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.executemany("INSERT INTO bare VALUES (%s, %s, %s, %s, %s, %s)", rows)


def _whole(bodies: Bodies) -> None:
    """The list of assays, then each answer as one visit, several of them stored together."""
    from assays import wire
    from assays.listing import apply_assays
    from assays.sync import Reading, Visit, store
    from assays.upstream import _ASSAY, LIST, RESULTS, _listing

    now = bodies[0][1][0][0].until + timedelta(minutes=1)
    listed = json.dumps([assay for assay, _ in bodies]).encode()
    apply_assays(_listing(LIST, listed, _ASSAY.decode), now)
    runs = wire.NextRun(bodies[0][1][0][0].until, now + timedelta(minutes=59))
    for step in range(WINDOWS // STEP):
        visits = []
        for assay, steps in bodies:
            span, body = steps[step]
            reading = Reading(span, _listing(RESULTS, body, wire.read_result))
            visits.append(Visit(UUID(assay["id"]), now, next_run=runs, readings=(reading,)))
            if len(visits) == TOGETHER:
                store(visits, now)
                visits = []


if __name__ == "__main__":
    measure(sys.argv[1]) if sys.argv[1:] else main()
