"""A page's small drawings as SVG: meters, sparklines, strips, bars. Pure; attributes only, each with its words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from assays.models import Slot
from assays.states import State
from dashboard import formats

SLOTS = 45
SLOT, BAR, HEIGHT = 5, 4, 30
STRIP_HEIGHT = 48
STACK = (State.ALERT, State.WARNING, State.FAILED, State.OK)
"""From the bottom of a stack upwards: trouble stands on the ground."""

_UNSCALED = mark_safe('vector-effect="non-scaling-stroke"')
_FILLS = {
    State.ALERT: "var(--dl-alert)",
    State.WARNING: "var(--dl-warning)",
    State.FAILED: "var(--dl-failed)",
    State.OK: "var(--dl-quiet)",
}


def shape(state: State) -> SafeString:
    return format_html('<svg class="g" aria-hidden="true"><use href="#g-{}"/></svg>', state.slug)


def icon(name: str) -> SafeString:
    return format_html('<svg class="i" aria-hidden="true"><use href="#i-{}"/></svg>', name)


def chip(state: State, loud: bool = True) -> SafeString:
    """Shape and word; only trouble carries a ground."""
    ground = " chip" if loud and state <= State.LATE else ""
    return format_html('<span class="st{} s-{}">{}{}</span>', ground, state.slug, shape(state), state.label)


def percent(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") + "%"


def meter(state: State, score: float | None, warning: float | None, alert: float | None) -> SafeString:
    """A track from 0 to twice the alert threshold, so that the alert's tick stands in the middle of every row."""
    if score is None:
        return mark_safe("")
    ceiling = _ceiling([score], warning, alert)
    reach = percent(100 * min(1.0, score / ceiling)) if ceiling else "0"
    track = '<rect x="0" y="5" width="100%" height="4" rx="2" fill="var(--dl-sunken)"/>'
    filled = f'<rect x="0" y="5" width="{reach}" height="4" rx="2" fill="{_fill(state)}"/>'
    pieces = track + filled + (_CUT if score > ceiling else "") + _ticks(warning, alert, ceiling)
    return mark_safe(f'<svg class="mt" aria-hidden="true">{pieces}</svg>')  # noqa: S308


_CUT = '<rect x="95%" y="4" width="2.5" height="6" fill="var(--dl-surface)"/>'
"""A bar that goes on beyond the track ends with a gap."""


def _ticks(warning: float | None, alert: float | None, ceiling: float) -> str:
    if not ceiling:
        return ""
    short = _tick(warning / ceiling, "var(--dl-text-3)", 3, 8) if warning is not None else ""
    return short + (_tick(alert / ceiling, "var(--dl-text)", 1, 12) if alert is not None else "")


def _tick(at: float, colour: str, top: int, height: int) -> str:
    x, size = percent(100 * min(at, 1.0)), f'y="{top}" height="{height}"'
    gap = f'<rect x="{x}" {size} width="4" fill="var(--dl-surface)" transform="translate(-2 0)"/>'
    return gap + f'<rect x="{x}" {size} width="2" fill="{colour}" transform="translate(-1 0)"/>'


def _ceiling(scores: Sequence[float], warning: float | None, alert: float | None) -> float:
    """Twice the alert; without one three times the warning, and without any what there is."""
    if alert:
        return 2 * alert
    return 3 * warning if warning else max(scores, default=0.0)


def _fill(state: State) -> str:
    return _FILLS.get(state, _FILLS[State.OK])


def sparkline(slots: Sequence[Slot], warning: float | None, alert: float | None, many: int = SLOTS) -> SafeString:
    """One bar a window on the meter's scale, the newest at the right; what has no score is never a bar.

    Drawn for every row of a table, and of numbers alone: nothing in it needs to be escaped.
    """
    shown = slots[-many:]
    width = many * SLOT
    ceiling = _ceiling([slot.score for slot in shown if slot.score is not None], warning, alert)
    line = (
        f'<path d="M0 15H{width}" stroke="var(--dl-text-3)" stroke-dasharray="1.5 2.5" {_UNSCALED}/>' if alert else ""
    )
    paths = "".join(f'<path d="{path}" {_PAINTS[state]}/>' for state, path in _paths(shown, many, ceiling).items())
    head = f'<svg class="spark" viewBox="0 0 {width} {HEIGHT}" preserveAspectRatio="none" role="img"'
    return mark_safe(f'{head} aria-label="{in_words(shown)}">{line}{paths}</svg>')  # noqa: S308


def in_words(slots: Sequence[Slot]) -> str:
    counted = Counter(slot.state for slot in slots)
    told = ", ".join(f"{counted[state]} {state.label}" for state in sorted(counted))
    return f"last {formats.plural(len(slots), 'window')}: {told}" if slots else "no window yet"


def _paths(slots: Sequence[Slot], many: int, ceiling: float) -> dict[State, str]:
    """One path for each state that is drawn."""
    paths: dict[State, str] = {}
    for k, slot in enumerate(slots, many - len(slots)):
        if piece := _piece(k * SLOT, slot, ceiling):
            paths[slot.state] = paths.get(slot.state, "") + piece
    return paths


