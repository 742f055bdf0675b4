"""The messages page's queries: which routes, messages and maintenance one may see, and which one may change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from assays.models import Assay
from assays.notices.models import Delivery, Event, Maintenance, Outcome, Route
from dashboard.access import Access, Act
from dashboard.reads.paging import Page, stretch

PER_PAGE, OFFERED = 50, 200
NOT_TAKEN = Q(outcome=Outcome.FAILED) | Q(outcome=Outcome.WAITING, tries__gt=0)
STATES = {
    "waiting": ("Waiting", Q(outcome=Outcome.WAITING)),
    "sent": ("Sent", Q(outcome__in=(Outcome.SENT, Outcome.FOLDED))),
    "not-taken": ("Not taken", NOT_TAKEN),
    "not-sent": ("Not sent", Q(outcome=Outcome.SKIPPED)),
}
"""What the list of messages can be narrowed to, by the name in its address."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Which messages are asked for; all where nothing is said."""

    route: int | None = None
    state: str = ""
    page: int = 1


def seen(access: Access) -> QuerySet[Route]:
    """Routes of a workspace for those who see it; those of the whole for those who see all of it."""
    return access.within(Route.objects.select_related("assay", "escalate_to").defer("assay__message", "assay__runs"))


def managed(access: Access) -> QuerySet[Route]:
    """Routes that one may make, change and try out."""
    if access.may(Act.ADMINISTER):
        return seen(access)
    places = access.where_may(Act.SWITCH)
    return seen(access).exclude(workspace_id=None) if places is None else seen(access).filter(workspace_id__in=places)


def manages(access: Access, workspace_id: int | None) -> bool:
    """Whether one says who hears of a workspace, and when nobody does; of the whole, administrators alone."""
    return access.may(Act.ADMINISTER if workspace_id is None else Act.SWITCH, workspace_id)


def watched(access: Access) -> QuerySet[Assay]:
    """The assays of the workspaces where `manages` holds."""
    places = access.where_may(Act.SWITCH)
    rows = Assay.objects.all() if places is None else Assay.objects.filter(workspace_id__in=places)
    return rows.defer("message", "runs")


def listed(access: Access) -> list[Route]:
    """By name, each with `newest`: the id of the last message that left or was tried."""
    tried = Delivery.objects.filter(route=OuterRef("pk")).filter(Q(tries__gt=0) | Q(outcome=Outcome.SENT))
    return list(seen(access).annotate(newest=Subquery(tried.order_by("-created_at").values("pk")[:1])).order_by("name"))


def newest_of(rows: Iterable[Route]) -> dict[int, Delivery]:
    """The message that `listed` names for each route, by the route."""
    ids: list[UUID] = [row.newest for row in rows if row.newest]  # type: ignore[attr-defined]
    return {row.route_id: row for row in Delivery.objects.filter(pk__in=ids)}


def deliveries(access: Access) -> QuerySet[Delivery]:
    """Of routes that one sees, and then of no incident in another workspace, wherever an escalation has led it."""
    rows = Delivery.objects.filter(route__in=seen(access).order_by().values("pk"))
    if access.workspaces is not None:
        rows = rows.filter(Q(incident__workspace_id__in=access.workspaces) | Q(incident__workspace_id=None))
    return rows


def page(access: Access, sought: Sought) -> Page[Delivery]:
    rows = deliveries(access)
    if sought.route is not None:
        rows = rows.filter(route=sought.route)
    if sought.state:
        rows = rows.filter(STATES[sought.state][1])
    shown = stretch(sought.page, PER_PAGE, total := rows.count())
    drawn = rows.select_related("route", "incident__assay").defer(
        "incident__assay__message", "incident__assay__runs", "route__address", "route__secret"
    )
    return Page(list(drawn.order_by("-created_at", "-pk")[shown.start : shown.stop]), total, shown)


def test_of(route: Route, pk: UUID) -> Delivery | None:
    return route.deliveries.filter(pk=pk, event=Event.TEST).first()


def waiting(access: Access) -> int:
    return deliveries(access).filter(outcome=Outcome.WAITING).count()


def maintenances(access: Access, now: datetime) -> list[Maintenance]:
    """What is on or will be, the first to begin first."""
    return list(_maintenance(access).filter(ends_at__gt=now).order_by("starts_at", "pk"))


def over(access: Access, now: datetime) -> list[Maintenance]:
    """The newest of what is over."""
    return list(_maintenance(access).filter(ends_at__lte=now).order_by("-ends_at", "-pk")[:PER_PAGE])


def find_maintenance(access: Access, pk: int, now: datetime) -> Maintenance | None:
    """One that is not over."""
    return _maintenance(access).filter(pk=pk, ends_at__gt=now).first()


def _maintenance(access: Access) -> QuerySet[Maintenance]:
    """That of everything is everybody's to see: it holds up what is told of their workspaces too."""
    rows = Maintenance.objects.select_related("assay").defer("assay__message", "assay__runs")
    if access.workspaces is None:
        return rows
    return rows.filter(Q(workspace_id=None, pipeline_id=None, assay=None) | Q(workspace_id__in=access.workspaces))


def pipelines(ids: Iterable[int | None]) -> dict[int, str]:
    """Their names, as the newest listing has them."""
    rows = Assay.objects.filter(pipeline_id__in={pk for pk in ids if pk is not None}).order_by()
    return dict(rows.values_list("pipeline_id", "pipeline_name").distinct())


def offered(access: Access) -> tuple[list[str], list[str]]:
    """Names of pipelines and of assays that a form suggests; the rest can be typed."""
    rows = watched(access).filter(gone_since=None)
    names = [rows.order_by(column).values_list(column, flat=True).distinct() for column in ("pipeline_name", "name")]
    return list(names[0][:OFFERED]), list(names[1][:OFFERED])
