"""The cache as arrays for charts and tables, bounded whatever the range, and never without an alert that lies in it.

Times are microseconds since 1970, UTC; a span is after < window_end <= until.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from assays.coverage import Span
from assays.models import Assay, HourRollup, Pause, Score
from assays.schedule import MICROSECOND, Micros, count, micros, window_ends
from assays.states import State

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Indexes = NDArray[np.intp]

MOST_POINTS = 2_000
MOST_WINDOWS = 12_000
"""Of more windows than this a chart is drawn from the hours."""

HOUR = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of one field, oldest first. NaN is no score or no threshold, -1 no rows, a start of 0 no result."""

    end: Ints
    start: Ints
    state: Ints
    score: Floats
    rows: Ints
    warning: Floats
    alert: Floats

    def __len__(self) -> int:
        return len(self.end)

    def take(self, places: Indexes | NDArray[np.bool_]) -> Windows:
        return Windows(*(getattr(self, name)[places] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Buckets:
    """What stands for `of` windows: at most one point of each kind a bucket.

    A bucket's `low`, `mean` and `high` are NaN where it holds no score. `marks` holds, for each kind of window that
    must not be lost, where it is drawn and its worst score (NaN for failed and no data). `merged` tells that a bucket
    may hold several windows; `seconds` is its length when it was made of hours, and `at` then its middle.
    """

    at: Ints
    low: Floats
    mean: Floats
    high: Floats
    rows: Floats
    marks: dict[State, tuple[Ints, Floats]]
    of: int
    merged: bool = False
    seconds: int = 0


MARKED = (State.ALERT, State.WARNING, State.FAILED, State.NO_DATA)

_COLUMNS = "window_end, window_start, state, score, rows, warning, alert"


def read(field_id: int, spans: Sequence[Span]) -> Windows:
    """The windows kept of a field within any of the spans, by one query.

    A union, for SQLite answers an OR of two ranges by walking through all of the field's windows.
    """
    apart = _apart(spans)
    if not apart:
        return _windows([])
    part = f"SELECT {_COLUMNS} FROM {Score._meta.db_table} WHERE field_id = %s AND window_end > %s AND window_end <= %s"
    bounds = [value for span in apart for value in (field_id, micros(span.after), micros(span.until))]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join([part] * len(apart)) + " ORDER BY window_end", bounds)
        return _windows(cursor.fetchall())


def _apart(spans: Iterable[Span]) -> list[Span]:
    """The same stretches of time, none of them overlapping another."""
    apart: list[Span] = []
    for span in sorted(filter(None, spans), key=lambda span: span.after):
        joined = span.joined(apart[-1]) if apart else None
        apart = [*apart[:-1], joined] if joined else [*apart, span]
    return apart


def _windows(rows: Sequence[tuple[object, ...]]) -> Windows:
    columns = list(zip(*rows, strict=True)) or [()] * 7
    end, start, state = (np.array(column, dtype=np.int64) for column in columns[:3])
    score, rows_, warning, alert = (np.array(column, dtype=np.float64) for column in columns[3:])
    return Windows(end, start, state, score, np.where(np.isnan(rows_), -1, rows_).astype(np.int64), warning, alert)


def with_missing(windows: Windows, assay: Assay, spans: Sequence[Span], pauses: Sequence[Pause]) -> Windows:
    """The same, with a window without data wherever the schedule names one, it has been read, and there is none."""
    parts = [read_part(assay, span) for span in spans]
    ends = [window_ends(assay.plan, part.after, part.until) for part in parts]
    expected = np.unique(np.concatenate(ends)) if ends else np.empty(0, dtype=np.int64)
    missing = np.setdiff1d(expected, windows.end)
    missing = missing[~_paused(missing, pauses)]
    return _merged(windows, missing) if len(missing) else windows


def read_part(assay: Assay, span: Span) -> Span:
    """The part of a span that has been read, which may be empty."""
    if assay.read_from is None or assay.read_to is None:
        return Span(span.after, span.after)
    after = max(span.after, assay.read_from)
    return Span(after, max(after, min(span.until, assay.read_to)))


def _paused(ends: Micros, pauses: Iterable[Pause]) -> NDArray[np.bool_]:
    within = np.zeros(len(ends), dtype=np.bool_)
    for pause in pauses:
        stop = micros(pause.ended_at) if pause.ended_at else np.iinfo(np.int64).max
        within |= (ends > micros(pause.began_at)) & (ends <= stop)
    return within


def _merged(windows: Windows, missing: Micros) -> Windows:
    many = len(missing)
    nothing = np.full(many, np.nan)
    state = np.full(many, int(State.NO_DATA))
    added = Windows(missing, np.zeros(many, dtype=np.int64), state, nothing, np.full(many, -1), nothing, nothing)
    both = [np.concatenate([getattr(windows, name), getattr(added, name)]) for name in Windows.__slots__]
    return Windows(*both).take(np.argsort(both[0], kind="stable"))


def pauses_within(assay: Assay, span: Span) -> list[Pause]:
    """The pauses that touch a span, oldest first."""
    began = Pause.objects.filter(assay=assay, began_at__lt=span.until).order_by("began_at")
    return [pause for pause in began if pause.ended_at is None or pause.ended_at > span.after]


def expected(assay: Assay, span: Span) -> int:
    """How many windows the schedule names in the part of a span that has been read; 0 on Cron."""
    part = read_part(assay, span)
    return count(assay.plan, part.after, part.until)


def buckets(windows: Windows, most: int = MOST_POINTS) -> Buckets:
    """Windows as at most `most` points a kind; no more than `most` windows are left as they are."""
    size = max(1, -(-len(windows) // (most if len(windows) <= most else most // 2)))
    starts = np.arange(0, len(windows), size)
    of = np.arange(len(windows)) // size
    marks = {state: _worst_of(windows, state, of) for state in MARKED}
    low, mean, high, rows = _reduced(windows, starts)
    at = windows.end[np.minimum(starts + size - 1, max(0, len(windows) - 1))] if len(windows) else windows.end
    return Buckets(at, low, mean, high, rows, marks, len(windows), merged=size > 1)


def _worst_of(windows: Windows, state: State, of: Ints) -> tuple[Ints, Floats]:
    """Of each bucket's windows in one state the one with the highest score."""
    places = np.flatnonzero(windows.state == state)
    ranked = places[np.lexsort((-np.nan_to_num(windows.score[places], nan=-1.0), of[places]))]
    first = np.unique(of[ranked], return_index=True)[1]
    chosen = np.sort(ranked[first])
    return windows.end[chosen], windows.score[chosen]


def _reduced(windows: Windows, starts: Ints) -> tuple[Floats, Floats, Floats, Floats]:
    if not len(windows):
        return (np.empty(0),) * 4
    scored = ~np.isnan(windows.score)
    many = np.add.reduceat(scored.astype(np.int64), starts)
    low = np.fmin.reduceat(windows.score, starts)
    high = np.fmax.reduceat(windows.score, starts)
    total = np.add.reduceat(np.where(scored, windows.score, 0.0), starts)
    mean = np.divide(total, many, out=np.full(len(starts), np.nan), where=many > 0)
    rows = np.fmax.reduceat(np.where(windows.rows < 0, np.nan, windows.rows), starts)
    return low, mean, high, rows


_HOURS = "hour, ok, warning, alert, failed, no_data, worst, lowest, highest, total"


def hours(field_id: int, span: Span, most: int = MOST_POINTS) -> Buckets:
    """The same from the hour rollups, in buckets of whole hours."""
    kept = f"FROM {HourRollup._meta.db_table} WHERE field_id = %s AND hour > %s AND hour <= %s"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_HOURS} {kept} ORDER BY hour", [field_id, micros(span.after) - HOUR, micros(span.until)]
        )
        rows = np.array(cursor.fetchall(), dtype=np.float64).reshape(-1, 10)
    return _bucketed_hours(rows, most)


def _bucketed_hours(rows: Floats, most: int) -> Buckets:
    hour = rows[:, 0].astype(np.int64)
    width = _bucket_hours(hour, most)
    of = hour // (width * HOUR)
    starts = np.flatnonzero(np.diff(of, prepend=of[0] - 1)) if len(of) else np.empty(0, dtype=np.int64)
    ok, warning, alert, failed, no_data, worst, lowest, highest, total = rows[:, 1:].T
    scored = ok + warning + alert
    many = np.add.reduceat(scored, starts) if len(starts) else np.empty(0)
    sums = np.add.reduceat(np.nan_to_num(total), starts) if len(starts) else np.empty(0)
    marks = {
        State.ALERT: _peaks(hour, np.where(worst == State.ALERT, highest, np.nan), worst == State.ALERT, of),
        State.WARNING: _peaks(hour, np.where(worst == State.WARNING, highest, np.nan), worst == State.WARNING, of),
        State.FAILED: _peaks(hour, np.full(len(hour), np.nan), failed > 0, of),
        State.NO_DATA: _peaks(hour, np.full(len(hour), np.nan), (no_data > 0) & (scored + failed == 0), of),
    }
    return Buckets(
        of[starts] * width * HOUR + width * HOUR // 2 if len(starts) else hour,
        np.fmin.reduceat(lowest, starts) if len(starts) else lowest,
        np.divide(sums, many, out=np.full(len(starts), np.nan), where=many > 0),
        np.fmax.reduceat(highest, starts) if len(starts) else highest,
        np.full(len(starts), np.nan),
        marks,
        int((scored + failed + no_data).sum()),
        merged=True,
        seconds=width * 3600,
    )


def _bucket_hours(hour: Ints, most: int) -> int:
    """The shortest of the usual lengths with which no more than `most` buckets are needed."""
    spanned = int(hour[-1] - hour[0]) // HOUR + 1 if len(hour) else 1
    return next((width for width in (1, 2, 3, 4, 6, 8, 12, 24, 48) if spanned <= width * most), 168)


def _peaks(hour: Ints, score: Floats, wanted: NDArray[np.bool_], of: Ints) -> tuple[Ints, Floats]:
    places = np.flatnonzero(wanted)
    ranked = places[np.lexsort((-np.nan_to_num(score[places], nan=-1.0), of[places]))]
    chosen = np.sort(ranked[np.unique(of[ranked], return_index=True)[1]])
    return hour[chosen] + HOUR // 2, score[chosen]


def counts(field_id: int, span: Span) -> dict[State, int]:
    """How many windows of each state end in a span, to the hour: from the rollups, for ranges cut at whole hours."""
    sums = ", ".join(f"COALESCE(SUM({name}), 0)" for name in ("ok", "warning", "alert", "failed", "no_data"))
    sql = f"SELECT {sums} FROM {HourRollup._meta.db_table} WHERE field_id = %s AND hour > %s AND hour <= %s"
    with connection.cursor() as cursor:
        cursor.execute(sql, [field_id, micros(span.after) - HOUR, micros(span.until)])
        row = cursor.fetchone()
    return dict(zip((State.OK, State.WARNING, State.ALERT, State.FAILED, State.NO_DATA), map(int, row), strict=True))


def around(assay: Assay, end: datetime, before: int, after: int) -> Span:
    """The span of the windows beside one, by the schedule; on Cron a guess by the window's width."""
    step = assay.plan.period or assay.plan.width
    return Span(end - before * step - MICROSECOND, end + after * step)


def newest(assay: Assay, span: Span, skip: int, many: int) -> Span:
    """The span of `many` windows of a longer one, counted from its newest; on Cron the whole span."""
    period = assay.plan.period
    if period is None:
        return span
    last = span.until - skip * period
    return Span(max(span.after, last - many * period), max(span.after, last))
