"""Who is told of an incident, and until when a message waits. Pure decisions on rows that were loaded before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from assays.incidents.models import Incident, Kind
from assays.notices.models import Maintenance, Route, is_within
from assays.states import State


def wants(route: Route, incident: Incident) -> bool:
    if not route.is_active or not is_within(route, incident):
        return False
    if route.kinds and incident.kind not in route.kinds:
        return False
    return not (route.alerts_only and incident.kind == Kind.DRIFT and incident.severity != State.ALERT)


def quiet_until(route: Route, now: datetime) -> datetime | None:
    """When the quiet hours end that it is now, by the route's own clock; None when it is not quiet."""
    if route.quiet_from is None or route.quiet_until is None:
        return None
    local = now.astimezone(route.clock)
    clock = local.time()
    around_midnight = route.quiet_from > route.quiet_until
    began, not_over = clock >= route.quiet_from, clock < route.quiet_until
    if not (began or not_over if around_midnight else began and not_over):
        return None
    day = local.date() + timedelta(days=1 if around_midnight and began else 0)
    ends = datetime.combine(day, route.quiet_until, route.clock)
    first, again = (ends.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return first if first > now else again


def muted_until(maintenances: Iterable[Maintenance], incident: Incident, now: datetime) -> datetime | None:
    """When the maintenance ends that mutes an incident now; None when there is none."""
    ends = [row.ends_at for row in maintenances if row.starts_at <= now < row.ends_at and is_within(row, incident)]
    return max(ends, default=None)
