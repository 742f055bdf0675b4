"""Where messages go, when they are not wanted, and each message with what became of it."""

from __future__ import annotations

from uuid import uuid4
from zoneinfo import ZoneInfo

from django.db import models
from django.db.models import Q

from assays.fields import InstantField
from assays.incidents.models import Change, Incident
from assays.models import Assay
from assays.notices.sealing import SealedField
from assays.states import State


class Route(models.Model):
    """Which incidents are told to one address. What is null or empty among the filters lets everything pass."""

    name = models.TextField(unique=True)
    is_active = models.BooleanField(default=True)
    address = SealedField()
    # what may be shown of the address
    shown = models.TextField()
    # signs what a webhook is sent
    secret = SealedField()

    workspace_id = models.BigIntegerField(null=True)
    pipeline_id = models.BigIntegerField(null=True)
    assay = models.ForeignKey(Assay, null=True, on_delete=models.CASCADE, related_name="+")
    kinds = models.JSONField(default=list)
    # of drift, only what is at alert
    alerts_only = models.BooleanField(default=False)

    # by the clock of `zone`; nothing is told between the two, which may lie around midnight
    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)
    zone = models.TextField(default="UTC")

    # who hears of what nobody has acknowledged in so many minutes
    escalate_to = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="+")
    escalate_after = models.PositiveIntegerField(null=True)

    leased_until = InstantField(null=True)
    # failures in a row, and until when nothing more is tried
    failures = models.PositiveIntegerField(default=0)
    blocked_until = InstantField(null=True)
    last_sent_at = InstantField(null=True)
    last_error = models.TextField(blank=True)
    last_error_at = InstantField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None) | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="route_quiet_hours_have_two_ends",
            ),
            models.CheckConstraint(condition=~Q(escalate_to=models.F("id")), name="route_escalates_to_another"),
        ]

    @property
    def clock(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    @property
    def is_pager(self) -> bool:
        """Whether what was opened there rings until it is closed."""
        return self.shown.startswith(("pagerduty:", "opsgenie:"))

    @property
    def keeps_keys(self) -> bool:
        """Whether a program reads there, which puts together what has the same key."""
        return self.is_pager or self.shown.startswith(("http:", "https:"))


class Maintenance(models.Model):
    """A stretch in which incidents are recorded and not told; of everything when no scope is set."""

    starts_at = InstantField()
    ends_at = InstantField()
    workspace_id = models.BigIntegerField(null=True)
    pipeline_id = models.BigIntegerField(null=True)
    assay = models.ForeignKey(Assay, null=True, on_delete=models.CASCADE, related_name="+")
    why = models.TextField(blank=True)
    who = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["ends_at"], name="maintenance_ends")]
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=models.F("starts_at")), name="maintenance_ends_after"),
        ]


class Event(models.TextChoices):
    OPENED = "opened", "opened"
    REOPENED = "reopened", "opened again"
    WORSE = "worse", "got worse"
    BACK = "back", "no longer snoozed or acknowledged"
    RESOLVED = "resolved", "resolved"
    ESCALATED = "escalated", "not acknowledged in time"
    SUMMARY = "summary", "summary"
    TEST = "test", "test"


class Outcome(models.TextChoices):
    WAITING = "waiting", "waiting"
    SENT = "sent", "sent"
    FOLDED = "folded", "told in a summary"
    SKIPPED = "skipped", "not sent"
    FAILED = "failed", "given up"


class Delivery(models.Model):
    """One message for one route: written with the change that it tells of, and sent until the route has taken it."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    route = models.ForeignKey(Route, on_delete=models.CASCADE, related_name="deliveries")
    incident = models.ForeignKey(Incident, null=True, on_delete=models.CASCADE, related_name="deliveries")
    change = models.ForeignKey(Change, null=True, on_delete=models.CASCADE, related_name="deliveries")
    event = models.TextField(choices=Event.choices)
    created_at = InstantField()
    # of what a catch-up has found: told in a summary, however little it is
    is_gathered = models.BooleanField(default=False)
    due_at = InstantField()
    outcome = models.TextField(choices=Outcome.choices, default=Outcome.WAITING)
    # why it waits still, or was not sent
    why = models.TextField(blank=True)
    # how bad it was when it was last told
    severity = models.PositiveSmallIntegerField(null=True, choices=State.choices)
    tries = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    sent_at = InstantField(null=True)
    # that which told of this one, or whose end this one tells
    summary = models.ForeignKey("self", null=True, on_delete=models.CASCADE, related_name="parts")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["route", "change", "event"], name="one_message_a_change"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(outcome="waiting"), name="delivery_due"),
            models.Index(fields=["route", "incident"], name="delivery_told"),
            models.Index(fields=["-created_at"], name="delivery_newest"),
        ]

    @property
    def key(self) -> str:
        """The same for all that a route hears of one incident, or of one summary."""
        if self.summary_id:
            return f"summary-{self.summary_id}"
        return str(self.incident_id or f"{self.event}-{self.pk}")


def is_within(row: Route | Maintenance, incident: Incident) -> bool:
    """Whether an incident lies in the row's scope. That of the whole lies only in what has no scope."""
    return all(
        wanted in (None, found)
        for wanted, found in (
            (row.workspace_id, incident.workspace_id),
            (row.pipeline_id, incident.pipeline_id),
            (row.assay_id, incident.assay_id),
        )
    )
