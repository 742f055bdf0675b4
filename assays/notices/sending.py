"""Sends what is due: one claimant a route at a time, in order, until the route has taken it or a day has passed.

A try is counted before it is made. What a crash leaves behind waits for its next try, with the same key; a message is
repeated only where nobody can know whether it has arrived.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from uuid import UUID

from django.db import models, transaction
from django.db.models import Q

from assays.incidents.models import Incident
from assays.notices import channels, compose, picture
from assays.notices.decide import Decision, Send, Situation, Skip, Wait, decide
from assays.notices.errors import Refused, Undelivered
from assays.notices.models import Delivery, Event, Maintenance, Outcome, Route
from assays.notices.notice import Notice
from assays.notices.sealing import Unsealable
from assays.schedule import back_off

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
WORKS_FOR = 60.0
"""Seconds after which a claimant begins with no further message: a lease is longer than this and one message."""

BURST, SPAN = 10, timedelta(minutes=10)
"""More single messages than this, on one route within this time, become a summary."""

MOST_TRIES = 100
"""About a day's, by `back_off`."""


def claim(now: datetime) -> list[int]:
    """The routes on which something is due; each goes to one claimant only."""
    waiting = Delivery.objects.filter(outcome=Outcome.WAITING, due_at__lte=now)
    due = Route.objects.filter(
        Q(leased_until=None) | Q(leased_until__lt=now),
        Q(blocked_until=None) | Q(blocked_until__lte=now),
        pk__in=waiting.values("route"),
    )
    return [pk for pk in due.values_list("pk", flat=True) if due.filter(pk=pk).update(leased_until=now + LEASE)]


def deliver(route_id: int) -> None:
    """Sends what is due on a route that was claimed, and gives it back."""
    route = Route.objects.get(pk=route_id)
    try:
        _work_off(route, datetime.now(UTC))
    finally:
        Route.objects.filter(pk=route_id, leased_until=route.leased_until).update(leased_until=None)


def try_out(route: Route) -> Delivery:
    """Sends a test at once, and once; what became of it stands in the row."""
    now = datetime.now(UTC)
    delivery = Delivery.objects.create(route=route, event=Event.TEST, created_at=now, due_at=now)
    if not _sent(delivery):
        _settle(delivery, Outcome.FAILED)
    return delivery


def _work_off(route: Route, now: datetime) -> None:
    ready = _gathered(route, *_ready(route, now), now)
    deadline = time.monotonic() + WORKS_FOR
    for delivery in ready:
        if time.monotonic() > deadline or not _sent(delivery):
            return


def _ready(route: Route, now: datetime) -> tuple[list[Delivery], set[UUID]]:
    """What is to be sent now, and which of it goes by a key that the route has already; of the rest it is kept why it
    waits, or that nobody needs it any more.
    """
    due = route.deliveries.filter(outcome=Outcome.WAITING, due_at__lte=now).order_by("created_at", "change_id")
    rows = list(due.select_related("route", "change", "summary", "incident__assay"))
    others = _others(route, rows)
    lasting, ends = _summaries({row.summary_id for one in others.values() for row in one if row.summary_id})
    at = Situation(now, list(Maintenance.objects.filter(ends_at__gt=now)), lasting, ends)
    ready, known = [], set()
    for row in rows:
        decision = _decided(row, replace(at, others=[one for one in others[row.incident_id] if one.pk != row.pk]))
        if isinstance(decision, Send):
            ready.append(row)
            known |= {row.pk} if decision.is_known else set()
            ends |= {decision.summary.pk: row.pk} if decision.summary and row.event == Event.RESOLVED else {}
    return sorted(ready, key=attrgetter("tries")), known  # what is never taken holds up nothing that could be


