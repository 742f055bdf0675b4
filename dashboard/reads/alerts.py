"""The alerts page's queries: the incidents that a person may see, in lists to work through, and the story of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.cache import cache
from django.db.models import Count, F, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import JSONObject
from redis.exceptions import RedisError

from assays.incidents import about, derive, groups, rules
from assays.incidents.lists import List, counted, listed
from assays.incidents.models import About, Change, Criticality, Incident, Kind, LocalThreshold, Marker, Rule
from assays.incidents.models import Act as Deed
from assays.models import Assay, Field
from assays.notices.models import Delivery, Outcome
from assays.states import State
from dashboard.access import NEEDED, Access, Act
from dashboard.models import Grant
from dashboard.reads.kept import kept
from dashboard.reads.paging import Page, stretch
from dashboard.roles import Role

PER_PAGE = 50
ANSWERED = 10
"""So many of the acknowledged stand below the unanswered."""
BESIDE, LOOKED_AT = 6, 60
MOST_LISTED = 60
MENU_SECONDS, COUNT_SECONDS = 30, 5
MARKERS, MOST_MARKERS = 10, 1000
MESSAGES = 50


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person has asked to see, as the URL says it. `owner` is the name of who has been given an incident."""

    which: List = List.OPEN
    text: str = ""
    severity: State | None = None
    kind: Kind | None = None
    assay: UUID | None = None
    pipeline: int | None = None
    workspace: int | None = None
    owner: str = ""
    page: int = 1

    @property
    def narrows(self) -> bool:
        asked = (self.severity, self.kind, self.assay, self.pipeline, self.workspace)
        return bool(self.text or self.owner) or any(each is not None for each in asked)


@dataclass(frozen=True, slots=True)
class Menus:
    """What the filters offer: pipelines and workspaces by number, and the names of those who have something."""

    pipelines: dict[int, str]
    workspaces: dict[int, str]
    owners: list[str]


def seen(access: Access) -> QuerySet[Incident]:
    """What is of the whole is everybody's; what another incident has taken in, or its windows withdrew, nobody's."""
    rows = Incident.objects.filter(merged_into=None, count__gt=0)
    if access.workspaces is None:
        return rows
    return rows.filter(Q(workspace_id__in=access.workspaces) | Q(workspace_id=None))


def open_count(access: Access) -> int:
    """How many incidents nobody has answered, for the frame of every page: a few seconds old at most."""
    return kept(_count_key(access), COUNT_SECONDS, lambda: listed(seen(access), List.OPEN).count())


def count_anew(access: Access) -> None:
    """Whoever has just acted sees the count that comes of it."""
    try:
        cache.delete(":".join(_count_key(access)))
    except (RedisError, OSError):
        return


def _count_key(access: Access) -> tuple[str, str]:
    return "unanswered", _scope(access)


def _scope(access: Access) -> str:
    """Alike for all who see the same."""
    return "all" if access.workspaces is None else ",".join(map(str, sorted(access.workspaces)))


def chosen(access: Access, choice: Choice) -> QuerySet[Incident]:
    """Whatever list they are in."""
    rows = seen(access)
    exact = {
        "severity": choice.severity,
        "kind": choice.kind,
        "assay_id": choice.assay,
        "pipeline_id": choice.pipeline,
        "workspace_id": choice.workspace,
        "assignee__username": choice.owner or None,
    }
    rows = rows.filter(**{column: value for column, value in exact.items() if value is not None})
    return rows.filter(_matches(choice.text)) if choice.text else rows


def _matches(text: str) -> Q:
    return Q(assay__name__icontains=text) | Q(field_key__icontains=text) | Q(sentence__icontains=text)


def counts(access: Access, choice: Choice, person: User) -> dict[List, int]:
    return counted(chosen(access, choice), person.pk)


def page(access: Access, choice: Choice, person: User, total: int | None) -> Page[Incident]:
    """A page of the list; `total` is None where it has not been counted. Sorted and skipped are keys alone."""
    rows = listed(chosen(access, choice), choice.which, person.pk)
    total = rows.count() if total is None else total
    shown = stretch(choice.page, PER_PAGE, total)
    keys = list(rows.values_list("pk", flat=True)[shown.start : shown.stop])
    found = {row.pk: row for row in _drawn(Incident.objects.filter(pk__in=keys))}
    return Page([found[key] for key in keys if key in found], total, shown)


