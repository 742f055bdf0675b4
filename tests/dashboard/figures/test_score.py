"""The score chart, as the browser gets it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from assays import series
from assays.schedule import micros
from assays.states import State
from dashboard.figures.score import Pausing, ScoreChart, score_chart
from dashboard.palette import palette

START = datetime(2026, 6, 1, 5, tzinfo=UTC)
DAY = timedelta(days=1)
STATES = [State.OK, State.ALERT, State.FAILED, State.NO_DATA, State.WARNING]
SCORES = [0.1, 0.9, np.nan, np.nan, 0.3]


def windows(states: list[State], scores: list[float]) -> series.Windows:
    ends = np.array([micros(START + DAY * k) for k in range(len(states))], dtype=np.int64)
    nothing = np.full(len(states), np.nan)
    rows = np.array([300 if score == score else -1 for score in scores])
    return series.Windows(ends, ends, np.array([int(s) for s in states]), np.array(scores), rows, nothing, nothing)


@pytest.fixture
def chart() -> ScoreChart:
    return ScoreChart(
        metric="PSI",
        buckets=series.buckets(windows(STATES, SCORES)),
        since=START - DAY,
        until=START + 5 * DAY,
        zone=UTC,
        palette=palette("light"),
        warning=0.25,
        alert=0.5,
    )


def drawn(chart: ScoreChart) -> dict[str, Any]:
    return {trace.name: trace for trace in score_chart(chart).data}


def test_each_kind_of_trouble_is_a_trace_with_its_own_shape_and_colour(chart: ScoreChart) -> None:
    traces = drawn(chart)
    shapes = {name: traces[name].marker.symbol for name in ("Alert", "Warning", "Failed", "No data")}
    assert shapes == {"Alert": "diamond", "Warning": "triangle-up", "Failed": "x", "No data": "line-ew"}
    assert traces["Alert"].marker.color == palette("light")["alert"]


def test_failed_windows_and_those_without_data_sit_on_the_base_line(chart: ScoreChart) -> None:
    traces = drawn(chart)
    assert list(traces["Failed"].y) == [0.0]
    assert list(traces["No data"].y) == [0.0]


def test_a_gap_is_drawn_as_a_gap(chart: ScoreChart) -> None:
    line = drawn(chart)["score"]
    assert line.connectgaps is False
    assert np.isnan(line.y[2])
    assert np.isnan(line.y[3])


def test_the_score_axis_starts_at_zero_and_holds_everything(chart: ScoreChart) -> None:
    low, high = score_chart(chart).layout.yaxis.range
    assert low == 0
    assert high > 0.9


def test_a_null_threshold_has_no_line(chart: ScoreChart) -> None:
    assert "alert" not in drawn(replace(chart, alert=None))
    assert [note.text for note in score_chart(replace(chart, alert=None)).layout.annotations] == [
        "Warning 0.25",
        "Rows",
    ]


def test_a_pause_is_a_labelled_band(chart: ScoreChart) -> None:
    figure = score_chart(replace(chart, pauses=[Pausing(START + DAY, START + 2 * DAY)]))
    assert [note.text for note in figure.layout.annotations][-1] == "paused"
    assert figure.layout.shapes[0].fillcolor == palette("light")["sunken"]


@pytest.mark.parametrize("width", [DAY, timedelta(minutes=1)])
def test_the_selected_windows_mark_stands_in_the_middle_of_its_column(chart: ScoreChart, width: timedelta) -> None:
    selected = (START + DAY - width / 2, START + DAY + width / 2)
    column = score_chart(replace(chart, selected=selected)).layout.shapes[0]
    assert (column.x0 + column.x1) / 2 == (START + DAY).timestamp() * 1000
    assert timedelta(milliseconds=column.x1 - column.x0) >= width


def test_times_are_drawn_on_the_readers_clock_and_name_its_zone(chart: ScoreChart) -> None:
    local = score_chart(replace(chart, zone=ZoneInfo("America/New_York")))
    line = next(trace for trace in local.data if trace.name == "score")
    assert line.x[0] == micros(START - timedelta(hours=4)) // 1000
    assert local.layout.xaxis.hoverformat.endswith("EDT")


def test_a_point_names_its_window_to_the_microsecond(chart: ScoreChart) -> None:
    assert drawn(chart)["Alert"].customdata[0] == str(micros(START + DAY))


def test_what_is_sent_is_json_without_nan(chart: ScoreChart) -> None:
    def refuse(text: str) -> None:
        raise AssertionError(f"{text} is no JSON")

    text = score_chart(chart).to_json(engine="orjson")
    json.loads(text, parse_constant=refuse)
    assert '"colorway"' not in text
    assert "<b>" not in text


def test_many_windows_are_told_to_be_merged_and_have_their_range_shaded(chart: ScoreChart) -> None:
    many = series.buckets(windows([State.OK] * 5_000, [0.1] * 5_000))
    figure = score_chart(replace(chart, buckets=many))
    assert "of 5,000 windows shown" in figure.layout.meta["note"]
    assert {"lowest", "highest"} <= {trace.name for trace in figure.data}
    assert all(len(trace.x) <= series.MOST_POINTS for trace in figure.data)


def test_an_assay_without_windows_still_has_its_axes(chart: ScoreChart) -> None:
    figure = score_chart(replace(chart, buckets=series.buckets(windows([], [])), warning=None, alert=None))
    assert list(figure.layout.yaxis.range) == [0, 1.0]
