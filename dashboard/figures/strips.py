"""What lies behind and below the score on its time axis: two bands, the change of each bin's share, bounded. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from assays.series import Floats, Ints
from dashboard.palette import Palette

POINTS = 0.3
"""A change of a bin's share by so much, either way, has the full colour."""

MOST_LABELS = 7
APART = 1.5
"""Windows further apart than so many steps have a gap between them."""


@dataclass(frozen=True, slots=True)
class NoiseBand:
    """The highest score that chance gives at 95 %, at each window's end; shape (W,), NaN where it has no rows."""

    at: Ints
    upper: Floats
    corrected: bool


@dataclass(frozen=True, slots=True)
class UsualBand:
    """What nine in ten of `windows` ordinary windows score."""

    low: float
    high: float
    windows: int


@dataclass(frozen=True, slots=True)
class BinStrip:
    """The change of each bin's share (B, W) at the windows' ends; `step` is their usual distance.

    Of `of` windows with a score these are all, or evenly spread over time. Times are microseconds.
    """

    at: Ints
    spans: tuple[str, ...]
    change: Floats
    step: int
    of: int


def noise_trace(band: NoiseBand, x: Ints, colours: Palette) -> dict[str, Any]:
    """Stepped, for every window has its own rows."""
    return {
        "type": "scatter",
        "name": "noise",
        "x": x,
        "y": band.upper,
        "mode": "lines",
        "connectgaps": False,
        "fill": "tozeroy",
        "fillcolor": colours["noise"],
        "line": {"width": 0, "shape": "hvh", "color": colours["noise"]},
        "hoverinfo": "skip",
    }


def usual_traces(band: UsualBand, ends: tuple[int, int], colours: Palette) -> list[dict[str, Any]]:
    """Between two dotted lines, so that it is told from the plain grey of noise."""
    line = {"width": 1, "dash": "dot", "color": colours["control"]}
    edge = {"type": "scatter", "x": list(ends), "mode": "lines", "line": line, "hoverinfo": "skip"}
    filled = {"fill": "tonexty", "fillcolor": faint(colours["control"], 0.09)}
    return [
        edge | {"name": "ordinary from", "y": [band.low] * 2},
        edge | filled | {"name": "ordinary to", "y": [band.high] * 2},
    ]


def heat_trace(strip: BinStrip, x: Ints, change: Floats, colours: Palette) -> dict[str, Any]:
    return {
        "type": "heatmap",
        "name": "bins",
        "x": x,
        "y": list(range(len(strip.spans))),
        "z": change,
        "yaxis": "y3",
        "zmin": -POINTS,
        "zmax": POINTS,
        "colorscale": [[0, colours["fewer"]], [0.5, colours["none"]], [1, colours["more"]]],
        "showscale": False,
        "xgap": 1 if change.shape[1] <= 120 else 0,
        "ygap": 1,
        "hoverinfo": "skip",
        "hoverongaps": False,
    }


def spaced(strip: BinStrip) -> tuple[Ints, Floats]:
    """The same columns with empty ones beside every gap, which the neighbours' cells would fill otherwise."""
    wide = np.flatnonzero(np.diff(strip.at) > APART * strip.step)
    added = np.unique(np.concatenate([strip.at[wide] + strip.step, strip.at[wide + 1] - strip.step]))
    at = np.union1d(strip.at, added)
    change = np.full((len(strip.spans), len(at)), np.nan)
    change[:, np.searchsorted(at, strip.at)] = strip.change
    return at, change


def heat_axis(strip: BinStrip) -> dict[str, Any]:
    """The bins' ranges as its labels, as many as can be read below one another."""
    shown = range(0, len(strip.spans), -(-len(strip.spans) // MOST_LABELS))
    return {
        "range": [-0.5, len(strip.spans) - 0.5],
        "tickmode": "array",
        "tickvals": list(shown),
        "ticktext": [strip.spans[k] for k in shown],
        "showgrid": False,
        "ticks": "",
    }


def faint(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[k : k + 2], 16) for k in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
