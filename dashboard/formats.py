"""How numbers, times and ages are written for people. Pure: the zone and the present moment are given."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from assays import wording

# what sentences outside of pages are written with too
NARROW, MINUS, NONE, EN_DASH = wording.NARROW, wording.MINUS, wording.NONE, wording.EN_DASH
score, share, edges, ranges = wording.score, wording.share, wording.edges, wording.ranges

TIMES = "\N{MULTIPLICATION SIGN}"
ARROW = "\N{RIGHTWARDS ARROW}"

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)


def ratio(value: float | None) -> str:
    """A score over its alert threshold."""
    if value is None:
        return ""
    if value < 0.05:
        return f"<0.1{TIMES}"
    if value >= 1e6:
        return f">1,000,000{TIMES}"
    return f"{value:,.0f}{TIMES}" if value >= 9.95 else f"{value:.1f}{TIMES}"


def a_week(low: float, high: float) -> str:
    """A range of so many a week, `2.00 to 5.00`, `0 to 1.82`, `fewer than 0.01`."""
    if high < 0.005:
        return "fewer than 0.01"
    one, other = _rate(low), _rate(high)
    return one if one == other else f"{one} to {other}"


def _rate(value: float) -> str:
    if value < 0.005:
        return "0"
    return score(value) if value < 10 else count(round(value))


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
