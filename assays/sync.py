"""Upstream into the cache: what to ask, what was answered, and its storing, which done twice changes nothing more.

`ranges` is the plan, `visit` asks (HTTP, no database), `store` keeps many visits in one transaction (database, no HTTP)
and says what changed. A visit that is lost is simply made again.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction

from assays import bulk, coverage, faults, rollups, signals, standing, wire
from assays.coverage import TICK, Span
from assays.errors import APIError, Rejected, TooLarge, Unavailable
from assays.fields import pack
from assays.incidents import store as incidents
from assays.insight.touched import touch
from assays.models import Assay, Field, Pause, Result, Score
from assays.schedule import IDLE, back_off, late_after, micros, newest_end, next_ask, next_end
from assays.states import State
from assays.upstream import NEXT_RUN, RESULTS, BadItem, Client, Listing
from assays.verdict import Verdict, top_bin, verdicts
from assays.wire import Received, utc

SKEW = timedelta(minutes=5)
"""Two clocks may differ by this much; what lies further ahead is not believed."""

WORKING_OFF = timedelta(minutes=1)
"""Runs that were due long ago and come at least this often are an upstream that works off its past."""

STEP_WINDOWS = 1_000
STEP_OF_CRON = timedelta(days=30)
SMALL_ANSWER, LARGE_ANSWER = 2_000_000, 8_000_000
"""Bytes of an answer below which the next step is doubled, and above which it is halved."""

SWEEP_PERIOD = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a range of window ends was answered with."""

    span: Span
    listing: Listing[wire.Result]


