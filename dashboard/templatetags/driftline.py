"""Formats and drawings for templates; what they do is told in `formats` and `parts`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.http import QueryDict
from django.template import Context
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from assays.insight import hints, labels
from assays.insight.doctor import Kind
from assays.states import State
from dashboard import formats, parts
from dashboard.figures import lines

register = template.Library()
DAY_SECONDS = 86_400

register.filter("score", formats.score)
register.filter("ratio", formats.ratio)
register.filter("share", formats.share)
register.filter("number", formats.number)
register.filter("count", formats.count)
register.filter("width", formats.length)
register.filter("period", formats.period)
register.filter("millis", formats.millis)
register.simple_tag(parts.shape, name="shape")
register.simple_tag(parts.icon, name="icon")
register.simple_tag(parts.meter, name="meter")
register.simple_tag(parts.sparkline, name="sparkline")
register.simple_tag(parts.shares, name="shares")
register.simple_tag(parts.paired_bars, name="paired_bars")
register.simple_tag(parts.bar, name="bar")


@register.simple_tag
def chip(state: int, loud: bool = True) -> SafeString:
    return parts.chip(State(state), loud)


@register.filter
def kind_slug(kind: Kind) -> str:
    """A kind of finding as an address names it."""
    return kind.name.lower().replace("_", "-")


@register.filter
def slug(state: int) -> str:
    return State(state).slug


@register.filter
def label(state: int) -> str:
    return State(state).label


@register.simple_tag(takes_context=True)
def moment(context: Context, when: datetime | None, seconds: bool = False) -> str:
    return formats.moment(when, context["zone"], context["now"], seconds)


@register.simple_tag(takes_context=True)
def as_of(context: Context, *moments: datetime | str | None) -> str:
    """The first moment that is known, with its zone: when upstream answered last, or when this was read."""
    known = next((moment for moment in moments if isinstance(moment, datetime)), None)
    return f"{formats.moment(known, context['zone'], context['now'], seconds=True)} {context['zone_name']}"


@register.simple_tag(takes_context=True)
def dated(context: Context, when: datetime) -> str:
    return formats.dated(when, context["zone"], context["now"])


@register.simple_tag(takes_context=True)
def since(context: Context, when: datetime | None) -> str:
    return formats.age(context["now"] - when) if when else ""


@register.simple_tag(takes_context=True)
def until(context: Context, when: datetime) -> str:
    return formats.age(when - context["now"])


@register.filter
def age(span: timedelta) -> str:
    return formats.age(span)


@register.filter
def plural(many: int, words: str) -> str:
    """`3|plural:"window"`, or `"box,boxes"` when an s is not enough."""
    one, _, more = words.partition(",")
    return formats.plural(many, one, more)


@register.simple_tag(takes_context=True)
def address(context: Context, **changes: Any) -> str:
    """This page's query with some parameters changed; None drops one, and a change goes back to the first page."""
    return _address(context, changes)


def _address(context: Context, changes: Mapping[str, Any]) -> str:
    query: QueryDict = context["request"].GET.copy()
    query.pop("page", None)
    for key, value in changes.items():
        query.pop(key, None)
        if value not in (None, ""):
            query[key] = str(value)
    return "?" + query.urlencode()


@register.simple_tag
def dash(place: int) -> SafeString:
    """A stretch of the line that a chart draws at this place."""
    return parts.dashed(lines.INKS[place], DASHES[lines.DASHES[place]])


DASHES = {
    "solid": "",
    "dot": "2 2",
    "dash": "6 3",
    "longdash": "9 3",
    "dashdot": "6 2 2 2",
    "longdashdot": "9 2 2 2",
    "5px 2px": "5 2",
    "1px 4px": "1 4",
}


@register.simple_tag
def a_week(told: labels.Range) -> str:
    return formats.a_week(told.low, told.high)


@register.simple_tag
def hint(told: hints.Hint) -> str:
    """A hint with the numbers it rests on."""
    write = formats.share if told.of == "share" else formats.number
    if told.of == "rows":
        evidence = f"{formats.count(round(told.after))} of at least {formats.count(round(told.before))}"
    elif told.kind is hints.Kind.ONE_BIN:
        evidence = f"score {formats.score(told.after, 3)}, ceiling {formats.score(told.before, 3)}"
    else:
        evidence = f"{told.of} {write(told.before)} {formats.ARROW} {write(told.after)}"
    where = f", bin {told.label}" if told.label else ""
    return f"{told.kind.value[0].upper()}{told.kind.value[1:]}: {evidence}{where}."


@register.simple_tag(takes_context=True)
def day(context: Context, when: datetime) -> str:
    return formats.day(when, context["zone"], context["now"])


@register.simple_tag(takes_context=True)
def tick(context: Context, when: datetime) -> str:
    """Under a window of the strip: its hour when they come more than once a day, else its day."""
    period = context["assay"].period_seconds
    if period is not None and period < DAY_SECONDS:
        return f"{when.astimezone(context['zone']):%H:%M}"
    return formats.day(when, context["zone"], context["now"])


@register.simple_tag
def age_of(span: timedelta) -> str:
    return formats.age(span)


@register.simple_tag
def shape_of(state: int) -> SafeString:
    return parts.shape(State(state))


@register.simple_tag
def legend() -> SafeString:
    """What the marks of the score chart mean."""
    marks = (State.ALERT, State.WARNING, State.FAILED, State.NO_DATA)
    pairs = ((state.slug, parts.shape(state), state.label) for state in marks)
    return format_html_join("", '<span class="s-{}">{} {}</span>', pairs)


@register.simple_tag(takes_context=True)
def range_address(context: Context, days: tuple[date, date]) -> str:
    """This page's query with a range between two days."""
    first, last = days
    return _address(context, {"range": None, "window": None, "from": first, "to": last})
