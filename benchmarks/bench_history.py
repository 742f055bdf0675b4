"""The history's page with 10 to 10,000 daily assays over a year, beside the year before.

Server time is that of the whole Django stack in one process. Cold is the first page after the cache was emptied, which
counts all days; warm is every later one. Against what: 100 ms at the 95th percentile with 1,000 assays, 15 queries.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.bench_pages import A_PIPELINE_HAS, DAY, HOUR, NOW, _insert, fill_fleet, queries, timed

# isort: split
# that module has set Django up, and only now may models be imported
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from assays import models
from assays.incidents.models import Incident, Kind, Why
from assays.schedule import micros
from assays.states import State
from dashboard.links import local_operator

FLEETS = (10, 100, 1_000, 10_000)
DAYS = 2 * 366
ROUNDS = 40
PAGES = {"a year": "?range=1y", "a year by pipeline": "?range=1y&group=pipeline", "eight weeks": "?range=8w"}


def main() -> None:
    most = int(sys.argv[1]) if len(sys.argv) > 1 else FLEETS[-1]
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    print("| history of | cold ms | p50 ms | p95 ms | queries | kB |\n|---|---|---|---|---|---|")
    before = 0
    for many in (fleet for fleet in FLEETS if fleet <= most):
        fill(before, many)
        before = many
        for name, query in PAGES.items():
            told(f"{many:,} assays, {name}", f"/history/{query}")


def told(name: str, address: str) -> None:
    client = Client(headers={"Host": "localhost"})
    client.force_login(local_operator())
    headers = {"Accept-Encoding": "gzip"}
    cache.clear()
    cold = 1000 * timed(client, address, headers)
    times = sorted(1000 * timed(client, address, headers) for _ in range(ROUNDS))
    p50, p95 = statistics.median(times), times[int(0.95 * len(times))]
    size = len(client.get(address, headers=headers).getvalue()) / 1000
    print(f"| {name} | {cold:,.0f} | {p50:.0f} | {p95:.0f} | {queries(client, address)} | {size:.0f} |", flush=True)


def fill(before: int, many: int) -> None:
    """Each assay's daily windows of two years, and an incident every three weeks."""
    fill_fleet(many)
    new = [UUID(int=n + 1) for n in range(before, many)]
    ids = dict(models.Field.objects.values_list("assay_id", "pk"))
    columns = "field_id, hour, ok, warning, alert, failed, no_data, worst, lowest, highest, total"
    for start in range(0, len(new), 500):
        rows = [row for n, pk in enumerate(new[start : start + 500], start) for row in _hours(n, ids[pk])]
        _insert(f"INSERT INTO assays_hourrollup ({columns}) VALUES ({', '.join(['%s'] * 11)})", rows)
        found = [one for n, pk in enumerate(new[start : start + 500], before + start) for one in _incidents(n, pk)]
        Incident.objects.bulk_create(found, batch_size=500)


def _hours(n: int, field_id: int) -> Iterator[tuple[Any, ...]]:
    for k in range(DAYS):
        alert, warning = int((n + k) % 20 == 0), int((n + k) % 20 == 1)
        ok = 1 - alert - warning
        worst = State.ALERT if alert else State.WARNING if warning else State.OK
        hour = micros(NOW - k * DAY - n % 24 * HOUR)
        yield field_id, hour, ok, warning, alert, 0, 0, int(worst), 0.1, 0.1, 0.1


def _incidents(n: int, assay_id: UUID) -> Iterator[Incident]:
    for k in range(0, 366, 21):
        opened = NOW - k * DAY - n % 24 * HOUR
        yield Incident(
            id=UUID(int=(n + 1) * 1000 + k),
            kind=Kind.DRIFT,
            assay_id=assay_id,
            field_key="out.score",
            workspace_id=n // A_PIPELINE_HAS % 20,
            pipeline_id=n // A_PIPELINE_HAS,
            seen_at=opened,
            key_end=opened,
            severity=State.ALERT,
            onset=opened,
            first_bad_end=opened,
            opened_at=opened,
            last_bad_end=opened,
            count=2,
            closed_at=opened + timedelta(hours=24),
            closed_why=Why.OK,
        )


if __name__ == "__main__":
    main()
