"""What lies behind and below the score: bands, and the change of each bin's share."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from assays.schedule import micros
from dashboard.figures.score import ScoreChart, score_chart
from dashboard.figures.strips import BinStrip, NoiseBand, UsualBand, spaced
from dashboard.palette import palette
from tests.dashboard.figures.test_score import DAY, START, chart, drawn

__all__ = ["chart"]
STEP = DAY // timedelta(microseconds=1)
FIRST = micros(START)
BINS = BinStrip(
    at=np.array([FIRST, FIRST + STEP, FIRST + 4 * STEP]),
    spans=("≤ 0.1", "> 0.1"),
    change=np.array([[0.1, -0.2, 0.0], [-0.1, 0.2, 0.0]]),
    step=STEP,
    of=3,
)


def test_a_gap_between_windows_is_no_bin_of_either() -> None:
    at, change = spaced(BINS)
    assert [(end - FIRST) // STEP for end in at.tolist()] == [0, 1, 2, 3, 4]
    assert np.isnan(change[:, 2:4]).all()
    assert change[:, [0, 1, 4]].tolist() == BINS.change.tolist()


def test_score_bins_and_rows_share_one_axis(chart: ScoreChart) -> None:
    figure = score_chart(replace(chart, bins=BINS))
    layout = figure.layout
    heights = [high - low for low, high in (axis.domain for axis in (layout.yaxis, layout.yaxis3, layout.yaxis2))]
    assert heights == pytest.approx([0.56, 0.26, 0.08])
    assert {trace.xaxis for trace in figure.data} == {None}
    assert layout.hoversubplots == "axis"
    assert layout.xaxis.spikemode == "across"


def test_no_change_is_in_the_middle_of_the_colours(chart: ScoreChart) -> None:
    heat = drawn(replace(chart, bins=BINS))["bins"]
    colours = palette("light")
    assert [colour for _, colour in heat.colorscale] == [colours["fewer"], colours["none"], colours["more"]]
    assert (heat.zmin, heat.zmax) == (-0.3, 0.3)


def test_both_bands_lie_under_the_score_and_are_told_apart(chart: ScoreChart) -> None:
    noise = NoiseBand(chart.buckets.at, np.full(5, 0.03), corrected=False)
    figure = score_chart(replace(chart, noise=noise, usual=UsualBand(0.05, 0.4, 40)))
    names = [trace.name for trace in figure.data]
    assert max(names.index(name) for name in ("noise", "ordinary to")) < names.index("score")
    fills = {trace.name: trace.fillcolor for trace in figure.data if "fill" in trace and trace.fill}
    assert len(set(fills.values())) == len(fills) == 2
    texts = [note.text for note in figure.layout.annotations]
    assert "Ordinary 0.40" in texts
    assert any(text.startswith("noise") for text in texts)


def test_labels_beside_the_axis_do_not_lie_on_one_another(chart: ScoreChart) -> None:
    figure = score_chart(replace(chart, usual=UsualBand(0.05, 0.51, 40)))
    top = figure.layout.yaxis.range[1]
    heights = sorted(note.y for note in figure.layout.annotations if note.yref == "y")
    assert min(np.diff(heights)) >= 0.07 * top


def test_hovering_says_the_top_bin_and_the_noise(chart: ScoreChart) -> None:
    noise = NoiseBand(chart.buckets.at, np.full(5, 0.032), corrected=False)
    line = drawn(replace(chart, noise=noise, tops={FIRST: "top bin > 0.26, 36 % of it"}))["score"]
    assert line.text[0] == "0.100 Ok<br>top bin > 0.26, 36 % of it<br>300 rows, noise 0.032"


def test_a_sample_of_bins_and_a_simulated_noise_say_so(chart: ScoreChart) -> None:
    noise = NoiseBand(chart.buckets.at, np.full(5, 0.032), corrected=True)
    note = score_chart(replace(chart, noise=noise, bins=replace(BINS, of=9_000))).layout.meta["note"]
    assert "bins of 3 windows, evenly spread over 9,000" in note
    assert "simulated" in note
