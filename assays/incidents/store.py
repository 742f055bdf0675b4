"""Keeps incidents in step with the cache, within the transaction that stores windows, and derives them anew by itself.

New windows continue what is open. A window that comes late or is scored anew has everything derived again that it can
concern: from the last closing before it to the first one that it cannot have moved. What is read of the past, back to
the retention limit, waits until all of it is there: its assay is stale until `redo` derives it from the beginning.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from assays import bulk, wire
from assays.coverage import Span
from assays.incidents import absence, acts, lateness, reading, rules
from assays.incidents.derive import BEGINNING, Rule, Spell, Windows, derive
from assays.incidents.ledger import Found, Ledger, as_spell
from assays.incidents.match import match
from assays.incidents.models import Incident, Kind, LocalThreshold, News, Watch
from assays.incidents.reading import END, LAST, Source
from assays.models import Assay, Field
from assays.schedule import MICROSECOND, count, micros, moment
from assays.states import BAD, State
from assays.verdict import Verdict

PROMPT = timedelta(minutes=30)
"""What upstream told so long ago has been read as it came; what is older was caught up with."""

RECENT = timedelta(days=1)
"""A window that ended longer ago, or more than two periods, comes from an upstream that works off its past."""

MOST_REDONE = 200
OF_WINDOWS = (Kind.DRIFT, Kind.FAILED, Kind.NO_DATA)


class Written(Protocol):
    """A window that was new or newer, as `sync` has stored it."""

    @property
    def assay_id(self) -> UUID: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def message(self) -> wire.Result | None: ...
    @property
    def verdicts(self) -> list[Verdict]: ...


@dataclass(frozen=True, slots=True)
class Arrival:
    """What came of one assay: windows newer than all before, and older ones (late, or scored anew).

    `known` is the end of what was known before. Of the windows' ends `live` are those that came as they happened, and
    `caught` those that were caught up with; `lacks` says that the schedule names more windows than came.
    """

    assay: Assay
    known: int
    new: list[tuple[int, Written]]
    late: list[tuple[int, Written]]
    live: frozenset[int]
    caught: frozenset[int]
    lacks: bool

    @property
    def reached(self) -> int:
        """The end of what is known now."""
        ends = [micros(self.assay.read_to)] if self.assay.read_to else []
        return max([self.known, *ends, *(end for end, _ in self.new[-1:])])

    def worth(self, first: int, last: int) -> News:
        """Of an incident with these bad windows among the new ones."""
        if any(first <= end <= last for end in self.live):
            return News.NOW
        return News.SUMMARY if any(first <= end <= last for end in self.caught) else News.NONE


def follow(
    written: Sequence[Written],
    before: Mapping[UUID, Span | None],
    assays: Mapping[UUID, Assay],
    fields: Mapping[UUID, Sequence[Field]],
    now: datetime,
) -> None:
    """Takes in what was stored, and how each assay stands. `before` is what had been read; the assays are locked."""
    watches = _watches(assays, before, now)
    were = {pk: (watch.derived_to, watch.stale) for pk, watch in watches.items()}
    arrivals = _arrivals(written, before, assays, watches, now)
    ledger = Ledger(now, behind=_behind(assays.values()))
    ledger.load(_going(assays))
    touched = [row for arrival in arrivals for row in fields[arrival.assay.pk]]
    local = rules.local_thresholds(touched) if touched else {}
    if arrivals:
        _take_in(arrivals, fields, ledger, local)
    lateness.follow(assays.values(), watches, ledger, now)
    ledger.close(local)
    for arrival in arrivals:
        watches[arrival.assay.pk].derived_to = moment(arrival.reached)
    changed = [watch for pk, watch in watches.items() if (watch.derived_to, watch.stale) != were[pk]]
    columns = ("derived_to", "stale")
    bulk.update(Watch, columns, bulk.prepared(changed, (*columns, "assay_id")), by="assay_id")


def move(assays: Iterable[Assay]) -> None:
    """Incidents, the closed ones too, lie where their assays do; these are locked."""
    for assay in assays:
        place = {"workspace_id": assay.workspace_id, "pipeline_id": assay.pipeline_id}
        Incident.objects.filter(assay=assay).update(**place)


def settle(assays: Iterable[Assay], now: datetime) -> None:
    """Takes in that assays were paused, resumed, lost or found again; they are locked, and kept as they stand."""
    rows = list(assays)
    ledger = Ledger(now, behind=_behind(rows))
    ledger.load(_going(assay.pk for assay in rows))
    ledger.close()


def _going(assays: Iterable[UUID]) -> QuerySet[Incident]:
    """What windows have not closed, and what is still to be told of."""
    return acts.locked(Q(ok_end=None) | Q(announced=False), assay__in=list(assays))


def _watches(assays: Iterable[UUID], before: Mapping[UUID, Span | None], now: datetime) -> dict[UUID, Watch]:
    """Each assay's watch; one that was read before it was watched has to be derived from the beginning."""
    kept = {row.pk: row for row in Watch.objects.filter(assay__in=assays)}
    missing = [Watch(assay_id=pk, since=now, stale=before[pk] is not None) for pk in assays if pk not in kept]
    Watch.objects.bulk_create(missing, batch_size=500)
    return kept | {row.pk: row for row in missing}


