"""The counted windows of one field and kind out of the cache, and how much of them a touched window can concern."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from django.db import connection

from assays.coverage import Span
from assays.incidents import absence
from assays.incidents.derive import BEGINNING, Floats, Ints, Rule, Windows, closings, is_whole
from assays.incidents.models import Kind, LocalThreshold
from assays.models import Assay, Field, Score
from assays.schedule import MICROSECOND, micros, moment, window_ends
from assays.series import pauses_within, read_part
from assays.states import State

END = 1 << 62
"""After every window."""

FIRST_LOOK = 64
"""Periods that are read around a touched window at first."""


@dataclass(frozen=True, slots=True)
class Source:
    """One field's windows as one kind counts them."""

    assay: Assay
    field: Field
    kind: Kind
    local: LocalThreshold | None = None

    @property
    def step(self) -> int:
        """The longer of period and width, in microseconds."""
        plan = self.assay.plan
        return max(plan.period or plan.width, plan.width) // MICROSECOND

    @property
    def first(self) -> int:
        """Before every window there can be."""
        return micros(self.assay.first_run) - self.step

    def between(self, after: int, until: int) -> Windows:
        """The counted windows with after < end <= until."""
        if self.kind == Kind.NO_DATA:
            return self._with_gaps(max(after, self.first), until)
        return judged(self._rows(after, until), self.kind, self.local)

    def _rows(self, after: int, until: int) -> Sequence[tuple[int, int, int, float | None]]:
        with connection.cursor() as cursor:
            cursor.execute(_ROWS, [self.field.pk, after, until])
            rows: Sequence[tuple[int, int, int, float | None]] = cursor.fetchall()
            return rows

    def _with_gaps(self, after: int, until: int) -> Windows:
        plan = self.assay.plan
        if plan.period is None or after >= until:
            return judged([], self.kind)
        period = plan.period // MICROSECOND
        rows = self._rows(after - absence.lag(plan) - 2 * period, until)
        ends = np.array([row[0] for row in rows], dtype=np.int64)
        scored = np.array([row[2] for row in rows], dtype=np.int64) != State.FAILED
        missing = np.setdiff1d(scheduled(self.assay, after, until), ends)
        unusual = missing[absence.is_unusual(missing, ends[scored], plan)]
        return with_gaps(np.unique(ends[scored & (ends > after)]), unusual, plan.width // MICROSECOND)


LAST = micros(datetime.max.replace(tzinfo=UTC)) - 1
"""The last moment that can be written as a time."""


def scheduled(assay: Assay, after: int, until: int) -> Ints:
    """The ends that the schedule names in what has been read, pauses aside."""
    span = read_part(assay, Span(moment(after), moment(min(until, LAST))))
    ends = window_ends(assay.plan, span.after, span.until) if span else np.empty(0, dtype=np.int64)
    for pause in pauses_within(assay, span) if len(ends) else ():
        stop = micros(pause.ended_at) if pause.ended_at else END
        ends = ends[(ends <= micros(pause.began_at)) | (ends > stop)]
    return ends


_ROWS = f"""
SELECT window_end, window_start, state, score FROM {Score._meta.db_table}
WHERE field_id = %s AND window_end > %s AND window_end <= %s ORDER BY window_end, window_start
"""


def judged(
    rows: Sequence[tuple[int, int, int, float | None]], kind: Kind, local: LocalThreshold | None = None
) -> Windows:
    """Rows of (end, start, state, score) as drift or failed runs count them; local thresholds judge scores anew."""
    columns = list(zip(*rows, strict=True)) or [()] * 4
    end, start, state = (np.array(column, dtype=np.int64) for column in columns[:3])
    score = np.array(columns[3], dtype=np.float64)
    if kind == Kind.FAILED:
        return Windows(end, start, state == State.FAILED, state, np.full(len(end), np.nan))
    scored = state != State.FAILED
    state = _by_local(score, local) if local else state
    return Windows(end[scored], start[scored], (state != State.OK)[scored], state[scored], score[scored])


def _by_local(score: Floats, local: LocalThreshold) -> Ints:
    warning = np.inf if local.warning is None else local.warning
    alert = np.inf if local.alert is None else local.alert
    return np.where(score >= alert, int(State.ALERT), np.where(score >= warning, int(State.WARNING), int(State.OK)))


def with_gaps(present: Ints, missing: Ints, width: int) -> Windows:
    """Windows with data as Ok ones, and those whose data is missed as bad ones."""
    ends = np.concatenate([present, missing])
    bad = np.concatenate([np.zeros(len(present), dtype=np.bool_), np.ones(len(missing), dtype=np.bool_)])
    order = np.argsort(ends, kind="stable")
    state = np.where(bad, int(State.NO_DATA), int(State.OK))
    ends, bad, state = ends[order], bad[order], state[order]
    return Windows(ends, ends - width, bad, state, np.full(len(ends), np.nan))


def with_context(source: Source, since: int, until: int, rule: Rule) -> Windows:
    """The windows with since < end <= until, and of those before as many as they are counted back to."""
    if rule.reach == 1:
        return source.between(since, until)
    look = 2 * rule.reach * source.step
    while True:
        windows = source.between(since - look, until)
        if is_whole(windows, rule, since) or since - look <= source.first:
            return windows
        look *= 4


@dataclass(frozen=True, slots=True)
class Region:
    """All that touched windows can concern: what ends after `left` and until `right`; at both nothing is open."""

    windows: Windows
    left: int
    right: int


def region(source: Source, rule: Rule, touched: tuple[int, int]) -> Region:
    """From the last closing before the first of two touched ends to the first closing that they cannot have moved."""
    look = FIRST_LOOK * source.step
    while True:
        after, until = touched[0] - look, touched[1] + look
        windows = source.between(after, until)
        lefts, rights = closings(windows, rule, touched)
        begins = after <= source.first
        ends = until >= _newest(source)
        left = int(windows.end[lefts[-1]]) if len(lefts) else BEGINNING if begins else None
        right = int(windows.end[rights[0]]) if len(rights) else END if ends else None
        if left is not None and right is not None:
            return Region(windows.until(right), left, right)
        look *= 4


def _newest(source: Source) -> int:
    newest = Score.objects.filter(field=source.field).order_by("-window_end").values_list("window_end", flat=True)
    ends = [end for end in (newest.first(), source.assay.read_to) if end is not None]
    return micros(max(ends)) if ends else BEGINNING
