"""How often an assay's past was counted anew: days that are kept are right while this stands still."""

from __future__ import annotations

from django.db import models


class Revision(models.Model):
    """One row for each assay whose windows of more than a day ago came late, were scored again or read anew."""

    assay_id = models.UUIDField(primary_key=True)
    number = models.BigIntegerField(default=1)
