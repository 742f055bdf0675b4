"""The lists that people work through: open, mine, acknowledged, snoozed and resolved, each in its order."""

from __future__ import annotations

from django.db import models
from django.db.models import Count, Q, QuerySet

from assays.incidents.models import Incident, Why

_GOING = Q(closed_at=None)


class List(models.TextChoices):
    OPEN = "open", "Open"
    MINE = "mine", "Mine"
    ACKNOWLEDGED = "acknowledged", "Acknowledged"
    SNOOZED = "snoozed", "Snoozed"
    RESOLVED = "resolved", "Resolved"


_ORDERS = {
    List.OPEN: ("severity", "opened_at", "pk"),
    List.MINE: ("severity", "opened_at", "pk"),
    List.ACKNOWLEDGED: ("acknowledged_at", "pk"),
    List.SNOOZED: ("snoozed_at", "pk"),
    List.RESOLVED: ("-closed_at", "pk"),
}


def listed(rows: QuerySet[Incident], which: List, person_id: int | None = None) -> QuerySet[Incident]:
    """Those of `rows` in one list: worst first, then oldest; acknowledged ones oldest first, resolved ones newest."""
    return rows.filter(_condition(which, person_id)).order_by(*_ORDERS[which])


def counted(rows: QuerySet[Incident], person_id: int | None = None) -> dict[List, int]:
    """How many are in each list, but for the resolved, which only grow: one query."""
    wanted = [which for which in List if which != List.RESOLVED]
    counts = {which.value: Count("pk", filter=_condition(which, person_id)) for which in wanted}
    found = rows.filter(_GOING).aggregate(**counts)
    return {which: found[which.value] for which in wanted}


def _condition(which: List, person_id: int | None) -> Q:
    match which:
        case List.OPEN:
            return _GOING & Q(acknowledged_at=None, snoozed_at=None)
        case List.MINE:
            return _GOING & Q(assignee=person_id, assignee__isnull=False)
        case List.ACKNOWLEDGED:
            return _GOING & Q(acknowledged_at__isnull=False, snoozed_at=None)
        case List.SNOOZED:
            return _GOING & Q(snoozed_at__isnull=False)
        case List.RESOLVED:
            return Q(closed_at__isnull=False) & ~Q(closed_why__in=[Why.JOINED, Why.WITHDRAWN])
