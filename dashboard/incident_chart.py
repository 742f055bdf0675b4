"""An incident's windows as an SVG that any width may stretch: its marks and words keep their size. Pure.

It is drawn without a script, so that it prints and mails; the assay page has the chart that answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from assays.schedule import micros
from assays.series import Buckets
from assays.states import State
from dashboard import formats
from dashboard.parts import percent

HEIGHT = 170
MARK = 11
DOTS_UP_TO = 60
TICKS = 5
DAY = timedelta(days=1)
_STEPS = (0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 2.5, 5.0)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is shown: windows of a span, the thresholds, since when it is bad, its peak, and moments that explain."""

    buckets: Buckets
    since: datetime
    until: datetime
    zone: tzinfo
    now: datetime
    onset: datetime
    last: datetime
    warning: float | None = None
    alert: float | None = None
    peak: float | None = None
    peak_end: datetime | None = None
    markers: Sequence[datetime] = field(default_factory=tuple)


def chart(drawn: Drawn, words: str) -> SafeString:
    top = _top(drawn)
    pieces = [
        _band(drawn),
        *_grid(top),
        *_moments(drawn),
        _line(drawn, top),
        *_threshold(drawn.warning, top, "Warning", "warn", "dashed"),
        *_threshold(drawn.alert, top, "Alert", "over", ""),
        *_marks(drawn, top),
        _peak(drawn, top),
        *_days(drawn),
    ]
    body = format_html_join("", "{}", ((piece,) for piece in pieces))
    return format_html('<svg role="img" aria-label="{}">{}</svg>', words, body)


def _top(drawn: Drawn) -> float:
    """The height of the axis: all that is drawn, with room for the peak's number above it."""
    scores = [value for value in drawn.buckets.high.tolist() if value == value]
    highest = max([*scores, drawn.warning or 0.0, drawn.alert or 0.0])
    return 1.15 * highest or 1.0


def _x(drawn: Drawn, at: int) -> float:
    whole = micros(drawn.until) - micros(drawn.since)
    return 100 * min(1.0, max(0.0, (at - micros(drawn.since)) / whole)) if whole > 0 else 0.0


def _y(value: float, top: float) -> float:
    return HEIGHT * (1 - min(1.0, max(0.0, value / top)))


def _band(drawn: Drawn) -> SafeString:
    """Since when it is bad."""
    left, right = _x(drawn, micros(drawn.onset)), _x(drawn, micros(drawn.last))
    day = formats.day(drawn.onset, drawn.zone, drawn.now)
    shade = format_html(
        '<rect x="{}" y="0" width="{}" height="{}" fill="var(--dl-alert)" fill-opacity=".07"/>',
        percent(left),
        percent(max(0.5, right - left)),
        HEIGHT,
    )
    at_end = left > 80
    aside = 24 if drawn.peak_end and abs(_x(drawn, micros(drawn.peak_end)) - left) < 6 else 4
    return shade + format_html(
        '<text x="{}" y="22" dx="{}" text-anchor="{}">onset {}</text>',
        percent(left),
        -aside if at_end else aside,
        "end" if at_end else "start",
        day,
    )


def _grid(top: float) -> list[SafeString]:
    step = next((step * scale for scale in _SCALES for step in _STEPS if step * scale * 4 >= top), top)
    values = [k * step for k in range(5) if k * step <= top]
    digits = 0 if step >= 1 else 1 if step >= 0.1 and round(step * 10) == step * 10 else 2
    return [_rule(value, top, digits) for value in values]


_SCALES = [10.0**k for k in range(-3, 9)]


def _rule(value: float, top: float, digits: int) -> SafeString:
    y = f"{_y(value, top):.1f}"
    colour = "var(--dl-line-strong)" if value == 0 else "var(--dl-grid)"
    return format_html(
        '<line x1="0" x2="100%" y1="{0}" y2="{0}" stroke="{1}"/>'
        '<text x="-8" y="{0}" dy="4" text-anchor="end">{2}</text>',
        y,
        colour,
        f"{value:,.{digits}f}" if digits < 2 else formats.number(value, 2),
    )


