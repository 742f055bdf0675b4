"""What is older than the retention limits is forgotten: one assay a transaction, and the audit trail on its own."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from assays import answers, faults
from assays.coverage import TICK
from assays.insight import packs
from assays.insight.models import Discrepancy
from assays.models import Assay, AuditEvent, HourRollup, Result, ScopeRollup, Score
from assays.notices import outbox
from assays.rollups import hour_of
from assays.schedule import micros, moment


def prune(now: datetime) -> None:
    limit = _oldest_hour(now) - TICK
    for pk in Assay.objects.filter(read_from__lt=limit).values_list("pk", flat=True):
        _prune(pk, limit)
    ScopeRollup.objects.filter(hour__lte=limit).delete()
    packs.prune(limit)
    faults.forget(now)
    answers.forget(now)
    outbox.forget(limit)
    AuditEvent.objects.filter(at__lt=now - timedelta(days=settings.AUDIT_DAYS)).delete()


def _oldest_hour(now: datetime) -> datetime:
    """Hours are kept whole, so that none is counted in part."""
    return moment(hour_of(micros(now - timedelta(days=settings.RETENTION_DAYS))))


def _prune(pk: UUID, limit: datetime) -> None:
    with transaction.atomic():
        assay = Assay.objects.select_for_update().defer("message").get(pk=pk)
        Score.objects.filter(field__assay=assay, window_end__lte=limit).delete()
        Result.objects.filter(assay=assay, window_end__lte=limit).delete()
        Discrepancy.objects.filter(field__assay=assay, window_end__lte=limit).delete()
        HourRollup.objects.filter(field__assay=assay, hour__lte=limit).delete()
        assay.read_from = limit
        if assay.covered_from is not None:
            assay.covered_from = max(assay.covered_from, limit)
        assay.save(update_fields=["read_from", "covered_from"])
