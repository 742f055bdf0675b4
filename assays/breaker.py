"""Whether upstream as a whole answers: the circuit breaker, kept in the one row of `Upstream` for all processes.

Several failures in a row, with no answer between, only make it suspect: a probe decides. While it is open one probe at
a time is sent instead of thousands of time-outs, and the first that is answered closes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F

from assays import faults
from assays.errors import APIError, Malformed, Rejected, Unavailable
from assays.incidents import outage
from assays.models import Assay, Upstream
from assays.upstream import FEATURES, Client

SUSPECT = 5
"""Failures in a row after which a probe is sent."""

FIRST_PROBE, LAST_PROBE = timedelta(seconds=5), timedelta(minutes=1)
PROBE_LEASE = timedelta(seconds=30)


def state() -> Upstream:
    """The one row, made when it is first asked for."""
    row, _ = Upstream.objects.get_or_create(pk=1, defaults={"url": settings.WALLAROO_URL})
    return row


def is_open() -> bool:
    return Upstream.objects.filter(pk=1, reachable=False).exists()


def is_outage(error: APIError) -> bool:
    """Whether an error may be of upstream as a whole, and not of the one thing that was asked."""
    return isinstance(error, Unavailable) or (isinstance(error, Rejected) and error.status in (0, 401, 403))


def observe(errors: Sequence[APIError | None], now: datetime) -> bool:
    """Takes in how some calls ended (None: well); whether a probe is called for."""
    outages = [error for error in errors if error and is_outage(error)]
    if len(outages) < len(errors):
        answered(now)
        return False
    if not outages:
        return False
    row = state()
    Upstream.objects.filter(pk=1).update(failures=F("failures") + len(outages))
    return row.reachable is not False and row.failures + len(outages) >= SUSPECT


def answered(now: datetime) -> None:
    """Closes the breaker; what failed while it was open is asked again at once."""
    state()
    Upstream.objects.filter(pk=1).update(last_answer_at=now, failures=0, url=settings.WALLAROO_URL)
    Upstream.objects.filter(pk=1, reachable=None).update(reachable=True, since=now)
    with transaction.atomic():
        if not Upstream.objects.filter(pk=1, reachable=False).update(reachable=True, since=now, probe_at=None):
            return
        outage.ended(now)
        Assay.objects.filter(tries__gt=0).exclude(last_error="").update(next_poll_at=now, tries=0)


def claim_probe(now: datetime) -> bool:
    """Whether it is the caller who probes now."""
    due = Upstream.objects.filter(pk=1, reachable=False, probe_at__lte=now)
    return bool(due.update(probe_at=now + PROBE_LEASE))


def probe(client: Client) -> bool:
    """One call that any instance answers at once: its features, which are kept. Opens or closes the breaker.

    Features with an odd value are an answer all the same, though none that can be kept.
    """
    try:
        features = client.features()
    except APIError as error:
        return _failed_probe(error, datetime.now(UTC))
    now = datetime.now(UTC)
    answered(now)
    Upstream.objects.filter(pk=1).update(features=features.raw, features_at=now)
    return True


def _failed_probe(error: APIError, now: datetime) -> bool:
    if not isinstance(error, Malformed) or not error.field.startswith("features"):
        _unreachable(error, now)
        return False
    faults.note([faults.Fault(None, FEATURES, error.text)], now)
    answered(now)
    return True


def _unreachable(error: APIError, now: datetime) -> None:
    row = state()
    wait = error.retry_after if isinstance(error, Unavailable) else None
    probe_at = now + max(_probe_delay(row.failures), min(wait or timedelta(0), LAST_PROBE))
    Upstream.objects.filter(pk=1).update(
        failures=F("failures") + 1, last_error=str(error)[:1000], last_error_at=now, probe_at=probe_at
    )
    with transaction.atomic():
        if Upstream.objects.filter(pk=1).exclude(reachable=False).update(reachable=False, since=now):
            outage.began(error.text, now)
    faults.note([faults.Fault(None, FEATURES, error.text)], now)


def _probe_delay(failures: int) -> timedelta:
    return min(FIRST_PROBE * (1 << min(max(failures - SUSPECT, 0), 8)), LAST_PROBE)
