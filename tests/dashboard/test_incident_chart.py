"""The incident's chart: its geometry, its marks, and that it is drawn whatever it is given."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from assays.schedule import micros
from assays.series import Windows, buckets
from assays.states import State
from dashboard import incident_chart
from dashboard.incident_chart import HEIGHT, Drawn

START = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def drawn(scores: list[float], states: list[State], **changes: Any) -> Drawn:
    ends = np.array([micros(START + k * DAY) for k in range(1, len(scores) + 1)], dtype=np.int64)
    nothing = np.full(len(scores), np.nan)
    windows = Windows(
        ends, ends, np.array(states, dtype=np.int64), np.array(scores), np.full(len(scores), 9), nothing, nothing
    )
    usual: dict[str, Any] = {
        "buckets": buckets(windows),
        "since": START,
        "until": START + 10 * DAY,
        "zone": UTC,
        "now": START + 10 * DAY,
        "onset": START + 2 * DAY,
        "last": START + 3 * DAY,
    }
    return Drawn(**usual | changes)


def svg(told: Drawn) -> ET.Element:
    return ET.fromstring(str(incident_chart.chart(told, "in words")))


CALM_THEN_BAD = ([0.1, 0.3, 0.6], [State.OK, State.WARNING, State.ALERT])


def test_trouble_has_its_shape_and_calm_a_dot() -> None:
    root = svg(drawn(*CALM_THEN_BAD, warning=0.25, alert=0.5))
    assert sorted(use.attrib["href"] for use in root.iter("use")) == ["#g-alert", "#g-warning"]
    assert len(list(root.iter("circle"))) == 1


def test_time_runs_to_the_right_and_scores_upwards_from_zero() -> None:
    marks = {use.attrib["class"]: use.attrib for use in svg(drawn(*CALM_THEN_BAD)).iter("use")}
    assert (marks["s-warning"]["x"], marks["s-alert"]["x"]) == ("20%", "30%")
    heights = [HEIGHT - float(marks[name]["y"]) for name in ("s-warning", "s-alert")]
    assert heights[1] == pytest.approx(2 * heights[0], abs=0.2)


def test_a_window_without_a_score_is_a_gap_and_its_mark_stands_on_the_ground() -> None:
    root = svg(drawn([0.1, float("nan"), 0.6], [State.OK, State.FAILED, State.ALERT]))
    path = next(path for path in root.iter("path") if path.attrib.get("vector-effect"))
    assert path.attrib["d"].count("M") == 2
    failed = next(use for use in root.iter("use") if use.attrib["class"] == "s-failed")
    assert float(failed.attrib["y"]) == HEIGHT


def test_thresholds_and_the_peak_are_told_in_numbers() -> None:
    told = drawn(*CALM_THEN_BAD, warning=0.25, alert=0.5, peak=0.6, peak_end=START + 3 * DAY)
    words = ["".join(text.itertext()) for text in svg(told).iter("text")]
    for expected in ("Alert 0.50", "Warning 0.25", "0.60", "onset 3 Jun"):
        assert expected in words


def test_markers_are_lines() -> None:
    plain, marked = svg(drawn(*CALM_THEN_BAD)), svg(drawn(*CALM_THEN_BAD, markers=[START + DAY, START + 2 * DAY]))
    assert len(list(marked.iter("line"))) == len(list(plain.iter("line"))) + 2


@pytest.mark.parametrize(
    ("scores", "states"),
    [([], []), ([0.0], [State.OK]), ([float("nan")], [State.FAILED]), ([1e9], [State.ALERT]), ([1e-9], [State.ALERT])],
)
def test_whatever_it_is_given_is_drawn(scores: list[float], states: list[State]) -> None:
    svg(drawn(scores, states, until=START))
    svg(drawn(scores, states, warning=0.0, alert=0.0))


def test_it_carries_its_words_and_no_style() -> None:
    root = svg(drawn(*CALM_THEN_BAD))
    assert root.attrib["aria-label"] == "in words"
    assert not [one for one in root.iter() if "style" in one.attrib]
