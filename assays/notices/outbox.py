"""The messages to be sent, written in the transaction that changes an incident: what is told is never lost, nor told
of a change that is not kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q

from assays import audit
from assays.incidents.models import Change, ChangeKind, News
from assays.notices.models import Delivery, Event, Outcome, Route
from assays.notices.routing import wants

GATHERING = timedelta(minutes=2)
"""What a catch-up finds is told when it has found nothing more for so long."""

LONGEST_GATHERING = timedelta(minutes=15)

RETRIED = Q(outcome=Outcome.FAILED) | Q(outcome=Outcome.WAITING, tries__gt=0)
RETRIED &= ~Q(event=Event.TEST)
"""What can be sent again by hand; what waits for its first try has a reason."""

_ESCALATED = (ChangeKind.OPENED, ChangeKind.REOPENED, ChangeKind.BACK, ChangeKind.WORSE)
"""What somebody has to acknowledge, from then on."""


def record(changes: Sequence[Change], **_: Any) -> None:
    """The receiver of `incidents.signals.changed`. A change that was recorded before adds nothing."""
    news = [change for change in changes if change.news]
    if news and (routes := list(Route.objects.filter(is_active=True).order_by("pk"))):
        told = _told({change.incident_id for change in news})
        now = datetime.now(UTC)
        rows = [row for change in news for row in _deliveries(change, routes, told[change.incident_id], now)]
        Delivery.objects.bulk_create(rows, batch_size=500, ignore_conflicts=True)
        _wait_for_more({row.route_id for row in rows if row.is_gathered}, now)


def _wait_for_more(route_ids: set[int], now: datetime) -> None:
    """While a catch-up finds more, its summary waits, though not for ever."""
    gathering = Delivery.objects.filter(route__in=route_ids, is_gathered=True, outcome=Outcome.WAITING)
    gathering.filter(created_at__gt=now - LONGEST_GATHERING).update(due_at=now + GATHERING)


@transaction.atomic
def again(delivery: Delivery, by: AbstractBaseUser | str) -> bool:
    """Has one that was not taken, or was given up, tried at once; False of any other. Its tries count on."""
    row = Delivery.objects.filter(RETRIED, pk=delivery.pk)
    if not row.update(outcome=Outcome.WAITING, due_at=datetime.now(UTC), why=""):
        return False
    Route.objects.filter(pk=delivery.route_id).update(blocked_until=None)
    route = delivery.route
    detail = {"event": delivery.event, "incident": str(delivery.incident_id or "")}
    audit.record(
        "route.again", by, about=route.name, about_id=str(route.pk), workspace_id=route.workspace_id, detail=detail
    )
    return True


def forget(before: datetime) -> None:
    """What became of older messages, except where their incident lasts: its route is to hear of the end."""
    over = Delivery.objects.exclude(outcome=Outcome.WAITING).filter(created_at__lt=before)
    over.exclude(incident__isnull=False, incident__closed_at=None).delete()


def _told(incident_ids: set[UUID]) -> defaultdict[UUID, set[int]]:
    """The routes on which each incident is, or was, to be told."""
    told: defaultdict[UUID, set[int]] = defaultdict(set)
    pairs = Delivery.objects.filter(incident__in=incident_ids).values_list("incident_id", "route_id").distinct()
    for incident_id, route_id in pairs:
        told[incident_id].add(route_id)
    return told


def _deliveries(change: Change, routes: Iterable[Route], told: set[int], now: datetime) -> Iterator[Delivery]:
    """A change goes to the routes that want its incident, and to those that have heard of it; an end to these alone."""
    for route in routes:
        wanted = change.kind != ChangeKind.RESOLVED and wants(route, change.incident)
        if wanted or route.pk in told:
            yield _delivery(change, route, now)
        if wanted and route.escalate_to_id and route.escalate_after and change.kind in _ESCALATED:
            late = change.at + timedelta(minutes=route.escalate_after)
            yield _escalation(change, route.escalate_to_id, now, max(late, now))


def _delivery(change: Change, route: Route, now: datetime) -> Delivery:
    gathered = change.news == News.SUMMARY and change.kind != ChangeKind.RESOLVED
    return Delivery(
        route=route,
        incident_id=change.incident_id,
        change=change,
        event=Event(change.kind),
        created_at=now,
        is_gathered=gathered,
        due_at=now + GATHERING if gathered else now,
    )


def _escalation(change: Change, route_id: int, now: datetime, due_at: datetime) -> Delivery:
    return Delivery(
        route_id=route_id,
        incident_id=change.incident_id,
        change=change,
        event=Event.ESCALATED,
        created_at=now,
        due_at=due_at,
    )
