"""The calendar as a table: a row an assay, a cell a day or a week, each with its words. Pure.

Cells are many and their texts few, so that they are put together here and not by a template.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from assays.states import State
from dashboard.history import days as calendar
from dashboard.history import numbers
from dashboard.history.days import Days
from dashboard.history.numbers import NOTHING
from dashboard.history.report import CalendarRow
from dashboard.history.verdict import share

MOST_DAYS = 98
"""Of more days each cell is a week."""

NEAR = 14
"""So many cells, and whole groups of them, are left on a phone."""


class Cell(NamedTuple):
    """A day or a week: its days, how it is called, and the end of the address that leads to it."""

    days: slice
    when: str
    query: str


@dataclass(frozen=True, slots=True)
class Column:
    """Cells that stand together: a week of days or a month of weeks."""

    label: str
    cells: Sequence[Cell]
    is_far: bool

    @property
    def many(self) -> int:
        return len(self.cells)


def columns(days: Days) -> list[Column]:
    """Days by week, weeks by month; a week belongs to the month of its first day."""
    weeks = calendar.weeks(days)
    groups = _by_week(days, weeks) if days.many <= MOST_DAYS else _by_month(days, weeks)
    return _near_and_far([(label, [_called(days, part) for part in parts]) for label, parts in groups])


def _called(days: Days, part: slice) -> Cell:
    first, last = days.day(part.start), days.day(part.stop - 1)
    when = _short(first) if first == last else f"{_short(first)} – {_short(last)}"
    return Cell(part, when, f"from={first}&amp;to={last}")


def _by_week(days: Days, weeks: Sequence[slice]) -> list[tuple[str, list[slice]]]:
    return [(_short(days.day(week.start)), [slice(k, k + 1) for k in range(week.start, week.stop)]) for week in weeks]


def _by_month(days: Days, weeks: Sequence[slice]) -> list[tuple[str, list[slice]]]:
    months: dict[date, list[slice]] = {}
    for week in weeks:
        months.setdefault(days.day(week.start).replace(day=1), []).append(week)
    return [(f"{month:%b}", cells) for month, cells in months.items()]


def _near_and_far(groups: Sequence[tuple[str, list[Cell]]]) -> list[Column]:
    near = 0
    found: list[Column] = []
    for label, cells in reversed(groups):
        near += len(cells)
        found.append(Column(label, cells, bool(found) and near > NEAR))
    return found[::-1]


def _short(day: date) -> str:
    return f"{day.day} {day:%b}"


@dataclass(frozen=True, slots=True)
class Row:
    """A drawn row; `head` and `tail` are its name, `cells` its days, the far ones apart by their class."""

    head: str
    tail: str
    name: str
    address: str
    incidents: str
    cells: SafeString
    in_drift: int
    share: str


def row(one: CalendarRow, days: Days, groups: Sequence[Column], query: dict[str, str]) -> Row:
    """`query` is what the page's address holds besides its days."""
    address, fixed = _address(one, query)
    start = escape(f"{address}?{urlencode(fixed)}{'&' if fixed else ''}")
    states = iter(
        numbers.by_week(one.states[None], [cell.days for group in groups for cell in group.cells])[0].tolist()
    )
    pieces = []
    for place, group in enumerate(groups):
        far = " far" if group.is_far else ""
        pieces.append(f'<td class="sp{far}"></td>' if place else "")
        pieces += [_cell(next(states), cell, far, start) for cell in group.cells]
    whole = f"{address}?{urlencode(fixed | _between(days.first, days.last))}"
    name = (one.name, "") if isinstance(one.id, int) else split(one.name)
    return Row(*name, one.name, whole, _incidents(one), mark_safe("".join(pieces)), one.in_drift, share(one.share))  # noqa: S308


def split(name: str) -> tuple[str, str]:
    """A name is cut in its head, never in its tail, which tells it from its neighbours."""
    head, mark, tail = name.rpartition(" · ")
    return (head, mark + tail) if mark and len(tail) <= 24 else (name, "")


def _address(one: CalendarRow, query: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Where a row leads: an assay to its page, a group to the history of its own assays."""
    if isinstance(one.id, UUID):
        return reverse("assay", args=[one.id]), {key: query[key] for key in ("tz",) if key in query}
    inner = {key: value for key, value in query.items() if key != "group"}
    return reverse("history"), inner | {query["group"]: str(one.id)}


def _incidents(one: CalendarRow) -> str:
    """Where an assay's incidents are listed; a group's are found by its filters."""
    return f"{reverse('alerts')}?{urlencode({'list': 'resolved', 'assay': one.id})}" if isinstance(one.id, UUID) else ""


def _between(first: date, last: date) -> dict[str, str]:
    return {"from": str(first), "to": str(last)}


def _cell(state: int, cell: Cell, far: str, start: str) -> str:
    """Ok cells are left out of the way of the tab key: there are hundreds, and the row's name leads there too."""
    opening = f'<td class="{far.strip()}">' if far else "<td>"
    if state == NOTHING:
        return f"{opening}</td>"
    name, slug, shape, aside = _TOLD[state]
    words = f"{cell.when}: {name}"
    link = f'<a class="c k-{slug}" href="{start}{cell.query}"{aside} title="{words}">{shape}'
    return f'{opening}{link}<span class="vh">{words}</span></a></td>'


def _shape(state: State) -> str:
    """Only trouble has one."""
    return f'<svg class="g" aria-hidden="true"><use href="#g-{state.slug}"/></svg>' if state <= State.LATE else ""


_TOLD = {s.value: (s.label, s.slug, _shape(s), "" if s <= State.LATE else ' tabindex="-1"') for s in State}


def legend(states: Sequence[State]) -> SafeString:
    """What the cells mean."""
    marks = [f'<span><span class="c k-{s.slug}">{_shape(s)}</span>{s.label}</span>' for s in states]
    return mark_safe("".join(marks))  # noqa: S308
