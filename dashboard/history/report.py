"""The history of a stretch of days beside the days before it: all numbers of the page, its paper and its mail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from assays.incidents.models import Kind
from assays.models import Switch
from assays.schedule import MICROSECOND, micros
from assays.states import State
from dashboard.access import Access
from dashboard.history import days as calendar
from dashboard.history import keeping, numbers, reads
from dashboard.history.choice import By, Choice, Group
from dashboard.history.days import DAY, Days
from dashboard.history.numbers import Counts, During, Ints, Places, States, Tally
from dashboard.history.reads import NEVER, Incidents, Roster, Watched

LONGEST_STEP = 31
"""Days for which one window may stand at most."""

_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Stretch:
    """One stretch of days: `states` (assays, days) with pauses and lateness, `fields` (fields, days) without."""

    days: Days
    counts: Counts
    fields: States
    states: States
    incidents: Incidents

    @cached_property
    def total(self) -> Tally:
        return numbers.tally(self.daily)

    @cached_property
    def daily(self) -> Ints:
        return numbers.daily(self.counts)

    @cached_property
    def weeks(self) -> list[tuple[date, Tally]]:
        """By calendar week, or by day where there are less than two; each with its first day."""
        parts = _steps(self.days)
        told = numbers.by_stretch(self.daily, parts)
        return [(self.days.day(part.start), one) for part, one in zip(parts, told, strict=True)]

    @cached_property
    def drift(self) -> Ints:
        """Days in drift by assay."""
        return numbers.days_in_drift(self.states)

    @property
    def days_in_drift(self) -> int:
        return int(self.drift.sum())

    @cached_property
    def opened(self) -> NDArray[np.bool_]:
        """Which of the incidents opened within the days."""
        since, until = self.days.starts[0], self.days.starts[-1]
        within: NDArray[np.bool_] = (self.incidents.opened >= since) & (self.incidents.opened < until)
        return within

    @property
    def causes(self) -> Counter[Kind]:
        many = np.bincount(self.incidents.kind[self.opened], minlength=len(reads.KINDS)).tolist()
        return Counter({kind: count for kind, count in zip(reads.KINDS, many, strict=True) if count})

    @property
    def acknowledged_in(self) -> timedelta | None:
        """The median, from when an incident was there to be seen; None without an acknowledged one."""
        known = np.maximum(self.incidents.opened, self.incidents.seen)
        return self._median(self.incidents.acknowledged, known)

    @property
    def resolved_in(self) -> timedelta | None:
        """The median, from its opening to its end; None where none has ended."""
        return self._median(self.incidents.closed, self.incidents.opened)

    def _median(self, until: Ints, since: Ints) -> timedelta | None:
        lasted = (until - since)[self.opened & (until != NEVER)]
        return MICROSECOND * int(max(0.0, float(np.median(lasted)))) if len(lasted) else None

    @property
    def false_alarms(self) -> float | None:
        """The share of the incidents that somebody has judged; None where nobody has."""
        judged = self.incidents.marked[self.opened]
        judged = judged[judged != 0]
        return float(np.mean(judged == 1)) if len(judged) else None


def _steps(days: Days) -> list[slice]:
    if days.many < 14:
        return [slice(k, k + 1) for k in range(days.many)]
    return calendar.weeks(days)


@dataclass(frozen=True)
class History:
    """Now and before, and what was done about it."""

    choice: Choice
    roster: Roster
    now: Stretch
    before: Stretch
    switches: Sequence[Switch]
    pauses: Sequence[During]
    as_of: datetime

    @cached_property
    def order(self) -> list[int]:
        """The places of the assays that were there: most days in drift first, then by failures, then by name."""
        failed = [one.failed for one in self.tallies]
        there = [k for k in range(len(self.roster.assays)) if self.now.states[k].any()]
        drift = self.now.drift
        return sorted(there, key=lambda k: (-drift[k], -failed[k], self.roster.assays[k].name))

    @cached_property
    def tallies(self) -> list[Tally]:
        return numbers.tallies(self.now.counts, self.roster.of, len(self.roster.assays))


def history(access: Access, choice: Choice, now: datetime) -> History:
    watched = reads.roster(access, choice)
    pauses = _during(reads.pauses(_both(choice.days)), watched)
    found = reads.incidents(watched, _both(choice.days))
    counts = keeping.counts(watched.field_ids, _with_steps(choice.days, watched), now)
    make = _maker(watched, counts, choice.days.before().first, pauses, found)
    stretches = make(choice.days), make(choice.days.before())
    return History(choice, watched, *stretches, reads.switches(watched, choice.days), pauses, now)


def _both(days: Days) -> Days:
    return days.part(days.before().first, 2 * days.many)


def _with_steps(days: Days, watched: Roster) -> Days:
    """Both stretches, and so many days more as a window that ends after them may stand for."""
    more = max((_step(assay) for assay in watched.assays), default=1)
    return days.part(days.before().first, 2 * days.many + (more if more > 1 else 0))


def _step(assay: Watched) -> int:
    """For how many days one window stands."""
    days = (assay.period_seconds or 0) // _DAY_SECONDS
    return min(max(1, days), LONGEST_STEP)


def _during(stretches: Sequence[tuple[UUID, int, int]], watched: Roster) -> list[During]:
    places = watched.places
    return [During(places[pk], began, ended) for pk, began, ended in stretches if pk in places]


def _maker(
    watched: Roster, counts: Counts, first: date, pauses: Sequence[During], found: Incidents
) -> Callable[[Days], Stretch]:
    spread = numbers.states(counts)
    late = _late(found)

    def make(days: Days) -> Stretch:
        start = (days.first - first) // DAY
        part = slice(start, start + days.many)
        fields = _spread(spread[:, start:], watched, days)
        states = numbers.worst(fields, watched.of, len(watched.assays))
        states = numbers.overlaid(states, pauses, State.PAUSED, days.starts)
        states = numbers.overlaid(states, late, State.LATE, days.starts)
        return Stretch(days, counts[:, part], fields, states, found)

    return make


def _late(found: Incidents) -> list[During]:
    """When assays were late; an incident that is open still lasts."""
    late = np.flatnonzero(found.kind == reads.KINDS.index(Kind.LATE))
    ends = np.where(found.closed == NEVER, np.iinfo(np.int64).max, found.closed)
    return [During(int(found.place[k]), int(found.opened[k]), int(ends[k])) for k in late]


def _spread(found: States, watched: Roster, days: Days) -> States:
    """Of the days from the first on, with the windows of slow assays on all the days they stand for."""
    result = found[:, : days.many].copy()
    for row, place in enumerate(watched.of):
        assay = watched.assays[place]
        if (step := _step(assay)) > 1:
            early = assay.first_run.astimezone(days.zone).hour < 12
            result[row] = numbers.spread(found[row, : days.many + LONGEST_STEP], step, early)[: days.many]
    return result


class Line(NamedTuple):
    """Where the drift was: a field, a pipeline or a workspace."""

    name: str
    id: int | None
    now: int
    before: int
    incidents: int


def lines(told: History, by: By) -> list[Line]:
    """Days in drift now and before, of which the more come first; those without any are left out."""
    now, before = _grouped(told, told.now, by), _grouped(told, told.before, by)
    opened = _opened(told, by)
    names = _names(told.roster, by)
    found = [Line(names[key][0], names[key][1], now[key], before[key], opened[key]) for key in {*now, *before}]
    return sorted(
        (line for line in found if line.now or line.before), key=lambda line: (-line.now, -line.before, line.name)
    )


def _key(assay: Watched, by: By | Group) -> int:
    return assay.pipeline_id if by == "pipeline" else assay.workspace_id


def _grouped(told: History, stretch: Stretch, by: By) -> Counter[str | int]:
    sums: Counter[str | int] = Counter()
    if by == "field":
        for key, many in zip(told.roster.keys, numbers.days_in_drift(stretch.fields).tolist(), strict=True):
            sums[key] += many
    else:
        for assay, many in zip(told.roster.assays, stretch.drift.tolist(), strict=True):
            sums[_key(assay, by)] += many
    return sums


def _opened(told: History, by: By) -> Counter[str | int]:
    """Drift's incidents that opened now."""
    found = told.now.incidents
    drift = told.now.opened & (found.kind == reads.KINDS.index(Kind.DRIFT))
    if by == "field":
        return Counter(dict(zip(found.names, np.bincount(found.field[drift]).tolist(), strict=False)))
    sums: Counter[str | int] = Counter()
    for place, many in enumerate(np.bincount(found.place[drift]).tolist()):
        sums[_key(told.roster.assays[place], by)] += many
    return sums


