"""Routes made, changed and removed, each with its place in the audit trail, which never holds an address."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import available_timezones

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from assays import audit
from assays.incidents.models import Kind
from assays.notices import channels, outbox, sending, webhook
from assays.notices.errors import Refused
from assays.notices.models import Delivery, Outcome, Route
from assays.notices.sealing import Sealed

Person = AbstractBaseUser | str


@transaction.atomic
def add(name: str, address: str, by: Person, **more: Any) -> Route:
    """`more` are the columns of a route that people set. Raises Refused with a sentence for who typed it."""
    route = Route(name=name, secret=Sealed.of(webhook.new_secret()))
    _fill(route, address, more)
    route.save()
    _record("route.add", route, by)
    return route


@transaction.atomic
def edit(route: Route, by: Person, address: str = "", **more: Any) -> Route:
    """Without an address the old one stays. What waits for a route that failed is tried again at once."""
    changed = more | {"failures": 0, "blocked_until": None}
    _fill(route, address, changed)
    route.save(update_fields=[*changed, *(("address", "shown") if address else ())])  # its lease is the worker's
    route.deliveries.filter(outbox.RETRIED, outcome=Outcome.WAITING).update(due_at=datetime.now(UTC))
    _record("route.edit", route, by)
    return route


@transaction.atomic
def remove(route: Route, by: Person) -> None:
    """Its messages go with it, those that wait among them; whoever escalated to it escalates no more."""
    _record("route.remove", route, by)
    Route.objects.filter(escalate_to=route).update(escalate_to=None, escalate_after=None)
    route.delete()


def try_out(route: Route, by: Person) -> Delivery:
    """Sends a test at once, and once; what became of it stands in the row."""
    _record("route.test", route, by)
    return sending.try_out(route)


def secret(route: Route, by: Person) -> str:
    """What a webhook's messages are signed with. Raises Refused for another address, whose messages are not."""
    if not channels.is_signed(route.address.open()):
        raise Refused("only what is sent to a webhook is signed")
    _record("route.secret", route, by)
    return route.secret.open()


@transaction.atomic
def renew(route: Route, by: Person) -> str:
    """A new secret in the place of the old one, which holds no more. Raises Refused as `secret` does."""
    if not channels.is_signed(route.address.open()):
        raise Refused("only what is sent to a webhook is signed")
    text = webhook.new_secret()
    route.secret = Sealed.of(text)
    route.save(update_fields=["secret"])
    _record("route.renew", route, by)
    return text


@transaction.atomic
def reseal() -> int:
    """Seals every address anew with the newest key; says how many. Raises Unsealable where the old one is missing."""
    routes = list(Route.objects.select_for_update())
    for route in routes:
        route.address, route.secret = route.address.resealed(), route.secret.resealed()
    Route.objects.bulk_update(routes, ["address", "secret"])
    return len(routes)


def _fill(route: Route, address: str, columns: dict[str, Any]) -> None:
    if address:
        channels.check(address)
        route.address, route.shown = Sealed.of(address), channels.masked(address)
    for column, value in columns.items():
        setattr(route, column, value)
    _check(route)


def _check(route: Route) -> None:
    if not route.name.strip():
        raise Refused("a route needs a name")
    if Route.objects.filter(name=route.name).exclude(pk=route.pk).exists():
        raise Refused("there is a route of this name already")
    if route.pk is not None and route.escalate_to_id == route.pk:
        raise Refused("a route escalates to another")
    if route.zone not in available_timezones():
        raise Refused(f"{route.zone} is no time zone, such as Europe/Vienna")
    if (route.quiet_from is None) != (route.quiet_until is None):
        raise Refused("quiet hours have a beginning and an end")
    if (route.escalate_to_id is None) != (route.escalate_after is None):
        raise Refused("an escalation has a route and a number of minutes")
    if unknown := set(route.kinds) - set(Kind.values):
        raise Refused(f"{min(unknown)} is no kind of incident; they are {', '.join(Kind.values)}")


def _record(act: str, route: Route, by: Person) -> None:
    audit.record(
        act,
        by,
        about=route.name,
        about_id=str(route.pk),
        workspace_id=route.workspace_id,
        detail={"address": route.shown, "active": route.is_active},
    )
