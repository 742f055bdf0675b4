"""The local cache and its facts. Cached rows are written by `sync` alone; switches by `control` alone.

Two grains: hot, one narrow `Score` a (field, window); cold, one `Result` a window with upstream's message as it came.
What an overview needs of a field or an assay stands on its own row, computed by sync in the transaction that moved it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import msgspec
from django.conf import settings
from django.db import models
from django.db.models import F, Q

from assays.fields import InstantField, MessageField
from assays.schedule import Plan, moment
from assays.states import State


class Assay(models.Model):
    """An assay as last listed, how its polling stands, and what an overview row shows of it."""

    id = models.UUIDField(primary_key=True)
    name = models.TextField()
    active = models.BooleanField()
    pipeline_id = models.BigIntegerField()
    pipeline_name = models.TextField()
    workspace_id = models.BigIntegerField()
    workspace_name = models.TextField()
    message = MessageField()
    fingerprint = models.BigIntegerField()
    created_at = InstantField()
    updated_at = InstantField()

    # the schedule; period is null for Cron
    first_run = InstantField()
    period_seconds = models.BigIntegerField(null=True)
    width_seconds = models.BigIntegerField()
    ends_at = InstantField(null=True)
    metric = models.TextField(blank=True)
    aggregation = models.TextField(blank=True)

    # what upstream last said of its runs, also as it came
    runs = MessageField(null=True)
    last_run = InstantField(null=True)
    next_run = InstantField(null=True)
    moved_at = InstantField(null=True)
    late_after = InstantField(null=True)
    gone_since = InstantField(null=True)
    paused_since = InstantField(null=True)

    # what has been asked for: read_from < window_end <= read_to; of it, every result with
    # covered_from < window_end <= covered_to is in the cache, for no unreadable one lies within
    read_from = InstantField(null=True)
    read_to = InstantField(null=True)
    covered_from = InstantField(null=True)
    covered_to = InstantField(null=True)
    # grows with every storing of results that were new or newer
    version = models.BigIntegerField(default=0)
    step_seconds = models.BigIntegerField(null=True)
    caught_up_at = InstantField(null=True)
    sweep_at = InstantField(null=True)
    swept_to = InstantField(null=True)
    swept_at = InstantField(null=True)

    # polling
    next_poll_at = InstantField(null=True)
    leased_until = InstantField(null=True)
    tries = models.PositiveIntegerField(default=0)
    last_attempt_at = InstantField(null=True)
    last_success_at = InstantField(null=True)
    last_error = models.TextField(blank=True)
    last_error_at = InstantField(null=True)

    # the overview row
    state = models.PositiveSmallIntegerField(choices=State.choices, default=State.NEW)
    state_since = InstantField(null=True)
    ratio = models.FloatField(null=True)
    worst_field = models.ForeignKey("Field", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        indexes = [
            models.Index("state", F("ratio").desc(), name="assay_worst_first"),
            models.Index(fields=["next_poll_at"], name="assay_due"),
            models.Index(fields=["workspace_id", "pipeline_id"], name="assay_scope"),
            models.Index(fields=["sweep_at"], name="assay_sweep_due"),
        ]

    @property
    def plan(self) -> Plan:
        period = None if self.period_seconds is None else timedelta(seconds=self.period_seconds)
        return Plan(self.first_run, period, timedelta(seconds=self.width_seconds), self.ends_at)


class Slot(msgspec.Struct, frozen=True, array_like=True):
    """One of a field's newest windows as `recent` packs it; `score` is None where there is none."""

    end_micros: int
    state: State
    score: float | None

    @property
    def end(self) -> datetime:
        return moment(self.end_micros)


_slots = msgspec.msgpack.Decoder(list[Slot])


class TopBin(NamedTuple):
    """The bin that adds most to a score: its share of the baseline, of the window, and its part of the score."""

    label: str
    before: float
    after: float
    part: float


class Field(models.Model):
    """One watched field of an assay, and how its newest window stands."""

    assay = models.ForeignKey(Assay, on_delete=models.CASCADE, related_name="fields")
    key = models.TextField()
    # `listing.fingerprint` of the key, which may be longer than PostgreSQL takes into an index
    mark = models.BigIntegerField()
    position = models.PositiveSmallIntegerField()
    warning = models.FloatField(null=True)
    alert = models.FloatField(null=True)

    # the newest window, and the run of equally bad ones that it ends
    state = models.PositiveSmallIntegerField(choices=State.choices, default=State.NEW)
    window_start = InstantField(null=True)
    window_end = InstantField(null=True)
    score = models.FloatField(null=True)
    ratio = models.FloatField(null=True)
    rows = models.BigIntegerField(null=True)
    top_bin_data = models.TextField(blank=True)
    error = models.TextField(blank=True)
    since = InstantField(null=True)
    streak = models.PositiveIntegerField(default=0)
    peak = models.FloatField(null=True)
    recent = models.BinaryField(default=b"")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["assay", "mark"], name="field_identity")]

    @property
    def top_bin(self) -> TopBin | None:
        return TopBin(*msgspec.json.decode(self.top_bin_data)) if self.top_bin_data else None

    def recent_windows(self) -> list[Slot]:
        """Up to 48 newest windows, oldest first, those without data and paused stretches among them."""
        return _slots.decode(self.recent) if self.recent else []


