"""A history in words and drawings: what page, paper and mail show alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from assays.incidents.models import Kind
from assays.states import State
from dashboard import formats
from dashboard.history import verdict
from dashboard.history.numbers import Tally
from dashboard.history.pictures import Column, DayRow
from dashboard.history.report import CalendarRow, History, Line, Stretch, calendar_rows, lines
from dashboard.history.verdict import Compared, Facts

LINES = 7
"""Fields that the page lists; all of them are in its files."""

_CAUSES = {
    Kind.DRIFT: "drift",
    Kind.FAILED: "failed runs",
    Kind.NO_DATA: "no data",
    Kind.LATE: "late",
    Kind.UNREACHABLE: "unreachable",
    Kind.MISMATCH: "score not confirmed",
}


def facts(told: History, found: Sequence[Line]) -> Facts:
    """`found` are the fields in drift."""
    return Facts(
        period=verdict.period(told.now.days.many),
        now=told.now.total,
        before=told.before.total,
        drift=told.now.days_in_drift,
        drift_before=told.before.days_in_drift,
        worst=[(line.name, line.now) for line in found if line.now],
        most=_most(told, found),
        step="week" if told.now.days.many >= 14 else "day",
        shares=[_firm(one) for _, one in [*told.before.weeks, *told.now.weeks]],
        failing=_failing(told),
        opened=int(told.now.opened.sum()),
    )


def _firm(one: Tally) -> float | None:
    """A share of a handful of windows is none to rank by."""
    return one.share_ok if one.scored >= verdict.ENOUGH else None


def _most(told: History, found: Sequence[Line]) -> tuple[str, int] | None:
    """The assay with most days in drift of those that watch the worst field."""
    if not found:
        return None
    watching = [int(told.roster.of[k]) for k, key in enumerate(told.roster.keys) if key == found[0].name]
    place = max(watching, key=lambda k: int(told.now.drift[k]))
    return told.roster.assays[place].name, int(told.now.drift[place])


def _failing(told: History) -> list[str]:
    """Assays of which no run but failed ones came, and several did."""
    pairs = zip(told.roster.assays, told.tallies, strict=True)
    return [assay.name for assay, one in pairs if one.failed > 2 and not one.scored]


class Figure(NamedTuple):
    """A key figure: its name, value and unit, what became of it, and a line beneath."""

    name: str
    value: str
    unit: str
    change: Compared
    beside: str = ""


def figures(told: History) -> list[Figure]:
    now, before = told.now, told.before
    return [_ok(now, before), _drift(now, before), _opened(now, before), _answered(now, before), _resolved(now, before)]


def _ok(now: Stretch, before: Stretch) -> Figure:
    one, other = now.total, before.total
    change = verdict.compare(
        _percent(one.share_ok),
        _percent(other.share_ok),
        unit=" points",
        more_is_better=True,
        was=verdict.share(other.share_ok),
        enough=verdict.comparable(one, other),
    )
    covered = f"coverage {verdict.share(one.coverage)}" if one.coverage is not None else ""
    earlier = f", was {verdict.share(other.coverage)}" if covered and other.coverage is not None else ""
    return Figure("Windows Ok", verdict.share(one.share_ok), "", change, covered + earlier)


def _percent(value: float | None) -> float | None:
    return None if value is None else value * 100


def _value(text: str) -> tuple[str, str]:
    """A number and its unit apart; two units stay together."""
    value, _, unit = text.partition(formats.NARROW)
    return (text, "") if formats.NARROW in unit else (value, unit)


def _drift(now: Stretch, before: Stretch) -> Figure:
    days, earlier = now.days_in_drift, before.days_in_drift
    change = verdict.compare(
        days,
        earlier,
        unit="",
        more_is_better=False,
        was=f"{earlier:,}",
        enough=verdict.comparable(now.total, before.total),
    )
    return Figure("Time in drift, all assays", f"{days:,}", "day" if days == 1 else "days", change)


def _opened(now: Stretch, before: Stretch) -> Figure:
    opened, earlier = int(now.opened.sum()), int(before.opened.sum())
    change = verdict.compare(
        opened,
        earlier,
        unit="",
        more_is_better=False,
        was=f"{earlier:,}",
        enough=verdict.comparable(now.total, before.total),
    )
    causes = ", ".join(f"{many:,} {_CAUSES[kind]}" for kind, many in now.causes.most_common())
    false = f"; {verdict.share(now.false_alarms)} of those judged false alarms" if now.false_alarms is not None else ""
    return Figure("Incidents opened", f"{opened:,}", "", change, causes + false)


def _answered(now: Stretch, before: Stretch) -> Figure:
    return _time("Median time to acknowledge", now.acknowledged_in, before.acknowledged_in, "none was acknowledged")


def _resolved(now: Stretch, before: Stretch) -> Figure:
    return _time("Median time to resolve", now.resolved_in, before.resolved_in, "none has ended")


def _time(name: str, now: timedelta | None, before: timedelta | None, none: str) -> Figure:
    if now is None:
        return Figure(name, formats.NONE, "", Compared("", none, formats.age(before) if before else ""))
    value, unit = _value(
        formats.age(now).replace(" days", f"{formats.NARROW}days").replace(" weeks", f"{formats.NARROW}weeks")
    )
    return Figure(name, value, unit, verdict.compare_times(now, before))


def columns(told: History) -> list[Column]:
    """The share of windows Ok by week, or by day, before and now."""
    pairs = [(stretch is told.before, day, one) for stretch in (told.before, told.now) for day, one in stretch.weeks]
    return [Column(one.share_ok, short(day), early, verdict.share(one.share_ok)) for early, day, one in pairs]


def short(day: date) -> str:
    return f"{day.day} {day:%b}"


def dates(first: date, last: date) -> str:
    """`4 May – 28 Jun 2026`."""
    if first == last:
        return f"{short(first)} {first.year}"
    year = f" {first.year}" if first.year != last.year else ""
    return f"{short(first)}{year} {formats.EN_DASH} {short(last)} {last.year}"


def day_rows(rows: Sequence[CalendarRow]) -> list[DayRow]:
    """The calendar's rows as they are drawn."""
    return [
        DayRow(row.name, row.states, f"{row.in_drift:,}{formats.NARROW}d", verdict.share(row.share)) for row in rows
    ]


LEGEND = (State.ALERT, State.WARNING, State.FAILED, State.LATE, State.OK, State.PAUSED)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one page of paper and one mail hold."""

    headline: str
    sentences: Sequence[str]
    figures: Sequence[Figure]
    columns: Sequence[Column]
    rows: Sequence[CalendarRow]
    lines: Sequence[Line]
    most: int


def sheet(told: History) -> Sheet:
    fields = lines(told, "field")
    known = facts(told, fields)
    found = fields if told.choice.by == "field" else lines(told, told.choice.by)
    return Sheet(
        headline=verdict.headline(known),
        sentences=verdict.sentences(known),
        figures=figures(told),
        columns=columns(told),
        rows=calendar_rows(told),
        lines=found,
        most=max((line.now for line in found), default=0),
    )
