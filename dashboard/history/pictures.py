"""History's charts as SVG, the same for page, paper and mail. Pure; attributes only, each with its words.

`paint` names a colour by its token: `on_page` leaves it to the style sheet, a palette's own gives the colour itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from assays.states import State
from dashboard.history.numbers import NOTHING, States
from dashboard.parts import percent

Paint = Callable[[str], str]


def on_page(token: str) -> str:
    return f"var(--dl-{token})"


class Column(NamedTuple):
    """One bar: its share (None is no bar), the label under it, whether it belongs to the stretch before, its words."""

    share: float | None
    label: str
    before: bool
    words: str


WIDTH, HEIGHT = 640, 240
FOOT, HEAD = 26, 18
"""Room for what stands under and above the bars."""
MOST_LABELS, MOST_NUMBERS = 8, 28
_FONT = 'font-family="Inter Variable, Inter, Helvetica, Arial, sans-serif"'


def shares(columns: Sequence[Column], paint: Paint, width: int = WIDTH, height: int = HEIGHT) -> SafeString:
    """Bars from 0 to 100 %, with their numbers above while there is room, and some of their days below.

    Across it is measured in shares of its width, so that it fits a phone with letters of the same size.
    """
    every = -(-len(columns) // MOST_LABELS)
    pieces = [_column(k, column, 100 / len(columns), every, height, paint) for k, column in enumerate(columns)]
    words = "; ".join(f"{column.label}: {column.words}" for column in columns)
    return _drawing(f'width="{width}" height="{height}"', words, "".join(pieces))


def _column(k: int, column: Column, step: float, every: int, room: int, paint: Paint) -> str:
    ground = room - FOOT
    left, width = k * step + 0.08 * step, 0.84 * step
    under = _text(percent(left), ground + 16, column.label, paint("text-3"), "start") if k % every == 0 else ""
    if column.share is None:
        return under
    height = max(1.0, (ground - HEAD) * column.share)
    place = f'x="{percent(left)}" y="{ground - height:.1f}" width="{percent(width)}" height="{height:.1f}"'
    bar = f'<rect {place} rx="2" fill="{paint("baseline" if column.before else "window")}"/>'
    number, middle = f"{column.share * 100:.0f}", percent(left + width / 2)
    numbered = step * MOST_NUMBERS >= 100
    return bar + (_text(middle, ground - height - 5, number, paint("text-2"), "middle") if numbered else "") + under


def _text(x: str | float, y: float, text: str, colour: str, anchor: str, size: float = 11) -> str:
    head = f'<text x="{x}" y="{y:.1f}" font-size="{size:g}" {_FONT} fill="{colour}" text-anchor="{anchor}"'
    return f"{head}>{escape(text)}</text>"


def _drawing(size: str, words: str, inner: str) -> SafeString:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="cols" {size} role="img"'
    return mark_safe(f'{head} aria-label="{escape(words)}">{inner}</svg>')  # noqa: S308


def bar(value: int, most: int, paint: Paint) -> SafeString:
    """A track, and how much of it this row's days are of the longest's."""
    reach = percent(100 * value / most) if most else "0"
    track = f'<rect y="2" width="100%" height="4" rx="2" fill="{paint("sunken")}"/>'
    filled = f'<rect y="2" width="{reach}" height="4" rx="2" fill="{paint("window")}"/>'
    return mark_safe(f'<svg class="hb" height="8" aria-hidden="true">{track}{filled}</svg>')  # noqa: S308


class DayRow(NamedTuple):
    """A calendar's row as it is drawn: days in drift and share Ok are words already."""

    name: str
    states: States
    in_drift: str
    share: str


CELL, GAP, BETWEEN_WEEKS, ROW, NAMES, TOTALS = 13.0, 2.0, 4.0, 21.0, 190.0, 100.0
_CELL_HEIGHT = 16.0
_SHAPES = {
    State.ALERT: "M0-4L4 0L0 4L-4 0z",
    State.WARNING: "M0-3.6L4 3.2H-4z",
    State.FAILED: "M-3-3L3 3M3-3L-3 3",
    State.LATE: "M0-3V0L2 1.4",
}
MOST_NAME = 27


def calendar(rows: Sequence[DayRow], days: Sequence[date], paint: Paint) -> SafeString:
    """A row each, a cell a day: as the page's table, for where no table of so many columns can be."""
    places = _places(days)
    width = NAMES + (places[-1] + CELL if places else 0) + TOTALS
    heads = "".join(
        _text(NAMES + places[k], 10, f"{days[k].day} {days[k]:%b}", paint("text-3"), "start") for k in _headed(days)
    )
    totals = _text(width - 48, 10, "In drift", paint("text-3"), "end") + _text(width, 10, "Ok", paint("text-3"), "end")
    drawn = "".join(_row(row, 18 + k * ROW, places, width, paint) for k, row in enumerate(rows))
    words = "; ".join(f"{row.name}: {row.in_drift} in drift, {row.share} Ok" for row in rows)
    height = 18 + len(rows) * ROW
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    return _drawing(size, words, heads + totals + drawn)


def _headed(days: Sequence[date]) -> list[int]:
    """The first day and the Mondays, but for those whose date would run into another or into the totals."""
    mondays = [k for k, day in enumerate(days) if day.weekday() == 0 and 3 <= k <= len(days) - 2]
    return [0, *mondays] if days else []


def _places(days: Sequence[date]) -> list[float]:
    places, x = [], 0.0
    for k, day in enumerate(days):
        x += BETWEEN_WEEKS if k and day.weekday() == 0 else 0.0
        places.append(x)
        x += CELL + GAP
    return places


def _row(row: DayRow, y: float, places: Sequence[float], width: float, paint: Paint) -> str:
    name = row.name if len(row.name) <= MOST_NAME else f"{row.name[: MOST_NAME - 1]}…"
    cells = "".join(
        _cell(State(state), NAMES + x, y, paint)
        for x, state in zip(places, row.states.tolist(), strict=True)
        if state != NOTHING
    )
    return (
        _text(0, y + 12, name, paint("text"), "start", 12)
        + cells
        + _text(width - 48, y + 12, row.in_drift, paint("text"), "end", 12)
        + _text(width, y + 12, row.share, paint("text"), "end", 12)
    )


def _cell(state: State, x: float, y: float, paint: Paint) -> str:
    ground = f'<rect x="{x:.1f}" y="{y:.1f}" width="{CELL:g}" height="{_CELL_HEIGHT:g}" rx="3"'
    if state == State.OK:
        return f'{ground} fill="{paint("ok")}" fill-opacity="0.26"/>'
    if state not in _SHAPES:
        return f'{ground} fill="none" stroke="{paint("line-strong")}"/>'
    inked = paint("surface")
    solid = state in (State.ALERT, State.WARNING)
    how = f'fill="{inked}"' if solid else f'fill="none" stroke="{inked}" stroke-width="1.6" stroke-linecap="round"'
    middle = f"translate({x + CELL / 2:.1f} {y + _CELL_HEIGHT / 2:.1f})"
    return f'{ground} fill="{paint(state.slug)}"/><path transform="{middle}" d="{_SHAPES[state]}" {how}/>'
