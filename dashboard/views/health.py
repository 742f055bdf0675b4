"""Health of the monitor itself: does upstream answer, who is behind, what went wrong in whose words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET
from redis.exceptions import RedisError

from assays import wire
from assays.answers import QUARTER, quarter
from assays.models import AnswerSlot, Assay, Upstream
from assays.states import State
from dashboard import formats, guard, parts, verdict
from dashboard.access import Act
from dashboard.conditional import unless_seen
from dashboard.context import upstream
from dashboard.reads import doctor
from dashboard.reads import health as reads

STALLED = timedelta(seconds=30)
"""The tick comes every few seconds; so long without one, polling stands still."""

_FEATURES = msgspec.json.Decoder(wire.Features)


@require_GET
@guard.may(Act.READ)
def health(request: HttpRequest) -> HttpResponse:
    now, row = timezone.now(), upstream()
    access = guard.access_of(request)
    failing = reads.failing(access)
    answers = reads.answers_of_a_day(now)
    context = {
        "section": "health",
        "upstream": row,
        "headline": headline(row, failing, now),
        "sentence": sentence(failing, now),
        "answers": answers,
        "drawn": drawn(answers.slots, now),
        "queue": reads.queue(access, now),
        "stored": reads.stored_since(access, now - reads.DAY),
        "behind": [behind(assay, now) for assay in reads.furthest_behind(access, now)],
        "errors": reads.errors(access, now),
        "failing": failing,
        "features": features(row),
        "processes": processes(row, now),
        "findings": doctor.standing(access, now),
    }
    if request.headers.get("HX-Request"):
        return unless_seen(request, render(request, "_health_body.html", context))
    return render(request, "health.html", context)


def headline(row: Upstream, failing: Sequence[Assay], now: datetime) -> str:
    if row.reachable is False:
        return "The assays API does not answer."
    if row.ticked_at is None:
        return "Polling has not started yet."
    if now - row.ticked_at > STALLED:
        return "Polling stands still."
    if not failing:
        return "The monitor keeps up. No assay needs a look."
    need = "needs" if len(failing) == 1 else "need"
    return f"The monitor keeps up. {verdict.word(len(failing)).capitalize()} {_assays(len(failing))} {need} a look."


def _assays(many: int) -> str:
    return "assay" if many == 1 else "assays"


def sentence(failing: Sequence[Assay], now: datetime) -> str:
    """The first two of them, and why."""
    told = [
        f"{assay.name} {_trouble(assay)} for {formats.age(now - since)}"
        for assay in failing[:2]
        if (since := assay.state_since)
    ]
    return "; ".join(told) + "." if told else ""


def _trouble(assay: Assay) -> str:
    return "fails" if assay.state == State.FAILED else "has a run outstanding"


def drawn(slots: Sequence[AnswerSlot], now: datetime) -> SafeString:
    """The slowest answer of each quarter of an hour of the last day."""
    by_start = {slot.began_at: slot for slot in slots}
    starts = [quarter(now) - k * QUARTER for k in range(95, -1, -1)]
    heights = [(found.slowest, found.timeouts > 0) if (found := by_start.get(at)) else (0.0, False) for at in starts]
    slowest = max((height for height, _ in heights), default=0.0)
    return parts.columns(
        heights, f"slowest answer of each quarter of an hour, at most {formats.millis(1000 * slowest)}"
    )


@dataclass(frozen=True, slots=True)
class Behind:
    """How far an assay's newest window lies behind what was due; `lag` is None when nothing is missing."""

    assay: Assay
    lag: timedelta | None


def behind(assay: Assay, now: datetime) -> Behind:
    due = assay.next_run
    return Behind(assay, now - due if due is not None and due < now else None)


def features(row: Upstream) -> list[tuple[str, str]]:
    """As upstream reports them; nothing when they have not been read or cannot be."""
    if not row.features:
        return []
    try:
        told = _FEATURES.decode(row.features)
    except msgspec.MsgspecError:
        return []
    return [
        ("instance", told.name),
        ("sign-in", "on" if told.is_auth_enabled else "off"),
        *sorted(told.features.items()),
    ]


def processes(row: Upstream, now: datetime) -> list[dict[str, Any]]:
    """What this page can tell of the others: the tick needs beat, broker, worker and database."""
    ticked = now - row.ticked_at if row.ticked_at else None
    return [
        {"name": "web", "told": "answers, as you see", "well": True},
        {"name": "worker and beat", "told": _ticked(ticked), "well": ticked is not None and ticked <= STALLED},
        _redis(),
        {"name": "database", "told": connection.display_name, "well": True},
    ]


def _ticked(ago: timedelta | None) -> str:
    return f"last tick {formats.age(ago)} ago" if ago is not None else "no tick yet"


def _redis() -> dict[str, Any]:
    try:
        cache.get("health")
    except (RedisError, OSError):
        return {"name": "redis", "told": "does not answer", "well": False}
    return {"name": "redis", "told": "answers", "well": True}
