"""An assay's score over time against its thresholds, with the rows of each window under it on the same axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from html import escape
from typing import Any

import numpy as np
import plotly.graph_objects as go

from assays.schedule import micros, moment
from assays.series import Buckets, Floats, Ints
from assays.states import State
from dashboard import formats
from dashboard.figures import strips
from dashboard.figures.strips import faint
from dashboard.palette import Palette

SYMBOLS = {
    State.ALERT: "diamond",
    State.WARNING: "triangle-up",
    State.FAILED: "x",
    State.NO_DATA: "line-ew",
}
TOKENS = {State.ALERT: "alert", State.WARNING: "warning", State.FAILED: "failed", State.NO_DATA: "paused"}
DOTS_UP_TO = 400
"""Of more windows than this the Ok ones have no dots of their own."""

SCORE_DOMAIN, ROWS_DOMAIN = [0.24, 1.0], [0.0, 0.14]
SCORE_OVER_BINS, BINS_DOMAIN, ROWS_UNDER_BINS = [0.44, 1.0], [0.13, 0.39], [0.0, 0.08]
LABELS_APART = 0.075
"""Of the score axis' height, so that labels beside it do not lie on one another."""

LONGEST_LABEL = 24
TICKS = [
    {"dtickrange": [None, 86_399_999], "value": "%-d %b %H:%M"},
    {"dtickrange": [86_400_000, None], "value": "%-d %b"},
]
HOVER_DATE = "%a %-d %b %Y %H:%M "


@dataclass(frozen=True, slots=True)
class Pausing:
    began_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """What happened then, as somebody marked it: a deployment, a retraining, a remark; over a stretch with an end."""

    at: datetime
    text: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ScoreChart:
    """Everything the figure shows. `warning` and `alert` are the lines' heights, `selected` a window's two ends.

    `tops` says of windows, by their ends, which bin adds most; `rows` stands in where the buckets know none.
    """

    metric: str
    buckets: Buckets
    since: datetime
    until: datetime
    zone: tzinfo
    palette: Palette
    warning: float | None = None
    alert: float | None = None
    selected: tuple[datetime, datetime] | None = None
    pauses: Sequence[Pausing] = field(default_factory=tuple)
    moments: Sequence[Moment] = field(default_factory=tuple)
    noise: strips.NoiseBand | None = None
    usual: strips.UsualBand | None = None
    bins: strips.BinStrip | None = None
    tops: Mapping[int, str] = field(default_factory=dict)
    rows: tuple[Ints, Floats] | None = None


def score_chart(chart: ScoreChart) -> go.Figure:
    traces = [
        *_behind(chart),
        *_envelope(chart),
        _line(chart),
        *_thresholds(chart),
        *_marks(chart),
        *_bins(chart),
        _rows(chart),
    ]
    return go.Figure(data=traces, layout=_layout(chart))


def on_clock(at: Ints, zone: tzinfo) -> Ints:
    """Epoch milliseconds on the reader's clock: plotly.js draws every date as if it were UTC."""
    if zone is UTC:
        return at // 1000
    offsets = [moment(value).astimezone(zone).utcoffset() or timedelta(0) for value in at.tolist()]
    return at // 1000 + np.array([offset // timedelta(milliseconds=1) for offset in offsets], dtype=np.int64)


def _at(when: datetime, zone: tzinfo) -> int:
    return int(on_clock(np.array([micros(when)]), zone)[0])


def _behind(chart: ScoreChart) -> list[dict[str, Any]]:
    """Both bands, under everything else."""
    drawn = []
    if chart.usual is not None:
        ends = _at(chart.since, chart.zone), _at(chart.until, chart.zone)
        drawn += strips.usual_traces(chart.usual, ends, chart.palette)
    if chart.noise is not None:
        drawn.append(strips.noise_trace(chart.noise, on_clock(chart.noise.at, chart.zone), chart.palette))
    return drawn


def _bins(chart: ScoreChart) -> list[dict[str, Any]]:
    if chart.bins is None:
        return []
    at, change = strips.spaced(chart.bins)
    return [strips.heat_trace(chart.bins, on_clock(at, chart.zone), change, chart.palette)]


