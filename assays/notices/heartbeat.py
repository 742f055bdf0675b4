"""The dead man's switch: an address of the administrator's is pinged while all is well, so that silence tells."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings

from assays import breaker
from assays.models import Assay
from assays.notices import guard
from assays.notices.errors import Undelivered
from assays.notices.models import Delivery, Outcome

log = logging.getLogger(__name__)

TICKED_WITHIN = timedelta(minutes=1)
POLLED_WITHIN = timedelta(minutes=10)
TRIED_WITHIN = timedelta(minutes=15)


def beat(now: datetime) -> bool:
    """Pings when the pass was healthy; says whether it was and the ping arrived."""
    if not settings.HEARTBEAT_URL:
        return False
    if why := unhealthy(now):
        log.warning("no heartbeat: %s", why)
        return False
    try:
        guard.ask("GET", settings.HEARTBEAT_URL)
    except Undelivered as error:
        log.warning("the heartbeat does not arrive: %s", error)
        return False
    return True


def unhealthy(now: datetime) -> str:
    """What Driftline itself fails to do; an upstream that does not answer is told as an incident, and is none of it."""
    row = breaker.state()
    if row.ticked_at is None or row.ticked_at < now - TICKED_WITHIN:
        return "no tick has come"
    if row.reachable is not False and Assay.objects.filter(next_poll_at__lt=now - POLLED_WITHIN).exists():
        return "assays that were due have not been asked"
    untried = Delivery.objects.filter(outcome=Outcome.WAITING, tries=0, due_at__lt=now - TRIED_WITHIN)
    if untried.filter(route__blocked_until=None).exists():
        return "messages that were due have not been tried"
    return ""
