"""The alerts page with 100 to 10,000 open incidents, and one incident beside its list.

Server time is that of the whole Django stack in one process, gzip included, as `bench_pages` takes it. Against what:
100 ms at the 95th percentile and ten queries for the page, and its growth. An argument says how many incidents at most.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import bench_pages as pages

NOW = pages.NOW  # importing it has set Django up

from django.core.management import call_command  # noqa: E402

from assays.incidents.models import Incident, Kind, identity  # noqa: E402
from assays.models import Field  # noqa: E402
from assays.schedule import micros  # noqa: E402
from assays.states import State  # noqa: E402

MANY = (100, 1_000, 10_000)
SEVERITIES = (State.ALERT, State.WARNING, State.WARNING)


def main(most: int) -> None:
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    print("| page | p50 ms | p95 ms | CPU ms | queries | gzip kB |\n|---|---|---|---|---|---|")
    for many in (many for many in MANY if many <= most):
        pages.fill_fleet(many)
        fill_incidents(many)
        pages.told("/alerts/", f"alerts, {many:,} open incidents")
    pages.told(f"/alerts/?page={most // 100}", f"its middle page, {most:,}")
    pages.told("/alerts/?q=assay+99&severity=alert", f"searched, {most:,}")
    pages.told("/alerts/?list=acknowledged", f"acknowledged, a tenth of {most:,}")
    pages.told(f"/alerts/{Incident.objects.order_by('severity', 'opened_at').first().pk}/", f"one beside it, {most:,}")  # type: ignore[union-attr]


def fill_incidents(many: int) -> None:
    """One of each assay; those of one pipeline began within a day, a tenth is acknowledged."""
    fields = {field.assay_id: field for field in Field.objects.select_related("assay").defer("recent")}
    have = set(Incident.objects.values_list("assay_id", flat=True))
    numbers = [n for n in range(many) if UUID(int=n + 1) not in have]
    Incident.objects.bulk_create([_incident(n, fields[UUID(int=n + 1)]) for n in numbers], batch_size=500)


def _incident(n: int, field: Field) -> Incident:
    onset = NOW - timedelta(days=1 + field.assay.pipeline_id % 60, hours=n % 20)
    return Incident(
        id=identity(Kind.DRIFT, f"{field.assay_id} {field.key}", micros(onset)),
        kind=Kind.DRIFT,
        assay=field.assay,
        field=field,
        field_key=field.key,
        workspace_id=field.assay.workspace_id,
        pipeline_id=field.assay.pipeline_id,
        seen_at=onset,
        key_end=onset,
        severity=SEVERITIES[n % 3],
        onset=onset,
        first_bad_end=onset,
        opened_at=onset,
        last_bad_end=NOW,
        count=8,
        alerts=6,
        peak=1.18,
        peak_ratio=2.4,
        peak_start=NOW - pages.DAY,
        peak_end=NOW,
        warning=0.25,
        alert=0.5,
        sentence="72 % of PSI 1.18 comes from two bins: ≤ 0.024 shrank 20 % → 2 %, and > 0.26 grew 20 % → 57 %.",
        acknowledged_at=NOW if n % 10 == 9 else None,
        acknowledged_by="ada" if n % 10 == 9 else "",
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MANY[-1])