def _envelope(chart: ScoreChart) -> list[dict[str, Any]]:
    """Where a point stands for several windows: from their lowest to their highest score."""
    if not chart.buckets.merged:
        return []
    x = on_clock(chart.buckets.at, chart.zone)
    edge = {"type": "scatter", "x": x, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    filled = {"fill": "tonexty", "fillcolor": faint(chart.palette["series"], 0.2)}
    return [
        edge | {"y": chart.buckets.low, "name": "lowest"},
        edge | filled | {"y": chart.buckets.high, "name": "highest"},
    ]


def _line(chart: ScoreChart) -> dict[str, Any]:
    small = len(chart.buckets.at) <= DOTS_UP_TO and not chart.buckets.merged
    return {
        "type": "scatter",
        "name": "score",
        "x": on_clock(chart.buckets.at, chart.zone),
        "y": chart.buckets.mean,
        "mode": "lines+markers" if small else "lines",
        "connectgaps": False,
        "line": {"width": 1.75, "color": chart.palette["series"], "shape": "linear"},
        "marker": {"size": 4, "color": chart.palette["series"]},
        "customdata": _end_texts(chart.buckets.at),
        "text": _hover_texts(chart),
        "hovertemplate": "%{text}<extra></extra>",
    }


def _end_texts(at: Ints) -> list[str]:
    """A point's window, as the URL names it: microseconds do not fit a float exactly for ever, so as text."""
    return [str(value) for value in at.tolist()]


def _hover_texts(chart: ScoreChart) -> list[str]:
    """Score and state; the bin that adds most; rows, and what chance gives of so many."""
    mean, rows = chart.buckets.mean.tolist(), chart.buckets.rows.tolist()
    states, limits = _states_of(chart.buckets), _limits(chart)
    texts = []
    for at, value, many in zip(chart.buckets.at.tolist(), mean, rows, strict=True):
        score = "no score" if value != value else formats.score(value, 3)
        word = states.get(at, State.OK).label if at in states or value == value else ""
        last = [] if many != many else [f"{many:,.0f} rows"]
        last += [f"noise {formats.score(limits[at], 3)}"] if at in limits else []
        lines = [f"{score} {word}", chart.tops.get(at, ""), ", ".join(last)]
        texts.append("<br>".join(line for line in lines if line))
    return texts


def _limits(chart: ScoreChart) -> dict[int, float]:
    if chart.noise is None:
        return {}
    pairs = zip(chart.noise.at.tolist(), chart.noise.upper.tolist(), strict=True)
    return {at: limit for at, limit in pairs if limit == limit}


def _states_of(buckets: Buckets) -> dict[int, State]:
    return {at: state for state, (places, _) in buckets.marks.items() for at in places.tolist()}


def _thresholds(chart: ScoreChart) -> list[dict[str, Any]]:
    drawn = ((chart.warning, "warning", "dash"), (chart.alert, "alert", "solid"))
    return [_threshold(chart, at, token, dash) for at, token, dash in drawn if at is not None]


def _threshold(chart: ScoreChart, at: float, token: str, dash: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "name": token,
        "x": [_at(chart.since, chart.zone), _at(chart.until, chart.zone)],
        "y": [at, at],
        "mode": "lines",
        "line": {"width": 1.25, "dash": dash, "color": chart.palette[token]},
        "hoverinfo": "skip",
    }


def _marks(chart: ScoreChart) -> list[dict[str, Any]]:
    return [_mark(chart, state, *found) for state, found in chart.buckets.marks.items() if len(found[0])]


def _mark(chart: ScoreChart, state: State, at: Ints, score: Floats) -> dict[str, Any]:
    """Failed windows and those without data sit on the base line: they have no score."""
    colour = chart.palette[TOKENS[state]]
    flat = state in (State.FAILED, State.NO_DATA)
    outline = (
        {"width": 2, "color": colour} if state == State.NO_DATA else {"width": 1.25, "color": chart.palette["surface"]}
    )
    return {
        "type": "scatter",
        "name": state.label,
        "x": on_clock(at, chart.zone),
        "y": np.zeros(len(at)) if flat else score,
        "mode": "markers",
        "cliponaxis": False,
        "marker": {"symbol": SYMBOLS[state], "size": 10, "color": colour, "line": outline},
        "customdata": _end_texts(at),
        "hoverinfo": "skip",
    }


def _rows(chart: ScoreChart) -> dict[str, Any]:
    at, many = _counted(chart)
    return {
        "type": "bar",
        "name": "rows",
        "x": on_clock(at, chart.zone),
        "y": many,
        "yaxis": "y2",
        "marker": {"color": chart.palette["quiet"], "line": {"width": 0}},
        "hoverinfo": "skip",
    }


def _counted(chart: ScoreChart) -> tuple[Ints, Floats]:
    return chart.rows if chart.rows is not None else (chart.buckets.at, chart.buckets.rows)


def _layout(chart: ScoreChart) -> dict[str, Any]:
    colours = chart.palette
    return {
        "template": {},
        "meta": {"note": _note(chart), "near": chart.buckets.seconds // 2},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "Inter Variable, Inter, sans-serif", "size": 12, "color": colours["text-2"]},
        "margin": {"l": 44 if chart.bins is None else 92, "r": 96, "t": 8, "b": 26},
        "showlegend": False,
        "autosize": True,
        "bargap": 0.15,
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "hoverlabel": {
            "bgcolor": colours["surface"],
            "bordercolor": colours["line-strong"],
            "font": {"color": colours["text"]},
        },
        "dragmode": False,
        "xaxis": _x_axis(chart),
        "yaxis": _y_axis(colours) | {"domain": _domain(chart), "range": [0, _top(chart)]},
        "yaxis2": _rows_axis(chart),
        **({} if chart.bins is None else {"yaxis3": _bins_axis(chart.bins, colours)}),
        "shapes": [*_bands(chart), *_column(chart), *_moments(chart)],
        "annotations": [*_labels(chart), *_band_labels(chart), *_moment_labels(chart)],
    }


def _domain(chart: ScoreChart) -> list[float]:
    return SCORE_DOMAIN if chart.bins is None else SCORE_OVER_BINS


def _bins_axis(bins: strips.BinStrip, colours: Palette) -> dict[str, Any]:
    return _y_axis(colours) | strips.heat_axis(bins) | {"domain": BINS_DOMAIN}


def _note(chart: ScoreChart) -> str:
    """Says what stands for more than itself, and what was simulated."""
    told = [_note_of_points(chart.buckets), _note_of_bins(chart)]
    if chart.noise is not None and chart.noise.corrected:
        told.append("noise is simulated where counts are small")
    return "; ".join(note for note in told if note)


def _note_of_points(buckets: Buckets) -> str:
    if not buckets.merged:
        return ""
    shown = len(buckets.at) + sum(len(at) for at, _ in buckets.marks.values())
    return (
        f"{min(shown, buckets.of):,} of {buckets.of:,} windows shown: "
        "the line is a mean, the shade from lowest to highest, each mark the worst near it"
    )


def _note_of_bins(chart: ScoreChart) -> str:
    if chart.bins is None or len(chart.bins.at) >= chart.bins.of:
        return ""
    return f"bins of {len(chart.bins.at):,} windows, evenly spread over {chart.bins.of:,}"


def _x_axis(chart: ScoreChart) -> dict[str, Any]:
    colours = chart.palette
    return {
        "type": "date",
        "anchor": "y2",
        "range": [_at(chart.since, chart.zone), _at(chart.until, chart.zone)],
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "tickfont": {"size": 11.5, "color": colours["axis"]},
        "tickformatstops": TICKS,
        "hoverformat": HOVER_DATE + formats.zone_name(chart.zone, chart.until),
        "showspikes": True,
        "spikemode": "across",
        "spikesnap": "data",
        "spikethickness": 1,
        "spikedash": "solid",
        "spikecolor": colours["control"],
    }


def _y_axis(colours: Palette) -> dict[str, Any]:
    return {
        "gridcolor": colours["grid"],
        "gridwidth": 1,
        "zeroline": False,
        "fixedrange": True,
        "nticks": 5,
        "tickfont": {"size": 11.5, "color": colours["axis"]},
    }


def _rows_axis(chart: ScoreChart) -> dict[str, Any]:
    """From 0; without a single row there is nothing to number."""
    counted = bool(np.any(_counted(chart)[1] > 0))
    axis = {
        "domain": ROWS_DOMAIN if chart.bins is None else ROWS_UNDER_BINS,
        "rangemode": "tozero",
        "nticks": 2,
        "tickformat": ",d",
        "showgrid": False,
    }
    axis["showticklabels"] = counted
    return _y_axis(chart.palette) | axis


def _top(chart: ScoreChart) -> float:
    """The height of the score's axis: all that is drawn, and a little above it."""
    heights = [chart.warning or 0.0, chart.alert or 0.0, chart.usual.high if chart.usual else 0.0]
    scored = chart.buckets.high[~np.isnan(chart.buckets.high)]
    highest = max([*heights, float(scored.max()) if len(scored) else 0.0])
    return 1.1 * highest if highest else 1.0


def _bands(chart: ScoreChart) -> list[dict[str, Any]]:
    return [_rectangle(chart, pause.began_at, pause.ended_at, chart.palette["sunken"]) for pause in chart.pauses]


def _column(chart: ScoreChart) -> list[dict[str, Any]]:
    """The selected window's place on the axis, with its mark in the middle, and never too thin to see."""
    if chart.selected is None:
        return []
    start, end = chart.selected
    middle, half = start + (end - start) / 2, max((end - start) / 2, (chart.until - chart.since) / 300)
    return [_rectangle(chart, middle - half, middle + half, faint(chart.palette["accent"], 0.13))]


def _rectangle(chart: ScoreChart, start: datetime, end: datetime, colour: str) -> dict[str, Any]:
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": _at(max(start, chart.since), chart.zone),
        "x1": _at(min(end, chart.until), chart.zone),
        "y0": 0,
        "y1": 1,
        "fillcolor": colour,
        "line": {"width": 0},
        "layer": "below",
    }


def _labels(chart: ScoreChart) -> list[dict[str, Any]]:
    """At the lines' right ends; phones keep the number alone, which the page's script sees to.

    No `<b>`: plotly.js would write it as a style attribute, which a strict policy refuses.
    """
    plain = {"font": {"color": chart.palette["axis"], "size": 12}, "align": "left"}
    lines = [
        _label(text, at, "y", chart.palette[ink]) | {"name": ink.removesuffix("-ink")}
        for text, at, ink in _apart(_named(chart), _top(chart))
    ]
    bins = [] if chart.bins is None else [_label("Change in<br>share of bin", _middle(chart.bins), "y3", "")]
    return [*lines, *(label | plain for label in [*bins, _label("Rows", 0, "y2", "")])]


def _middle(bins: strips.BinStrip) -> float:
    return (len(bins.spans) - 1) / 2


def _named(chart: ScoreChart) -> list[tuple[str, float, str]]:
    """What the lines and bands are called, how high they stand, and in which ink."""
    drawn = (("Alert", chart.alert, "alert-ink"), ("Warning", chart.warning, "warning-ink"))
    named = [(f"{word} {formats.score(at)}", at, ink) for word, at, ink in drawn if at is not None]
    if chart.usual is not None:
        named.append((f"Ordinary {formats.score(chart.usual.high)}", chart.usual.high, "axis"))
    if chart.noise is not None and not np.all(np.isnan(chart.noise.upper)):
        named.append((f"noise, 95{formats.NARROW}%", float(np.nanmedian(chart.noise.upper)) / 2, "axis"))
    return named


def _apart(named: Sequence[tuple[str, float, str]], top: float) -> list[tuple[str, float, str]]:
    """From the lowest upwards, each at its line or as far above the one below as it takes to read both."""
    placed: list[tuple[str, float, str]] = []
    for text, at, ink in sorted(named, key=lambda one: one[1]):
        least = placed[-1][1] + LABELS_APART * top if placed else at
        placed.append((text, max(at, least), ink))
    return placed


def _label(text: str, y: float, axis: str, colour: str) -> dict[str, Any]:
    place = {"xref": "paper", "x": 1, "xanchor": "left", "xshift": 8, "yref": axis, "y": y, "yanchor": "middle"}
    return place | {"text": text, "showarrow": False, "font": {"color": colour, "size": 12, "weight": 600}}


def _band_labels(chart: ScoreChart) -> list[dict[str, Any]]:
    place = {"xref": "x", "yref": "paper", "y": 1, "yanchor": "top", "xanchor": "center", "showarrow": False}
    middles = [
        max(p.began_at, chart.since) + (min(p.ended_at, chart.until) - max(p.began_at, chart.since)) / 2
        for p in chart.pauses
    ]
    return [place | {"text": "paused", "x": _at(at, chart.zone), "font": {"size": 11}} for at in middles]


def _moments(chart: ScoreChart) -> list[dict[str, Any]]:
    line = {"width": 1, "dash": "dot", "color": chart.palette["control"]}
    place = {"type": "line", "xref": "x", "yref": "paper", "y0": 0, "y1": 1, "layer": "below", "line": line}
    lines = [place | {"x0": at, "x1": at} for at in (_at(moment.at, chart.zone) for moment in chart.moments)]
    colour = faint(chart.palette["control"], 0.12)
    stretches = [(moment.at, moment.until) for moment in chart.moments if moment.until is not None]
    return [*(_rectangle(chart, at, until, colour) for at, until in stretches), *lines]


def _moment_labels(chart: ScoreChart) -> list[dict[str, Any]]:
    """Beside their lines. Somebody typed them: plotly.js would take tags for its own."""
    place = {"xref": "x", "yref": "paper", "y": 1, "yanchor": "top", "xanchor": "right", "textangle": -90}
    font = {"font": {"size": 11, "color": chart.palette["text-2"]}, "showarrow": False}
    return [
        place | font | {"text": escape(_cut(moment.text), quote=False), "x": _at(moment.at, chart.zone)}
        for moment in chart.moments
    ]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"
