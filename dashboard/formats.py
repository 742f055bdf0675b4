"""How numbers, times and ages are written for people. Pure: the zone and the present moment are given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from itertools import pairwise

NARROW = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"
NONE = "\N{EM DASH}"
EN_DASH = "\N{EN DASH}"
ARROW = "\N{RIGHTWARDS ARROW}"

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)


def score(value: float | None, digits: int = 2) -> str:
    """Two digits in lists, three in detail, six when verifying. No score is a dash, never a zero."""
    if value is None:
        return NONE
    smallest = 10.0**-digits
    if 0 <= value < smallest / 2:
        return f"<{smallest:.{digits}f}"
    return f"{value:.3e}" if value >= 1e6 else f"{value:,.{digits}f}".replace("-", MINUS)


def ratio(value: float | None) -> str:
    """A score over its alert threshold."""
    if value is None:
        return ""
    if value < 0.05:
        return f"<0.1{TIMES}"
    if value >= 1e6:
        return f">1,000,000{TIMES}"
    return f"{value:,.0f}{TIMES}" if value >= 9.95 else f"{value:.1f}{TIMES}"


def share(value: float | None) -> str:
    return NONE if value is None else f"{value * 100:.0f}{NARROW}%"


def points(before: float, after: float) -> str:
    """The change of a share, in points."""
    change = round((after - before) * 100)
    return f"{signed(change)}{NARROW}pts"


def signed(value: float, digits: int = 0) -> str:
    text = f"{abs(value):,.{digits}f}"
    if not float(text.replace(",", "")):
        return text
    return (MINUS if value < 0 else "+") + text


def number(value: float | None, digits: int = 3) -> str:
    """A statistic: fixed digits where they tell something, four significant ones for the very small or large."""
    if value is None:
        return NONE
    size = abs(value)
    if size and (size < 10.0**-digits or size >= 1e6):
        return f"{value:.3e}".replace("-", MINUS)
    return f"{value:,.{digits}f}".replace("-", MINUS)


def count(value: int | None) -> str:
    return NONE if value is None else f"{value:,}"


def plural(many: int, one: str, more: str = "") -> str:
    return f"{many:,} {one if many == 1 else more or one + 's'}"


def age(span: timedelta) -> str:
    """One unit; hours and minutes below ten hours."""
    span = max(span, timedelta(0))
    if span < MINUTE:
        return f"{span.seconds}{NARROW}s"
    if span < HOUR:
        return f"{span // MINUTE}{NARROW}min"
    if span < 10 * HOUR:
        return _hours_and_minutes(span)
    return _one_unit(span)


def _hours_and_minutes(span: timedelta) -> str:
    hours, rest = divmod(span, HOUR)
    minutes = rest // MINUTE
    return f"{hours}{NARROW}h" + (f" {minutes}{NARROW}min" if minutes else "")


def _one_unit(span: timedelta) -> str:
    if span < 2 * DAY:
        return f"{span // HOUR}{NARROW}h"
    if span < 10 * WEEK:
        return f"{span // DAY} days"
    return f"{span // WEEK} weeks"


def day(when: datetime, zone: tzinfo, now: datetime) -> str:
    """`30 Jun`, with its year when that is not this one."""
    local, today = when.astimezone(zone), now.astimezone(zone)
    text = f"{local.day} {local:%b}"
    return text if local.year == today.year else f"{text} {local.year}"


def moment(when: datetime | None, zone: tzinfo, now: datetime, seconds: bool = False) -> str:
    """`30 Jun 05:00`; today's moments need no date."""
    if when is None:
        return NONE
    local = when.astimezone(zone)
    clock = f"{local:%H:%M:%S}" if seconds else f"{local:%H:%M}"
    today = now.astimezone(zone).date()
    return clock if local.date() == today else f"{day(when, zone, now)} {clock}"


def dated(when: datetime, zone: tzinfo, now: datetime) -> str:
    """`30 Jun 05:00`, today's too: where moments of several days stand side by side."""
    return f"{day(when, zone, now)} {when.astimezone(zone):%H:%M}"


def days(since: datetime, until: datetime, zone: tzinfo, now: datetime) -> str:
    """A stretch of days, `1 Apr – 30 Jun 2026`; `until` belongs to it."""
    return f"{day(since, zone, now)} {EN_DASH} {day(until, zone, now)}"


def days_together(first: datetime, last: datetime, zone: tzinfo, now: datetime) -> str:
    """One day or a few, as short as a sentence wants them: `23–24 Jun`."""
    one, other = first.astimezone(zone), last.astimezone(zone)
    if one.date() == other.date():
        return day(first, zone, now)
    if (one.year, one.month) == (other.year, other.month):
        return f"{one.day}{EN_DASH}{day(last, zone, now)}"
    return days(first, last, zone, now)


def zone_name(zone: tzinfo, at: datetime) -> str:
    """`UTC`, `CEST`, or `UTC+05:30` for a zone without letters."""
    name = at.astimezone(zone).tzname() or ""
    if name.isalpha():
        return name
    offset = f"{at.astimezone(zone):%z}"
    return f"UTC{offset[:3]}:{offset[3:]}".replace("-", MINUS)


def period(seconds: int | None) -> str:
    """How often an assay runs, in a word where there is one."""
    if seconds is None:
        return "on a Cron schedule"
    return _CADENCES.get(seconds) or f"every {length(seconds)}"


_CADENCES = {60: "every minute", 3600: "hourly", 86_400: "daily", 604_800: "weekly"}


def length(seconds: int) -> str:
    """How long a window is: `8 h`, `1 day`, `2 weeks`."""
    for size, word in ((604_800, "week"), (86_400, "day"), (3600, "h"), (60, "min")):
        if seconds % size == 0:
            many = seconds // size
            return f"{many}{NARROW}{word}" if word in ("h", "min") else plural(many, word)
    return f"{seconds}{NARROW}s"


def millis(value: float | None) -> str:
    if value is None:
        return NONE
    return f"{value / 1000:,.1f}{NARROW}s" if value >= 10_000 else f"{value:,.0f}{NARROW}ms"


def size(octets: int) -> str:
    return f"{octets / 1e6:,.1f}{NARROW}MB" if octets >= 1_000_000 else f"{max(1, octets // 1000):,}{NARROW}kB"


def edges(values: Sequence[float]) -> list[str]:
    """Right edges of bins with as few digits as tell them apart; infinities as ∞."""
    finite = sorted({value for value in values if math.isfinite(value)})
    digits = next((n for n in (2, 3, 4, 5) if len({_edge(value, n) for value in finite}) == len(finite)), 6)
    return [_edge(value, digits) for value in values]


def _edge(value: float, digits: int) -> str:
    if math.isnan(value):
        return NONE
    if not math.isfinite(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    size = abs(value)
    if size and not 1e-4 <= size < 1e7:
        return f"{value:.{digits - 1}e}".replace("-", MINUS)
    decimals = max(0, digits - 1 - math.floor(math.log10(size))) if size else 0
    text = f"{value:,.{decimals}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", MINUS)


def ranges(values: Sequence[float]) -> list[str]:
    """Bins in words, by their right edges: `≤ 0.024`, `0.024 – 0.044`, `> 0.26`; one bin alone is `all`."""
    if len(values) == 1:
        return ["all"]
    texts = edges(values)
    inner = [f"{low} {EN_DASH} {high}" for low, high in pairwise(texts[:-1])]
    return [f"≤ {texts[0]}", *inner, f"> {texts[-2]}"]