def _behind(assays: Iterable[Assay]) -> frozenset[UUID]:
    """Those whose newest windows are still to be read."""
    return frozenset(row.pk for row in assays if row.last_run and (row.read_to is None or row.read_to < row.last_run))


def _arrivals(
    written: Sequence[Written],
    before: Mapping[UUID, Span | None],
    assays: Mapping[UUID, Assay],
    watches: Mapping[UUID, Watch],
    now: datetime,
) -> list[Arrival]:
    grouped: dict[UUID, list[Written]] = defaultdict(list)
    for one in written:
        grouped[one.assay_id].append(one)
    arrivals = [_arrival(assay, grouped[pk], before[pk], watches[pk], now) for pk, assay in assays.items()]
    return [arrival for arrival in arrivals if arrival is not None]


def _arrival(assay: Assay, written: list[Written], before: Span | None, watch: Watch, now: datetime) -> Arrival | None:
    """None when nothing came, nor was missed, that follows what was derived already."""
    if watch.derived_to is None and before is not None:
        watch.stale = True
        return None
    known = micros(watch.derived_to) if watch.derived_to else _first_known(assay, written)
    new = [(one.end, one) for one in sorted(written, key=lambda one: (one.end, one.start)) if one.end > known]
    old = [(one.end, one) for one in written if one.end <= known]
    late = [pair for pair in old if before is not None and pair[0] > micros(before.after)]
    watch.stale = watch.stale or len(late) < len(old)
    if not new and not late and (assay.read_to is None or micros(assay.read_to) <= known):
        return None
    lacks = _lacks_some(assay, known, new)
    live, caught = _heard(assay, known, written, micros(watch.since), now, lacks=lacks)
    return Arrival(assay, known, new, late, live, caught, lacks)


def _heard(
    assay: Assay, known: int, written: Iterable[Written], since: int, now: datetime, *, lacks: bool
) -> tuple[frozenset[int], frozenset[int]]:
    """The ends of the windows that came as they happened, and of those caught up with; what is missing among them.

    What came before the assay was watched is neither. A window scored anew came as it happened only as the newest.
    """
    came = {one.end: _is_live(one, assay, now) for one in written if one.end > since}
    live = {end for end, is_live in came.items() if is_live and end >= known}
    missing = {int(end) for end in reading.scheduled(assay, max(known, since), LAST)} - came.keys() if lacks else set()
    live |= {end for end in missing if moment(end) > now - PROMPT}
    return frozenset(live), frozenset((came.keys() | missing) - live)


def _lacks_some(assay: Assay, known: int, new: Sequence[tuple[int, Written]]) -> bool:
    if assay.read_to is None or micros(assay.read_to) <= known or known == BEGINNING:
        return False
    return count(assay.plan, moment(known), assay.read_to) > len(new)


