"""Changes of an incident's state, found by comparing it with how it stood, and told within the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from assays.incidents import signals
from assays.incidents.models import Change, ChangeKind, Incident, News, Why
from assays.states import State


@dataclass(frozen=True, slots=True)
class Stand:
    """How an incident stood: its severity, whether it was open, and why not."""

    severity: int
    is_open: bool
    closed_why: str


def stand(incident: Incident) -> Stand:
    return Stand(incident.severity, incident.is_open, incident.closed_why)


def change(incident: Incident, before: Stand, now: datetime, news: News) -> Change | None:
    """What has changed, if anything. The end of what nobody was told of is no news."""
    kind = _kind(incident, before)
    if kind is None:
        return None
    if kind == ChangeKind.RESOLVED and not incident.told:
        news = News.NONE
    return made(incident, kind, now, news, was=before.severity, why=_why(incident, kind, before))


def _kind(incident: Incident, before: Stand) -> ChangeKind | None:
    if before.is_open != incident.is_open:
        return ChangeKind.REOPENED if incident.is_open else ChangeKind.RESOLVED
    return ChangeKind.WORSE if incident.is_open and incident.severity < before.severity else None


def _why(incident: Incident, kind: ChangeKind, before: Stand) -> str:
    if kind == ChangeKind.RESOLVED:
        return Why(incident.closed_why).label
    if kind == ChangeKind.WORSE:
        return f"from {State(before.severity).label} to {State(incident.severity).label}"
    return ""


def made(
    incident: Incident, kind: ChangeKind, now: datetime, news: News, *, was: int | None = None, why: str = ""
) -> Change:
    """A change not yet kept; one that is news marks its incident as told of."""
    incident.told = incident.told or news != News.NONE
    at = now if news else _in_history(incident, kind) or now
    return Change(incident=incident, kind=kind, at=at, was=was, severity=incident.severity, why=why, news=news)


def _in_history(incident: Incident, kind: ChangeKind) -> datetime | None:
    """When it came about by the windows."""
    return {ChangeKind.OPENED: incident.opened_at, ChangeKind.RESOLVED: incident.closed_at}.get(kind)


def keep(changes: Sequence[Change]) -> None:
    """Writes the changes and tells of them. The caller's transaction holds both, and has kept the incidents."""
    if changes:
        signals.changed.send(Change, changes=Change.objects.bulk_create(changes, batch_size=500))
