"""When windows should exist, when a run is late, and when to ask again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assays.schedule import (
    FIRST_ASK,
    Plan,
    back_off,
    count,
    late_after,
    micros,
    moment,
    newest_end,
    next_ask,
    next_end,
    window_ends,
)
from tests.support.messages import START

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
minutes = st.integers(-300, 300).map(lambda n: START + n * MINUTE)
plans = st.builds(
    Plan,
    first_run=minutes,
    period=st.integers(1, 90).map(lambda n: n * MINUTE),
    width=st.just(HOUR),
    end=st.none() | minutes,
)


def slowly(plan: Plan, after: datetime, until: datetime) -> list[datetime]:
    ends, end = [], plan.first_run
    assert plan.period is not None
    while end <= until and (plan.end is None or end <= plan.end):
        if end > after:
            ends.append(end)
        end += plan.period
    return ends


@given(plans, minutes, minutes)
def test_windows_are_those_of_the_schedule(plan: Plan, after: datetime, until: datetime) -> None:
    expected = slowly(plan, after, until)
    assert [moment(end) for end in window_ends(plan, after, until)] == expected
    assert count(plan, after, until) == len(expected)


@given(plans, minutes)
def test_the_next_and_the_newest_window_lie_around_a_moment(plan: Plan, at: datetime) -> None:
    far = START + 1000 * HOUR
    everything = slowly(plan, START - 1000 * HOUR, far if plan.end is None else min(far, plan.end))
    assert newest_end(plan, at) == max((end for end in everything if end <= at), default=None)
    assert next_end(plan, at) == min((end for end in everything if end > at), default=None)


def test_of_a_cron_schedule_nothing_is_expected() -> None:
    plan = Plan(START, None, HOUR)
    assert list(window_ends(plan, START - DAY, START + DAY)) == []
    assert (count(plan, START, START + DAY), next_end(plan, START), newest_end(plan, START)) == (0, None, None)


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_survive_being_counted(at: datetime) -> None:
    assert moment(micros(at)) == at


@pytest.mark.parametrize(
    ("period", "grace"), [(MINUTE, 2 * MINUTE), (HOUR, 6 * MINUTE), (DAY, 30 * MINUTE), (None, 30 * MINUTE)]
)
def test_a_run_is_late_a_tenth_of_its_period_after_it_was_due(period: timedelta | None, grace: timedelta) -> None:
    assert late_after(START, period) == START + grace


def test_the_first_ask_is_shortly_after_the_next_run() -> None:
    assert next_ask(START - HOUR, START, DAY, 0) == START + FIRST_ASK


@pytest.mark.parametrize(("tries", "seconds"), [(1, 10), (2, 20), (3, 40), (4, 80), (9, 900), (99, 900)])
def test_a_run_that_does_not_come_is_asked_for_less_and_less_often(tries: int, seconds: int) -> None:
    now = START + HOUR
    assert next_ask(now, START, DAY, tries) == now + timedelta(seconds=seconds)


def test_a_run_of_each_minute_is_asked_for_at_least_each_minute() -> None:
    now = START + HOUR
    assert next_ask(now, START, MINUTE, 99) == now + MINUTE


@pytest.mark.parametrize(("tries", "seconds"), [(0, 10), (1, 20), (2, 40), (9, 900), (99, 900)])
def test_an_assay_without_a_next_run_is_asked_ever_less_often_while_nothing_moves(tries: int, seconds: int) -> None:
    assert next_ask(START, None, DAY, tries) == START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("tries", "wait", "seconds"), [(1, None, 10), (3, None, 40), (50, None, 900), (1, timedelta(seconds=60), 60)]
)
def test_failures_are_backed_off_and_upstreams_wish_is_heeded(tries: int, wait: timedelta | None, seconds: int) -> None:
    assert back_off(START, tries, wait) == START + timedelta(seconds=seconds)