def _first_known(assay: Assay, written: Sequence[Written]) -> int:
    """Where a first reading begins."""
    begins = [micros(assay.read_from)] if assay.read_from else []
    return min([*begins, *(one.end - 1 for one in written)], default=BEGINNING)


def _is_live(one: Written, assay: Assay, now: datetime) -> bool:
    told_at = one.message.updated_at if one.message else moment(one.end)
    recent = max(RECENT, 2 * assay.plan.period) if assay.plan.period else RECENT
    return now - told_at <= PROMPT and now - moment(one.end) <= recent


def _take_in(
    arrivals: Sequence[Arrival],
    fields: Mapping[UUID, Sequence[Field]],
    ledger: Ledger,
    local: Mapping[int, LocalThreshold],
) -> None:
    known = rules.read()
    going = {(row.field_id, row.kind): row for row in ledger.rows() if row.ok_end is None and row.count}
    found: list[Found] = []
    for arrival in arrivals:
        for place, field in enumerate(fields[arrival.assay.pk]):
            rule = known.of(arrival.assay, field)
            for kind in OF_WINDOWS:
                source = Source(arrival.assay, field, kind, local.get(field.pk))
                if arrival.late:
                    _rework(source, rule, _concerned(source, arrival), ledger, arrival)
                else:
                    found += _continue(source, rule, place, arrival, going.get((field.pk, kind)))
    ledger.put(found)


def _continue(source: Source, rule: Rule, place: int, arrival: Arrival, row: Incident | None) -> list[Found]:
    """What is new continues what is open; most often nothing is, and nothing is bad."""
    if source.kind == Kind.NO_DATA:
        if row is None and not arrival.lacks:
            return []
        windows = reading.with_context(source, arrival.known, END, rule)
    else:
        if row is None and not source.local and not _is_any_bad(source.kind, place, arrival):
            return []
        windows = _as_counted(source, place, arrival)
        if rule.reach > 1:
            windows = reading.with_context(source, arrival.known, END, rule)
    closed = _last_close(source, arrival.known) if rule.n > 1 else BEGINNING
    spells = derive(windows, rule, since=arrival.known, going=as_spell(row) if row else None, closed=closed)
    rows = [row, *[None] * len(spells)]
    return [
        Found(source.kind, source.assay, source.field, spell, kept, arrival.worth(spell.first_bad, spell.last_bad))
        for spell, kept in zip(spells, rows, strict=False)
    ]


def _is_any_bad(kind: Kind, place: int, arrival: Arrival) -> bool:
    bad = (State.FAILED,) if kind == Kind.FAILED else BAD
    return any(one.verdicts[place].state in bad for _, one in arrival.new)


def _as_counted(source: Source, place: int, arrival: Arrival) -> Windows:
    told = [(one, one.verdicts[place]) for _, one in arrival.new]
    rows = [(one.end, one.start, int(verdict.state), verdict.score) for one, verdict in told]
    return reading.judged(rows, source.kind, source.local)


def _last_close(source: Source, until: int) -> int:
    closes = Incident.objects.filter(field=source.field, kind=source.kind, ok_end__lte=moment(until))
    newest = closes.filter(merged_into=None, count__gt=0).order_by("-ok_end").values_list("ok_end", flat=True).first()
    return micros(newest) if newest else BEGINNING


def _concerned(source: Source, arrival: Arrival) -> tuple[int, int]:
    """The first and the last end that what came bears on; data that came late is compared with a week after."""
    ends = [end for end, _ in [*arrival.late, *arrival.new]]
    plan = source.assay.plan
    if source.kind != Kind.NO_DATA or plan.period is None:
        return min(ends), max(ends)
    return min(ends), max(ends) + absence.lag(plan) + plan.period // MICROSECOND