def _piece(x: int, slot: Slot, ceiling: float) -> str:
    """A bar from the ground, a small cross for a failed run, a base line for a pause, and nothing without data."""
    if slot.state == State.FAILED:
        return f"M{x} 26l3 3m0-3l-3 3"
    if slot.state == State.PAUSED:
        return f"M{x} 29.5h{SLOT}"
    if slot.score is None:
        return ""
    height = max(1, round(HEIGHT * min(1.0, slot.score / ceiling))) if ceiling else 1
    return f"M{x} {HEIGHT}v-{height}h{BAR}v{height}z"


_PAINTS = {state: f'fill="{colour}"' for state, colour in _FILLS.items()} | {
    State.FAILED: f'stroke="var(--dl-failed)" stroke-width="1.25" fill="none" {_UNSCALED}',
    State.PAUSED: f'stroke="var(--dl-control)" stroke-width="1" fill="none" {_UNSCALED}',
}


def strip(stacks: Sequence[Counter[State]], words: str) -> SafeString:
    """Windows a day (or a week) by state, as stacked bars."""
    full = _full_height([stack.total() for stack in stacks])
    pieces = [_stacked(stacks, state, full) for state in STACK]
    return format_html(
        '<svg viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        max(1, len(stacks)) * 10,
        STRIP_HEIGHT,
        words,
        _joined(pieces),
    )


def _full_height(totals: Sequence[int]) -> float:
    """The total that fills the strip: a few days with windows by the minute must not flatten all the others.

    Days beyond it fill the strip too, divided by their shares.
    """
    filled = [total for total in totals if total]
    return min(max(filled), 2.0 * median(filled)) if filled else 1.0


def _stacked(stacks: Sequence[Counter[State]], state: State, full: float) -> SafeString:
    path = "".join(_brick(k, stack, state, full) for k, stack in enumerate(stacks) if stack[state])
    return format_html('<path d="{}" fill="{}"/>', path, _fill(state)) if path else mark_safe("")


def _brick(k: int, stack: Counter[State], state: State, full: float) -> str:
    below = sum(stack[lower] for lower in STACK[: STACK.index(state)])
    scale = STRIP_HEIGHT / max(full, stack.total())
    height = max(1.0, stack[state] * scale - 0.5)
    return f"M{k * 10 + 0.5:g} {STRIP_HEIGHT - below * scale:.1f}v-{height:.1f}h9v{height:.1f}z"


def shares(counts: Counter[State]) -> SafeString:
    """How the assays of a group divide into states, as one bar."""
    total = counts.total() or 1
    pieces, at = [], 0.0
    for state in STACK:
        merged = counts[state] if state != State.OK else total - sum(counts[s] for s in STACK[:-1])
        width = 100 * merged / total
        if merged:
            pieces.append(_segment(at, width, _fill(state)))
        at += width
    return format_html('<svg class="mt" aria-hidden="true">{}</svg>', _joined(pieces))


def _segment(at: float, width: float, colour: str) -> SafeString:
    line = '<rect x="{}" y="4" width="{}" height="6" fill="{}" stroke="var(--dl-surface)"/>'
    return format_html(line, percent(at), percent(width), colour)


def paired_bars(before: float, after: float, most: float) -> SafeString:
    """The baseline's share over the window's, both from 0 to the largest of the table."""
    bar = '<rect x="0" y="{}" width="{}" height="6" rx="1" fill="{}"/>'
    scale = 100 / most if most else 0.0
    rows = [(2, before, "var(--dl-baseline)"), (9, after, "var(--dl-window)")]
    pieces = [format_html(bar, y, percent(scale * value), colour) for y, value, colour in rows]
    return format_html('<svg class="hb" height="17" aria-hidden="true">{}</svg>', _joined(pieces))


def bar(value: float, most: float, colour: str) -> SafeString:
    """One bar from 0, as wide as the largest of its column."""
    width = percent(100 * max(0.0, value) / most) if most > 0 else "0"
    line = '<svg class="hb" height="8" aria-hidden="true"><rect width="{}" height="8" rx="1" fill="{}"/></svg>'
    return format_html(line, width, colour)


def dashed(token: str, dashes: str) -> SafeString:
    """A short line as a chart draws it, to name it by."""
    line = '<path d="M0 4H28" stroke="var(--dl-{})" stroke-width="2" stroke-dasharray="{}"/>'
    return format_html(line, token, dashes)


def columns(heights: Sequence[tuple[float, bool]], words: str) -> SafeString:
    """Bars side by side, those marked in the colour of what came late."""
    most = max((height for height, _ in heights), default=0.0) or 1.0
    paths = ["", ""]
    for k, (height, marked) in enumerate(heights):
        if height:
            tall = max(1.0, 56 * height / most)
            paths[marked] += f"M{k * 5} 56v-{tall:.1f}h4v{tall:.1f}z"
    colours = ("var(--dl-quiet)", "var(--dl-late)")
    return format_html(
        '<svg class="lat" viewBox="0 0 {} 56" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        max(1, len(heights)) * 5,
        words,
        format_html_join("", '<path d="{}" fill="{}"/>', zip(paths, colours, strict=True)),
    )


def _joined(pieces: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((piece,) for piece in pieces))
