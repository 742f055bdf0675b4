"""A threshold's trade-off as an SVG: false alarms a month against the threshold, and how many are put up with. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from assays.insight.whatif import Point, Recommendation
from dashboard import formats

WIDTH, HEIGHT = 640, 150
LEFT, BOTTOM, TOP = 40, 24, 10


def curve(told: Recommendation, target: float) -> SafeString:
    """Stepped, for between two thresholds nothing changes; the chosen one is marked."""
    if not told.curve:
        return mark_safe("")
    most = max([point.false_alarms for point in told.curve] + [target]) * 1.05 or 1.0
    widest = told.curve[-1].threshold
    pieces = [
        _level(target, most, "var(--dl-control)", "3 3"),
        _steps(told.curve, most, widest),
        _chosen(told, most, widest),
        _axis(most, widest),
    ]
    body = mark_safe("".join(pieces))  # noqa: S308  (each piece is formatted by format_html)
    words = f"false alarms a month by threshold, from {formats.score(told.curve[0].false_alarms)} down"
    head = '<svg class="trade" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    return format_html(head, WIDTH, HEIGHT, words, body)


def _x(threshold: float, widest: float) -> float:
    return LEFT + (WIDTH - LEFT - 12) * threshold / widest


def _y(rate: float, most: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - rate / most)


def _level(rate: float, most: float, colour: str, dash: str) -> SafeString:
    line = '<path d="M{} {:.1f}H{}" stroke="{}" stroke-dasharray="{}"/>'
    return format_html(line.replace("{:.1f}", "{}"), LEFT, f"{_y(rate, most):.1f}", WIDTH - 12, colour, dash)


def _steps(points: Sequence[Point], most: float, widest: float) -> SafeString:
    path = f"M{_x(points[0].threshold, widest):.1f} {_y(points[0].false_alarms, most):.1f}"
    path += "".join(f"H{_x(point.threshold, widest):.1f}V{_y(point.false_alarms, most):.1f}" for point in points[1:])
    return format_html('<path d="{}" fill="none" stroke="var(--dl-series)" stroke-width="1.75"/>', path)


def _chosen(told: Recommendation, most: float, widest: float) -> SafeString:
    found = next((point for point in told.curve if point.threshold == told.threshold), None)
    if found is None:
        return mark_safe("")
    x, y = f"{_x(found.threshold, widest):.1f}", f"{_y(found.false_alarms, most):.1f}"
    return format_html('<circle cx="{}" cy="{}" r="5" fill="var(--dl-accent)" stroke="var(--dl-surface)"/>', x, y)


def _axis(most: float, widest: float) -> SafeString:
    text = '<text x="{}" y="{}" text-anchor="{}">{}</text>'
    return format_html(
        text * 4,
        *(LEFT - 6, HEIGHT - BOTTOM, "end", "0"),
        *(LEFT - 6, TOP + 8, "end", formats.score(most / 1.05)),
        *(LEFT, HEIGHT - 6, "start", "threshold 0"),
        *(WIDTH - 12, HEIGHT - 6, "end", formats.score(widest)),
    )