def _others(route: Route, rows: Iterable[Delivery]) -> defaultdict[UUID | None, list[Delivery]]:
    known = route.deliveries.filter(incident__in={row.incident_id for row in rows if row.incident_id})
    others: defaultdict[UUID | None, list[Delivery]] = defaultdict(list)
    for row in known.select_related("route", "summary").order_by("created_at", "change_id"):
        others[row.incident_id].append(row)
    return others


def _summaries(ids: set[UUID]) -> tuple[set[UUID], dict[UUID, UUID]]:
    """Those with an incident that is still open, and which message tells that one is over."""
    parts = Delivery.objects.filter(summary__in=ids)
    lasting = parts.exclude(event=Event.RESOLVED).filter(incident__closed_at=None).values_list("summary_id", flat=True)
    ends = parts.filter(event=Event.RESOLVED).exclude(outcome=Outcome.SKIPPED).values_list("summary_id", "pk")
    return {pk for pk in lasting if pk}, {summary: pk for summary, pk in ends if summary}


def _decided(delivery: Delivery, at: Situation) -> Decision:
    """The decision, kept."""
    decision = decide(delivery, at)
    match decision:
        case Skip(why):
            _settle(delivery, Outcome.SKIPPED, why)
        case Wait(until, why):
            _hold(delivery, until, why)
        case Send(summary) if summary:
            delivery.summary = summary
            delivery.save(update_fields=["summary"])
    return decision


def _hold(delivery: Delivery, until: datetime, why: str) -> None:
    _waiting(delivery).update(due_at=until, why=why)


def _settle(delivery: Delivery, outcome: Outcome, why: str = "") -> None:
    delivery.outcome = outcome
    _waiting(delivery).update(outcome=outcome, why=why)


def _waiting(delivery: Delivery) -> models.QuerySet[Delivery]:
    return Delivery.objects.filter(pk=delivery.pk, outcome=Outcome.WAITING)


def _gathered(route: Route, ready: Sequence[Delivery], known: Set[UUID], now: datetime) -> list[Delivery]:
    """The same with a summary in the place of what is too much, or was found by a catch-up."""
    rest, found, crowd = _sorted_out(ready, known)
    if len(crowd) <= _allowance(route, now):
        rest, crowd = _without(ready, found), []
    until = _next_summary(route, now) if crowd else None
    for row in crowd if until else ():
        _hold(row, until or now, "gathered for the next summary")
    folded = found if until else [*found, *crowd]
    return [*rest, _fold(route, folded, now)] if folded else rest


def _sorted_out(ready: Sequence[Delivery], known: Set[UUID]) -> tuple[list[Delivery], list[Delivery], list[Delivery]]:
    """What goes out as it is: ends, second tries, and what is known by its key; what a catch-up has found; and the
    rest, if it is not too much.
    """
    rest: list[Delivery] = []
    found: list[Delivery] = []
    crowd: list[Delivery] = []
    for row in ready:
        fresh = row.incident_id and row.event != Event.RESOLVED and not row.tries and row.pk not in known
        (found if fresh and row.is_gathered else crowd if fresh else rest).append(row)
    return rest, found, crowd


def _without(rows: Iterable[Delivery], left_out: Iterable[Delivery]) -> list[Delivery]:
    keys = {row.pk for row in left_out}
    return [row for row in rows if row.pk not in keys]


def _allowance(route: Route, now: datetime) -> int:
    recent = route.deliveries.filter(outcome=Outcome.SENT, sent_at__gt=now - SPAN, incident__isnull=False)
    return BURST - recent.exclude(event=Event.RESOLVED).count()


def _next_summary(route: Route, now: datetime) -> datetime | None:
    """When another may be sent, if not now."""
    recent = route.deliveries.filter(event=Event.SUMMARY, outcome=Outcome.SENT, sent_at__gt=now - SPAN)
    newest = recent.order_by("-sent_at").first()
    return newest.sent_at + SPAN if newest and newest.sent_at else None


