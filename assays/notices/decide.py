"""Whether a message that is due is still worth sending, has to wait, or is of no use any more. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from assays.incidents.models import ChangeKind, Incident
from assays.incidents.triage import UNDONE_WITHIN
from assays.notices.maintenances import HELD
from assays.notices.models import Delivery, Event, Maintenance, Outcome, Route
from assays.notices.routing import muted_until, quiet_until, wants

RECHECK = timedelta(minutes=1)
TRIED_OUT = timedelta(minutes=2)
"""Longer than a message takes."""


class Send(NamedTuple):
    """To be sent; with `summary` it tells on what that summary told of, by the summary's key.

    `is_known` says that the route keeps keys and has the incident under one already.
    """

    summary: Delivery | None = None
    is_known: bool = False


class Wait(NamedTuple):
    until: datetime
    why: str


class Skip(NamedTuple):
    why: str


Decision = Send | Wait | Skip


@dataclass(frozen=True, slots=True)
class Situation:
    """What a decision needs beside the message: the other messages of its incident on its route, oldest first.

    Of the summaries, `lasting` are those with an incident that is still open; `ends` holds which message tells, or has
    told, that one is over.
    """

    now: datetime
    maintenances: Sequence[Maintenance]
    lasting: Set[UUID] = frozenset()
    ends: Mapping[UUID, UUID] = field(default_factory=dict)
    others: Sequence[Delivery] = ()

    def told(self) -> list[Delivery]:
        """Those that have arrived alone, or may have, since the route last heard that it was over."""
        told: list[Delivery] = []
        for row in self.others:
            arrived = _arrived(row, row.route)
            if row.event == Event.RESOLVED:
                told = [] if arrived else told
            elif arrived and row.summary_id is None:
                told.append(row)
        return told

    def summaries(self) -> list[Delivery]:
        return [row.summary for row in self.others if row.outcome == Outcome.FOLDED and row.summary]


def _arrived(row: Delivery, route: Route) -> bool:
    """A pager is told the end of what it may have taken, too: it would ring on."""
    return row.outcome == Outcome.SENT or bool(row.tries and route.is_pager)


def decide(delivery: Delivery, at: Situation) -> Decision:
    incident = delivery.incident
    if not delivery.route.is_active:
        return Skip("the route is switched off")
    if delivery.event == Event.TEST:
        return _abandoned(delivery, at.now)
    if incident is None:
        return _quiet(delivery, at) or Send()
    if delivery.event == Event.RESOLVED:
        return _of_an_end(delivery, incident, at)
    return _useless(delivery, incident, at) or _held(delivery, incident, at) or _told_on(delivery, at)


def _told_on(delivery: Delivery, at: Situation) -> Send:
    """What keeps keys hears what becomes of an incident under the key that it has it by."""
    if not delivery.route.keeps_keys or delivery.event not in (Event.WORSE, Event.BACK):
        return Send()
    if at.told():
        return Send(is_known=True)
    lasting = [row for row in at.summaries() if _arrived(row, delivery.route) and row.pk in at.lasting]
    return Send(lasting[-1], is_known=True) if lasting else Send()


def _abandoned(delivery: Delivery, now: datetime) -> Wait | Skip:
    """A test is sent by whoever asked for it, who may be at it still."""
    ends = delivery.created_at + TRIED_OUT
    return Wait(ends, "") if now < ends else Skip("a test is tried once")


def _useless(delivery: Delivery, incident: Incident, at: Situation) -> Wait | Skip | None:
    if not incident.is_open:
        return Skip("over before it was told")
    if incident.snoozed_at:
        return _answered(incident.snoozed_at, f"snoozed by {incident.snoozed_by}", at)
    if delivery.event == Event.ESCALATED:
        return _heard_or_answered(delivery, incident, at)
    if delivery.event in (Event.WORSE, Event.BACK):
        return _told_otherwise(delivery, incident, at)
    return None


def _answered(since: datetime, why: str, at: Situation) -> Wait | Skip:
    """Whoever has it may take that back for a while, and then somebody has to hear of it after all."""
    final = since + UNDONE_WITHIN
    return Wait(final, why) if at.now < final else Skip(why)


def _heard_or_answered(delivery: Delivery, incident: Incident, at: Situation) -> Wait | Skip | None:
    """The second route hears by itself that what it was told of has got worse."""
    if incident.acknowledged_at:
        return _answered(incident.acknowledged_at, f"acknowledged by {incident.acknowledged_by}", at)
    if delivery.change is None or delivery.change.kind != ChangeKind.WORSE:
        return None
    to_be_told = any(row.event == Event.ESCALATED and _comes_before(row, delivery) for row in at.others)
    return Skip("told already") if to_be_told or at.told() or at.summaries() else None


def _told_otherwise(delivery: Delivery, incident: Incident, at: Situation) -> Skip | None:
    """A message tells how the incident stands when it is sent, and may thus have told of this change."""
    assert delivery.change
    told = at.told()
    if any(row.event not in (Event.ESCALATED, Event.RESOLVED) and _comes_before(row, delivery) for row in at.others):
        return Skip("told with the message before it")
    if delivery.change.severity != delivery.change.was and any(
        row.severity is not None and row.severity <= delivery.change.severity and row.sent_at > delivery.created_at
        for row in told
        if row.sent_at
    ):
        return Skip("told with the message before it")
    return None if told or at.summaries() or wants(delivery.route, incident) else Skip("nothing was told before")


def _comes_before(row: Delivery, delivery: Delivery) -> bool:
    """Whether it waits still, and tells of an earlier change."""
    if row.change_id is None or delivery.change_id is None:
        return False
    return row.outcome == Outcome.WAITING and row.change_id < delivery.change_id


def _held(delivery: Delivery, incident: Incident, at: Situation) -> Wait | None:
    if until := muted_until(at.maintenances, incident, at.now):
        return Wait(until, HELD)
    return _quiet(delivery, at)


def _quiet(delivery: Delivery, at: Situation) -> Wait | None:
    until = quiet_until(delivery.route, at.now)
    return Wait(until, "quiet hours") if until else None


def _of_an_end(delivery: Delivery, incident: Incident, at: Situation) -> Decision:
    """Told to who has heard of it alone; a pager rings until it is told, so that nothing holds it up."""
    if incident.is_open:
        return Skip("opened again since")
    decision = Send() if at.told() else _of_a_summary(delivery, at)
    if isinstance(decision, Send) and not delivery.route.is_pager:
        return _held(delivery, incident, at) or decision
    return decision


def _of_a_summary(delivery: Delivery, at: Situation) -> Decision:
    """What was told in a summary ends with the last of it."""
    summaries = at.summaries()
    if any(row.outcome == Outcome.WAITING for row in summaries):
        return Wait(at.now + RECHECK, "its summary has not been sent yet")
    sent = [row for row in summaries if _arrived(row, delivery.route)]
    if not sent:
        return Skip("over before it was told")
    newest = sent[-1]
    if newest.pk in at.lasting:
        return Skip("others of its summary are still open")
    if at.ends.get(newest.pk, delivery.pk) != delivery.pk:
        return Skip("told with the others of its summary")
    return Send(newest)
