"""The calendar as a table that leads nowhere: for those who see a history without a sign-in. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from assays.states import State
from dashboard.history import numbers, table
from dashboard.history.numbers import NOTHING
from dashboard.history.report import CalendarRow
from dashboard.history.table import Column
from dashboard.history.verdict import share

_STATES = {state.value: state for state in State}


class Row(NamedTuple):
    """A drawn row; `head` and `tail` are its name."""

    head: str
    tail: str
    cells: SafeString
    in_drift: int
    share: str


def row(one: CalendarRow, groups: Sequence[Column]) -> Row:
    cells = [cell.days for group in groups for cell in group.cells]
    states = iter(numbers.by_week(one.states[None], cells)[0].tolist())
    drawn = "".join(piece for k, group in enumerate(groups) for piece in _group(k, group, states))
    return Row(*table.split(one.name), mark_safe(drawn), one.in_drift, share(one.share))  # noqa: S308


def _group(k: int, group: Column, states: Iterator[int]) -> Iterator[str]:
    far = " far" if group.is_far else ""
    if k:
        yield f'<td class="sp{far}"></td>'
    for cell in group.cells:
        yield f'<td class="{far.strip()}">{_mark(next(states), cell.when)}</td>'


def _mark(state: int, when: str) -> str:
    if state == NOTHING:
        return ""
    told = _STATES[state]
    shape = f'<svg class="g" aria-hidden="true"><use href="#g-{told.slug}"/></svg>' if told <= State.LATE else ""
    words = f"{when}: {told.label}"
    return format_html(
        '<span class="c k-{}" title="{}">{}<span class="vh">{}</span></span>',
        told.slug,
        words,
        mark_safe(shape),  # noqa: S308
        words,
    )
