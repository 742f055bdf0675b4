"""The overview: is anything wrong, and where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from assays.models import Assay, Switch
from assays.states import State
from dashboard import formats, guard, parts, preferences, verdict
from dashboard.access import Access, Act
from dashboard.conditional import unless_seen
from dashboard.context import upstream
from dashboard.forms import GROUPS, RANGES, SORTS, OverviewForm
from dashboard.reads import overview as reads

TABS = (
    State.ALERT,
    State.WARNING,
    State.FAILED,
    State.LATE,
    State.OK,
    State.PAUSED,
    State.ENDED,
    State.GONE,
    State.NO_DATA,
    State.NEW,
)
TOO_FEW_ROWS = 10
MOST_LISTED = 60
"""Of more pipelines than this no menu lists them: groups and the search lead to them."""
SHORT = 21
"""Slots of a sparkline in a grouped row."""


@require_GET
@guard.may(Act.READ)
def overview(request: HttpRequest) -> HttpResponse:
    """The page; to its own refresh the board alone, or nothing when nothing changed."""
    access = guard.access_of(request)
    census = reads.census(access)
    choice = OverviewForm(request.GET).choice(census.total)
    context: dict[str, Any] = {"section": "overview", "upstream": upstream(), "census": census, "choice": choice}
    if not census.total:
        return render(request, "overview_empty.html", context)
    zone, now = preferences.of(request).zone, timezone.now()
    asked = Asked(access, choice, zone, now)
    context |= _board(census, asked) | _filters(census, choice) | _head(census, asked)
    if request.headers.get("HX-Request"):
        return unless_seen(request, render(request, "_overview_board.html", context))
    return render(request, "overview.html", context)


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, for what, and how times are told."""

    access: Access
    choice: reads.Choice
    zone: tzinfo
    now: datetime


def _board(census: reads.Census, asked: Asked) -> dict[str, Any]:
    if asked.choice.group != "none":
        return _grouped(census, asked)
    counts = reads.counts(asked.access, asked.choice, census)
    page = reads.rows(asked.access, asked.choice, _found(counts, asked.choice))
    return _told(counts, asked.choice) | {"page": page, "rows": _rows(page.rows, asked)}


def _grouped(census: reads.Census, asked: Asked) -> dict[str, Any]:
    page, counts = reads.sections(asked.access, asked.choice, census)
    switches = reads.switches_of(row for section in page.rows for row in section.rows)
    drawing = Drawing(switches, SHORT, asked)
    opened = {section.key for section in page.rows if section.opened}
    groups = [
        (section, [_row(one, drawing) for one in section.rows], _toggled(opened, section.key)) for section in page.rows
    ]
    return _told(counts, asked.choice) | {"page": page, "groups": groups}


def _told(counts: Counter[State], choice: reads.Choice) -> dict[str, Any]:
    tabs = [(state, counts[state]) for state in TABS if counts[state]]
    return {"tabs": tabs, "found": _found(counts, choice), "everything": counts.total()}


def _found(counts: Counter[State], choice: reads.Choice) -> int:
    return counts[choice.state] if choice.state else counts.total()


def _toggled(opened: set[int], key: int) -> str:
    """What the URL says when this group is opened or closed."""
    return ",".join(map(str, sorted(opened ^ {key}))) or "none"


@dataclass(frozen=True, slots=True)
class Row:
    """An assay as a row shows it, in words and drawings: a table of a hundred leaves little to its template."""

    assay: Assay
    state: State
    key: str
    others: int
    head: str
    tail: str
    cadence: str
    spark: SafeString
    score: str
    meter: SafeString
    ratio: str
    since: str
    why: str
    switch: Switch | None
    last: str
    following: str
    may_switch: bool
    incident: UUID | None
    answered: bool

    @property
    def is_quiet(self) -> bool:
        return self.state > State.LATE

    @property
    def ratio_class(self) -> str:
        return {State.ALERT: "x over", State.WARNING: "x warn"}.get(self.state, "x")


@dataclass(frozen=True, slots=True)
class Drawing:
    """What the rows of one table share."""

    switches: Mapping[UUID, Switch]
    slots: int
    asked: Asked

    @property
    def zone(self) -> tzinfo:
        return self.asked.zone

    @property
    def now(self) -> datetime:
        return self.asked.now


def _rows(assays: Sequence[Assay], asked: Asked) -> list[Row]:
    drawing = Drawing(reads.switches_of(assays), parts.SLOTS, asked)
    return [_row(assay, drawing) for assay in assays]


def _row(assay: Assay, how: Drawing) -> Row:
    watched, state = assay.worst_field, State(assay.state)
    thresholds = (watched.warning, watched.alert) if watched else (None, None)
    score = watched.score if watched else None
    head, tail = split_name(assay.name)
    return Row(
        assay=assay,
        state=state,
        key=watched.key if watched else getattr(assay, "first_key", None) or "",
        others=(getattr(assay, "field_count", None) or 1) - 1,
        head=head,
        tail=tail,
        cadence=formats.period(assay.period_seconds),
        spark=parts.sparkline(watched.recent_windows() if watched else [], *thresholds, how.slots),
        score=formats.score(score) if score is not None else "",
        meter=parts.meter(state, score, *thresholds),
        ratio=formats.ratio(assay.ratio),
        since=formats.age(how.now - assay.state_since) if assay.state_since else "",
        why=why(assay, how.switches.get(assay.pk), how.zone, how.now),
        switch=how.switches.get(assay.pk),
        last=formats.moment(assay.last_run, how.zone, how.now),
        following=following(assay, how.zone, how.now),
        may_switch=how.asked.access.may(Act.SWITCH, assay.workspace_id),
        incident=getattr(assay, "incident", None),
        answered=getattr(assay, "incident", None) is not None and not getattr(assay, "unanswered", True),
    )