@dataclass(frozen=True, slots=True)
class Visit:
    """Everything one visit to an assay brought, up to the error that ended it.

    `doubt` is what was not believed of `next_run`, and `runs` that as it came.
    """

    assay_id: UUID
    asked_at: datetime
    next_run: wire.NextRun | None = None
    readings: tuple[Reading, ...] = ()
    error: APIError | None = None
    failed_span: Span | None = None
    sweep: bool = False
    runs: bytes | None = None
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What storing changed."""

    visits: int = 0
    stored: int = 0
    unreadable: int = 0
    errors: tuple[str, ...] = ()
    unfinished: frozenset[UUID] = field(default_factory=frozenset)


def ranges(assay: Assay, last_run: datetime | None, now: datetime) -> list[Span]:
    """What to read next: the news with a short overlap, then one step into the past."""
    if last_run is None:
        return []
    step, limit = _step(assay), retention_limit(assay, now)
    if assay.read_from is None or assay.read_to is None:
        first = Span(max(limit, last_run - step), last_run)
        return [first] if first else []
    spans = []
    if last_run > assay.read_to:
        overlap = max(assay.read_from, assay.read_to - _overlap(assay))
        spans.append(Span(overlap, min(last_run, assay.read_to + step)))
    spans.append(Span(max(limit, assay.read_from - step), assay.read_from))
    return [span for span in spans if span]


def sweep_range(assay: Assay) -> Span | None:
    """The next stretch of what has been read to be read again, oldest first."""
    if assay.read_from is None or assay.read_to is None:
        return None
    after = assay.swept_to if assay.swept_to and assay.swept_to < assay.read_to else assay.read_from
    return Span(max(after, assay.read_from), min(after + _step(assay), assay.read_to))


def retention_limit(assay: Assay, now: datetime) -> datetime:
    """No window that ends at or before this is kept, or can exist."""
    return max(now - timedelta(days=settings.RETENTION_DAYS), assay.first_run - TICK)


def _overlap(assay: Assay) -> timedelta:
    return 2 * assay.plan.period if assay.plan.period else timedelta(hours=1)


def _step(assay: Assay) -> timedelta:
    if assay.step_seconds:
        return timedelta(seconds=assay.step_seconds)
    most = timedelta(days=settings.RETENTION_DAYS)
    return min(STEP_WINDOWS * assay.plan.period, most) if assay.plan.period else STEP_OF_CRON


def visit(client: Client, assay: Assay, now: datetime) -> Visit:
    """Asks when the runs are and reads what is due. Never raises: an error ends the visit and is part of it."""
    done = Visit(assay.pk, now)
    try:
        heard = client.next_run(str(assay.pk))
    except APIError as error:
        return replace(done, error=error)
    runs, doubt = _believable(heard.message, assay, now)
    done = replace(done, next_run=runs, runs=heard.raw, doubt=doubt)
    return _read(client, done, ranges(assay, runs.last_run, now))


def sweep_visit(client: Client, assay: Assay, now: datetime) -> Visit:
    """Reads a stretch of the past again, where a re-scored window may lie."""
    span = sweep_range(assay)
    return _read(client, Visit(assay.pk, now, sweep=True), [span] if span else [])


def _read(client: Client, done: Visit, spans: Iterable[Span]) -> Visit:
    for span in spans:
        try:
            listing = client.results(str(done.assay_id), span.after, span.until)
        except APIError as error:
            return replace(done, error=error, failed_span=span)
        done = replace(done, readings=(*done.readings, Reading(span, _of_its_time(listing, done.asked_at))))
    return done


def _believable(runs: wire.NextRun, assay: Assay, now: datetime) -> tuple[wire.NextRun, str]:
    """In UTC, and what was not believed: for a last run in the future stands the last one that can have been."""
    last, following = runs.last_run and utc(runs.last_run), runs.next_run and utc(runs.next_run)
    if last is None or last <= now + SKEW:
        return wire.NextRun(last, following), ""
    doubt = f"last_run: {wire.rfc3339(last)} lies in the future"
    return wire.NextRun(newest_end(assay.plan, now) if assay.plan.period else now, following), doubt


def _of_its_time(listing: Listing[wire.Result], now: datetime) -> Listing[wire.Result]:
    """Results whose window ends in the future are set apart: they would hide every later one."""
    good = [item for item in listing.good if item.message.window_end <= now + SKEW]
    ahead = [item for item in listing.good if item.message.window_end > now + SKEW]
    if not ahead:
        return listing
    bad = [_ahead(item) for item in ahead]
    return Listing(good, [*listing.bad, *bad], listing.size)


def _ahead(item: Received[wire.Result]) -> BadItem:
    problem = "window_end: the window ends in the future"
    return BadItem(problem, item.raw, item.message.window_start, item.message.window_end)


def store(visits: Sequence[Visit], now: datetime) -> Report:
    """Keeps what the visits brought, all in one transaction. Only what is new or newer changes anything."""
    with transaction.atomic():
        ids = [done.assay_id for done in visits]
        assays = {row.pk: row for row in Assay.objects.select_for_update().filter(pk__in=ids).order_by("pk")}
        fields = standing.fields_of(assays)
        kept = [done for done in visits if done.assay_id in assays]
        written = _store_results(kept, fields, now)
        before = {pk: _read_span(assay) for pk, assay in assays.items()}
        for done in kept:
            _advance(assays[done.assay_id], done, now)
        for pk in {one.assay_id for one in written}:
            assays[pk].version += 1
        _store_scores(written, assays, fields)
        touch((one.assay_id, one.end) for one in written)
        _recount(written, before, assays, fields)
        _refresh(written, before, assays, fields, now)
        standing.save(assays.values(), _ASSAY_COLUMNS)
        incidents.follow(written, before, assays, fields, now)
        faults.note(_faults(kept), now)
    return _report(kept, written, assays, now)


@dataclass(frozen=True, slots=True)
class _Written:
    """A result that was new or newer; `message` is None when it cannot be read."""

    assay_id: UUID
    start: int
    end: int
    message: wire.Result | None
    verdicts: list[Verdict]


_RESULT_COLUMNS = (
    "assay_id",
    "window_start",
    "window_end",
    "upstream_id",
    "status",
    "analyzed_at",
    "elapsed_millis",
    "updated_at",
    "message",
    "problem",
)
_RESULT_IDENTITY = ("assay_id", "window_end", "window_start")


def _store_results(visits: Iterable[Visit], fields: dict[UUID, list[Field]], now: datetime) -> list[_Written]:
    newest: dict[tuple[UUID, int, int], Received[wire.Result]] = {}
    unreadable: dict[tuple[UUID, int, int], BadItem] = {}
    for done in visits:
        for reading in done.readings:
            _sort_out(done.assay_id, reading.listing, now, newest, unreadable)
    rows = [_result_row(identity, item) for identity, item in newest.items()]
    rows += [_unreadable_row(identity, bad) for identity, bad in unreadable.items() if identity not in newest]
    written = bulk.upsert_newer(Result, _RESULT_COLUMNS, _RESULT_IDENTITY, rows, newer="updated_at")
    identities = [(bulk.uuid(key), end, start) for key, end, start in written]
    return [_written(identity, newest.get(identity), unreadable, fields) for identity in identities]


def _sort_out(
    assay_id: UUID,
    listing: Listing[wire.Result],
    now: datetime,
    newest: dict[tuple[UUID, int, int], Received[wire.Result]],
    unreadable: dict[tuple[UUID, int, int], BadItem],
) -> None:
    for item in listing.good:
        identity = (assay_id, micros(item.message.window_end), micros(item.message.window_start))
        other = newest.get(identity)
        if other is None or item.message.updated_at > other.message.updated_at:
            newest[identity] = item
    for bad in listing.bad:
        if bad.window_start and bad.window_end and bad.window_start < bad.window_end <= now + SKEW:
            unreadable[assay_id, micros(bad.window_end), micros(bad.window_start)] = bad


def _result_row(identity: tuple[UUID, int, int], item: Received[wire.Result]) -> tuple[Any, ...]:
    assay_id, end, start = identity
    message = item.message
    return (
        bulk.key(assay_id),
        start,
        end,
        message.id,
        message.status.capitalize(),
        micros(message.analyzed_at),
        message.elapsed_millis,
        micros(message.updated_at),
        pack(item.raw),
        "",
    )


def _unreadable_row(identity: tuple[UUID, int, int], bad: BadItem) -> tuple[Any, ...]:
    """Older than any that can be read, so that it never replaces one and is replaced by the first."""
    assay_id, end, start = identity
    return bulk.key(assay_id), start, end, 0, "", 0, 0, 0, pack(bad.raw), bad.problem[:500]


def _written(
    identity: tuple[UUID, int, int],
    item: Received[wire.Result] | None,
    unreadable: dict[tuple[UUID, int, int], BadItem],
    fields: dict[UUID, list[Field]],
) -> _Written:
    assay_id, end, start = identity
    if item:
        return _Written(assay_id, start, end, item.message, verdicts(item.message, fields[assay_id]))
    error = f"upstream's result cannot be read: {unreadable[identity].problem}"
    failed = [Verdict(State.FAILED, warning=row.warning, alert=row.alert, error=error) for row in fields[assay_id]]
    return _Written(assay_id, start, end, None, failed)


_SCORE_COLUMNS = ("field_id", "window_start", "window_end", "state", "score", "rows", "warning", "alert")


def _store_scores(written: Sequence[_Written], assays: dict[UUID, Assay], fields: dict[UUID, list[Field]]) -> None:
    rows = [
        (row.pk, one.start, one.end, int(told.state), told.score, told.rows, told.warning, told.alert)
        for one in written
        for row, told in zip(fields[one.assay_id], one.verdicts, strict=True)
    ]
    bulk.upsert(Score, _SCORE_COLUMNS, ("field_id", "window_end", "window_start"), rows)
    for one in _newest(written).values():
        baseline = _baseline(assays[one.assay_id])
        for row, told in zip(fields[one.assay_id], one.verdicts, strict=True):
            if row.window_end is None or one.end >= micros(row.window_end):
                row.error = told.error.replace("\0", "\N{REPLACEMENT CHARACTER}")
                row.top_bin_data = top_bin(one.message, row.key, baseline)


def _newest(written: Iterable[_Written]) -> dict[UUID, _Written]:
    newest: dict[UUID, _Written] = {}
    for one in written:
        if one.assay_id not in newest or one.end > newest[one.assay_id].end:
            newest[one.assay_id] = one
    return newest


class _BaselineOnly(msgspec.Struct):
    baseline: wire.Baseline


_BASELINE = msgspec.json.Decoder(_BaselineOnly)


def _baseline(assay: Assay) -> dict[str, wire.Summary]:
    return _BASELINE.decode(assay.message).baseline.summary or {}


def _read_span(assay: Assay) -> Span | None:
    if assay.read_from is None or assay.read_to is None:
        return None
    return Span(assay.read_from, assay.read_to)


def _advance(assay: Assay, done: Visit, now: datetime) -> None:
    """Moves everything that is kept of an assay's reading and polling."""
    for reading in done.readings:
        _cover(assay, reading)
    _adapt_step(assay, done)
    if done.sweep:
        _advance_sweep(assay, done, now)
    else:
        _advance_poll(assay, done, now)


