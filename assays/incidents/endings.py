"""Whether an incident is over, and why: by its windows, by a person, or because its assay is gone or has ended."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from assays import standing
from assays.incidents.models import Incident, Kind, Why
from assays.models import Assay

OF_FIELD = (Kind.DRIFT, Kind.FAILED, Kind.NO_DATA, Kind.MISMATCH)


def settle(incidents: Iterable[Incident], now: datetime) -> None:
    """Sets whether each is closed or frozen. Their assays are loaded with them."""
    for incident in incidents:
        why = _why(incident, now)
        if why is None:
            incident.closed_at, incident.closed_why = None, ""
        else:
            incident.closed_at, incident.closed_why = _closed_at(incident, why, now), why
        paused = incident.assay.paused_since if incident.assay else None
        incident.frozen_since = paused if incident.is_open else None


def _why(incident: Incident, now: datetime) -> Why | None:
    if incident.merged_into_id is not None:
        return Why.JOINED
    if not incident.count:
        return Why.WITHDRAWN
    if incident.ok_end is not None:
        return Why.OK
    if is_gone(incident):
        return Why.GONE
    if incident.assay and standing.has_ended(incident.assay, now):
        return Why.ENDED
    by_hand = incident.resolved_at is not None and incident.last_bad_end <= incident.resolved_at
    return Why.BY_HAND if by_hand else None


def is_gone(incident: Incident) -> bool:
    """Upstream no longer lists the assay, or the assay no longer watches the field."""
    if incident.kind in OF_FIELD and incident.field_id is None:
        return True
    return incident.assay is not None and incident.assay.gone_since is not None


def _closed_at(incident: Incident, why: Why, now: datetime) -> datetime:
    """When that came about; now for what nothing dates, once."""
    if why == Why.OK:
        return incident.ok_end or now
    if why == incident.closed_why and incident.closed_at is not None:
        return incident.closed_at
    if why == Why.BY_HAND:
        return incident.resolved_at or now
    return _left_at(incident.assay, why) or now


def _left_at(assay: Assay | None, why: Why) -> datetime | None:
    if assay is None:
        return None
    return {Why.GONE: assay.gone_since, Why.ENDED: assay.ends_at}.get(why)


def save(incidents: Iterable[Incident]) -> None:
    rows: Sequence[Incident] = list(incidents)
    Incident.objects.bulk_update(rows, ["closed_at", "closed_why", "frozen_since", "told", "announced"], batch_size=200)
