"""Lines over time on one axis with one crosshair: a field's statistics in panels, several fields on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from html import escape
from typing import Any

import plotly.graph_objects as go

from assays.series import Floats, Ints
from dashboard import formats
from dashboard.figures.score import HOVER_DATE, TICKS, on_clock
from dashboard.palette import Palette

DASHES = ("solid", "dot", "dash", "longdash", "dashdot", "longdashdot", "5px 2px", "1px 4px")
INKS = ("window", "more", "fewer", "late", "failed", "ok", "series", "warning")
"""Told apart by dash and colour both, for up to eight."""

GAP = 0.06


@dataclass(frozen=True, slots=True)
class Line:
    """One line; `level` is what it is held against."""

    name: str
    at: Ints
    value: Floats
    level: float | None = None


@dataclass(frozen=True, slots=True)
class Lines:
    lines: Sequence[Line]
    since: datetime
    until: datetime
    zone: tzinfo
    palette: Palette
    note: str = ""


def multiples(told: Lines) -> go.Figure:
    """Each line in a panel of its own, beside the baseline's value as a dotted level."""
    traces: list[dict[str, Any]] = []
    for k, line in enumerate(told.lines):
        axis = f"y{k + 1 if k else ''}"
        traces += [*_level(told, line, axis), _trace(told, line, axis, "series", "solid")]
    return go.Figure(data=traces, layout=_layout(told) | _panels(told))


def together(told: Lines) -> go.Figure:
    """All on one scale, on which 1 is each field's own threshold."""
    pairs = zip(told.lines, INKS, DASHES, strict=False)
    traces = [_trace(told, line, "y", ink, dash) for line, ink, dash in pairs]
    threshold = _level(told, Line("threshold", told.lines[0].at, told.lines[0].value, 1.0), "y") if told.lines else []
    axis = _axis(told) | {"rangemode": "tozero", "ticksuffix": formats.TIMES}
    layout = _layout(told)
    layout["xaxis"]["anchor"] = "y"
    return go.Figure(data=[*threshold, *traces], layout=layout | {"yaxis": axis})


def _trace(told: Lines, line: Line, axis: str, ink: str, dash: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "name": escape(line.name, quote=False),  # plotly.js would take tags in it for its own
        "x": on_clock(line.at, told.zone),
        "y": line.value,
        "yaxis": axis,
        "mode": "lines",
        "connectgaps": False,
        "line": {"width": 1.75, "color": told.palette[ink], "dash": dash},
        "hovertemplate": "%{y:.4~g} %{fullData.name}<extra></extra>",
    }


def _level(told: Lines, line: Line, axis: str) -> list[dict[str, Any]]:
    if line.level is None:
        return []
    ends = [_milli(told, told.since), _milli(told, told.until)]
    drawn = {"width": 1, "dash": "dot", "color": told.palette["control"]}
    name = f"{line.name} baseline"
    return [
        {
            "type": "scatter",
            "name": name,
            "x": ends,
            "y": [line.level] * 2,
            "yaxis": axis,
            "mode": "lines",
            "line": drawn,
            "hoverinfo": "skip",
        }
    ]


def _milli(told: Lines, when: datetime) -> int:
    offset = when.astimezone(told.zone).utcoffset()
    return round((when.timestamp() + (offset.total_seconds() if offset else 0.0)) * 1000)


def _panels(told: Lines) -> dict[str, Any]:
    """From the first downwards, of equal heights."""
    many = len(told.lines)
    height = (1 - GAP * (many - 1)) / many if many else 1.0
    panels: dict[str, Any] = {}
    for k in range(many):
        top = 1 - k * (height + GAP)
        panels[f"yaxis{k + 1 if k else ''}"] = _axis(told) | {"domain": [max(0.0, top - height), top], "nticks": 3}
    names = [_name(told, line, k, height) for k, line in enumerate(told.lines)]
    return panels | {"annotations": names}


def _name(told: Lines, line: Line, k: int, height: float) -> dict[str, Any]:
    place = {"xref": "paper", "x": 1, "xanchor": "left", "xshift": 8, "yref": "paper", "yanchor": "middle"}
    font = {"size": 12, "color": told.palette["axis"]}
    return place | {"y": 1 - k * (height + GAP) - height / 2, "text": line.name, "showarrow": False, "font": font}


def _axis(told: Lines) -> dict[str, Any]:
    colours = told.palette
    return {
        "gridcolor": colours["grid"],
        "zeroline": False,
        "fixedrange": True,
        "tickfont": {"size": 11.5, "color": colours["axis"]},
    }


def _layout(told: Lines) -> dict[str, Any]:
    colours, many = told.palette, len(told.lines)
    return {
        "template": {},
        "meta": {"note": told.note},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "Inter Variable, Inter, sans-serif", "size": 12, "color": colours["text-2"]},
        "margin": {"l": 52, "r": 72, "t": 8, "b": 26},
        "showlegend": False,
        "autosize": True,
        "hovermode": "x unified",
        "hoversubplots": "axis",
        "dragmode": False,
        "hoverlabel": {
            "bgcolor": colours["surface"],
            "bordercolor": colours["line-strong"],
            "font": {"color": colours["text"]},
        },
        "xaxis": {
            "type": "date",
            "anchor": f"y{many}" if many > 1 else "y",
            "range": [_milli(told, told.since), _milli(told, told.until)],
            "showgrid": False,
            "zeroline": False,
            "fixedrange": True,
            "tickfont": {"size": 11.5, "color": colours["axis"]},
            "tickformatstops": TICKS,
            "hoverformat": HOVER_DATE + formats.zone_name(told.zone, told.until),
            "showspikes": True,
            "spikemode": "across",
            "spikesnap": "data",
            "spikethickness": 1,
            "spikedash": "solid",
            "spikecolor": colours["control"],
        },
    }
