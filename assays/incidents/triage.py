"""What people do about incidents: one at a time or many at once, never over another's head, and undone for a while.

Each call takes the incidents with the version that was seen. One on which somebody has acted since, or that has closed,
is left alone and handed back in `Done.refused`, which says who did what; the others are done all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q

from assays import audit
from assays.incidents import acts, changes, endings
from assays.incidents.fold import OWN
from assays.incidents.models import Act, ActKind, Change, ChangeKind, Incident, Mark, News, Why

UNDONE_WITHIN = timedelta(minutes=10)
"""So long can an act be undone."""

OF_OPEN = (ActKind.ACKNOWLEDGE, ActKind.SNOOZE, ActKind.RESOLVE)
"""What makes no sense of an incident that has closed."""

Person = AbstractBaseUser | str
"""Somebody, or the name of what is none."""


class Seen(NamedTuple):
    """An incident, and the version of it that the person saw."""

    incident_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class Changed:
    """An incident that is no longer as it was seen: what was done since, last act first; none when it has closed."""

    incident: Incident
    since: tuple[Act, ...]

    def __str__(self) -> str:
        if self.since:
            act = self.since[0]
            return f"{act.who} {act.get_kind_display()} it at {act.at:%H:%M} UTC"
        return f"It has closed: {Why(self.incident.closed_why).label}" if self.incident.closed_why else "It has changed"


@dataclass(frozen=True, slots=True)
class Done:
    """What a call has done: its acts share `batch`, by which they are undone together."""

    batch: UUID
    acts: tuple[Act, ...]
    refused: tuple[Changed, ...] = ()


def acknowledge(seen: Sequence[Seen], by: Person, note: str = "") -> Done:
    """Somebody has it. Ends with the incident, when it gets worse while snoozed, or when nothing is done for long."""
    return _do(seen, by, Act(kind=ActKind.ACKNOWLEDGE, note=note))


def snooze(seen: Sequence[Seen], by: Person, until: datetime | None = None, note: str = "") -> Done:
    """Rests until a time; without one until it gets worse than it is now: a higher severity or peak, another top bin.

    Raises ValueError for a time that has passed.
    """
    if until is not None and until <= datetime.now(UTC):
        raise ValueError("a snooze ends in the future")
    return _do(seen, by, Act(kind=ActKind.SNOOZE, note=note, until=until, until_worse=until is None))


def assign(seen: Sequence[Seen], by: Person, to: AbstractBaseUser | None, note: str = "") -> Done:
    """Gives it to a person, or to nobody."""
    return _do(seen, by, Act(kind=ActKind.ASSIGN, note=note, assignee_id=to.pk if to else None))


def note(seen: Sequence[Seen], by: Person, text: str) -> Done:
    return _do(seen, by, Act(kind=ActKind.NOTE, note=text))


def mark(seen: Sequence[Seen], by: Person, as_: Mark, note: str = "") -> Done:
    """Judges it a false alarm or confirmed, open or closed, or takes that back."""
    return _do(seen, by, Act(kind=ActKind.MARK, note=note, mark=as_))


def resolve(seen: Sequence[Seen], by: Person, note: str = "") -> Done:
    """Closes it by hand. A bad window that ends later opens it again."""
    return _do(seen, by, Act(kind=ActKind.RESOLVE, note=note))


def undo(batch: UUID, by: Person) -> Done:
    """Takes back the acts of a batch, those that are not too old and not undone yet; later acts of others stay."""
    now = datetime.now(UTC)
    with transaction.atomic():
        mine = Act.objects.filter(batch=batch, at__gt=now - UNDONE_WITHIN, undone_by=None)
        undone = list(mine.exclude(kind__in=[*OWN, ActKind.UNDO]).order_by("pk"))
        incidents = _locked(act.incident_id for act in undone)
        still = {act.pk for act in mine.filter(pk__in=[act.pk for act in undone])}
        back = [act for act in undone if act.pk in still]
        return _write([_undoing(act, by) for act in back], incidents, by, now)


def expire(now: datetime) -> int:
    """Ends the acknowledgements and snoozes whose time has come; says how many."""
    over = Q(acknowledged_until__lte=now) | Q(snoozed_until__lte=now)
    with transaction.atomic():
        incidents = acts.claimed(over, closed_at=None)
        ended = [act for incident in incidents.values() for act in _over(incident, now)]
        acts.add(ended, incidents)
        told = [_back(incidents[act.incident_id], act, now) for act in ended]
        changes.keep(told)
    return len(ended)


def _do(seen: Sequence[Seen], by: Person, act: Act) -> Done:
    now = datetime.now(UTC)
    versions = dict(seen)
    with transaction.atomic():
        incidents = _locked(versions)
        refused = [
            changed for pk, row in incidents.items() if (changed := _changed(row, versions[pk], ActKind(act.kind)))
        ]
        for changed in refused:
            del incidents[changed.incident.pk]
        new = [_copied(act, incident, by) for incident in incidents.values()]
        return _write(new, incidents, by, now, refused)


def _locked(ids: Iterable[UUID]) -> dict[UUID, Incident]:
    return acts.claimed(pk__in=list(ids))


def _changed(incident: Incident, version: int, kind: ActKind) -> Changed | None:
    if incident.version != version:
        newest = reversed(acts.acts_of([incident])[incident.pk])
        return Changed(incident, tuple(newest)[: max(0, incident.version - version)])
    return None if incident.is_open or kind not in OF_OPEN else Changed(incident, ())


def _copied(act: Act, incident: Incident, by: Person) -> Act:
    snoozed = act.kind == ActKind.SNOOZE
    return Act(
        incident=incident,
        kind=act.kind,
        note=act.note,
        until=act.until,
        until_worse=act.until_worse,
        assignee_id=act.assignee_id,
        mark=act.mark,
        severity=incident.severity if snoozed else None,
        peak=incident.peak if snoozed else None,
        top=incident.last_top if snoozed else "",
        **_signed(by),
    )


def _undoing(act: Act, by: Person) -> Act:
    return Act(incident_id=act.incident_id, kind=ActKind.UNDO, undoes=act, note=act.get_kind_display(), **_signed(by))


def _signed(by: Person) -> dict[str, object]:
    if isinstance(by, str):
        return {"who": by}
    return {"who": by.get_username(), "person_id": by.pk}


def _write(
    new: Sequence[Act], incidents: dict[UUID, Incident], by: Person, now: datetime, refused: Sequence[Changed] = ()
) -> Done:
    batch = uuid4()
    before = {pk: changes.stand(incident) for pk, incident in incidents.items()}
    for act in new:
        act.batch, act.at = batch, now
        _record(act, incidents[act.incident_id], by)
    acts.add(new, incidents)
    endings.settle(list(incidents.values()), now)
    found = (changes.change(row, before[pk], now, News.NOW if row.told else News.NONE) for pk, row in incidents.items())
    told = list(filter(None, found))
    endings.save(incidents.values())
    changes.keep(told)
    return Done(batch, tuple(new), tuple(refused))


def _record(act: Act, incident: Incident, by: Person) -> None:
    audit.record(
        f"incident.{act.kind}",
        by,
        about="incident",
        about_id=str(incident.pk),
        workspace_id=incident.workspace_id,
        detail={"note": act.note} if act.note else None,
    )


def _over(incident: Incident, now: datetime) -> list[Act]:
    ended = []
    if incident.acknowledged_until is not None and incident.acknowledged_until <= now:
        ended.append(acts.own(incident, ActKind.EXPIRE, now))
    if incident.snoozed_until is not None and incident.snoozed_until <= now:
        ended.append(acts.own(incident, ActKind.WAKE, now))
    return ended


def _back(incident: Incident, act: Act, now: datetime) -> Change:
    news = News.NOW if incident.told else News.NONE
    return changes.made(incident, ChangeKind.BACK, now, news, was=incident.severity, why=act.get_kind_display())