def answered(access: Access) -> list[Incident]:
    """The acknowledged ones that have waited longest."""
    return list(_drawn(listed(seen(access), List.ACKNOWLEDGED))[:ANSWERED])


def _drawn(rows: QuerySet[Incident]) -> QuerySet[Incident]:
    """With what a card draws, and without what it does not."""
    siblings = Field.objects.filter(assay=OuterRef("assay")).order_by().values("assay").annotate(many=Count("pk"))
    drawn = rows.select_related("assay", "field", "assignee").annotate(fields=Subquery(siblings.values("many")))
    return drawn.defer("assay__message", "assay__runs", "field__recent")


def oldest(access: Access, choice: Choice) -> datetime | None:
    """Since when the incident that has waited longest goes unanswered."""
    found: datetime | None = listed(chosen(access, choice), List.OPEN).aggregate(at=Min("onset"))["at"]
    return found


def menus(access: Access, choice: Choice) -> Menus:
    """Of what is open, at most half a minute old. Of more pipelines than a menu lists only the chosen one."""
    rows = kept(("alert-menus", _scope(access)), MENU_SECONDS, lambda: _menu_rows(access))
    pipelines = {pk: name for pk, name, *_ in rows if pk is not None}
    return Menus(
        {pk: name for pk, name in pipelines.items() if len(pipelines) <= MOST_LISTED or pk == choice.pipeline},
        {pk: name for _, _, pk, name, _ in rows if pk is not None},
        sorted({name for *_, name in rows if name}),
    )


def _menu_rows(access: Access) -> list[tuple[int | None, str, int | None, str, str | None]]:
    columns = ("pipeline_id", "assay__pipeline_name", "workspace_id", "assay__workspace_name", "assignee__username")
    return list(seen(access).filter(closed_at=None).order_by().values_list(*columns).distinct())


def find(access: Access, pk: UUID) -> Incident | None:
    """None for one that is not there, or out of sight."""
    rows = Incident.objects.select_related("assay", "field", "assignee", "merged_into")
    row = rows.defer("assay__message", "assay__runs").filter(pk=pk).first()
    return row if row is not None and (row.workspace_id is None or access.sees(row.workspace_id)) else None


def several(access: Access, ids: Iterable[UUID]) -> list[Incident]:
    """Those of them that may be seen."""
    rows = seen(access).filter(pk__in=list(ids)).select_related("assay")
    return list(rows.defer("assay__message", "assay__runs").order_by("severity", "onset", "pk"))


def beside(access: Access, incident: Incident) -> list[Incident]:
    """What else of the same pipeline went bad within a day of it: of each field the worst incident, open ones first."""
    rows = groups.bad_with(incident).filter(pk__in=seen(access).values("pk"))
    rows = rows.exclude(assay=incident.assay_id, field_key=incident.field_key)
    found: dict[tuple[UUID | None, str], Incident] = {}
    for row in rows.select_related("assay", "field").defer("assay__message", "assay__runs")[:LOOKED_AT]:
        key = row.assay_id, row.field_key
        if key not in found or row.is_open > found[key].is_open:
            found[key] = row
    return sorted(found.values(), key=lambda row: not row.is_open)[:BESIDE]


def acts_of(incident: Incident) -> Sequence[Deed]:
    """Those on the incidents it has taken in among them, newest first."""
    rows = Deed.objects.filter(Q(incident=incident) | Q(incident__merged_into=incident))
    return list(rows.select_related("assignee", "undoes", "undone_by").order_by("-at", "-pk"))


def messages_of(incident: Incident) -> Sequence[Delivery]:
    """What was sent of it, or given up; the newest."""
    told = Q(outcome__in=(Outcome.SENT, Outcome.FOLDED, Outcome.FAILED))
    rows = Delivery.objects.filter(told, incident=incident).select_related("route")
    return list(rows.order_by("-created_at")[:MESSAGES])


def changes_of(incident: Incident) -> Sequence[Change]:
    return list(Change.objects.filter(incident=incident).order_by("-at", "-pk"))