def _cover(assay: Assay, reading: Reading) -> None:
    before = _read_span(assay)
    read = coverage.grown(before, reading.span)
    assay.read_from, assay.read_to = read.after, read.until
    whole = Span(assay.covered_from, assay.covered_to) if assay.covered_from and assay.covered_to else None
    whole = coverage.covered(whole, reading.span, (bad.window_end for bad in reading.listing.bad))
    assay.covered_from, assay.covered_to = (whole.after, whole.until) if whole else (None, None)


def _adapt_step(assay: Assay, done: Visit) -> None:
    """Halves the step after an answer too large or too slow, doubles it after one that was small."""
    size = max((reading.listing.size for reading in done.readings), default=None)
    step = int(_step(assay).total_seconds())
    gave_up = isinstance(done.error, TooLarge) or (isinstance(done.error, Unavailable) and done.error.timed_out)
    if (done.failed_span and gave_up) or (size is not None and size > LARGE_ANSWER):
        assay.step_seconds = max(step // 2, assay.period_seconds or 60)
    elif size is not None and size < SMALL_ANSWER and assay.step_seconds:
        assay.step_seconds = min(step * 2, settings.RETENTION_DAYS * 86_400)


def _advance_sweep(assay: Assay, done: Visit, now: datetime) -> None:
    assay.leased_until = None
    for reading in done.readings:
        assay.swept_to = reading.span.until
        if assay.read_to and reading.span.until >= assay.read_to:
            assay.swept_to, assay.swept_at = None, now
    assay.sweep_at = back_off(now, 4) if done.error else _next_sweep(assay, now)


def _next_sweep(assay: Assay, now: datetime) -> datetime:
    """So that the whole of what is kept is read again within SWEEP_PERIOD, an hour's share at a time or finer."""
    span = _read_span(assay)
    if span is None:
        return now + SWEEP_PERIOD
    shares = max(24.0, (span.until - span.after) / _step(assay))
    return now + SWEEP_PERIOD / shares


def _advance_poll(assay: Assay, done: Visit, now: datetime) -> None:
    assay.leased_until = None
    assay.last_attempt_at = done.asked_at
    moved = done.next_run is not None and _take_runs(assay, done.next_run, now)
    assay.runs = done.runs or assay.runs
    _date_pause(assay)
    if done.error:
        assay.tries += 1
        assay.last_error, assay.last_error_at = str(done.error)[:1000], now
        assay.next_poll_at = _after_error(done.error, assay.tries, now)
        return
    assay.last_success_at, assay.last_error = done.asked_at, ""
    due = _due(assay, now)
    assay.tries = 0 if moved or (due is not None and due >= now) else assay.tries + 1
    assay.next_poll_at = _next_poll(assay, now)


def _due(assay: Assay, now: datetime) -> datetime | None:
    return assay.next_run if assay.active and not standing.has_ended(assay, now) else None


def _date_pause(assay: Assay) -> None:
    """A pause began after every run that came, and at the latest when the first that it kept from coming was due."""
    if assay.paused_since is None or assay.last_run is None:
        return
    missed = next_end(assay.plan, assay.last_run)
    if missed is not None and (missed < assay.paused_since or assay.paused_since < assay.last_run):
        assay.paused_since = missed
        Pause.objects.filter(assay=assay, ended_at=None).update(began_at=missed)


def _take_runs(assay: Assay, runs: wire.NextRun, now: datetime) -> bool:
    """Whether the last run has moved since it was last seen."""
    moved = runs.last_run is not None and runs.last_run != assay.last_run
    if moved and assay.last_run is not None:
        assay.moved_at = now
    assay.last_run, assay.next_run = runs.last_run, runs.next_run
    assay.late_after = _late_after(assay)
    return moved


def _late_after(assay: Assay) -> datetime | None:
    """An assay that works off its past is not late while its runs keep coming."""
    if assay.next_run is None or not assay.active:
        return None
    after = late_after(assay.next_run, assay.plan.period)
    return max(after, assay.moved_at + WORKING_OFF) if assay.moved_at else after


def _after_error(error: APIError, tries: int, now: datetime) -> datetime:
    if isinstance(error, Rejected):
        return now + IDLE
    return _jittered(back_off(now, tries, error.retry_after if isinstance(error, Unavailable) else None))


def _next_poll(assay: Assay, now: datetime) -> datetime:
    if not is_caught_up(assay, now):
        assay.caught_up_at = None if _behind(assay) else assay.caught_up_at
        return now
    if assay.caught_up_at is None:
        assay.caught_up_at = now
        assay.sweep_at = assay.sweep_at or now + random.random() * SWEEP_PERIOD / 24
    return _jittered(next_ask(now, _due(assay, now), assay.plan.period, assay.tries))


def is_caught_up(assay: Assay, now: datetime) -> bool:
    """All that upstream has, back to the retention limit, has been asked for."""
    if assay.last_run is None:
        return True
    if assay.read_from is None or assay.read_to is None:
        return assay.last_run <= retention_limit(assay, now)
    return assay.read_to >= assay.last_run and assay.read_from <= retention_limit(assay, now)


def _behind(assay: Assay) -> bool:
    return assay.read_to is None or assay.last_run is None or assay.read_to < assay.last_run


def _jittered(at: datetime) -> datetime:
    return at + random.random() * JITTER


JITTER = timedelta(seconds=2)

_ASSAY_COLUMNS = (
    "runs",
    "version",
    "last_run",
    "next_run",
    "moved_at",
    "late_after",
    "paused_since",
    "read_from",
    "read_to",
    "covered_from",
    "covered_to",
    "step_seconds",
    "caught_up_at",
    "sweep_at",
    "swept_to",
    "swept_at",
    "next_poll_at",
    "leased_until",
    "tries",
    "last_attempt_at",
    "last_success_at",
    "last_error",
    "last_error_at",
    "state",
    "state_since",
    "ratio",
    "worst_field_id",
)


def _recount(
    written: Iterable[_Written],
    before: dict[UUID, Span | None],
    assays: dict[UUID, Assay],
    fields: dict[UUID, list[Field]],
) -> None:
    """Counts anew the hours of every window written, and of every window read for the first time."""
    hours: dict[UUID, set[int]] = defaultdict(set)
    for one in written:
        hours[one.assay_id].add(rollups.hour_of(one.end))
    for pk, assay in assays.items():
        for span in _newly_read(before[pk], _read_span(assay)):
            hours[pk] |= rollups.scheduled_hours(assay.plan, span)
    rollups.recount(_touched(assays[pk], fields[pk], touched) for pk, touched in hours.items() if touched)
    rollups.recount_scopes(
        (assays[pk].workspace_id, assays[pk].pipeline_id, hour) for pk, touched in hours.items() for hour in touched
    )
    signals.recounted.send(Assay, hours=hours)


def _newly_read(before: Span | None, now: Span | None) -> Iterator[Span]:
    if now is None or before == now:
        return
    if before is None:
        yield now
    else:
        yield from (span for span in (Span(now.after, before.after), Span(before.until, now.until)) if span)


def _touched(assay: Assay, fields: Sequence[Field], hours: set[int]) -> rollups.Touched:
    read = _read_span(assay)
    assert read is not None
    return rollups.Touched(assay.plan, read, tuple(row.pk for row in fields), frozenset(hours))


def _refresh(
    written: Iterable[_Written],
    before: dict[UUID, Span | None],
    assays: dict[UUID, Assay],
    fields: dict[UUID, list[Field]],
    now: datetime,
) -> None:
    """Only assays of which something changed are looked at as a whole; of the others, only whether they are late."""
    touched = {one.assay_id for one in written}
    changed = {
        pk
        for pk, assay in assays.items()
        if pk in touched or before[pk] != _read_span(assay) or assay.paused_since is not None
    }
    standing.refresh([assays[pk] for pk in sorted(changed)], fields, now)
    for pk in assays.keys() - changed:
        standing.judge(assays[pk], fields[pk], now)


def _faults(visits: Iterable[Visit]) -> Iterator[faults.Fault]:
    for done in visits:
        if done.error:
            yield faults.Fault(done.assay_id, done.error.endpoint, done.error.text)
        if done.doubt:
            yield faults.Fault(done.assay_id, NEXT_RUN, done.doubt)
        for reading in done.readings:
            for bad in reading.listing.bad:
                yield faults.Fault(done.assay_id, RESULTS, bad.problem)


def _report(visits: Sequence[Visit], written: Sequence[_Written], assays: dict[UUID, Assay], now: datetime) -> Report:
    unreadable = sum(len(reading.listing.bad) for done in visits for reading in done.readings)
    errors = tuple(str(done.error) for done in visits if done.error)
    failed = {done.assay_id for done in visits if done.error}
    unfinished = frozenset(pk for pk, row in assays.items() if pk not in failed and not is_caught_up(row, now))
    return Report(len(visits), len(written), unreadable, errors, unfinished)


def run_pass(client: Client, ids: Iterable[UUID], concurrency: int) -> Iterator[Report]:
    """One pass by hand: visits the assays until all that upstream has of them is kept. A failed one is left at that."""
    pending = list(ids)
    with ThreadPoolExecutor(concurrency) as pool:
        while pending:
            unfinished: set[UUID] = set()
            for chunk in (pending[start : start + concurrency] for start in range(0, len(pending), concurrency)):
                now = datetime.now(UTC)
                visits = list(pool.map(partial(visit, client, now=now), Assay.objects.filter(pk__in=chunk)))
                report = store(visits, datetime.now(UTC))
                unfinished |= report.unfinished
                yield report
            pending = [pk for pk in pending if pk in unfinished]