def _names(watched: Roster, by: By) -> dict[str | int, tuple[str, int | None]]:
    if by == "field":
        return {key: (key, None) for key in watched.keys}
    return {_key(assay, by): (getattr(assay, by), _key(assay, by)) for assay in watched.assays}


class CalendarRow(NamedTuple):
    """One assay, or one pipeline or workspace with the worst of its assays."""

    id: UUID | int
    name: str
    states: States
    in_drift: int
    share: float | None


def calendar_rows(told: History) -> list[CalendarRow]:
    """Most days in drift first."""
    if told.choice.group == "assay":
        return [_assay_row(told, place) for place in told.order]
    return sorted(_group_rows(told, told.choice.group), key=lambda row: (-row.in_drift, row.name))


def _assay_row(told: History, place: int) -> CalendarRow:
    assay, stretch = told.roster.assays[place], told.now
    return CalendarRow(
        assay.id, assay.name, stretch.states[place], int(stretch.drift[place]), told.tallies[place].share_ok
    )


def _group_rows(told: History, group: Group) -> Iterator[CalendarRow]:
    """Days in drift are those of the assays, summed."""
    names: dict[int, str] = {_key(assay, group): getattr(assay, group) for assay in told.roster.assays}
    keys = sorted(names)
    of: Places = np.array([keys.index(_key(assay, group)) for assay in told.roster.assays], dtype=np.intp)
    states = numbers.worst(told.now.states, of, len(keys))
    drift = np.bincount(of, weights=told.now.drift, minlength=len(keys)).astype(int)
    tallies = numbers.tallies(told.now.counts, of[told.roster.of], len(keys))
    for k, key in enumerate(keys):
        yield CalendarRow(key, names[key], states[k], int(drift[k]), tallies[k].share_ok)