@transaction.atomic
def _fold(route: Route, rows: Sequence[Delivery], now: datetime) -> Delivery:
    summary = Delivery.objects.create(route=route, event=Event.SUMMARY, created_at=now, due_at=now)
    Delivery.objects.filter(pk__in=[row.pk for row in rows], outcome=Outcome.WAITING).update(
        outcome=Outcome.FOLDED, summary=summary, why=""
    )
    return summary


def _sent(delivery: Delivery) -> bool:
    """Tries once; whether the route is worth going on with."""
    if not _begun(delivery, datetime.now(UTC)):
        return True
    try:
        return _try(delivery)
    except (Refused, Undelivered, Unsealable) as error:
        return _failed(delivery, str(error))
    except Exception as error:  # whatever a library raises may hold the address: its text is kept nowhere
        log.error(
            "message %s: %s\n%s", delivery.pk, type(error).__name__, "".join(traceback.format_tb(error.__traceback__))
        )
        return _failed(delivery, f"the message could not be made or sent: {type(error).__name__}")


def _begun(delivery: Delivery, now: datetime) -> bool:
    """Counts the try and puts the next one off, before anything leaves; not where another has tried meanwhile."""
    untouched = _waiting(delivery).filter(tries=delivery.tries)
    delivery.tries += 1
    again = back_off(now, delivery.tries)
    return bool(untouched.update(tries=delivery.tries, due_at=again, why=""))


def _try(delivery: Delivery) -> bool:
    told, now = _told(delivery), datetime.now(UTC)
    if not told and delivery.event != Event.TEST:
        _settle(delivery, Outcome.SKIPPED, "over before it was told")
        return True
    route = delivery.route
    address = route.address.open()
    drawn = picture.of(told[0], route.clock) if _shows(delivery, told) and channels.takes_pictures(address) else None
    channels.send(address, route.secret.open(), _notice(delivery, told, now), drawn)
    _waiting(delivery).update(
        outcome=Outcome.SENT, sent_at=now, last_error="", severity=min((row.severity for row in told), default=None)
    )
    delivery.outcome = Outcome.SENT
    Route.objects.filter(pk=route.pk).update(failures=0, blocked_until=None, last_sent_at=now, last_error="")
    return True


def _shows(delivery: Delivery, told: Sequence[Incident]) -> bool:
    """A picture is of one incident, and of none that is over. It may be what a channel does not take: tried once."""
    return len(told) == 1 and delivery.tries == 1 and delivery.event not in (Event.RESOLVED, Event.SUMMARY)


def _told(delivery: Delivery) -> list[Incident]:
    """The incidents that a message tells of, as they stand now."""
    rows = Incident.objects.select_related("assay")
    summary = delivery.summary_id or (delivery.pk if delivery.event == Event.SUMMARY else None)
    if summary is None:
        return list(rows.filter(deliveries=delivery))
    rows = rows.filter(deliveries__summary=summary).distinct()
    return list(rows if delivery.event == Event.RESOLVED else rows.filter(closed_at=None))


def _notice(delivery: Delivery, told: Sequence[Incident], now: datetime) -> Notice:
    if delivery.event == Event.TEST:
        return compose.test(delivery, now)
    if delivery.event == Event.SUMMARY or delivery.summary_id:
        return compose.summary(delivery, told, now)
    return compose.single(delivery, told[0], now)


def _failed(delivery: Delivery, error: str) -> bool:
    """Keeps why; the route rests for a while, the longer the oftener it has failed."""
    now, route = datetime.now(UTC), delivery.route
    delivery.last_error = error
    _waiting(delivery).update(last_error=error)
    if delivery.tries >= MOST_TRIES:
        _settle(delivery, Outcome.FAILED, "given up after a day")
    route.failures += 1
    Route.objects.filter(pk=route.pk).update(
        failures=route.failures, blocked_until=back_off(now, route.failures), last_error=error, last_error_at=now
    )
    log.warning("route %r takes no message: %s", route.name, error)
    return False
