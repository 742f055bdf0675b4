"""All assays and fields as they stand now, in two queries."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from uuid import UUID

import msgspec
from django.db.models import F

from assays.models import Assay, Field
from assays.states import State
from dashboard.access import Access


class FieldNow(msgspec.Struct):
    """A field's newest window. `since` is when the run of such windows began, `streak` how many it has."""

    field: str
    state: str
    score: float | None
    warning: float | None
    alert: float | None
    window_start: datetime | None
    window_end: datetime | None
    rows: int | None
    since: datetime | None
    streak: int
    error: str


class AssayNow(msgspec.Struct):
    id: UUID
    name: str
    workspace_id: int
    workspace_name: str
    pipeline_id: int
    pipeline_name: str
    active: bool
    state: str
    since: datetime | None
    last_run: datetime | None
    next_run: datetime | None
    read_at: datetime | None
    """When upstream was last asked about it and answered."""
    fields: list[FieldNow]


def assays_now(access: Access) -> list[AssayNow]:
    """Worst first; those that upstream no longer lists are left out."""
    listed = access.assays().filter(gone_since=None)
    grouped: dict[UUID, list[FieldNow]] = defaultdict(list)
    for field in Field.objects.filter(assay__in=listed.values("pk")).defer("recent").order_by("position"):
        grouped[field.assay_id].append(_field(field))
    rows = listed.defer("message", "runs").order_by("state", F("ratio").desc(nulls_last=True), "name", "pk")
    return [_assay(row, grouped[row.pk]) for row in rows]


def _assay(row: Assay, fields: list[FieldNow]) -> AssayNow:
    return AssayNow(
        id=row.pk,
        name=row.name,
        workspace_id=row.workspace_id,
        workspace_name=row.workspace_name,
        pipeline_id=row.pipeline_id,
        pipeline_name=row.pipeline_name,
        active=row.active,
        state=State(row.state).slug,
        since=row.state_since,
        last_run=row.last_run,
        next_run=row.next_run,
        read_at=row.last_success_at,
        fields=fields,
    )


def _field(row: Field) -> FieldNow:
    return FieldNow(
        field=row.key,
        state=State(row.state).slug,
        score=row.score,
        warning=row.warning,
        alert=row.alert,
        window_start=row.window_start,
        window_end=row.window_end,
        rows=row.rows,
        since=row.since,
        streak=row.streak,
        error=row.error,
    )
