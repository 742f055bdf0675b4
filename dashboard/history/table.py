"""The calendar as a table: a row an assay, a cell a day or a week, each with its words. Pure.

Cells are many and their texts few, so that they are put together here and not by a template.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
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

_STATES = {state.value: state for state in State}


@dataclass(frozen=True, slots=True)
class Column:
    """Cells that stand together: a week of days or a month of weeks."""

    label: str
    cells: Sequence[slice]
    is_far: bool

    @property
    def many(self) -> int:
        return len(self.cells)


def columns(days: Days) -> list[Column]:
    """Days by week, weeks by month; a week belongs to the month of its first day."""
    weeks = calendar.weeks(days)
    if days.many <= MOST_DAYS:
        groups = [
            (_short(days.day(week.start)), [slice(k, k + 1) for k in range(week.start, week.stop)]) for week in weeks
        ]
    else:
        groups = _by_month(days, weeks)
    return _near_and_far(groups)


def _by_month(days: Days, weeks: Sequence[slice]) -> list[tuple[str, list[slice]]]:
    months: dict[date, list[slice]] = {}
    for week in weeks:
        months.setdefault(days.day(week.start).replace(day=1), []).append(week)
    return [(f"{month:%b}", cells) for month, cells in months.items()]


def _near_and_far(groups: Sequence[tuple[str, list[slice]]]) -> list[Column]:
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
    cells: SafeString
    in_drift: int
    share: str


def row(one: CalendarRow, days: Days, groups: Sequence[Column], query: dict[str, str]) -> Row:
    """`query` is what the page's address holds besides its days."""
    address, fixed = _address(one, query)
    states = numbers.by_week(one.states[None], [cell for group in groups for cell in group.cells])[0].tolist()
    pieces, k = [], 0
    for place, group in enumerate(groups):
        far = " far" if group.is_far else ""
        pieces.append(f'<td class="sp{far}"></td>' if place else "")
        for cell in group.cells:
            pieces.append(_cell(states[k], days, cell, far, address, fixed))
            k += 1
    whole = f"{address}?{urlencode(fixed | _between(days.first, days.last))}"
    name = (one.name, "") if isinstance(one.id, int) else split(one.name)
    return Row(*name, one.name, whole, mark_safe("".join(pieces)), one.in_drift, share(one.share))  # noqa: S308


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


def _between(first: date, last: date) -> dict[str, str]:
    return {"from": str(first), "to": str(last)}


def _cell(state: int, days: Days, cell: slice, far: str, address: str, fixed: dict[str, str]) -> str:
    """Ok cells are left out of the way of the tab key: there are hundreds, and the row's name leads there too."""
    if state == NOTHING:
        return f'<td class="{far.strip()}"></td>' if far else "<td></td>"
    told, first, last = _STATES[state], days.day(cell.start), days.day(cell.stop - 1)
    when = _short(first) if first == last else f"{_short(first)} – {_short(last)}"
    href = f"{address}?{urlencode(fixed | _between(first, last))}".replace("&", "&amp;")
    shape = f'<svg class="g" aria-hidden="true"><use href="#g-{told.slug}"/></svg>' if told <= State.LATE else ""
    aside = "" if told <= State.LATE else ' tabindex="-1"'
    words = f'<span class="vh">{when}: {told.label}</span>'
    link = f'<a class="c k-{told.slug}" href="{href}"{aside} title="{when}: {told.label}">{shape}{words}</a>'
    return f'<td class="{far.strip()}">{link}</td>' if far else f"<td>{link}</td>"


def legend(states: Sequence[State]) -> SafeString:
    """What the cells mean, those alone that are there."""
    marks = [
        f'<span><span class="c k-{state.slug}">'
        + (f'<svg class="g" aria-hidden="true"><use href="#g-{state.slug}"/></svg>' if state <= State.LATE else "")
        + f"</span>{state.label}</span>"
        for state in states
    ]
    return mark_safe("".join(marks))  # noqa: S308
