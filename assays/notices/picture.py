"""A picture for the channels that show one: a field's scores up to its incident's last bad window, as PNG.

Bars stand on the scale of the pages: the alert threshold lies at half the height unless a score goes far beyond it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from xml.sax.saxutils import escape

import resvg_py

from assays import wording
from assays.incidents.models import Incident, Kind
from assays.models import Score
from assays.states import State, of_score

log = logging.getLogger(__name__)

WINDOWS = 60
WIDTH, HEIGHT = 640, 200
LEFT, RIGHT, TOP, BOTTOM = 12, 108, 14, 28
PLOT = HEIGHT - TOP - BOTTOM
COLOURS = {State.ALERT: "#c9351b", State.WARNING: "#cf8200", State.OK: "#bac2cd", State.FAILED: "#a32d76"}
INK, LINE, GROUND = "#454e5d", "#e4e7ec", "#ffffff"
"""The light theme's own: a mail has no style sheet."""

FONT = 'font-family="Liberation Sans, DejaVu Sans, Arial, sans-serif" font-size="12"'


def of(incident: Incident, zone: tzinfo) -> bytes | None:
    """None where there is nothing to draw: an incident of no field, or without a score."""
    if incident.kind not in (Kind.DRIFT, Kind.MISMATCH) or incident.field_id is None:
        return None
    rows = Score.objects.filter(field=incident.field_id, window_end__lte=incident.last_bad_end)
    scores = list(rows.order_by("-window_end")[:WINDOWS])[::-1]
    if not any(row.score is not None for row in scores):
        return None
    return _png(svg(scores, incident.warning, incident.alert, zone))


def _png(drawn: str) -> bytes | None:
    """A message goes without its picture rather than not at all."""
    try:
        return bytes(resvg_py.svg_to_bytes(svg_string=drawn, zoom=2))
    except ValueError:
        log.exception("a picture cannot be drawn")
        return None


def svg(scores: Sequence[Score], warning: float | None, alert: float | None, zone: tzinfo) -> str:
    highest = max(row.score for row in scores if row.score is not None)
    ceiling = max(highest * 1.05, 2 * (alert or warning or 0)) or 1.0
    parts = [
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{GROUND}"/>',
        *_bars(scores, warning, alert, ceiling),
        *_threshold("alert", alert, ceiling, ""),
        *_threshold("warning", warning, ceiling, ' stroke-dasharray="4 3"'),
        f'<path d="M{LEFT} {TOP + PLOT}H{WIDTH - RIGHT}" stroke="{LINE}"/>',
        _text(LEFT, HEIGHT - 9, _time(scores[0].window_end, zone)),
        _text(WIDTH - RIGHT, HEIGHT - 9, _time(scores[-1].window_end, zone), "end"),
    ]
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">{"".join(parts)}</svg>'


def _bars(scores: Sequence[Score], warning: float | None, alert: float | None, ceiling: float) -> Iterator[str]:
    """A failed run is a small cross, never a zero."""
    step = (WIDTH - LEFT - RIGHT) / WINDOWS
    first = LEFT + step * (WINDOWS - len(scores))
    for place, row in enumerate(scores):
        x, ground = first + place * step, TOP + PLOT
        if row.score is None:
            yield f'<path d="M{x:.1f} {ground - 8}l5 5m0 -5l-5 5" stroke="{COLOURS[State.FAILED]}" stroke-width="1.5"/>'
            continue
        height = max(1.0, PLOT * row.score / ceiling)
        colour = COLOURS[of_score(row.score, warning, alert)]
        place_and_size = f'x="{x:.1f}" y="{ground - height:.1f}" width="{step - 2:.1f}" height="{height:.1f}"'
        yield f'<rect {place_and_size} fill="{colour}"/>'


def _threshold(name: str, value: float | None, ceiling: float, dashes: str) -> Iterator[str]:
    if value is None:
        return
    y = TOP + PLOT * (1 - value / ceiling)
    yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT + 4}" stroke="{INK}" stroke-width="1.25"{dashes}/>'
    yield _text(WIDTH - RIGHT + 8, y + 4, f"{name} {wording.score(value)}")


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" fill="{INK}" {FONT}>{escape(text)}</text>'


def _time(at: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %H:%M %Z}"
