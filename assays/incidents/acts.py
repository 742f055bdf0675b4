"""Acts appended, and the triage columns that follow from all of an incident's acts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import Q, QuerySet

from assays.incidents.fold import COLUMNS, fold
from assays.incidents.models import Act, ActKind, Incident
from assays.models import Assay

DRIFTLINE = "Driftline"
"""Who did what no person did."""


def locked(*conditions: Q, **filters: Any) -> QuerySet[Incident]:
    """Incidents with their assays, held by the caller's transaction; always in the same order."""
    rows = Incident.objects.select_for_update(of=("self",)).filter(*conditions, **filters)
    return rows.select_related("assay").defer("assay__message", "assay__runs").order_by("pk")


def claimed(*conditions: Q, **filters: Any) -> dict[UUID, Incident]:
    """The same by id, with their assays held first, as whoever stores windows does: so nobody waits in a circle."""
    assays = Incident.objects.filter(*conditions, **filters).values("assay")
    list(Assay.objects.select_for_update().filter(pk__in=assays).order_by("pk").values_list("pk"))
    return {row.pk: row for row in locked(*conditions, **filters)}


def add(acts: Sequence[Act], incidents: Mapping[UUID, Incident]) -> None:
    """Appends acts on incidents that the caller has locked, and saves what they add up to."""
    Act.objects.bulk_create(acts, batch_size=500)
    for act in acts:
        incidents[act.incident_id].version += 1
    refold([incidents[pk] for pk in {act.incident_id for act in acts}])


def refold(incidents: Sequence[Incident]) -> None:
    if not incidents:
        return
    lasts = timedelta(hours=settings.ACKNOWLEDGED_HOURS)
    grouped = acts_of(incidents)
    for incident in incidents:
        state = fold(grouped[incident.pk], lasts)
        for name in COLUMNS:
            setattr(incident, name, getattr(state, name))
    Incident.objects.bulk_update(incidents, [*map(_attribute, COLUMNS), "version"], batch_size=200)


def acts_of(incidents: Sequence[Incident]) -> dict[UUID | None, list[Act]]:
    """Each incident's acts, in the order they were done: its own, and those on the incidents it has taken in."""
    wanted: set[UUID | None] = {incident.pk for incident in incidents}
    grouped: dict[UUID | None, list[Act]] = defaultdict(list)
    rows = Act.objects.filter(Q(incident__in=wanted) | Q(incident__merged_into__in=wanted))
    for act in rows.select_related("incident").order_by("pk"):
        for pk in (act.incident_id, act.incident.merged_into_id):
            if pk in wanted:
                grouped[pk].append(act)
    return grouped


def own(incident: Incident, kind: ActKind, now: datetime, note: str = "", *, worse: bool = False) -> Act:
    """An act of Driftline itself, not yet kept."""
    return Act(incident=incident, batch=uuid4(), kind=kind, at=now, who=DRIFTLINE, note=note, until_worse=worse)


def _attribute(column: str) -> str:
    return column.removesuffix("_id")
