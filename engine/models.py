"""What the engine remembers: assays, their runs, the replay's beginning, and who may ask."""

from __future__ import annotations

import uuid

import msgspec
from django.db import models

from engine.definition import Definition
from engine.replay import Replay

_definitions = msgspec.json.Decoder(Definition)


class Assay(models.Model):
    """An assay and how far its runs have come.

    `next_end` ends the next window to compute, null when the schedule is over. `held_since` is the operator's hold,
    `inactive_since` the switch: neither stops windows that ended before. A runner's `lease` is good until it expires.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.TextField()
    pipeline_name = models.TextField()
    workspace_id = models.BigIntegerField()
    definition = models.BinaryField()
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    inactive_since = models.DateTimeField(null=True)
    held_since = models.DateTimeField(null=True)
    period = models.BigIntegerField()
    width = models.BigIntegerField()
    phase = models.BigIntegerField()
    last_run = models.DateTimeField(null=True)
    next_end = models.DateTimeField(null=True)
    lease = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["next_end"], name="assay_due"),
            models.Index(fields=["lease"], name="assay_lease"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def active(self) -> bool:
        return self.inactive_since is None

    def read(self) -> Definition:
        return _definitions.decode(self.definition)


class Run(models.Model):
    """One window's run. `tail` is the result's JSON after its id; `listed` is false for a run without rows."""

    assay = models.ForeignKey(Assay, on_delete=models.CASCADE)
    window_end = models.DateTimeField()
    listed = models.BooleanField()
    tail = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["assay", "window_end"], name="one_run_a_window")]

    def __str__(self) -> str:
        return f"{self.assay_id} {self.window_end}"


class ReplayStart(models.Model):
    """How the log is replayed, chosen at first start and never changed: there is one row."""

    start = models.BigIntegerField()
    length = models.BigIntegerField(null=True)
    shift = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.shift} µs"

    @property
    def replay(self) -> Replay:
        return Replay(self.start, self.length, self.shift)


class Account(models.Model):
    """Someone who signs in with a password."""

    subject = models.UUIDField(default=uuid.uuid4, editable=False)
    username = models.CharField(max_length=255, unique=True)
    email = models.CharField(max_length=255)
    password = models.CharField(max_length=255)

    def __str__(self) -> str:
        return self.username


class Client(models.Model):
    """A program; without a secret it is public, and only lets people sign in."""

    subject = models.UUIDField(default=uuid.uuid4, editable=False)
    client_id = models.CharField(max_length=255, unique=True)
    secret = models.CharField(max_length=255, blank=True)

    def __str__(self) -> str:
        return self.client_id


class SigningKey(models.Model):
    """What tokens are signed with; shared by every process through the database."""

    secret = models.CharField(max_length=128)

    def __str__(self) -> str:
        return f"key {self.pk}"
