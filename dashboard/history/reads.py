"""History's queries: few whatever the range, each within what its reader may see."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from django.db.models import Max, Min, Q, QuerySet

from assays.incidents.models import About, ActKind, Incident, Kind, Mark, Marker, Why
from assays.models import Field, Pause, Switch
from assays.schedule import micros, moment
from dashboard.access import Access
from dashboard.history.choice import Choice
from dashboard.history.days import Days
from dashboard.history.numbers import Ints, Places
from dashboard.reads.kept import kept


class Watched(NamedTuple):
    """An assay as history needs it."""

    id: UUID
    name: str
    workspace_id: int
    workspace: str
    pipeline_id: int
    pipeline: str
    period_seconds: int | None
    first_run: datetime


@dataclass(frozen=True)
class Roster:
    """The assays that are looked at, and their fields by ascending id; `of` is the place of each field's assay."""

    assays: Sequence[Watched]
    field_ids: Ints
    keys: Sequence[str]
    of: Places

    @cached_property
    def places(self) -> dict[UUID, int]:
        return {assay.id: place for place, assay in enumerate(self.assays)}


_COLUMNS = (
    "assay_id",
    "assay__name",
    "assay__workspace_id",
    "assay__workspace_name",
    "assay__pipeline_id",
    "assay__pipeline_name",
    "assay__period_seconds",
    "assay__first_run",
)


def roster(access: Access, choice: Choice) -> Roster:
    rows = access.within(Field.objects.all(), "assay__workspace_id").filter(_chosen(choice, "assay__"))
    found = list(rows.order_by("pk").values_list("pk", "key", *_COLUMNS))
    assays: dict[UUID, Watched] = {}
    for row in found:
        assays.setdefault(row[2], Watched(*row[2:]))
    places = {pk: place for place, pk in enumerate(assays)}
    ids = np.array([row[0] for row in found], dtype=np.int64)
    of = np.array([places[row[2]] for row in found], dtype=np.intp)
    return Roster(list(assays.values()), ids, [row[1] for row in found], of)


def _chosen(choice: Choice, prefix: str) -> Q:
    """The assays that a choice names, from a table in which `prefix` leads to them."""
    asked = Q()
    if choice.workspace is not None:
        asked &= Q(**{f"{prefix}workspace_id": choice.workspace})
    if choice.pipeline is not None:
        asked &= Q(**{f"{prefix}pipeline_id": choice.pipeline})
    if choice.owner:
        pipelines = About.objects.filter(owner=choice.owner, pipeline_id__isnull=False).values("pipeline_id")
        elsewhere = Q(**{f"{prefix}about": None}) | Q(**{f"{prefix}about__owner": ""})
        inherited = Q(**{f"{prefix}pipeline_id__in": pipelines}) & elsewhere
        asked &= Q(**{f"{prefix}about__owner": choice.owner}) | inherited
    return asked


class Scope(NamedTuple):
    """What can be chosen: workspaces and pipelines by id, and the owners who are named."""

    workspaces: dict[int, str]
    pipelines: dict[int, str]
    owners: list[str]


def scope(access: Access, choice: Choice) -> Scope:
    columns = ("workspace_id", "workspace_name", "pipeline_id", "pipeline_name")
    places = list(access.assays().order_by("workspace_name", "pipeline_name").values_list(*columns).distinct())
    within = [row for row in places if choice.workspace in (None, row[0])]
    theirs = Q(assay__in=access.assays()) | Q(pipeline_id__in=[row[2] for row in places])
    owners = About.objects.filter(theirs).exclude(owner="").values_list("owner", flat=True).distinct()
    return Scope({row[0]: row[1] for row in places}, {row[2]: row[3] for row in within}, sorted(owners))


def pauses(days: Days) -> list[tuple[UUID, int, int]]:
    """The assay, and from when to when it was switched off, for each pause that touches the days."""
    began = Pause.objects.filter(began_at__lt=moment(days.starts[-1]))
    touching = began.filter(Q(ended_at=None) | Q(ended_at__gt=moment(days.starts[0])))
    rows = touching.order_by("began_at").values_list("assay_id", "began_at", "ended_at")
    return [(pk, micros(began), _until(ended, days)) for pk, began, ended in rows]


def _until(ended: datetime | None, days: Days) -> int:
    return micros(ended) if ended else int(days.starts[-1])


KINDS = tuple(Kind)
NEVER = -1


@dataclass(frozen=True, slots=True)
class Incidents:
    """Incidents by column; times are microseconds since 1970, NEVER where there is none; `place` is the assay's.

    `field` is the place of the field's name among the names.
    """

    kind: Ints
    opened: Ints
    closed: Ints
    seen: Ints
    acknowledged: Ints
    marked: Ints
    place: Places
    field: Ints
    names: Sequence[str]

    def __len__(self) -> int:
        return len(self.opened)


JUDGED = {Mark.NONE: 0, Mark.FALSE_ALARM: 1, Mark.CONFIRMED: 2}
KEPT_SECONDS = 30