def split_name(name: str) -> tuple[str, str]:
    """A name is cut in its head, never in its tail, which tells it from its neighbours."""
    head, mark, tail = name.rpartition(" · ")
    return (head, mark + tail) if mark and len(tail) <= 24 else (name, "")


def why(assay: Assay, switched: Switch | None, zone: tzinfo, now: datetime) -> str:
    """Why a row is as it is, in about five words."""
    match assay.state:
        case State.ALERT | State.WARNING:
            return _why_bad(assay)
        case State.FAILED | State.NO_DATA:
            return _why_scoreless(assay)
        case State.LATE:
            return f"run of {formats.moment(assay.next_run, zone, now)} has not come"
        case State.PAUSED:
            return f"{switched.who}: {switched.why}" if switched and switched.why else ""
        case State.GONE:
            return f"last seen {formats.moment(assay.gone_since, zone, now)}"
        case State.NEW:
            return "no window yet"
    return ""


def _why_bad(assay: Assay) -> str:
    watched = assay.worst_field
    if watched is None:
        return ""
    if watched.rows is not None and watched.rows <= TOO_FEW_ROWS:
        return f"{formats.plural(watched.rows, 'row')} in it: too few to judge"
    if watched.streak <= 1:
        return "first bad window"
    return f"{watched.streak:,} bad windows, peak {formats.score(watched.peak)}"


def _why_scoreless(assay: Assay) -> str:
    watched = assay.worst_field
    if assay.state == State.NO_DATA:
        return "no rows arrived"
    return (watched.error if watched else "") or "the run left no score"


def following(assay: Assay, zone: tzinfo, now: datetime) -> str:
    match assay.state:
        case State.PAUSED:
            return "switched off"
        case State.GONE:
            return "not listed upstream"
        case State.ENDED:
            return "no more runs"
        case State.LATE:
            return f"due {formats.moment(assay.next_run, zone, now)}"
    return f"next {formats.moment(assay.next_run, zone, now)}" if assay.next_run else ""


def _filters(census: reads.Census, choice: reads.Choice) -> dict[str, Any]:
    places = sorted(census.places, key=lambda place: place.pipeline)
    pipelines = {place.pipeline_id: place.pipeline for place in places}
    workspaces = {place.workspace_id: place.workspace for place in sorted(places, key=lambda place: place.workspace)}
    return {
        "pipelines": pipelines if len(pipelines) <= MOST_LISTED else _only(pipelines, choice.pipeline),
        "workspaces": workspaces,
        "pipeline_name": pipelines.get(choice.pipeline or 0, ""),
        "workspace_name": workspaces.get(choice.workspace or 0, ""),
        "sorts": SORTS,
        "group_names": GROUPS,
        "ranges": RANGES,
    }


def _only(names: dict[int, str], chosen: int | None) -> dict[int, str]:
    return {chosen: names[chosen]} if chosen in names else {}


def _head(census: reads.Census, asked: Asked) -> dict[str, Any]:
    choice, zone, now = asked.choice, asked.zone, asked.now
    stacks = reads.strip(asked.access, choice, zone, now)
    unit = "day" if choice.days <= reads.LONGEST_BY_DAY else "week"
    words = f"Windows a {unit} by state, {_scope(census, choice)}"
    return {
        "headline": verdict.headline(census.states),
        "together": _together(asked),
        "spread": verdict.spread(census.pipelines_with(State.ALERT), len(census.places)) if census.total > 200 else "",
        "troubles": verdict.troubles(census.states),
        "strip": parts.strip([stack for _, stack in stacks], words),
        "strip_words": words,
        "strip_from": formats.day(stacks[0][0], zone, now),
        "strip_to": formats.day(now, zone, now),
    }


def _scope(census: reads.Census, choice: reads.Choice) -> str:
    for place in census.places:
        if place.pipeline_id == choice.pipeline:
            return place.pipeline
        if place.workspace_id == choice.workspace and choice.pipeline is None:
            return place.workspace
    return "all assays"


def _together(asked: Asked) -> dict[str, str] | None:
    """Which alerts of one pipeline began together, in words for the sentence."""
    bad = [verdict.Bad(pipeline, since) for pipeline, since in reads.alerts(asked.access)]
    found = verdict.together(bad)
    if found is None:
        return None
    pipeline, many, first, last = found
    days = formats.days_together(first, last, asked.zone, asked.now)
    of = verdict.word(len(bad))
    who = f"All {of}" if many == len(bad) else f"{verdict.word(many).capitalize()} of the {of}"
    return {"who": who, "pipeline": pipeline, "days": days}
