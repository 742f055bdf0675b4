"""The alerts page: the incidents that need someone, in the lists that people work through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, cast
from uuid import UUID

from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from assays.incidents import groups
from assays.incidents.lists import List
from assays.incidents.models import Incident, Kind, Mark
from assays.states import State
from dashboard import formats, guard, preferences, verdict
from dashboard.access import Access, Act
from dashboard.alerts_forms import SEVERITIES, AlertsForm
from dashboard.conditional import unless_seen
from dashboard.context import upstream
from dashboard.reads import alerts as reads
from dashboard.reads.paging import Page
from dashboard.views.overview import TOO_FEW_ROWS

NEW = timedelta(days=1)
OF_UPSTREAM = "The assays API"


@require_GET
@guard.may(Act.READ)
def alerts(request: HttpRequest) -> HttpResponse:
    """The page; to its own refresh the board alone, or nothing when nothing changed."""
    context = board(request)
    if request.headers.get("HX-Request"):
        return unless_seen(request, render(request, "_alerts_board.html", context))
    return render(request, "alerts.html", context)


@dataclass(frozen=True, slots=True)
class Card:
    """An incident as the list shows it."""

    incident: Incident
    state: State
    title: str
    age: str
    why: str
    facts: list[str]
    hints: list[str]
    seen: str
    may_triage: bool

    @property
    def initials(self) -> str:
        return self.incident.assignee.username[:2].upper() if self.incident.assignee else ""


@dataclass(frozen=True, slots=True)
class Section:
    """Cards under one heading: one event on a pipeline, what began alone, or what is acknowledged."""

    cards: list[Card]
    words: str = ""
    pipeline: str = ""

    @property
    def is_event(self) -> bool:
        return bool(self.pipeline)

    @property
    def triable(self) -> list[Card]:
        return [card for card in self.cards if card.may_triage]


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, for what, and how times are told."""

    access: Access
    person: User
    choice: reads.Choice
    zone: tzinfo
    now: datetime


def asked(request: HttpRequest) -> Asked:
    return Asked(
        guard.access_of(request),
        cast(User, request.user),
        AlertsForm(request.GET).choice(),
        preferences.of(request).zone,
        timezone.now(),
    )


def board(request: HttpRequest) -> dict[str, Any]:
    """What the list draws, and the sentence above it."""
    told = asked(request)
    counts = reads.counts(told.access, told.choice, told.person)
    page = reads.page(told.access, told.choice, told.person, counts.get(told.choice.which))
    events = groups.groups(page.rows) if told.choice.which == List.OPEN else []
    return {
        "section": "alerts",
        "upstream": upstream(),
        **({} if told.choice.narrows else {"unanswered": counts[List.OPEN]}),
        "choice": told.choice,
        "tabs": [(which, counts.get(which)) for which in List],
        "page": page,
        "page_key": page.number if page.number > 1 else None,
        "sections": sections(told, page, events),
        "menus": reads.menus(told.access, told.choice),
        "severities": SEVERITIES,
        "kinds": Kind,
        "may_triage": told.access.may(Act.TRIAGE),
        **_head(told, counts, page, events),
    }


def _head(
    told: Asked, counts: Mapping[List, int], page: Page[Incident], events: Sequence[groups.Group]
) -> dict[str, Any]:
    biggest = max(events, key=lambda event: len(event.incidents), default=None)
    oldest = _oldest(told, page) if counts[List.OPEN] else None
    return {
        "headline": headline(counts[List.OPEN], narrowed=told.choice.narrows),
        "event": _event_words(biggest, page),
        "event_on": biggest.incidents[0].assay.pipeline_name if biggest and biggest.incidents[0].assay else "",
        "waiting": f"The oldest unanswered is {formats.age(told.now - oldest)} old." if oldest else _answered(counts),
    }


def _oldest(told: Asked, page: Page[Incident]) -> datetime | None:
    """Since when the incident that has waited longest goes unanswered."""
    if told.choice.which == List.OPEN and page.pages == 1:
        return min((row.onset for row in page.rows), default=None)
    return reads.oldest(told.access, told.choice)


def headline(many: int, *, narrowed: bool = False) -> str:
    of = " of those chosen" if narrowed else ""
    if not many:
        return f"No incident{of} needs anyone"
    return f"{formats.plural(many, 'incident')}{of} {'needs' if many == 1 else 'need'} someone"


def _event_words(event: groups.Group | None, page: Page[Incident]) -> str:
    if event is None:
        return ""
    many = len(event.incidents)
    return f"All {verdict.word(many)}" if many == page.total else verdict.word(many).capitalize()


