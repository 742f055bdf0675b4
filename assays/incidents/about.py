"""What people know of assays and upstream does not: owner, runbook, criticality, and moments that explain charts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q

from assays import audit
from assays.coverage import Span
from assays.incidents.models import About, Criticality, Event, Marker
from assays.models import Assay

Person = AbstractBaseUser | str


@dataclass(frozen=True, slots=True)
class Known:
    owner: str = ""
    runbook_url: str = ""
    criticality: Criticality = Criticality.UNKNOWN


@dataclass(frozen=True, slots=True)
class Scope:
    """What a marker is of: one of these, or everything."""

    workspace_id: int | None = None
    pipeline_id: int | None = None
    assay: Assay | None = None


def known(assays: Iterable[Assay]) -> dict[UUID, Known]:
    """Of each assay: its own where something is said, else its pipeline's. One query."""
    wanted = list(assays)
    pipelines = {assay.pipeline_id for assay in wanted}
    rows = About.objects.filter(Q(assay__in=wanted) | Q(pipeline_id__in=pipelines))
    said = {row.assay_id or row.pipeline_id: row for row in rows}
    near = {assay.pk: [said.get(assay.pk), said.get(assay.pipeline_id)] for assay in wanted}
    return {pk: nearest([_known(row) for row in rows if row is not None]) for pk, rows in near.items()}


def nearest(said: Iterable[Known]) -> Known:
    """Of each thing what was said first."""
    rows = list(said)
    return Known(
        owner=next((row.owner for row in rows if row.owner), ""),
        runbook_url=next((row.runbook_url for row in rows if row.runbook_url), ""),
        criticality=next((row.criticality for row in rows if row.criticality), Criticality.UNKNOWN),
    )


def _known(row: About) -> Known:
    return Known(row.owner, row.runbook_url, Criticality(row.criticality))


def say(of: Assay | int, told: Known, by: Person) -> About:
    """Sets what is known of an assay, or of a pipeline by its number. Raises ValueError for a link that is none."""
    if told.runbook_url:
        _require_link(told.runbook_url)
    scope = {"assay": of} if isinstance(of, Assay) else {"pipeline_id": of}
    values = {
        "owner": told.owner,
        "runbook_url": told.runbook_url,
        "criticality": told.criticality,
        "who": _name(by),
        "at": datetime.now(UTC),
    }
    with transaction.atomic():
        row, _ = About.objects.update_or_create(**scope, defaults=values)
        kind, workspace_id = ("assay", of.workspace_id) if isinstance(of, Assay) else ("pipeline", None)
        detail = {"owner": told.owner, "runbook": told.runbook_url, "criticality": str(told.criticality)}
        about_id = str(of.pk if isinstance(of, Assay) else of)
        audit.record("about.say", by, about=kind, about_id=about_id, workspace_id=workspace_id, detail=detail)
    return row


def add_marker(event: Event, at: datetime, text: str, by: Person, scope: Scope, link: str = "") -> Marker:
    """Raises ValueError for a text that is empty and for a link that is none."""
    if not text.strip():
        raise ValueError("a marker needs a text")
    if link:
        _require_link(link)
    with transaction.atomic():
        row = Marker.objects.create(
            event=event,
            at=at,
            text=text,
            link=link,
            workspace_id=scope.workspace_id,
            pipeline_id=scope.pipeline_id,
            assay=scope.assay,
            who=_name(by),
            added_at=datetime.now(UTC),
        )
        _record("marker.add", row, by)
    return row


def remove_marker(row: Marker, by: Person) -> None:
    with transaction.atomic():
        _record("marker.remove", row, by)
        row.delete()


def markers(assay: Assay, span: Span) -> list[Marker]:
    """Those of an assay within a span: its own, its pipeline's, its workspace's, and those of everything."""
    everything = Q(workspace_id=None, pipeline_id=None, assay=None)
    its = Q(assay=assay) | Q(pipeline_id=assay.pipeline_id) | Q(workspace_id=assay.workspace_id)
    within = Marker.objects.filter(at__gt=span.after, at__lte=span.until)
    return list(within.filter(everything | its).order_by("at", "pk"))


def _record(act: str, row: Marker, by: Person) -> None:
    detail = {"event": row.event, "at": row.at.isoformat(), "text": row.text}
    workspace_id = row.assay.workspace_id if row.assay else row.workspace_id
    audit.record(act, by, about="marker", about_id=str(row.pk), workspace_id=workspace_id, detail=detail)


def _require_link(text: str) -> None:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{text[:80]!r} is no http or https address")


def _name(by: Person) -> str:
    return by if isinstance(by, str) else by.get_username()
