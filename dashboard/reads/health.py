"""The Health page's queries: how upstream answers, which assays are behind, and the errors as they were told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q

from assays import answers
from assays.models import AnswerSlot, Assay, Result, UpstreamError
from assays.states import State
from dashboard.access import Access

DAY = timedelta(days=1)
MOST_BEHIND = 10
MOST_ERRORS = 12


@dataclass(frozen=True, slots=True)
class Answers:
    """The quarters of an hour of the last day, and what they say of all calls in them, in milliseconds."""

    slots: list[AnswerSlot]
    median: float | None
    most: float | None
    calls: int
    timeouts: int


@dataclass(frozen=True, slots=True)
class Queue:
    """What polling has before it."""

    due: int
    oldest: datetime | None
    under_way: int
    catching_up: int


def answers_of_a_day(now: datetime) -> Answers:
    slots = list(AnswerSlot.objects.filter(began_at__gt=now - DAY).order_by("began_at"))
    return Answers(
        slots,
        _millis(answers.quantile(slots, 0.5)),
        _millis(answers.quantile(slots, 0.95)),
        sum(slot.calls for slot in slots),
        sum(slot.timeouts for slot in slots),
    )


def _millis(seconds: float | None) -> float | None:
    return None if seconds is None else 1000 * seconds


def queue(access: Access, now: datetime) -> Queue:
    due = access.assays().filter(gone_since=None, next_poll_at__lte=now)
    told = access.assays().aggregate(
        under_way=Count("pk", filter=Q(leased_until__gt=now)),
        catching_up=Count("pk", filter=Q(caught_up_at=None, gone_since=None)),
    )
    oldest = due.order_by("next_poll_at").values_list("next_poll_at", flat=True).first()
    return Queue(due.count(), oldest, told["under_way"], told["catching_up"])


def stored_since(access: Access, moment: datetime) -> int:
    return access.within(Result.objects.filter(analyzed_at__gte=moment), "assay__workspace_id").count()


def furthest_behind(access: Access, now: datetime) -> Sequence[Assay]:
    """Late and failing assays first, then those whose poll is most overdue or failed last."""
    watched = access.assays().filter(gone_since=None).exclude(state__in=(State.ENDED, State.PAUSED))
    late = watched.filter(Q(state__in=(State.LATE, State.FAILED)) | ~Q(last_error="") | Q(next_poll_at__lte=now))
    return list(late.defer("message").order_by(F("next_run").asc(nulls_last=True), "name")[:MOST_BEHIND])


def errors(access: Access, now: datetime) -> Sequence[UpstreamError]:
    """Those of assays out of sight are left out; those of the whole are everybody's."""
    seen = Q() if access.workspaces is None else Q(assay=None) | Q(assay__workspace_id__in=access.workspaces)
    recent = UpstreamError.objects.filter(seen, last_at__gt=now - DAY).select_related("assay").defer("assay__message")
    return list(recent.order_by("-last_at")[:MOST_ERRORS])


def failing(access: Access) -> list[Assay]:
    """Assays whose newest run failed, and those that are late."""
    wanted = access.assays().filter(state__in=(State.FAILED, State.LATE)).select_related("worst_field")
    return list(wanted.defer("message").order_by("state", "state_since")[:MOST_ERRORS])
