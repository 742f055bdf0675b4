"""Error texts worth a place on the Health page: the same text of the same call is counted, not repeated."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import F

from assays.models import UpstreamError

log = logging.getLogger(__name__)

LONGEST_TEXT = 500
KEPT = timedelta(days=30)


class Fault(NamedTuple):
    """`assay_id` is None when the call was of no one assay."""

    assay_id: UUID | None
    endpoint: str
    text: str


def note(faults: Iterable[Fault], now: datetime) -> None:
    """Counts each fault, and logs those not seen before."""
    for (assay_id, endpoint, text), times in Counter(_cut(fault) for fault in faults).items():
        same = UpstreamError.objects.filter(assay=assay_id, endpoint=endpoint, text=text)
        if not same.update(count=F("count") + times, last_at=now):
            log.warning("%s %s: %s", endpoint, assay_id or "", text)
            UpstreamError.objects.create(
                assay_id=assay_id, endpoint=endpoint, text=text, first_at=now, last_at=now, count=times
            )


def forget(now: datetime) -> None:
    UpstreamError.objects.filter(last_at__lt=now - KEPT).delete()


def _cut(fault: Fault) -> Fault:
    return fault._replace(text=fault.text.replace("\0", "")[:LONGEST_TEXT])