def _moments(drawn: Drawn) -> list[SafeString]:
    line = '<line x1="{0}" x2="{0}" y1="0" y2="{1}" stroke="var(--dl-control)" stroke-dasharray="2 3"/>'
    return [format_html(line, percent(_x(drawn, micros(at))), HEIGHT) for at in drawn.markers]


def _line(drawn: Drawn, top: float) -> SafeString:
    """The scores, with a gap where there is none."""
    path, pen = [], "M"
    for at, score in zip(drawn.buckets.at.tolist(), drawn.buckets.high.tolist(), strict=True):
        if score != score:
            pen = "M"
            continue
        path.append(f"{pen}{_x(drawn, at):.2f} {_y(score, top):.1f}")
        pen = "L"
    box = '<svg viewBox="0 0 100 {}" preserveAspectRatio="none" overflow="visible" width="100%" height="{}">{}</svg>'
    drawing = format_html(
        '<path d="{}" fill="none" stroke="var(--dl-series)" stroke-width="1.75" stroke-linejoin="round"'
        ' vector-effect="non-scaling-stroke"/>',
        "".join(path),
    )
    return format_html(box, HEIGHT, HEIGHT, drawing)


def _threshold(value: float | None, top: float, word: str, name: str, dash: str) -> list[SafeString]:
    if value is None:
        return []
    colour = "var(--dl-alert)" if name == "over" else "var(--dl-warning)"
    line = '<line x1="0" x2="100%" y1="{0}" y2="{0}" stroke="{1}" stroke-width="1.25"{2}/>'
    label = '<text x="100%" y="{}" dx="10" dy="4" class="{}"><tspan class="word">{} </tspan>{}</text>'
    y = f"{_y(value, top):.1f}"
    dashed = mark_safe(' stroke-dasharray="6 5"') if dash else ""
    return [format_html(line, y, colour, dashed), format_html(label, y, name, word, formats.score(value))]


def _marks(drawn: Drawn, top: float) -> list[SafeString]:
    """Trouble as its shape; Ok windows as dots while they are few. What has no score sits on the base line."""
    found = [_dots(drawn, top)] if len(drawn.buckets.at) <= DOTS_UP_TO else []
    for state, (places, scores) in drawn.buckets.marks.items():
        pairs = zip(places.tolist(), scores.tolist(), strict=True)
        found += [_mark(drawn, state, at, 0.0 if score != score else score, top) for at, score in pairs]
    return found


def _mark(drawn: Drawn, state: State, at: int, score: float, top: float) -> SafeString:
    return format_html(
        '<use href="#g-{0}" class="s-{0}" x="{1}" y="{2}" width="{3}" height="{3}" transform="translate({4} {4})"/>',
        state.slug,
        percent(_x(drawn, at)),
        f"{_y(score, top):.1f}",
        MARK,
        -MARK / 2,
    )


def _dots(drawn: Drawn, top: float) -> SafeString:
    marked = {at for places, _ in drawn.buckets.marks.values() for at in places.tolist()}
    pairs = zip(drawn.buckets.at.tolist(), drawn.buckets.high.tolist(), strict=True)
    dots = (
        (percent(_x(drawn, at)), f"{_y(score, top):.1f}") for at, score in pairs if score == score and at not in marked
    )
    return format_html_join("", '<circle cx="{}" cy="{}" r="2.25" fill="var(--dl-series)"/>', dots)


def _peak(drawn: Drawn, top: float) -> SafeString:
    if drawn.peak is None or drawn.peak_end is None:
        return mark_safe("")
    return format_html(
        '<text x="{}" y="{}" dy="-10" text-anchor="middle" class="top over">{}</text>',
        percent(_x(drawn, micros(drawn.peak_end))),
        f"{_y(drawn.peak, top):.1f}",
        formats.score(drawn.peak),
    )


def _days(drawn: Drawn) -> list[SafeString]:
    """A few moments under the axis: days, or hours of a short span."""
    span = drawn.until - drawn.since
    at = [drawn.since + span * (k + 0.5) / TICKS for k in range(TICKS)]
    word = formats.day if span > 3 * DAY else formats.moment
    text = '<text x="{}" y="{}" dy="18" text-anchor="middle">{}</text>'
    return [
        format_html(text, percent(_x(drawn, micros(when))), HEIGHT, word(when, drawn.zone, drawn.now)) for when in at
    ]
