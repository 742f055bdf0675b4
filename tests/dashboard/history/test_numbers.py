"""Shares, states and days in drift as plain arithmetic would have them."""

import numpy as np

from assays.schedule import micros
from assays.states import State
from dashboard.history import numbers
from dashboard.history.numbers import During, Tally
from tests.dashboard.history.conftest import DAY, START

A, W, F, O, N = State.ALERT, State.WARNING, State.FAILED, State.OK, numbers.NOTHING  # noqa: E741


def states(*rows: list[int]) -> numbers.States:
    return np.array(rows, dtype=np.uint8)


def test_a_share_is_of_windows_with_a_score_and_coverage_of_those_scheduled() -> None:
    tally = Tally(ok=6, warning=1, alert=1, failed=2, no_data=10)
    assert (tally.share_ok, tally.coverage) == (0.75, 0.5)
    assert (Tally(failed=3).share_ok, Tally().coverage) == (None, None)


def test_the_worst_window_gives_a_day_its_state() -> None:
    day = [[9, 1, 1, 1, 1], [9, 1, 0, 1, 0], [9, 0, 0, 1, 0], [9, 0, 0, 0, 5], [0, 0, 0, 0, 5], [0, 0, 0, 0, 0]]
    assert numbers.states(np.array([day], dtype=np.uint8))[0].tolist() == [A, W, F, O, N, N]


def test_sums_of_small_numbers_do_not_overflow() -> None:
    counts = np.full((4, 3, 5), 255, dtype=np.uint8)
    daily = numbers.daily(counts)
    assert numbers.tally(daily).ok == 12 * 255
    assert numbers.tallies(counts, np.array([0, 0, 0, 1]), 2)[0].ok == 9 * 255
    assert numbers.by_stretch(daily, [slice(0, 2), slice(2, 3)])[0].ok == 8 * 255


def test_a_weekly_window_stands_for_its_week() -> None:
    found = states([N] * 7 + [A] + [N] * 6 + [O])[0]
    assert numbers.spread(found, 7, early=True).tolist() == [A] * 7 + [O] * 7 + [N]
    assert numbers.spread(found, 7, early=False).tolist() == [N] + [A] * 7 + [O] * 7


def test_a_week_without_a_window_stays_empty() -> None:
    found = states([O] + [N] * 13 + [A])[0]
    assert numbers.spread(found, 7, early=False).tolist() == [O] + [N] * 7 + [A] * 7


def test_the_worst_of_an_assays_fields_is_its_state() -> None:
    found = states([O, W, N], [A, O, N], [O, O, O])
    assert numbers.worst(found, np.array([0, 0, 1]), 3).tolist() == [[A, W, N], [O, O, O], [N, N, N]]


def test_days_in_drift_are_those_in_warning_or_alert() -> None:
    assert numbers.days_in_drift(states([A, W, F, O, N], [O, O, O, O, O])).tolist() == [2, 0]


def test_a_week_shows_its_worst_day() -> None:
    assert numbers.by_week(states([O, O, W, N, N]), [slice(0, 2), slice(2, 4), slice(4, 5)]).tolist() == [[O, W, N]]


def test_a_pause_shows_where_nothing_ran_and_lateness_before_ok() -> None:
    starts = np.array([micros(START + k * DAY) for k in range(6)])
    found = states([O, N, N, W, O])
    part = During(0, micros(START + DAY / 2), micros(START + 4 * DAY))
    assert numbers.overlaid(found, [part], State.PAUSED, starts).tolist() == [[O, State.PAUSED, State.PAUSED, W, O]]
    late = [State.LATE, State.LATE, State.LATE, W, O]
    assert numbers.overlaid(found, [part], State.LATE, starts).tolist() == [late]


def test_what_began_before_and_lasts_beyond_touches_every_day() -> None:
    starts = np.array([micros(START + k * DAY) for k in range(3)])
    forever = During(0, 0, np.iinfo(np.int64).max)
    assert numbers.overlaid(states([N, N]), [forever], State.PAUSED, starts).tolist() == [[State.PAUSED] * 2]
