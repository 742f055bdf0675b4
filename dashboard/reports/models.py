"""Who gets the history by mail, each mail with what became of it, and links that show a history without a sign-in."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import models

from assays.fields import InstantField
from dashboard import preferences
from dashboard.history.choice import PRESETS


class Rhythm(models.TextChoices):
    WEEKLY = "weekly", "every week"
    MONTHLY = "monthly", "every month"


class Schedule(models.Model):
    """A person's mail: `day` is one of the week (Monday is 0) or of the month (1 to 28), `hour` by the clock of `zone`.

    `query` is what the history's address chooses but for its days. Nothing is due before `since`, and nothing at all
    before the address is confirmed.
    """

    id = models.UUIDField(primary_key=True, default=uuid4)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="mail_schedules")
    address = models.EmailField()
    rhythm = models.CharField(max_length=8, choices=Rhythm.choices)
    day = models.PositiveSmallIntegerField()
    hour = models.PositiveSmallIntegerField()
    zone = models.CharField(max_length=64)
    query: models.JSONField[Any, Any] = models.JSONField(default=dict)
    since = InstantField()
    confirmed_at = InstantField(null=True)
    stopped_at = InstantField(null=True)

    @property
    def clock(self) -> tzinfo:
        zone = preferences.zone_of(self.zone)
        assert zone  # noqa: S101  (checked when it was chosen)
        return zone


class Outcome(models.TextChoices):
    WAITING = "waiting", "waiting"
    HANDED = "handed", "handed over, without an answer"
    SENT = "sent", "sent"
    SKIPPED = "skipped", "not sent"
    FAILED = "failed", "given up"


class Mail(models.Model):
    """One mail of a schedule. `period` is the day it was due on, and null for one that somebody asked for."""

    id = models.UUIDField(primary_key=True, default=uuid4)
    schedule = models.ForeignKey(Schedule, on_delete=models.CASCADE, related_name="mails")
    period = models.DateField(null=True)
    created_at = InstantField()
    due_at = InstantField()
    tries = models.PositiveSmallIntegerField(default=0)
    outcome = models.CharField(max_length=8, choices=Outcome.choices, default=Outcome.WAITING)
    subject = models.TextField(blank=True)
    last_error = models.TextField(blank=True)
    sent_at = InstantField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["schedule", "period"], name="one_mail_a_period")]
        indexes = [models.Index(fields=["due_at"], condition=models.Q(outcome="waiting"), name="mail_due")]

    @property
    def message_id(self) -> str:
        """The same on each try: who gets one twice is shown one."""
        return f"{self.schedule_id}.{self.period or self.pk}"


class Form(models.TextChoices):
    PAGE = "page", "page"
    WALL = "wall", "wall display"


class Share(models.Model):
    """A link that shows a history to whoever has it. Only the token's digest is kept; `prefix` tells links apart.

    It shows the workspaces that it was made with, of these what its maker may see now, and nothing else.
    """

    maker = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shares")
    name = models.CharField(max_length=100)
    form = models.CharField(max_length=4, choices=Form.choices)
    prefix = models.CharField(max_length=8)
    digest = models.CharField(max_length=64, unique=True)
    query: models.JSONField[Any, Any] = models.JSONField(default=dict)
    zone = models.CharField(max_length=64)
    workspaces: models.JSONField[Any, Any] = models.JSONField()
    created_at = InstantField()
    expires_at = InstantField()
    revoked_at = InstantField(null=True)
    last_seen_at = InstantField(null=True)

    @property
    def clock(self) -> tzinfo:
        zone = preferences.zone_of(self.zone)
        assert zone  # noqa: S101  (checked when it was made)
        return zone

    @property
    def range_words(self) -> str:
        """`8 weeks`, the days themselves, or that they begin with a marker."""
        if "from" in self.query:
            return f"{self.query['from']} to {self.query.get('to', '')}"
        if "since" in self.query:
            return "since a marker"
        return PRESETS.get(self.query.get("range", ""), PRESETS["8w"])

    def is_good(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at