def incidents(watched: Roster, days: Days) -> Incidents:
    """Those of the assays that opened before the days end and were open within them, oldest first."""
    since, until = int(days.starts[0]), int(days.starts[-1])
    table, names = kept(("incidents", since, until), KEPT_SECONDS, lambda: _incidents(since, until))
    keys = np.array([_key(assay.id) for assay in watched.assays], dtype=np.int64)
    order = np.argsort(keys)
    found = np.searchsorted(keys, table[:, 0], sorter=order)
    places = order[np.minimum(found, len(order) - 1)] if len(order) else np.zeros(len(table), dtype=np.intp)
    mine = keys[places] == table[:, 0] if len(order) else np.zeros(len(table), dtype=np.bool_)
    kind, opened, closed, seen, acknowledged, marked, field = table[mine, 1:].T
    return Incidents(kind, opened, closed, seen, acknowledged, marked, places[mine], field, names)


def _key(assay_id: UUID) -> int:
    """An id as a number that arrays hold: 63 of its bits, most of them chance."""
    return assay_id.int & (2**63 - 1)


Table = tuple[Ints, list[str]]
"""Incidents as rows of numbers, the last of which is the place of the field's name in the list."""


def _incidents(since: int, until: int) -> Table:
    gone = Q(closed_why__in=(Why.JOINED, Why.WITHDRAWN)) | Q(assay=None)
    rows = Incident.objects.exclude(gone).filter(opened_at__lt=moment(until))
    rows = rows.filter(Q(closed_at=None) | Q(closed_at__gte=moment(since)))
    answered = Q(acts__kind=ActKind.ACKNOWLEDGE, acts__undone_by=None)
    columns = ("assay_id", "kind", "opened_at", "closed_at", "seen_at", "answered_at", "mark", "field_key")
    told = rows.annotate(answered_at=Min("acts__at", filter=answered)).order_by("opened_at").values_list(*columns)
    names: dict[str, int] = {}
    packed = [_packed(names, *row) for row in told]
    return np.array(packed, dtype=np.int64).reshape(-1, len(columns)), list(names)


def _packed(names: dict[str, int], assay_id: UUID, kind: str, *rest: Any) -> tuple[int, ...]:
    *times, mark, name = rest
    number = names.setdefault(name, len(names))
    return (_key(assay_id), KINDS.index(Kind(kind)), *(_micros(at) for at in times), JUDGED[Mark(mark)], number)


def _micros(at: datetime | int | None) -> int:
    """An aggregate's moment comes as it lies in the database."""
    if at is None:
        return NEVER
    return at if isinstance(at, int) else micros(at)


def markers(access: Access, choice: Choice, days: Days) -> list[Marker]:
    """The deployments and other events of the days that concern what is chosen, oldest first."""
    within = _markers(access).filter(at__gte=moment(days.starts[0]), at__lt=moment(days.starts[-1]))
    rows = within.select_related("assay").defer("assay__message").order_by("at")
    return [row for row in rows if _concerns(row, choice)]


def marker(access: Access, number: int | None) -> Marker | None:
    """The marker since which is asked for, if it may be seen."""
    return None if number is None else _markers(access).filter(pk=number).first()


def recent_markers(access: Access, many: int = 8) -> list[Marker]:
    return list(_markers(access).order_by("-at")[:many])


def _markers(access: Access) -> QuerySet[Marker]:
    if access.workspaces is None:
        return Marker.objects.all()
    mine = access.assays()
    general = Q(workspace_id=None, pipeline_id=None, assay=None)
    within = Q(workspace_id__in=access.workspaces) | Q(pipeline_id__in=mine.values("pipeline_id"))
    return Marker.objects.filter(general | within | Q(assay__in=mine))


def _concerns(row: Marker, choice: Choice) -> bool:
    """A marker of another pipeline or workspace than the chosen one tells nothing."""
    pipeline = row.assay.pipeline_id if row.assay else row.pipeline_id
    workspace = row.assay.workspace_id if row.assay else row.workspace_id
    return (choice.pipeline is None or pipeline in (None, choice.pipeline)) and (
        choice.workspace is None or workspace in (None, choice.workspace)
    )


def switches(watched: Roster, days: Days) -> list[Switch]:
    """What was switched within the days, newest first."""
    asked = Switch.objects.filter(asked_at__gte=moment(days.starts[0]), asked_at__lt=moment(days.starts[-1]))
    return [row for row in asked.order_by("-asked_at") if row.assay_id in watched.places]


def failures(ids: Iterable[UUID]) -> dict[UUID, str]:
    """The error text of each assay's newest failed window."""
    rows = Field.objects.filter(assay__in=list(ids)).exclude(error="").order_by("-position")
    return dict(rows.values_list("assay_id", "error"))


def read_at(access: Access) -> datetime | None:
    """When upstream was last asked about any of the assays."""
    newest: datetime | int | None = access.assays().aggregate(newest=Max("last_success_at"))["newest"]
    return moment(newest) if isinstance(newest, int) else newest
