"""The overview's queries: a bounded number of them, none of which looks at windows."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Literal, NamedTuple
from uuid import UUID

import numpy as np
from django.db.models import (
    BigIntegerField,
    Case,
    Count,
    Exists,
    F,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    When,
    Window,
)
from django.db.models.expressions import OrderBy
from django.db.models.functions import Cast, RowNumber

from assays.incidents.models import Incident
from assays.models import Assay, Field, Outcome, ScopeRollup, Switch
from assays.schedule import micros, moment
from assays.states import State
from dashboard.access import Access
from dashboard.reads.kept import kept
from dashboard.reads.paging import Page, stretch

PER_PAGE = 100
GROUPS_PER_PAGE = 25
ROWS_PER_GROUP = 12
OPEN_GROUPS = 3

Sort = Literal["worst", "name", "ratio", "since", "last"]
Group = Literal["none", "pipeline", "workspace"]
By = Literal["pipeline", "workspace"]
GroupTally = tuple[int, str, State, bool, int]
"""A group's id and name, a state, whether switched on, and how many."""

_GOING = Incident.objects.filter(assay=OuterRef("pk"), closed_at=None, merged_into=None)
_UNANSWERED = _GOING.filter(acknowledged_at=None, snoozed_at=None)
_STANDING = Case(
    When(state__gt=State.LATE, then=2), When(Exists(_UNANSWERED), then=0), When(Exists(_GOING), then=1), default=0
)
"""Trouble that nobody has answered, trouble that somebody has, and calm."""

