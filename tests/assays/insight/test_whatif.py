"""Thresholds tried on a history: against the incidents' own derivation, and against going through window by window."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assays.incidents.derive import Rule, Windows, derive
from assays.insight.packs import NOTHING, History
from assays.insight.whatif import Cost, Marked, Replay, cost, recommend
from assays.states import of_score

HOUR = 3_600_000_000
DAY = 24 * HOUR


def hourly(scores: list[float], width: int = 1, gaps: list[bool] | None = None) -> History:
    ends = np.arange(1, len(scores) + 1) * HOUR
    kept = ~np.array(gaps[: len(scores)], dtype=np.bool_) if gaps else np.ones(len(scores), dtype=np.bool_)
    return History(ends, ends - width * HOUR, np.array(scores, dtype=np.float64)).take(kept)


def spans(history: History, warning: float | None, alert: float | None, rule: Rule) -> list[tuple[int, int, int]]:
    found = Replay(history, rule).outcome(warning, alert).incidents
    places = zip(found.first, found.opened, found.last, strict=True)
    return [tuple(int(history.end[place]) for place in three) for three in places]  # type: ignore[misc]


def obvious(history: History, alert: float, rule: Rule) -> list[tuple[int, int, int]]:
    """Window by window, counting back through lists."""
    windows = list(zip(history.end.tolist(), history.start.tolist(), (history.score >= alert).tolist(), strict=True))
    found: list[tuple[int, int, int]] = []
    is_open, closed = False, -1
    for place, (end, _, bad) in enumerate(windows):
        counted = [place]
        while earlier := [k for k in range(place) if windows[k][0] <= windows[counted[-1]][1]]:
            counted.append(earlier[-1])
        of_open, of_close = counted[: rule.n], counted[: rule.m]
        if bad and not is_open and sum(windows[k][2] for k in of_open) >= rule.k:
            begins = [windows[k][0] for k in of_open if windows[k][2] and windows[k][0] > closed]
            found.append((begins[-1], end, end))
            is_open = True
        elif bad and is_open:
            found[-1] = (*found[-1][:2], end)
        elif not bad and is_open and len(of_close) == rule.m and not any(windows[k][2] for k in of_close):
            is_open, closed = False, end
    return found


rules = st.integers(1, 4).flatmap(lambda n: st.builds(Rule, st.integers(1, n), st.just(n), st.integers(1, 3)))
histories = st.builds(
    hourly,
    st.lists(st.sampled_from([0.0, 0.1, 0.2, 0.3]), max_size=40),
    st.integers(1, 4),
    st.lists(st.booleans(), min_size=40, max_size=40) | st.none(),
)


@settings(max_examples=300, deadline=None)
@given(histories, rules)
def test_incidents_are_those_found_window_by_window(history: History, rule: Rule) -> None:
    assert spans(history, None, 0.2, rule) == obvious(history, 0.2, rule)


@settings(max_examples=300, deadline=None)
@given(histories, rules)
def test_incidents_are_those_that_driftline_opens(history: History, rule: Rule) -> None:
    states = np.array([int(of_score(score, 0.2, 0.3)) for score in history.score.tolist()], dtype=np.int64)
    windows = Windows(history.end, history.start, history.score >= 0.2, states, history.score)
    spells = [(spell.first_bad, spell.opened, spell.last_bad) for spell in derive(windows, rule)]
    assert spans(history, 0.2, 0.3, rule) == spells


def test_windows_are_counted_by_the_worse_threshold_they_reach() -> None:
    found = Replay(hourly([0.1, 0.2, 0.25, 0.3, 0.0]), Rule()).outcome(0.2, 0.3)
    assert (found.windows, found.warnings, found.alerts, len(found.incidents)) == (5, 2, 1, 1)


def test_a_null_threshold_never_fires() -> None:
    replay = Replay(hourly([0.1, 0.9]), Rule())
    assert len(replay.outcome(None, None).incidents) == 0
    assert replay.outcome(0.5, None).warnings == 1


def test_nothing_makes_no_incident() -> None:
    found = Replay(NOTHING, Rule(2, 3)).outcome(0.1, 0.2)
    assert (found.windows, len(found.incidents)) == (0, 0)


def test_overlapping_windows_are_no_independent_evidence() -> None:
    four_hours_bad = hourly([0.0] * 4 + [0.5] * 4 + [0.0] * 4, width=8)
    assert len(Replay(four_hours_bad, Rule()).outcome(None, 0.5).incidents) == 1
    assert len(Replay(four_hours_bad, Rule(2, 2)).outcome(None, 0.5).incidents) == 0


def test_judged_incidents_are_caught_missed_raised_or_avoided() -> None:
    history = hourly([0.0, 0.4, 0.0, 0.9, 0.9, 0.0, 0.3, 0.0])
    judged = [
        Marked("low and real", 2 * HOUR, 2 * HOUR, confirmed=True),
        Marked("high and real", 4 * HOUR, 5 * HOUR, confirmed=True),
        Marked("low and false", 7 * HOUR, 7 * HOUR, confirmed=False),
        Marked("high and false", 5 * HOUR, 5 * HOUR, confirmed=False),
    ]
    found = cost(history, Replay(history, Rule()).outcome(None, 0.8).incidents, judged)
    assert found == Cost((judged[1],), (judged[0],), (judged[3],), (judged[2],))


def test_without_incidents_every_confirmed_one_is_missed() -> None:
    history = hourly([0.1, 0.9])
    real = Marked("real", 2 * HOUR, 2 * HOUR, confirmed=True)
    assert cost(history, Replay(history, Rule()).outcome(None, 5.0).incidents, [real]).missed == (real,)


def ordinary(seed: int = 3) -> History:
    """Four times thirty days of hours."""
    return hourly(list(np.random.default_rng(seed).exponential(0.1, 2_880)))


@pytest.mark.parametrize("target", [0.5, 2.0, 10.0])
def test_the_recommended_threshold_is_the_lowest_that_keeps_the_target(target: float) -> None:
    calm = ordinary()
    found = recommend(calm, calm, [], target, Rule())
    assert found.threshold is not None
    assert len(Replay(calm, Rule()).outcome(None, found.threshold).incidents) / 4 <= target
    lower = [point for point in found.curve if point.threshold < found.threshold]
    assert all(point.false_alarms > target for point in lower)
    assert found.rests_on == 2_880
    assert found.months == pytest.approx(4.0)


def test_false_alarms_that_people_marked_count_where_ordinary_windows_had_none() -> None:
    history = hourly([0.0] * 719 + [0.5])
    marked = [Marked("false", 720 * HOUR, 720 * HOUR, confirmed=False)]
    found = recommend(history, hourly([0.01] * 720), marked, 0.5, Rule())
    assert found.threshold is not None
    assert found.threshold > 0.5


def test_the_curve_tells_what_a_higher_threshold_misses() -> None:
    history = hourly([0.1] * 700 + [0.6] + [0.1] * 19)
    real = [Marked("real", 701 * HOUR, 701 * HOUR, confirmed=True)]
    curve = recommend(history, history.take(slice(0, 700)), real, 1.0, Rule()).curve
    assert [point.missed for point in curve if point.threshold <= 0.6] == [0] * sum(p.threshold <= 0.6 for p in curve)
    assert curve[-1].missed == 1


def test_thresholds_have_three_digits_and_let_no_lower_window_in() -> None:
    curve = recommend(ordinary(), ordinary(), [], 1.0, Rule()).curve
    assert all(point.threshold == float(f"{point.threshold:.3g}") for point in curve)
    assert [point.threshold for point in curve] == sorted({point.threshold for point in curve})


def test_without_windows_nothing_is_recommended() -> None:
    assert recommend(NOTHING, NOTHING, [], 1.0, Rule()).threshold is None