class Missing(NamedTuple):
    """What of an assay's windows did not come as it should."""

    assay: Watched
    tally: Tally
    late: int


def ledger(told: History) -> list[Missing]:
    """Assays with failed runs, windows without data or late ones; those of which most is missing first."""
    kinds = told.now.incidents.kind[told.now.opened] == reads.KINDS.index(Kind.LATE)
    late = Counter(told.now.incidents.place[told.now.opened][kinds].tolist())
    rows = [Missing(assay, told.tallies[k], late[k]) for k, assay in enumerate(told.roster.assays)]
    lacking = [row for row in rows if row.tally.failed or row.tally.no_data or row.late]
    return sorted(lacking, key=lambda row: (-row.tally.failed - row.tally.no_data, -row.late, row.assay.name))


class Off(NamedTuple):
    """How long an assay was off within the days, since when, and what is known of why."""

    assay: Watched
    began: int
    lasted: timedelta
    goes_on: bool
    switch: Switch | None


def switched_off(told: History) -> list[Off]:
    """Each pause of the days, newest first, with the switch that began it where it was ours."""
    since, until = int(told.now.days.starts[0]), min(int(told.now.days.starts[-1]), micros(told.as_of))
    touching = [one for one in told.pauses if one.began < until and one.ended > since]
    return [_off(told, one, since, until) for one in sorted(touching, key=lambda one: -one.began)]


def _off(told: History, one: During, since: int, until: int) -> Off:
    assay = told.roster.assays[one.row]
    lasted = MICROSECOND * (min(one.ended, until) - max(one.began, since))
    ours = [s for s in told.switches if s.assay_id == assay.id and not s.to_active]
    near = [s for s in ours if abs(micros(s.asked_at) - one.began) <= NEAR]
    return Off(assay, one.began, lasted, one.ended >= until, near[0] if near else None)


NEAR = 2 * _DAY_SECONDS * 1_000_000
"""A pause seen late is dated back to the run that it kept from coming: its switch may be that far off."""
