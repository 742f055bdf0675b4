"""What a wall display shows: how things stand now, the worst of it, and how the last seven days went."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Max, QuerySet

from assays.incidents.lists import List, listed
from assays.models import Assay
from assays.schedule import moment
from assays.states import State
from dashboard import formats, verdict
from dashboard.access import Access
from dashboard.context import upstream
from dashboard.history import choice as choices
from dashboard.history import pictures, reads, report, showing
from dashboard.history.choice import Choice
from dashboard.history.days import between
from dashboard.reads.alerts import seen

MOST = 8
"""Assays for which a wall has room."""

DAYS = 14
CHART = (320, 150)
"""Its letters grow with it."""

SHOWN = (State.ALERT, State.WARNING, State.FAILED, State.LATE, State.OK, State.PAUSED)


@dataclass(frozen=True, slots=True)
class Line:
    """One assay that is not well."""

    state: State
    name: str
    place: str
    score: str
    lasts: str


def wall(access: Access, choice: Choice, now: datetime) -> dict[str, Any]:
    assays = _watched(access, choice)
    states = Counter({State(state): many for state, many in _count(assays)})
    told = report.history(access, replace(choice, days=_days(choice, now)), now)
    sheet = showing.sheet(told)
    return {
        "headline": verdict.headline(states) if states.total() else "No assay is watched here",
        "tiles": [(state, states[state]) for state in SHOWN if states[state] or state in (State.ALERT, State.OK)],
        "lines": [_line(assay, now) for assay in _worst(assays)],
        "more": max(0, sum(states[state] for state in SHOWN[:4]) - MOST),
        "open": _open(access, assays, choice),
        "share": sheet.figures[0],
        "columns": pictures.shares(sheet.columns[-DAYS:], pictures.on_page, *CHART),
        "read_at": _read_at(assays),
        "upstream": upstream(),
    }


def _days(choice: Choice, now: datetime) -> Any:
    """The seven days up to today; before them come seven more."""
    return between(*choices.preset_days("7d", now.astimezone(choice.days.zone).date()), choice.days.zone)


def _watched(access: Access, choice: Choice) -> QuerySet[Assay]:
    if not choice.narrows:
        return access.assays()
    return access.assays().filter(pk__in=[assay.id for assay in reads.roster(access, choice).assays])


def _count(assays: QuerySet[Assay]) -> list[tuple[int, int]]:
    return list(assays.values_list("state").annotate(many=Count("pk")).order_by())


def _worst(assays: QuerySet[Assay]) -> list[Assay]:
    rows = assays.filter(state__lt=State.OK).select_related("worst_field").defer("message")
    return list(rows.order_by("state", F("ratio").desc(nulls_last=True), "name")[:MOST])


def _line(assay: Assay, now: datetime) -> Line:
    lasts = formats.age(now - assay.state_since) if assay.state_since else ""
    return Line(State(assay.state), assay.name, assay.pipeline_name, _score(assay), lasts)


def _score(assay: Assay) -> str:
    """`0.41 of 0.2`: the worst score and its alert threshold."""
    field = assay.worst_field
    if field is None or field.score is None or assay.state > State.WARNING:
        return ""
    limit = field.alert if field.alert is not None else field.warning
    return (
        f"{formats.score(field.score)} of {formats.score(limit)}" if limit is not None else formats.score(field.score)
    )


def _open(access: Access, assays: QuerySet[Assay], choice: Choice) -> int:
    """Incidents that nobody has answered."""
    rows = listed(seen(access), List.OPEN)
    return (rows.filter(assay__in=assays.values("pk")) if choice.narrows else rows).count()


def _read_at(assays: QuerySet[Assay]) -> datetime | None:
    newest: datetime | int | None = assays.aggregate(newest=Max("last_success_at"))["newest"]
    return moment(newest) if isinstance(newest, int) else newest
