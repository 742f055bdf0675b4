"""The small drawings: their geometry, and the words they carry."""

import xml.etree.ElementTree as ET
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from assays.models import Slot
from assays.schedule import micros
from assays.states import State
from dashboard import parts

START = datetime(2026, 6, 1, tzinfo=UTC)


def slots(*given: tuple[State, float | None]) -> list[Slot]:
    return [Slot(micros(START + timedelta(days=k)), state, score) for k, (state, score) in enumerate(given)]


def test_the_alerts_tick_stands_in_the_middle_of_every_meter() -> None:
    for alert in (0.1, 0.5, 40.0):
        drawn = parts.meter(State.OK, alert / 4, alert / 2, alert)
        assert 'x="50%"' in drawn
        assert 'x="25%"' in drawn


def test_a_bar_beyond_twice_the_alert_is_cut_with_a_gap() -> None:
    assert 'x="95%"' in parts.meter(State.ALERT, 1.7, 0.25, 0.5)
    assert 'x="95%"' not in parts.meter(State.ALERT, 0.9, 0.25, 0.5)


def test_a_meter_without_a_score_is_nothing() -> None:
    assert parts.meter(State.FAILED, None, 0.25, 0.5) == ""


@pytest.mark.parametrize("thresholds", [(None, None), (0.2, None), (0.0, 0.0)])
def test_missing_and_zero_thresholds_are_drawn_all_the_same(thresholds: tuple[float | None, float | None]) -> None:
    ET.fromstring(parts.meter(State.OK, 0.3, *thresholds))
    ET.fromstring(parts.sparkline(slots((State.OK, 0.3)), *thresholds))


def test_a_failed_window_is_a_cross_and_one_without_data_nothing() -> None:
    drawn = parts.sparkline(slots((State.FAILED, None), (State.NO_DATA, None)), 0.25, 0.5)
    assert "var(--dl-failed)" in drawn
    assert 'fill="var(--dl-quiet)"' not in drawn


def test_the_newest_window_stands_at_the_right_whatever_their_number() -> None:
    one = parts.sparkline(slots((State.OK, 0.1)), 0.25, 0.5)
    assert f"M{(parts.SLOTS - 1) * parts.SLOT} " in one


def test_a_sparkline_is_told_in_words() -> None:
    drawn = parts.sparkline(slots((State.ALERT, 0.7), (State.OK, 0.1), (State.OK, 0.1)), 0.25, 0.5)
    assert 'aria-label="last 3 windows: 1 Alert, 2 Ok"' in drawn


def test_a_chip_of_trouble_has_a_ground_and_a_calm_one_has_none() -> None:
    assert "chip" in parts.chip(State.LATE)
    assert "chip" not in parts.chip(State.OK)
    assert "Ok" in parts.chip(State.OK)


def test_a_day_with_windows_by_the_minute_does_not_flatten_the_others() -> None:
    days = [Counter({State.OK: 20}), Counter({State.OK: 20}), Counter({State.OK: 1_400, State.ALERT: 100})]
    heights = [float(piece.split("v-")[1].split("h")[0]) for piece in _path(days, State.OK).split("M")[1:]]
    assert heights[0] > 20
    assert heights[2] < parts.STRIP_HEIGHT


def _path(days: list[Counter[State]], state: State) -> str:
    root = ET.fromstring(parts.strip(days, "three days"))
    colours = {State.OK: "var(--dl-quiet)"}
    return next(path.attrib["d"] for path in root if path.attrib["fill"] == colours[state])


def test_no_drawing_has_a_style_attribute_and_words_are_escaped() -> None:
    drawn = [
        parts.meter(State.ALERT, 1.7, 0.25, 0.5),
        parts.sparkline(slots((State.ALERT, 0.7), (State.FAILED, None), (State.PAUSED, None)), 0.25, 0.5),
        parts.strip([Counter({State.OK: 1})], '<script>"'),
        parts.paired_bars(0.2, 0.5, 0.5),
        parts.bar(0.2, 0.5, "var(--dl-alert)"),
        parts.columns([(0.2, False), (0.0, False), (9.0, True)], "answers"),
        parts.shares(Counter({State.ALERT: 2, State.OK: 6})),
    ]
    assert not any("style=" in one or "<script" in one for one in drawn)
    for one in drawn:
        ET.fromstring(one)
