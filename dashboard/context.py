"""What the frame of every page shows: theme, zone, whose page it is, what is watched, and how upstream answers."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from assays.models import Upstream
from dashboard import access, formats, guard, preferences
from dashboard.reads.alerts import open_count

ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Shanghai",
    "Asia/Tokyo",
    "Australia/Sydney",
)


def page(request: HttpRequest) -> dict[str, Any]:
    """The context processor; what costs a query is asked only by a template that draws it."""
    chosen = preferences.of(request)
    now = timezone.now()
    allowed = guard.access_of(request) if hasattr(request, "user") else access.NOTHING
    return {
        "now": now,
        "preferences": chosen,
        "zone": chosen.zone,
        "zone_name": formats.zone_name(chosen.zone, now),
        "zones": ZONES,
        "host": urlsplit(settings.WALLAROO_URL).netloc,
        "access": allowed,
        "unanswered": cache(lambda: open_count(allowed)),
    }


def upstream() -> Upstream:
    """How the API as a whole answers; before the first call nothing is known."""
    return Upstream.objects.first() or Upstream()
