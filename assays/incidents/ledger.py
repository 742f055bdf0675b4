"""The incidents of one transaction: what they were, what windows make of them now, and the changes that follow.

The caller holds the locks of the assays concerned; `close` writes everything at once, and tells of it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from assays import bulk
from assays.incidents import acts, changes, endings, telling
from assays.incidents.changes import Stand, stand
from assays.incidents.derive import Spell
from assays.incidents.models import (
    Act,
    ActKind,
    Change,
    ChangeKind,
    Incident,
    Kind,
    LocalThreshold,
    News,
    Why,
    identity,
)
from assays.models import Assay, Field
from assays.schedule import micros, moment
from assays.states import State

FACTS = (
    "severity",
    "onset",
    "first_bad_end",
    "opened_at",
    "last_bad_end",
    "ok_end",
    "count",
    "alerts",
    "peak",
    "peak_ratio",
    "peak_start",
    "peak_end",
    "warning",
    "alert",
    "is_local",
    "top_bin_data",
    "last_top",
    "sentence",
    "merged_into_id",
)
MOST_IDS = 5_000
ENDING = ("closed_at", "closed_why", "frozen_since", "told", "announced")


@dataclass(frozen=True, slots=True)
class Found:
    """An incident as its windows make it, the row that it is (None: it is new), and what its opening is worth."""

    kind: Kind
    assay: Assay
    field: Field
    spell: Spell
    row: Incident | None
    news: News

    @property
    def scope(self) -> str:
        return f"{self.assay.pk} {self.field.key}"


class Ledger:
    """`is_history`: whatever opens is no news. `behind`: assays whose newest windows are still to be read."""

    def __init__(self, now: datetime, *, is_history: bool = False, behind: frozenset[UUID] = frozenset()) -> None:
        self.now = now
        self._is_history = is_history
        self._behind = behind
        self._rows: dict[UUID, Incident] = {}
        self._before: dict[UUID, Stand] = {}
        self._columns: dict[UUID, list[Any]] = {}
        self._news: dict[UUID, News] = {}
        self._heirs: set[UUID] = set()
        self._looked: set[UUID] = set()

    def load(self, incidents: Iterable[Incident]) -> list[Incident]:
        """The same incidents, each as it is known here already where it is."""
        loaded = []
        for incident in incidents:
            if incident.pk not in self._rows:
                self._rows[incident.pk] = incident
                self._before[incident.pk] = stand(incident)
                self._columns[incident.pk] = _values(incident)
            loaded.append(self._rows[incident.pk])
        return loaded

    def rows(self) -> list[Incident]:
        return list(self._rows.values())

    def put(self, found: Iterable[Found]) -> None:
        """Incidents as their windows make them; those without a row are new."""
        everything = list(found)
        self._look({identity(one.kind, one.scope, one.spell.first_bad) for one in everything if one.row is None})
        for one in everything:
            row = one.row or self._new(one)
            self._set_apart(row)
            _take(row, one)
            self._news[row.pk] = one.news

    def open(
        self, kind: Kind, assay: Assay | None, began: datetime, severity: State, sentence: str, news: News
    ) -> None:
        """An incident that follows from no windows: of a whole assay, or of everything."""
        pk = identity(kind, str(assay.pk) if assay else "", micros(began))
        row = self._found(pk) or self._add(pk, kind, assay, None, began)
        row.onset = row.first_bad_end = row.opened_at = row.last_bad_end = began
        row.ok_end, row.merged_into = None, None
        row.count, row.severity, row.sentence = 1, severity, sentence
        self._news[row.pk] = news

    def _new(self, found: Found) -> Incident:
        """A row without facts; one that had that id before and lost its windows takes it again.

        One that had it and lives on in other windows keeps it.
        """
        end = found.spell.first_bad
        ids = (
            identity(found.kind, f"{found.scope} {turn}" if turn else found.scope, end) for turn in itertools.count()
        )
        pk = next(pk for pk in ids if not _is_live(self._found(pk)))
        return self._rows.get(pk) or self._add(pk, found.kind, found.assay, found.field, moment(end))

    def _found(self, pk: UUID) -> Incident | None:
        self._look({pk})
        return self._rows.get(pk)

    def _look(self, ids: set[UUID]) -> None:
        unknown = [pk for pk in ids if pk not in self._looked and pk not in self._rows]
        for start in range(0, len(unknown), MOST_IDS):
            self.load(acts.locked(pk__in=unknown[start : start + MOST_IDS]))
        self._looked.update(unknown)

    def _add(self, pk: UUID, kind: Kind, assay: Assay | None, field: Field | None, first_bad: datetime) -> Incident:
        self._rows[pk] = _blank(pk, kind, assay, field, first_bad, self.now)
        return self._rows[pk]

    def join(self, row: Incident, heir: Incident) -> None:
        row.merged_into, row.ok_end = heir, row.ok_end or row.last_bad_end
        heir.told = heir.told or row.told
        self._heirs.add(heir.pk)

    def _set_apart(self, row: Incident) -> None:
        """One that another had taken in goes its own way again, and takes back what was done about it."""
        heir = self._found(row.merged_into_id) if row.merged_into_id else None
        self._heirs |= {heir.pk, row.pk} if heir else set()

    def lose(self, row: Incident) -> None:
        row.count = row.alerts = 0
        row.ok_end = row.ok_end or row.last_bad_end

    def close(self, local: Mapping[int, LocalThreshold] | None = None) -> None:
        changed = [row for row in self._rows.values() if self._is_new(row) or _values(row) != self._columns[row.pk]]
        telling.describe([row for row in changed if row.count and row.merged_into_id is None], local or {})
        endings.settle(self._rows.values(), self.now)
        told = [change for row in self._rows.values() for change in self._changes(row)]
        system = [act for row in self._rows.values() for act in self._acts(row)]
        told += [self._woken(act) for act in system if act.kind == ActKind.WAKE and not self._is_told(act, told)]
        self._save()
        self._follow_up(system)
        changes.keep(told)

    def _is_new(self, row: Incident) -> bool:
        return row.pk not in self._before

    def _changes(self, row: Incident) -> list[Change]:
        if self._is_new(row):
            return self._opening(row, self._worth(row))
        if not row.announced:
            return self._opening(row, News.SUMMARY)
        change = changes.change(row, self._before[row.pk], self.now, self._worth_of_change(row))
        return [change] if change else []

    def _opening(self, row: Incident, news: News) -> list[Change]:
        """What is over when it is first told of is history; a summary waits until all is read."""
        if not row.is_open:
            row.announced = True
            kinds = (ChangeKind.OPENED, ChangeKind.RESOLVED)
            return [changes.made(row, kind, self.now, News.NONE) for kind in kinds]
        row.announced = not (news == News.SUMMARY and row.assay_id in self._behind)
        return [changes.made(row, ChangeKind.OPENED, self.now, news)] if row.announced else []

    def _worth(self, row: Incident) -> News:
        return News.NONE if self._is_history else self._news.get(row.pk, News.NOW)

    def _worth_of_change(self, row: Incident) -> News:
        """Whoever was told that it opened is told that it closed or opened again, whatever brought that about."""
        if row.told and row.is_open != self._before[row.pk].is_open:
            return News.NOW
        return self._worth(row)

    def _acts(self, row: Incident) -> list[Act]:
        before = self._before.get(row.pk)
        if before is None or not row.is_open or before.closed_why == Why.JOINED:
            return []
        if not before.is_open and (row.acknowledged_at or row.snoozed_at or row.resolved_at):
            return [acts.own(row, ActKind.REOPEN, self.now)]
        why = worse(row)
        return [acts.own(row, ActKind.WAKE, self.now, why, worse=True)] if why else []

    def _is_told(self, act: Act, told: Iterable[Change]) -> bool:
        return any(change.incident.pk == act.incident_id for change in told)

    def _woken(self, act: Act) -> Change:
        row = self._rows[act.incident_id]
        return changes.made(row, ChangeKind.WORSE, self.now, self._worth(row), was=row.severity, why=act.note)

    def _save(self) -> None:
        new = [row for row in self._rows.values() if self._is_new(row)]
        Incident.objects.bulk_create(new, batch_size=200)
        changed = [row for pk, row in self._rows.items() if pk in self._before and _values(row) != self._columns[pk]]
        if changed:
            columns = (*FACTS, *ENDING, "field_id")
            bulk.update(Incident, columns, bulk.prepared(changed, (*columns, "id")))

    def _follow_up(self, system: list[Act]) -> None:
        if system:
            acts.add(system, self._rows)
        heirs = [self._rows[pk] for pk in self._heirs]
        for heir in heirs:
            heir.version += 1
            Incident.objects.filter(merged_into__merged_into=heir).update(merged_into=heir)
        acts.refold(heirs)


def _take(row: Incident, found: Found) -> None:
    spell = found.spell
    row.field, row.merged_into = found.field, None
    row.onset = row.first_bad_end = moment(spell.first_bad)
    row.opened_at, row.last_bad_end = moment(spell.opened), moment(spell.last_bad)
    row.ok_end = None if spell.ok is None else moment(spell.ok)
    row.count, row.alerts, row.severity = spell.count, spell.alerts, State(spell.severity)
    row.peak = spell.peak
    row.peak_start, row.peak_end = moment(spell.peak_start), moment(spell.peak_end)


def worse(row: Incident) -> str:
    """Why a snooze until it gets worse is over, if it is."""
    if not row.until_worse or row.snooze_severity is None:
        return ""
    if row.severity < row.snooze_severity:
        return f"from {State(row.snooze_severity).label} to {State(row.severity).label}"
    if row.peak is not None and row.snooze_peak is not None and row.peak > row.snooze_peak:
        return f"peak {row.peak:.2f}, above the {row.snooze_peak:.2f} when it was snoozed"
    if row.last_top and row.snooze_top and row.last_top != row.snooze_top:
        return f"another bin adds most: {row.last_top}"
    return ""


def as_spell(row: Incident) -> Spell:
    """An incident whose windows go on, to be continued."""
    return Spell(
        first_bad=micros(row.first_bad_end),
        opened=micros(row.opened_at),
        last_bad=micros(row.last_bad_end),
        ok=None,
        count=row.count,
        alerts=row.alerts,
        severity=row.severity,
        peak=row.peak,
        peak_start=micros(row.peak_start) if row.peak_start else 0,
        peak_end=micros(row.peak_end) if row.peak_end else 0,
    )


def _blank(
    pk: UUID, kind: Kind, assay: Assay | None, field: Field | None, first_bad: datetime, now: datetime
) -> Incident:
    return Incident(
        pk=pk,
        kind=kind,
        assay=assay,
        field=field,
        field_key=field.key if field else "",
        workspace_id=assay.workspace_id if assay else None,
        pipeline_id=assay.pipeline_id if assay else None,
        seen_at=now,
        key_end=first_bad,
    )


def _is_live(row: Incident | None) -> bool:
    return row is not None and row.merged_into_id is None and row.count > 0


def _values(row: Incident) -> list[Any]:
    return [getattr(row, name) for name in (*FACTS, *ENDING, "field_id")]