def _answered(counts: Mapping[List, int]) -> str:
    told = [f"{counts[which]:,} {which.value}" for which in (List.ACKNOWLEDGED, List.SNOOZED) if counts[which]]
    return f"What is open has an answer: {' and '.join(told)}." if told else "Nothing is open."


def sections(told: Asked, page: Page[Incident], events: Sequence[groups.Group]) -> list[Section]:
    """Events first by their worst, then what began alone; after all that is open, what has an answer."""
    of = {incident.pk: place for place, event in enumerate(events) for incident in event.incidents}
    sizes = groups.sizes(event.pipeline_id for event in events) if events else {}
    ordered = dict.fromkeys(of[row.pk] for row in page.rows if row.pk in of)
    found = [_event(told, events[place], sizes) for place in ordered]
    alone = [row for row in page.rows if row.pk not in of]
    if alone:
        found.append(Section(cards(told, alone), "Others" if found else ""))
    ends = told.choice.which == List.OPEN and page.after is None and not told.choice.narrows
    if ends and (answered := reads.answered(told.access)):
        found.append(Section(cards(told, answered), "Acknowledged, oldest first"))
    return found


def _event(told: Asked, event: groups.Group, sizes: Mapping[int, int]) -> Section:
    rows = sorted(event.incidents, key=lambda row: (row.severity, row.onset, row.pk))
    first = rows[0].assay
    since = formats.day(event.since, told.zone, told.now)
    words = f"{event.assays} of {formats.plural(sizes.get(event.pipeline_id, event.assays), 'assay')} since {since}"
    return Section(cards(told, rows), words, first.pipeline_name if first else "")


def cards(told: Asked, rows: Iterable[Incident]) -> list[Card]:
    return [_card(told, row) for row in rows]


def _card(told: Asked, row: Incident) -> Card:
    ended = row.closed_at
    return Card(
        incident=row,
        state=State(row.severity),
        title=title(row, getattr(row, "fields", 1) or 1),
        age=formats.age(told.now - (ended or row.onset)) + (" ago" if ended else ""),
        why=row.sentence,
        facts=_facts(row),
        hints=_hints(row, told),
        seen=seen_key(row),
        may_triage=told.access.may(Act.TRIAGE, row.workspace_id),
    )


def title(row: Incident, fields: int = 1) -> str:
    """The assay's name, with the field where it watches several."""
    if row.assay is None:
        return OF_UPSTREAM
    return f"{row.assay.name} · {row.field_key}" if fields > 1 and row.field_key else row.assay.name


def seen_key(row: Incident) -> str:
    """What a form sends back of the version that it was drawn from."""
    return f"{row.pk}:{row.version}"


_UNITS = {Kind.DRIFT: "window", Kind.MISMATCH: "window", Kind.NO_DATA: "window", Kind.FAILED: "run", Kind.LATE: "run"}


def _facts(row: Incident) -> list[str]:
    unit = _UNITS.get(Kind(row.kind))
    facts = [formats.plural(row.count, unit)] if unit else []
    return [*facts, f"peak {formats.score(row.peak)}"] if row.peak is not None else facts


def _hints(row: Incident, told: Asked) -> list[str]:
    """What changes how one reads a card, in a few words."""
    hints = []
    if row.closed_at is not None:
        hints.append(row.get_closed_why_display())
    elif row.frozen_since is not None:
        hints.append("paused")
    elif row.snoozed_at is not None:
        hints.append(_rest(row, told))
    elif row.count <= 1 and told.now - row.opened_at < NEW:
        hints.append("new")
    if row.kind == Kind.DRIFT and row.field and row.field.rows is not None and row.field.rows <= TOO_FEW_ROWS:
        hints.append("too few rows to judge")
    if row.mark != Mark.NONE:
        hints.append(row.get_mark_display())
    return hints


def _rest(row: Incident, told: Asked) -> str:
    if row.until_worse:
        return "until it gets worse"
    return f"until {formats.moment(row.snoozed_until, told.zone, told.now)}"


def neighbours(shown: Sequence[Section], pk: UUID) -> dict[str, Any]:
    """Which of how many an incident is in its list, and the ones before and after it."""
    ids = [card.incident.pk for section in shown for card in section.cards]
    if pk not in ids:
        return {}
    at = ids.index(pk)
    return {
        "place": at + 1,
        "places": len(ids),
        "before": ids[at - 1] if at else None,
        "after": ids[at + 1] if at + 1 < len(ids) else None,
    }
