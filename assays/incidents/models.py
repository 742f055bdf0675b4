"""Incidents, what changed them, and what people said and did about them.

An `Incident` row has three parts. Facts follow from windows and can be rebuilt from the cache; the ending follows from
facts, from the assay and from people; triage is the fold of the incident's acts. An `Act` or a `Change`, once added,
stays as it is.
"""

from __future__ import annotations

from uuid import UUID, uuid5

import msgspec
from django.conf import settings
from django.db import models
from django.db.models import Q

from assays.fields import InstantField
from assays.models import Assay, Field, TopBin
from assays.states import State

_NAMESPACE = UUID("6f1c2f5e-6f0b-5d0e-9b5e-0d6f3a1c7e42")


class Kind(models.TextChoices):
    DRIFT = "drift", "Drift"
    FAILED = "failed", "Failed runs"
    NO_DATA = "no_data", "No data"
    LATE = "late", "Late"
    UNREACHABLE = "unreachable", "Upstream unreachable"
    MISMATCH = "mismatch", "Score not confirmed"


class Why(models.TextChoices):
    """Why an incident is closed."""

    OK = "ok", "Ok again"
    BY_HAND = "by_hand", "resolved by hand"
    GONE = "gone", "upstream no longer lists it"
    ENDED = "ended", "the assay has ended"
    JOINED = "joined", "one with an older incident"
    WITHDRAWN = "withdrawn", "its windows were scored anew"


class Mark(models.TextChoices):
    NONE = "", "not judged"
    FALSE_ALARM = "false_alarm", "false alarm"
    CONFIRMED = "confirmed", "confirmed"


def identity(kind: Kind, scope: str, first_bad: int) -> UUID:
    """An incident's id: of the first bad window (its end, microseconds since 1970) when it is first seen.

    `scope` is an assay's id, with the field's key after a space where it is of a field, or empty for the whole.
    """
    return uuid5(_NAMESPACE, f"{kind} {scope} {first_bad}")


class Incident(models.Model):
    """A stretch of trouble of one kind and scope. `field` is null for an assay's, `assay` too for that of the whole."""

    id = models.UUIDField(primary_key=True)
    kind = models.TextField(choices=Kind.choices)
    assay = models.ForeignKey(Assay, null=True, on_delete=models.CASCADE, related_name="incidents")
    field = models.ForeignKey(Field, null=True, on_delete=models.SET_NULL, related_name="incidents")
    field_key = models.TextField(blank=True)
    workspace_id = models.BigIntegerField(null=True)
    pipeline_id = models.BigIntegerField(null=True)
    seen_at = InstantField()
    # the window that gave the id: its end
    key_end = InstantField()

    # facts: windows are named by their ends; `ok_end` is the window that closed it, null while none has
    severity = models.PositiveSmallIntegerField(choices=State.choices)
    onset = InstantField()
    first_bad_end = InstantField()
    opened_at = InstantField()
    last_bad_end = InstantField()
    ok_end = InstantField(null=True)
    count = models.PositiveIntegerField()
    alerts = models.PositiveIntegerField(default=0)
    peak = models.FloatField(null=True)
    peak_ratio = models.FloatField(null=True)
    peak_start = InstantField(null=True)
    peak_end = InstantField(null=True)
    warning = models.FloatField(null=True)
    alert = models.FloatField(null=True)
    # whether those thresholds at the peak are Driftline's own, set by an operator
    is_local = models.BooleanField(default=False)
    top_bin_data = models.TextField(blank=True)
    # the label of the bin that adds most in the last bad window
    last_top = models.TextField(blank=True)
    sentence = models.TextField(blank=True)

    # the ending; while an assay is paused its incidents neither grow nor close
    closed_at = InstantField(null=True)
    closed_why = models.TextField(choices=Why.choices, blank=True)
    frozen_since = InstantField(null=True)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="merged")
    # whether its opening stands among the changes, and whether any change of it was news
    announced = models.BooleanField(default=True)
    told = models.BooleanField(default=False)

    # triage; `version` grows with every act
    version = models.PositiveIntegerField(default=0)
    acknowledged_at = InstantField(null=True)
    acknowledged_by = models.TextField(blank=True)
    acknowledged_note = models.TextField(blank=True)
    acknowledged_until = InstantField(null=True)
    snoozed_at = InstantField(null=True)
    snoozed_by = models.TextField(blank=True)
    snoozed_until = InstantField(null=True)
    until_worse = models.BooleanField(default=False)
    # how it stood when it was snoozed
    snooze_severity = models.PositiveSmallIntegerField(null=True, choices=State.choices)
    snooze_peak = models.FloatField(null=True)
    snooze_top = models.TextField(blank=True)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    mark = models.TextField(choices=Mark.choices, blank=True)
    resolved_at = InstantField(null=True)
    resolved_by = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["field", "kind", "first_bad_end"], name="incident_scope"),
            models.Index(fields=["assay", "closed_at"], name="incident_of_assay"),
            models.Index(fields=["assay"], condition=Q(ok_end=None) | Q(announced=False), name="incident_going"),
            models.Index(fields=["severity", "opened_at"], condition=Q(closed_at=None), name="incident_open"),
            models.Index(fields=["acknowledged_at"], condition=Q(closed_at=None), name="incident_acknowledged"),
            models.Index(fields=["assignee"], condition=Q(closed_at=None), name="incident_assigned"),
            models.Index(fields=["-closed_at"], name="incident_closed"),
            models.Index(fields=["pipeline_id", "onset"], name="incident_group"),
        ]

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def top_bin(self) -> TopBin | None:
        return TopBin(*msgspec.json.decode(self.top_bin_data)) if self.top_bin_data else None


