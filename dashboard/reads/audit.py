"""The audit trail's queries: who sees which events, what is sought, and pages that begin where the last one ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from assays.models import AuditEvent
from assays.schedule import micros
from dashboard.access import Access, Act

PER_PAGE = 100
AT_ONCE = 2000
"""Events of an export that are held in memory together."""

ACTS = {
    "assay.switch": "switched an assay",
    "assay.switch_settled": "outcome of a switch",
    "api.schedule": "scheduled an assay",
    "api.schedule_answered": "answer to a new assay",
    "api.preview": "asked for a preview",
    "api.preview_answered": "answer to a preview",
    "api.preview_baseline_binning": "asked how a baseline would be binned",
    "api.preview_baseline_binning_answered": "answer to a binning",
    "api.score": "asked for a score",
    "api.score_answered": "answer to a score",
    "incident.acknowledge": "acknowledged an incident",
    "incident.snooze": "snoozed an incident",
    "incident.assign": "gave an incident to somebody",
    "incident.note": "noted something of an incident",
    "incident.resolve": "resolved an incident",
    "incident.mark": "judged an incident",
    "incident.undo": "took back what was done to an incident",
    "incident.expire": "acknowledgement ran out",
    "incident.wake": "snooze ended",
    "incident.reopen": "incident opened again",
    "rule.set": "set a rule for incidents",
    "rule.drop": "dropped a rule for incidents",
    "threshold.set": "set a threshold",
    "threshold.drop": "dropped a threshold",
    "insight.calm": "named a calm period",
    "insight.calm.end": "withdrew a calm period",
    "insight.annotate": "remarked on a moment",
    "insight.annotate.withdraw": "withdrew a remark",
    "insight.dismiss": "answered advice on an assay",
    "insight.dismiss.undo": "took back an answer to advice",
    "insight.succeed": "linked an assay to its successor",
    "insight.succeed.undo": "unlinked an assay from its successor",
    "about.say": "wrote about an assay",
    "marker.add": "marked a moment",
    "marker.remove": "removed a mark",
    "maintenance.add": "announced maintenance",
    "maintenance.end": "ended maintenance",
    "maintenance.call_off": "called maintenance off",
    "route.add": "added a route for messages",
    "route.edit": "changed a route for messages",
    "route.remove": "removed a route for messages",
    "route.test": "tried a route for messages out",
    "route.secret": "read a route's signing secret",
    "route.renew": "gave a route a new signing secret",
    "route.again": "had a message sent again",
    "report.begin": "asked for the history by mail",
    "report.confirm": "confirmed an address for the history by mail",
    "report.ask": "asked once more to confirm an address",
    "report.now": "sent the history by mail at once",
    "report.stop": "stopped the history by mail",
    "link.make": "made a link that shows a history",
    "link.revoke": "revoked a link that shows a history",
    "session.sign_in": "signed in",
    "session.sign_in_failed": "failed to sign in",
    "session.sign_out": "signed out",
    "session.sign_out_everywhere": "signed out everywhere",
    "person.create": "made an account",
    "person.deactivate": "closed an account",
    "person.reactivate": "reopened an account",
    "person.password_link": "made a password link",
    "person.password_set": "set a password",
    "person.sign_out": "ended all sessions of a person",
    "grant.give": "gave a role",
    "grant.take": "took a role away",
    "group.create": "made a group",
    "group.rename": "renamed a group",
    "group.delete": "deleted a group",
    "group.join": "put a person into a group",
    "group.leave": "took a person out of a group",
    "token.make": "made a token",
    "token.revoke": "revoked a token",
}
_OF_ADMINISTRATORS = ("session.", "person.", "grant.", "group.", "token.", "route.", "report.", "link.")
"""Acts that only administrators see, also where they are about one workspace."""


@dataclass(frozen=True, slots=True)
class Sought:
    """`about` is a part of the name, or the whole id, of what was changed; times are [since, until)."""

    who: str = ""
    act: str = ""
    about: str = ""
    workspace: int | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last event of a page; the next page holds what came before it."""

    at: datetime
    pk: int

    def __str__(self) -> str:
        return f"{micros(self.at)}-{self.pk}"


@dataclass(frozen=True, slots=True)
class Page:
    """Newest first; `older` is None on the last page."""

    rows: Sequence[AuditEvent]
    older: Cursor | None


def words(act: str) -> str:
    """As a person says it; of an act that has no words of its own, its name."""
    return ACTS.get(act) or act.replace(".", ": ", 1).replace("_", " ")


def seen(access: Access) -> QuerySet[AuditEvent]:
    """Everything for administrators; for others what was done to the assays of their workspaces."""
    events = AuditEvent.objects.all()
    if access.may(Act.ADMINISTER):
        return events
    hidden = Q(workspace_id=None)
    for prefix in _OF_ADMINISTRATORS:
        hidden |= Q(act__startswith=prefix)
    return access.within(events.exclude(hidden))


def page(access: Access, sought: Sought, before: Cursor | None) -> Page:
    rows = list(_before(_matching(access, sought), before)[: PER_PAGE + 1])
    shown = rows[:PER_PAGE]
    return Page(shown, _cursor(shown[-1]) if len(rows) > PER_PAGE else None)


def every(access: Access, sought: Sought) -> Iterator[AuditEvent]:
    """All that is sought, newest first, in constant memory; each stretch begins where the one before it ended."""
    matching, before = _matching(access, sought), None
    while rows := list(_before(matching, before)[:AT_ONCE]):
        yield from rows
        before = _cursor(rows[-1])


def _matching(access: Access, sought: Sought) -> QuerySet[AuditEvent]:
    asked = Q()
    if sought.who:
        asked &= Q(who__icontains=sought.who)
    if sought.act:
        asked &= Q(act=sought.act)
    if sought.about:
        asked &= Q(about__icontains=sought.about) | Q(about_id=sought.about)
    if sought.workspace is not None:
        asked &= Q(workspace_id=sought.workspace)
    if sought.since:
        asked &= Q(at__gte=sought.since)
    if sought.until:
        asked &= Q(at__lt=sought.until)
    return seen(access).filter(asked).order_by("-at", "-pk")


def _before(events: QuerySet[AuditEvent], cursor: Cursor | None) -> QuerySet[AuditEvent]:
    """`at <=` says again what the rest implies, for the index to begin there."""
    if cursor is None:
        return events
    return events.filter(Q(at__lt=cursor.at) | Q(at=cursor.at, pk__lt=cursor.pk), at__lte=cursor.at)


def _cursor(event: AuditEvent) -> Cursor:
    return Cursor(event.at, event.pk)
