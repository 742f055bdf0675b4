"""What people say about scores, what recomputing them found, and what is kept so that neither is sought twice."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from assays.fields import InstantField
from assays.models import Assay, Field


class Said(models.Model):
    """Something a person said of an assay; `who` stays when the account is gone."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    who = models.TextField()
    said_at = InstantField()

    class Meta:
        abstract = True


class CalmPeriod(Said):
    """A stretch in which a person takes every window for ordinary: after < window_start, window_end <= until."""

    assay = models.ForeignKey(Assay, on_delete=models.CASCADE, related_name="calm_periods")
    after = InstantField()
    until = InstantField()
    note = models.TextField(blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(after__lt=models.F("until")), name="calm_has_length")]


class Annotation(Said):
    """A remark on the time axis, at a moment or over a stretch of time."""

    assay = models.ForeignKey(Assay, on_delete=models.CASCADE, related_name="annotations")
    at = InstantField()
    until = InstantField(null=True)
    text = models.TextField()
    link = models.URLField(blank=True, max_length=2000)

    class Meta:
        indexes = [models.Index(fields=["assay", "at"], name="annotation_at")]


class Dismissal(Said):
    """A finding of the doctor that a person has answered: it is not shown again while this stands."""

    assay = models.ForeignKey(Assay, on_delete=models.CASCADE, related_name="dismissals")
    field = models.ForeignKey(Field, null=True, on_delete=models.CASCADE, related_name="+")
    kind = models.TextField()
    reason = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["field", "kind"], name="dismissed_of_field"),
            models.UniqueConstraint(fields=["assay", "kind"], condition=Q(field=None), name="dismissed_of_assay"),
        ]


class Succession(Said):
    """An assay that took another's place, whose history, marks and owner it carries on."""

    successor = models.OneToOneField(Assay, on_delete=models.CASCADE, primary_key=True, related_name="succession")
    predecessor = models.ForeignKey(Assay, on_delete=models.CASCADE, related_name="successions")


class Discrepancy(models.Model):
    """A stored score that its bins do not give (`recomputed`), or of which that cannot be told (`reason`).

    A window within what has been checked that has no row here matches.
    """

    field = models.ForeignKey(Field, on_delete=models.CASCADE, related_name="discrepancies", db_index=False)
    window_start = InstantField()
    window_end = InstantField()
    stored = models.FloatField()
    recomputed = models.FloatField(null=True)
    reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["field", "window_end", "window_start"], name="discrepancy_identity"),
        ]


class Touched(models.Model):
    """Of each assay the ends between which results were stored since they were last verified, and last packed.

    `stamp` grows with every storing, so that whoever shortens a stretch sees that nothing was stored meanwhile.
    `basis` is what scores were verified against, `fingerprint` that of the assay's message it was taken from.
    """

    assay = models.OneToOneField(Assay, on_delete=models.CASCADE, primary_key=True, related_name="touched")
    stamp = models.BigIntegerField(default=0)
    verify_first = InstantField(null=True)
    verify_last = InstantField(null=True)
    pack_first = InstantField(null=True)
    pack_last = InstantField(null=True)
    fingerprint = models.BigIntegerField(default=0)
    basis = models.BigIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["verify_last"], condition=Q(verify_last__isnull=False), name="touched_to_verify"),
            models.Index(fields=["pack_last"], condition=Q(pack_last__isnull=False), name="touched_to_pack"),
        ]


class Pack(models.Model):
    """The scored windows of a field that end in one stretch of time, as `packs` writes arrays."""

    field = models.ForeignKey(Field, on_delete=models.CASCADE, related_name="packs", db_index=False)
    number = models.IntegerField()
    data = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["field", "number"], name="pack_identity")]