class ChangeKind(models.TextChoices):
    OPENED = "opened", "opened"
    WORSE = "worse", "got worse"
    RESOLVED = "resolved", "resolved"
    REOPENED = "reopened", "opened again"
    BACK = "back", "no longer snoozed or acknowledged"


class News(models.TextChoices):
    """Whether people are to hear of a change: at once, within a summary of what a catch-up found, or not at all."""

    NOW = "now", "at once"
    SUMMARY = "summary", "in a summary"
    NONE = "", "history"


class Change(models.Model):
    """A change of an incident's state. `was` and `severity` are how it stood before and after."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="changes")
    kind = models.TextField(choices=ChangeKind.choices)
    at = InstantField()
    was = models.PositiveSmallIntegerField(null=True, choices=State.choices)
    severity = models.PositiveSmallIntegerField(choices=State.choices)
    why = models.TextField(blank=True)
    news = models.TextField(choices=News.choices, blank=True)

    class Meta:
        indexes = [models.Index(fields=["-at"], name="change_newest")]


class ActKind(models.TextChoices):
    """The last three are Driftline's own."""

    ACKNOWLEDGE = "acknowledge", "acknowledged"
    SNOOZE = "snooze", "snoozed"
    ASSIGN = "assign", "assigned"
    NOTE = "note", "noted"
    RESOLVE = "resolve", "resolved"
    MARK = "mark", "marked"
    UNDO = "undo", "undone"
    EXPIRE = "expire", "acknowledgement expired"
    WAKE = "wake", "snooze ended"
    REOPEN = "reopen", "opened again"


class Act(models.Model):
    """What somebody did to one incident. Acts of one batch were done, and are undone, together."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="acts")
    batch = models.UUIDField(db_index=True)
    kind = models.TextField(choices=ActKind.choices)
    at = InstantField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    who = models.TextField()
    note = models.TextField(blank=True)
    until = InstantField(null=True)
    until_worse = models.BooleanField(default=False)
    assignee = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    mark = models.TextField(choices=Mark.choices, blank=True)
    # how the incident stood when it was snoozed
    severity = models.PositiveSmallIntegerField(null=True, choices=State.choices)
    peak = models.FloatField(null=True)
    top = models.TextField(blank=True)
    undoes = models.OneToOneField("self", null=True, on_delete=models.CASCADE, related_name="undone_by")


class Watch(models.Model):
    """Since when an assay is watched, up to where its incidents follow its windows, and whether all is to be redone.

    What lies before `since` is history, and opens or closes nothing that is news.
    """

    assay = models.OneToOneField(Assay, primary_key=True, on_delete=models.CASCADE, related_name="watch")
    since = InstantField()
    derived_to = InstantField(null=True)
    stale = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["assay"], condition=Q(stale=True), name="watch_stale")]


class Rule(models.Model):
    """Opens after k bad ones of the last n counted windows, closes after m Ok ones. Exactly one scope is set."""

    workspace_id = models.BigIntegerField(null=True, unique=True)
    pipeline_id = models.BigIntegerField(null=True, unique=True)
    assay = models.OneToOneField(Assay, null=True, on_delete=models.CASCADE, related_name="rule")
    field = models.OneToOneField(Field, null=True, on_delete=models.CASCADE, related_name="rule")
    k = models.PositiveSmallIntegerField(default=1)
    n = models.PositiveSmallIntegerField(default=1)
    m = models.PositiveSmallIntegerField(default=1)
    who = models.TextField()
    at = InstantField()


class LocalThreshold(models.Model):
    """Driftline's own thresholds of a field, which its incidents follow instead of upstream's; null never fires."""

    field = models.OneToOneField(Field, primary_key=True, on_delete=models.CASCADE, related_name="local_threshold")
    warning = models.FloatField(null=True)
    alert = models.FloatField(null=True)
    reason = models.TextField()
    who = models.TextField()
    at = InstantField()


class Criticality(models.TextChoices):
    UNKNOWN = "", "not said"
    LOW = "low", "low"
    MEDIUM = "medium", "medium"
    HIGH = "high", "high"


class About(models.Model):
    """What upstream does not know of an assay or of a whole pipeline. Exactly one scope is set."""

    pipeline_id = models.BigIntegerField(null=True, unique=True)
    assay = models.OneToOneField(Assay, null=True, on_delete=models.CASCADE, related_name="about")
    owner = models.TextField(blank=True)
    runbook_url = models.TextField(blank=True)
    criticality = models.TextField(choices=Criticality.choices, blank=True)
    who = models.TextField()
    at = InstantField()


class Event(models.TextChoices):
    DEPLOYMENT = "deployment", "deployment"
    RETRAINING = "retraining", "retraining"
    OTHER = "other", "other"


class Marker(models.Model):
    """A moment that explains charts: of a workspace, a pipeline or an assay; of everything when none is set."""

    event = models.TextField(choices=Event.choices)
    at = InstantField()
    text = models.TextField()
    link = models.TextField(blank=True)
    workspace_id = models.BigIntegerField(null=True)
    pipeline_id = models.BigIntegerField(null=True)
    assay = models.ForeignKey(Assay, null=True, on_delete=models.CASCADE, related_name="markers")
    who = models.TextField()
    added_at = InstantField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="marker_at")]