def assignable(workspaces: Iterable[int | None]) -> list[User]:
    """Who may triage in all of these workspaces (None: in any), by name."""
    roles = [role for role in Role if role.rank >= NEEDED[Act.TRIAGE].rank]
    people = User.objects.filter(is_active=True)
    for workspace_id in set(workspaces):
        grants = Grant.objects.filter(role__in=roles)
        if workspace_id is not None:
            grants = grants.filter(Q(workspace_id=None) | Q(workspace_id=workspace_id))
        held = Q(grants__in=grants) | Q(groups__grants__in=grants) | Q(is_superuser=True)
        people = people.filter(pk__in=User.objects.filter(held).values("pk"))
    return list(people.order_by("username"))


def markers_of(assay: Assay) -> QuerySet[Marker]:
    """Those of it, of its pipeline and of its workspace; those of everything are no one assay's to take away."""
    its = Q(assay=assay) | Q(pipeline_id=assay.pipeline_id) | Q(workspace_id=assay.workspace_id)
    return Marker.objects.filter(its)


def newest_markers(assay: Assay) -> list[Marker]:
    return list(markers_of(assay).order_by("-at", "-pk")[:MARKERS])


@dataclass(frozen=True, slots=True)
class Care:
    """What is set here of an assay's field: thresholds of Driftline's own, the rule, whose it is, what is open."""

    local: LocalThreshold | None
    rule: derive.Rule
    known: about.Known
    incident: UUID | None


def with_care(fields: QuerySet[Field]) -> QuerySet[Field]:
    """With what `care_of` reads, so that it costs no query of its own."""
    rows = fields.select_related("assay", "local_threshold", "assay__about")
    return rows.annotate(
        nearest_rule=Subquery(_nearest_rule()), around=Subquery(_said_of_pipeline()), going=Subquery(_worst_open())
    )


def care_of(field: Field) -> Care:
    """Of a field that `with_care` has fetched."""
    own, around = getattr(field.assay, "about", None), field.around  # type: ignore[attr-defined]
    said = [_known(row.owner, row.runbook_url, row.criticality) for row in [own] if row]
    said += [_known(**around)] if around else []
    rule = field.nearest_rule  # type: ignore[attr-defined]
    return Care(
        local=getattr(field, "local_threshold", None),
        rule=derive.Rule(**rule) if rule else rules.DEFAULT,
        known=about.nearest(said),
        incident=field.going,  # type: ignore[attr-defined]
    )


def _nearest_rule() -> QuerySet[Rule, Any]:
    """Each rule has one scope alone: the nearest that is not null comes first."""
    its = Q(field=OuterRef("pk")) | Q(assay=OuterRef("assay"))
    around = Q(pipeline_id=OuterRef("assay__pipeline_id")) | Q(workspace_id=OuterRef("assay__workspace_id"))
    nearest = (F(scope).asc(nulls_last=True) for scope in ("field", "assay", "pipeline_id"))
    return Rule.objects.filter(its | around).order_by(*nearest).values(told=JSONObject(k="k", n="n", m="m"))[:1]


def _said_of_pipeline() -> QuerySet[About, Any]:
    rows = About.objects.filter(pipeline_id=OuterRef("assay__pipeline_id"))
    return rows.values(told=JSONObject(owner="owner", runbook_url="runbook_url", criticality="criticality"))


def _worst_open() -> QuerySet[Incident, Any]:
    going = Incident.objects.filter(Q(field=OuterRef("pk")) | Q(field=None), assay=OuterRef("assay"), closed_at=None)
    return going.filter(merged_into=None).order_by("severity", "onset").values("pk")[:1]


def _known(owner: str, runbook_url: str, criticality: str) -> about.Known:
    return about.Known(owner, runbook_url, Criticality(criticality))


def markers(access: Access, start: datetime | None, end: datetime | None) -> list[Marker]:
    """Those with start <= at < end that may be seen, newest first."""
    rows = Marker.objects.order_by("-at", "-pk")
    if access.workspaces is not None:
        everything = Q(workspace_id=None, pipeline_id=None, assay=None)
        pipelines = access.assays().values("pipeline_id")
        its = Q(assay__in=access.assays()) | Q(pipeline_id__in=pipelines) | Q(workspace_id__in=access.workspaces)
        rows = rows.filter(everything | its)
    if start is not None:
        rows = rows.filter(at__gte=start)
    if end is not None:
        rows = rows.filter(at__lt=end)
    return list(rows[:MOST_MARKERS])
