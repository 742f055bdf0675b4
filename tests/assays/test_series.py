"""Windows as arrays: bounded, complete, and with every alert that lies in the range."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assays import series
from assays.coverage import Span
from assays.models import Assay, Field, HourRollup, Pause, Score
from assays.schedule import micros
from assays.states import State

START = datetime(2026, 6, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SCORELESS = (State.FAILED, State.NO_DATA)


def windows(states: list[State], scores: list[float] | None = None) -> series.Windows:
    many = len(states)
    given = scores or [0.5 if state not in SCORELESS else np.nan for state in states]
    ends = np.array([micros(START + HOUR * k) for k in range(many)], dtype=np.int64)
    nothing = np.full(many, np.nan)
    return series.Windows(
        ends, ends, np.array([int(s) for s in states]), np.array(given), np.full(many, 9), nothing, nothing
    )


window_states = st.sampled_from([State.OK, State.OK, State.OK, State.WARNING, State.ALERT, State.FAILED, State.NO_DATA])


@settings(max_examples=60, deadline=None)
@given(st.lists(window_states, min_size=1, max_size=700), st.integers(10, 200))
def test_every_bucket_with_a_marked_window_keeps_one_of_that_kind(states: list[State], most: int) -> None:
    drawn = series.buckets(windows(states), most)
    size = 1 if len(states) <= most else -(-len(states) // (most // 2))
    for kind in series.MARKED:
        kept = {(at - micros(START)) // series.HOUR // size for at in drawn.marks[kind][0].tolist()}
        assert kept == {k // size for k, state in enumerate(states) if state == kind}


@settings(max_examples=60, deadline=None)
@given(st.lists(window_states, max_size=700), st.integers(10, 200))
def test_no_trace_is_longer_than_what_was_asked_for(states: list[State], most: int) -> None:
    drawn = series.buckets(windows(states), most)
    assert len(drawn.at) <= most
    assert all(len(at) <= most for at, _ in drawn.marks.values())
    assert drawn.of == len(states)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 5), min_size=30, max_size=400))
def test_the_highest_score_is_never_lost(scores: list[float]) -> None:
    drawn = series.buckets(windows([State.ALERT] * len(scores), scores), 10)
    assert drawn.marks[State.ALERT][1].max() == max(scores)
    assert np.nanmax(drawn.high) == max(scores)
    assert np.nanmin(drawn.low) == min(scores)


def test_few_windows_are_left_as_they_are() -> None:
    drawn = series.buckets(windows([State.OK, State.FAILED, State.OK]))
    assert not drawn.merged
    assert drawn.mean[0] == drawn.low[0] == drawn.high[0] == 0.5
    assert np.isnan(drawn.mean[1])


def test_nothing_makes_no_bucket() -> None:
    assert len(series.buckets(windows([])).at) == 0


@pytest.fixture
def field(db: None) -> Field:
    assay = Assay.objects.create(
        id=UUID(int=1),
        name="hourly",
        active=True,
        pipeline_id=1,
        pipeline_name="p",
        workspace_id=1,
        workspace_name="w",
        message=b"{}",
        fingerprint=0,
        created_at=START,
        updated_at=START,
        first_run=START,
        period_seconds=3600,
        width_seconds=3600,
        read_from=START - HOUR,
        read_to=START + 10 * DAY,
    )
    return Field.objects.create(assay=assay, key="out.a", mark=1, position=0, warning=0.2, alert=0.5)


def keep(field: Field, k: int, state: State, score: float | None) -> None:
    end = START + HOUR * k
    Score.objects.create(field=field, window_start=end - HOUR, window_end=end, state=state, score=score, rows=7)


def test_windows_are_read_within_the_spans_and_no_further(field: Field) -> None:
    for k in range(10):
        keep(field, k, State.OK, k / 10)
    found = series.read(field.pk, [Span(START, START + 2 * HOUR), Span(START + 7 * HOUR, START + 8 * HOUR)])
    assert found.score.tolist() == [0.1, 0.2, 0.8]


def test_spans_that_overlap_give_each_window_once(field: Field) -> None:
    for k in range(6):
        keep(field, k, State.OK, k / 10)
    spans = [Span(START + HOUR, START + 4 * HOUR), Span(START, START + 2 * HOUR), Span(START, START)]
    assert series.read(field.pk, spans).score.tolist() == [0.1, 0.2, 0.3, 0.4]
    assert len(series.read(field.pk, [Span(START, START)])) == 0


def test_a_window_that_left_no_result_is_there_without_data(field: Field) -> None:
    keep(field, 1, State.OK, 0.1)
    keep(field, 3, State.FAILED, None)
    span = Span(START, START + 4 * HOUR)
    found = series.with_missing(series.read(field.pk, [span]), field.assay, [span], [])
    assert found.state.tolist() == [State.OK, State.NO_DATA, State.FAILED, State.NO_DATA]


def test_what_has_not_been_read_is_not_called_missing(field: Field) -> None:
    field.assay.read_to = START + HOUR
    span = Span(START, START + 4 * HOUR)
    assert len(series.with_missing(series.read(field.pk, [span]), field.assay, [span], [])) == 1
    assert series.expected(field.assay, span) == 1


def test_a_pause_leaves_no_windows_without_data(field: Field) -> None:
    pause = Pause.objects.create(assay=field.assay, began_at=START + HOUR, ended_at=START + 3 * HOUR)
    span = Span(START, START + 4 * HOUR)
    found = series.with_missing(series.read(field.pk, [span]), field.assay, [span], [pause])
    assert found.end.tolist() == [micros(START + HOUR), micros(START + 4 * HOUR)]
    assert series.pauses_within(field.assay, span) == [pause]
    assert series.pauses_within(field.assay, Span(START + 3 * HOUR, START + 5 * HOUR)) == []


def test_hours_tell_the_worst_of_each_bucket(field: Field) -> None:
    for k, (worst, highest) in enumerate([(State.OK, 0.1), (State.ALERT, 0.9), (State.WARNING, 0.3), (State.OK, 0.2)]):
        HourRollup.objects.create(
            field=field,
            hour=START + HOUR * k,
            worst=worst,
            ok=1,
            alert=int(worst == State.ALERT),
            warning=int(worst == State.WARNING),
            lowest=0.05,
            highest=highest,
            total=highest + 0.05,
        )
    drawn = series.hours(field.pk, Span(START, START + 4 * HOUR), most=2)
    assert drawn.seconds == 2 * 3600
    assert drawn.marks[State.ALERT][1].tolist() == [0.9]
    assert drawn.marks[State.WARNING][1].tolist() == [0.3]
    assert drawn.high.tolist() == [0.9, 0.3]
    assert drawn.of == 6


def test_counts_are_those_of_the_hours(field: Field) -> None:
    HourRollup.objects.create(field=field, hour=START, worst=State.ALERT, ok=3, alert=2, no_data=1)
    counted = series.counts(field.pk, Span(START - HOUR, START + HOUR))
    assert (counted[State.OK], counted[State.ALERT], counted[State.NO_DATA], counted[State.FAILED]) == (3, 2, 1, 0)


def test_a_page_of_windows_is_counted_from_the_newest_by_the_schedule(field: Field) -> None:
    whole = Span(START, START + 10 * HOUR)
    assert series.newest(field.assay, whole, 0, 4) == Span(START + 6 * HOUR, START + 10 * HOUR)
    assert series.newest(field.assay, whole, 8, 4) == Span(START, START + 2 * HOUR)