def _rework(source: Source, rule: Rule, touched: tuple[int, int], ledger: Ledger, arrival: Arrival) -> None:
    around = reading.region(source, rule, touched)
    closed = _last_close(source, around.left) if rule.n > 1 and around.left > BEGINNING else BEGINNING
    spells = derive(around.windows, rule, since=around.left, closed=closed)
    _replace(source, spells, _kept(source, around.left, around.right, ledger), ledger, arrival)


def _kept(source: Source, left: int, right: int, ledger: Ledger) -> list[Incident]:
    """The incidents that lie within; those taken in or lost before that got their id from a window that does."""
    after, until = moment(max(left, 0)), moment(min(right, LAST))
    within = Q(opened_at__lte=until) & (Q(ok_end=None) | Q(ok_end__gt=after))
    named = Q(key_end__gt=after, key_end__lte=until) & (Q(count=0) | Q(merged_into__isnull=False))
    return ledger.load(acts.locked(within | named, field=source.field, kind=source.kind))


def _replace(
    source: Source, spells: Sequence[Spell], kept: Sequence[Incident], ledger: Ledger, arrival: Arrival | None
) -> None:
    matched = match(spells, kept)
    for row in matched.lost:
        ledger.lose(row)
    ledger.put(
        Found(
            source.kind,
            source.assay,
            source.field,
            _with_forgotten(spell, row, source.assay),
            row,
            arrival.worth(spell.first_bad, spell.last_bad) if arrival else News.NONE,
        )
        for spell, row in matched.pairs
    )
    for other, heir in matched.joined:
        ledger.join(other, heir)


def _with_forgotten(spell: Spell, row: Incident | None, assay: Assay) -> Spell:
    """An incident that began before all that is still kept does not forget what it was then."""
    if row is None or assay.read_from is None or row.first_bad_end > assay.read_from:
        return spell
    was = as_spell(row)
    top = was if (was.peak or 0.0) >= (spell.peak or 0.0) else spell
    return replace(
        spell,
        first_bad=was.first_bad,
        opened=was.opened,
        count=max(was.count, spell.count),
        alerts=max(was.alerts, spell.alerts),
        severity=min(was.severity, spell.severity),
        peak=top.peak,
        peak_start=top.peak_start,
        peak_end=top.peak_end,
    )


def redo(now: datetime, seconds: float = 4.0) -> int:
    """Derives stale assays from the beginning, each in a transaction of its own, for about so long; says how many."""
    stale = Watch.objects.filter(stale=True).exclude(assay__caught_up_at=None).order_by("assay")
    until = time.monotonic() + seconds
    done = 0
    for pk in list(stale.values_list("pk", flat=True)[:MOST_REDONE]):
        done += rebuild(pk, now, only_stale=True)
        if time.monotonic() > until:
            break
    return done


def rebuild(assay_id: UUID, now: datetime, *, only_stale: bool = False) -> bool:
    """Derives all incidents of an assay's windows from the cache; what people did stays, and nothing of it is news.

    Returns whether it did: there may be nothing to derive from, or another was faster with a stale one.
    """
    with transaction.atomic():
        assay = Assay.objects.select_for_update().defer("message").get(pk=assay_id)
        watch, _ = Watch.objects.get_or_create(assay=assay, defaults={"since": now})
        if assay.read_from is None or (only_stale and not watch.stale):
            return False
        _derive_all(assay, now)
        watch.derived_to, watch.stale = assay.read_to, False
        watch.save(update_fields=["derived_to", "stale"])
    return True


def _derive_all(assay: Assay, now: datetime) -> None:
    fields = list(Field.objects.filter(assay=assay).order_by("position"))
    local, known = rules.local_thresholds(fields), rules.read()
    ledger = Ledger(now, is_history=True)
    kept_from = micros(assay.read_from) if assay.read_from else BEGINNING
    for field in fields:
        for kind in OF_WINDOWS:
            source = Source(assay, field, kind, local.get(field.pk))
            spells = derive(source.between(BEGINNING, END), known.of(assay, field))
            _replace(source, spells, _kept(source, kept_from, END, ledger), ledger, None)
    ledger.close(local)