class Result(models.Model):
    """Cold: one window's message as it came. Identity is the window; upstream's id is kept, not relied on.

    `problem` says why a message cannot be read; `wire.read_result` reads any other.
    """

    assay = models.ForeignKey(Assay, on_delete=models.CASCADE, related_name="results")
    window_start = InstantField()
    window_end = InstantField()
    upstream_id = models.BigIntegerField()
    status = models.TextField()
    analyzed_at = InstantField()
    elapsed_millis = models.BigIntegerField()
    updated_at = InstantField()
    message = MessageField()
    problem = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assay", "window_end", "window_start"], name="result_identity"),
        ]


class Score(models.Model):
    """Hot: one field in one window. `score` is null when the run failed, `rows` when it left no summary."""

    field = models.ForeignKey(Field, on_delete=models.CASCADE, related_name="scores", db_index=False)
    window_start = InstantField()
    window_end = InstantField()
    state = models.PositiveSmallIntegerField(choices=State.choices)
    score = models.FloatField(null=True)
    rows = models.BigIntegerField(null=True)
    warning = models.FloatField(null=True)
    alert = models.FloatField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["field", "window_end", "window_start"], name="score_identity"),
        ]
        indexes = [
            models.Index(fields=["field", "state", "window_end"], name="score_by_state"),
        ]


class Counts(models.Model):
    """How many windows of each state, by the hour of their end."""

    ok = models.PositiveIntegerField(default=0)
    warning = models.PositiveIntegerField(default=0)
    alert = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    no_data = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True


class HourRollup(Counts):
    """A field's windows that end in one hour, computed anew whenever one of them is touched."""

    field = models.ForeignKey(Field, on_delete=models.CASCADE, related_name="hours", db_index=False)
    hour = InstantField()
    worst = models.PositiveSmallIntegerField(choices=State.choices)
    lowest = models.FloatField(null=True)
    highest = models.FloatField(null=True)
    total = models.FloatField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["field", "hour"], name="hour_identity")]


class ScopeRollup(Counts):
    """The windows of all fields of one pipeline that end in one hour."""

    workspace_id = models.BigIntegerField()
    pipeline_id = models.BigIntegerField()
    hour = InstantField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hour", "workspace_id", "pipeline_id"], name="scope_identity"),
        ]


class Pause(models.Model):
    """A stretch in which an assay was seen switched off; `ended_at` is null while it lasts."""

    assay = models.ForeignKey(Assay, on_delete=models.CASCADE, related_name="pauses")
    began_at = InstantField()
    ended_at = InstantField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assay"], condition=Q(ended_at=None), name="one_open_pause"),
        ]


class Outcome(models.TextChoices):
    PENDING = "pending", "pending"
    DONE = "done", "confirmed by a re-read"
    REFUSED = "refused", "refused by upstream"
    UNKNOWN = "unknown", "outcome unknown"
    CONTRADICTED = "contradicted", "upstream says otherwise"


class Switch(models.Model):
    """The audit of switching: who turned which assay on or off, why, and what came of it."""

    assay = models.ForeignKey(Assay, on_delete=models.PROTECT, related_name="switches", db_constraint=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    who = models.TextField()
    asked_at = InstantField()
    was_active = models.BooleanField()
    to_active = models.BooleanField()
    why = models.TextField(blank=True)
    outcome = models.TextField(choices=Outcome.choices, default=Outcome.PENDING)
    detail = models.TextField(blank=True)
    settled_at = InstantField(null=True)
    asks_again_at = InstantField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["assay"],
                condition=Q(outcome__in=[Outcome.PENDING, Outcome.UNKNOWN]),
                name="one_switch_at_a_time",
            ),
        ]

    @property
    def is_open(self) -> bool:
        """Whether what became of it is still asked for."""
        return self.outcome in (Outcome.PENDING, Outcome.UNKNOWN)


class Upstream(models.Model):
    """The one row that says how the Assays API as a whole answers."""

    url = models.TextField(blank=True)
    reachable = models.BooleanField(null=True)
    since = InstantField(null=True)
    last_answer_at = InstantField(null=True)
    last_listed_at = InstantField(null=True)
    last_error = models.TextField(blank=True)
    last_error_at = InstantField(null=True)
    failures = models.PositiveIntegerField(default=0)
    probe_at = InstantField(null=True)
    features = MessageField(null=True)
    features_at = InstantField(null=True)
    ticked_at = InstantField(null=True)


class UpstreamError(models.Model):
    """An error text as upstream or the network gave it; the same text of the same call is counted, not repeated."""

    assay = models.ForeignKey(Assay, null=True, on_delete=models.CASCADE, related_name="errors")
    endpoint = models.TextField()
    text = models.TextField()
    first_at = InstantField()
    last_at = InstantField()
    count = models.PositiveIntegerField(default=1)

    class Meta:
        indexes = [models.Index(fields=["-last_at"], name="error_newest")]


class AnswerSlot(models.Model):
    """How upstream answered in one quarter of an hour. `histogram` counts answers by `answers.bucket`."""

    began_at = InstantField(unique=True)
    calls = models.PositiveIntegerField(default=0)
    timeouts = models.PositiveIntegerField(default=0)
    slowest = models.FloatField(default=0.0)
    histogram = models.BinaryField(default=b"")


class AuditEvent(models.Model):
    """One change as it was made: appended by `audit`, refused every update by the database, deleted by retention.

    People are kept by number and name and not by reference, for a reference would have to be altered with them.
    """

    at = InstantField()
    who = models.TextField()
    person_id = models.BigIntegerField(null=True)
    act = models.TextField()
    about = models.TextField(blank=True)
    about_id = models.TextField(blank=True)
    workspace_id = models.BigIntegerField(null=True)
    detail: models.JSONField[Any, Any] = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_newest"),
            models.Index(fields=["workspace_id", "-at"], name="audit_of_workspace"),
        ]