_WORST = (_STANDING.asc(), F("state").asc(), F("ratio").desc(nulls_last=True), F("name").asc())
_ORDERS: dict[Sort, tuple[OrderBy, ...]] = {
    "worst": _WORST,
    "name": (F("name").asc(),),
    "ratio": (F("ratio").desc(nulls_last=True), F("name").asc()),
    "since": (F("state_since").desc(nulls_last=True), F("name").asc()),
    "last": (F("last_run").desc(nulls_last=True), F("name").asc()),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person has asked to see, as the URL says it."""

    state: State | None = None
    text: str = ""
    pipeline: int | None = None
    workspace: int | None = None
    active: bool | None = None
    group: Group = "none"
    sort: Sort = "worst"
    page: int = 1
    days: int = 56
    opened: frozenset[int] | None = None

    @property
    def narrows(self) -> bool:
        """Whether anything but the state is asked for."""
        return bool(self.text) or any(asked is not None for asked in (self.pipeline, self.workspace, self.active))


class Place(NamedTuple):
    """A pipeline and the workspace it lies in."""

    workspace_id: int
    workspace: str
    pipeline_id: int
    pipeline: str


class Tally(NamedTuple):
    """So many assays of one pipeline in one state, switched on or off."""

    place: Place
    state: State
    active: bool
    many: int


@dataclass(frozen=True, slots=True)
class Census:
    """How many assays of each state, in all and by pipeline."""

    states: Counter[State]
    places: dict[Place, Counter[State]]
    tallies: list[Tally]
    next_poll_at: datetime | None
    read_at: datetime | None

    @property
    def total(self) -> int:
        return self.states.total()

    def pipelines_with(self, state: State) -> list[tuple[str, int]]:
        found = [(place.pipeline, states[state]) for place, states in self.places.items() if states[state]]
        return sorted(found, key=lambda item: -item[1])


@dataclass(slots=True)
class Section:
    """One pipeline or workspace of a grouped overview; a closed one still names its worst assay."""

    key: int
    name: str
    states: Counter[State]
    active: int
    opened: bool = False
    worst: Assay | None = None
    rows: list[Assay] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.states.total()

    @property
    def folded(self) -> int:
        """How many of an open group are not drawn."""
        return self.total - len(self.rows)

    @property
    def only_ok_folded(self) -> bool:
        return self.folded == self.states[State.OK]

    @property
    def tally(self) -> list[tuple[State, int]]:
        return sorted(self.states.items())


def census(access: Access) -> Census:
    """All assays that may be seen, whatever has been chosen: the verdict speaks of everything."""
    columns = ("workspace_id", "workspace_name", "pipeline_id", "pipeline_name", "state", "active")
    told = {
        "many": Count("pk"),
        "soonest": Min(_as_number("next_poll_at")),
        "read_at": Max(_as_number("last_success_at")),
    }
    found = list(access.assays().values_list(*columns).annotate(**told).order_by())
    tallies = [Tally(Place(*row[:4]), _STATES[row[4]], row[5], row[6]) for row in found]
    places: dict[Place, Counter[State]] = defaultdict(Counter)
    totals: Counter[State] = Counter()
    for tally in tallies:
        places[tally.place][tally.state] += tally.many
        totals[tally.state] += tally.many
    polls, reads = ([row[k] for row in found if row[k]] for k in (7, 8))
    return Census(totals, dict(places), tallies, _earliest(polls), _earliest(sorted(reads)[-1:]))


def _as_number(column: str) -> Cast:
    """A moment as the database keeps it: of thousands of rows one becomes a datetime."""
    return Cast(column, BigIntegerField())


def _earliest(moments: Iterable[int]) -> datetime | None:
    first = min(moments, default=None)
    return None if first is None else moment(first)


_STATES = {state.value: state for state in State}
"""Looked up, for calling an enumeration is slow where it is done for ten thousand rows."""


def chosen(access: Access, choice: Choice, *, whatever_state: bool = False) -> QuerySet[Assay]:
    rows = access.assays()
    if choice.state is not None and not whatever_state:
        rows = rows.filter(state=choice.state)
    if choice.pipeline is not None:
        rows = rows.filter(pipeline_id=choice.pipeline)
    if choice.workspace is not None:
        rows = rows.filter(workspace_id=choice.workspace)
    if choice.active is not None:
        rows = rows.filter(active=choice.active)
    return rows.filter(_matches(choice.text)) if choice.text else rows


def _matches(text: str) -> Q:
    watched = Field.objects.filter(assay=OuterRef("pk"), key__icontains=text)
    return Q(name__icontains=text) | Q(Exists(watched))


def counts(access: Access, choice: Choice, everything: Census) -> Counter[State]:
    """How many each tab would show."""
    if not choice.narrows:
        return everything.states
    rows = chosen(access, choice, whatever_state=True).values_list("state").annotate(many=Count("pk")).order_by()
    return Counter({State(state): many for state, many in rows})


def rows(access: Access, choice: Choice, total: int) -> Page[Assay]:
    """A page of rows; `total` is how many there are, which the counts have told."""
    shown = stretch(choice.page, PER_PAGE, total)
    ordered = _drawn(chosen(access, choice)).order_by(*_ORDERS[choice.sort], "pk")
    return Page(list(ordered[shown.start : shown.stop]), total, shown)


def _drawn(rows: QuerySet[Assay]) -> QuerySet[Assay]:
    """With what a row draws, and without what it does not."""
    siblings = Field.objects.filter(assay=OuterRef("pk")).order_by().values("assay").annotate(many=Count("pk"))
    return (
        rows.select_related("worst_field")
        .defer("message")
        .annotate(
            field_count=Subquery(siblings.values("many")),
            first_key=Subquery(_first_key()),
            incident=Subquery(_GOING.order_by("severity", "onset").values("pk")[:1]),
            unanswered=Exists(_UNANSWERED),
        )
    )


def _first_key() -> QuerySet[Field, str]:
    return Field.objects.filter(assay=OuterRef("pk")).order_by("position").values_list("key", flat=True)[:1]


def sections(access: Access, choice: Choice, everything: Census) -> tuple[Page[Section], Counter[State]]:
    """A page of groups, worst first; the first ones, or those asked for, are open. And the tabs' counts."""
    by: By = "pipeline" if choice.group == "pipeline" else "workspace"
    found, counted = _sections(access, choice, by, everything)
    shown = stretch(choice.page, GROUPS_PER_PAGE, len(found))
    page = Page(found[shown.start : shown.stop], len(found), shown)
    opened = choice.opened if choice.opened is not None else _first_troubled(page)
    members = _members(access, choice, by, [section.key for section in page.rows])
    for section in page.rows:
        _fill(section, members[section.key], section.key in opened)
    return page, counted


def _sections(access: Access, choice: Choice, by: By, everything: Census) -> tuple[list[Section], Counter[State]]:
    found: dict[int, Section] = {}
    counted: Counter[State] = Counter()
    tallies = _narrowed(access, choice, by) if choice.narrows else _by_group(everything, by)
    for key, name, state, active, many in tallies:
        counted[state] += many
        if choice.state in (None, state):
            section = found.get(key) or found.setdefault(key, Section(key, name, Counter(), 0))
            section.states[state] += many
            section.active += many if active else 0
    return sorted(found.values(), key=_trouble), counted


def _narrowed(access: Access, choice: Choice, by: By) -> Iterator[GroupTally]:
    columns = (f"{by}_id", f"{by}_name", "state", "active")
    rows = chosen(access, choice, whatever_state=True).values_list(*columns).annotate(many=Count("pk")).order_by()
    return ((key, name, _STATES[value], active, many) for key, name, value, active, many in rows)


def _by_group(everything: Census, by: By) -> Iterator[GroupTally]:
    """The census has counted already."""
    for place, state, active, many in everything.tallies:
        if by == "pipeline":
            yield place.pipeline_id, place.pipeline, state, active, many
        else:
            yield place.workspace_id, place.workspace, state, active, many


def _trouble(section: Section) -> tuple[int, int, int, int, str]:
    by_state = section.states
    alert, warning, failed, late = (by_state[s] for s in (State.ALERT, State.WARNING, State.FAILED, State.LATE))
    return -alert, -warning, -failed, -late, section.name


def _first_troubled(page: Page[Section]) -> set[int]:
    if page.number > 1:
        return set()
    return {section.key for section in page.rows[:OPEN_GROUPS] if min(section.states) < State.OK}


def _members(access: Access, choice: Choice, by: By, keys: Sequence[int]) -> dict[int, list[Assay]]:
    """The worst assays of each group, at most a dozen."""
    place = Window(RowNumber(), partition_by=F(f"{by}_id"), order_by=[*_WORST, F("pk").asc()])
    ranked = _drawn(chosen(access, choice).filter(**{f"{by}_id__in": keys})).annotate(place=place)
    found: dict[int, list[Assay]] = defaultdict(list)
    for assay in ranked.filter(place__lte=ROWS_PER_GROUP).order_by(f"{by}_id", "place"):
        found[getattr(assay, f"{by}_id")].append(assay)
    return found


def _fill(section: Section, members: list[Assay], opened: bool) -> None:
    section.opened = opened
    section.worst = members[0] if members and members[0].state < State.OK else None
    troubled = [assay for assay in members if assay.state != State.OK]
    section.rows = (troubled or members) if opened else []


def switches_of(assays: Iterable[Assay]) -> dict[UUID, Switch]:
    """The switch to tell of: of each assay the open one, and of a paused one the last that turned it off."""
    states = {assay.pk: assay.state for assay in assays}
    paused = [pk for pk, state in states.items() if state == State.PAUSED]
    told = Q(outcome__in=(Outcome.PENDING, Outcome.UNKNOWN)) | Q(assay__in=paused, to_active=False)
    return {row.assay_id: row for row in Switch.objects.filter(told, assay__in=list(states)).order_by("asked_at")}


def alerts(access: Access, limit: int = 200) -> list[tuple[str, datetime | None]]:
    """The worst alerts, for the sentence under the verdict: the pipeline of each, and since when."""
    worst = access.assays().filter(state=State.ALERT).order_by(*_WORST)
    return list(worst.values_list("pipeline_name", "state_since")[:limit])


Stack = tuple[datetime, Counter[State]]
_STACKED = (State.ALERT, State.WARNING, State.FAILED, State.OK)
LONGEST_BY_DAY = 70
PAST_SECONDS, TODAY_SECONDS = 600, 30


def strip(access: Access, choice: Choice, zone: tzinfo, now: datetime) -> list[Stack]:
    """Windows by state for each day, or each week of a long range, in the reader's zone; oldest first.

    Of many pipelines these are many rows: days gone by are kept for ten minutes, today's for half a one.
    """
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    step = 1 if choice.days <= LONGEST_BY_DAY else 7
    starts = [today - timedelta(days=k) for k in range(choice.days - 1, -1, -step)]
    scope = Scope(access, choice.workspace, choice.pipeline)
    key = ("strip", *scope.key, micros(starts[0]), micros(today), step)
    past = kept(key, PAST_SECONDS, lambda: _sums(scope, starts, starts[0], today))
    present = kept((*key, "today"), TODAY_SECONDS, lambda: _sums(scope, starts, today, now))
    sums = np.array(past) + np.array(present)
    return [(at, Counter(dict(zip(_STACKED, row, strict=True)))) for at, row in zip(starts, sums.tolist(), strict=True)]


class Scope(NamedTuple):
    """Which pipelines' sums are added up."""

    access: Access
    workspace: int | None
    pipeline: int | None

    @property
    def key(self) -> tuple[object, ...]:
        """Alike for all who see the same."""
        seen = self.access.workspaces
        return ("all" if seen is None else ",".join(map(str, sorted(seen))), self.workspace, self.pipeline)


def _sums(scope: Scope, starts: Sequence[datetime], since: datetime, until: datetime) -> list[list[int]]:
    """How many windows of each state end in [since, until), by the stretch that starts last before them."""
    hours = scope.access.within(ScopeRollup.objects.filter(hour__gte=since, hour__lt=until))
    if scope.workspace is not None:
        hours = hours.filter(workspace_id=scope.workspace)
    if scope.pipeline is not None:
        hours = hours.filter(pipeline_id=scope.pipeline)
    sums = [Sum(name) for name in ("alert", "warning", "failed", "ok")]
    return _fold(hours.values_list(_as_number("hour")).annotate(*sums).order_by(), starts)


def _fold(hours: Iterable[tuple[int, ...]], starts: Sequence[datetime]) -> list[list[int]]:
    table = np.array(list(hours), dtype=np.int64).reshape(-1, 1 + len(_STACKED))
    places = np.searchsorted([micros(start) for start in starts], table[:, 0], side="right") - 1
    sums = np.zeros((len(starts), len(_STACKED)), dtype=np.int64)
    np.add.at(sums, places, table[:, 1:])
    return sums.tolist()
