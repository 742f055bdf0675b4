"""What the commands for people, groups and tokens share: places as arguments, and rows as lines."""

from __future__ import annotations

import re
from argparse import ArgumentTypeError
from collections.abc import Iterable
from datetime import datetime

from django.core.management.base import CommandParser

from dashboard.reads.people import Held
from dashboard.roles import Role

_BIGGEST = 2**62


def add_role(parser: CommandParser) -> None:
    parser.add_argument("role", choices=Role.values)
    add_place(parser)


def add_place(parser: CommandParser) -> None:
    parser.add_argument("--workspace", type=workspace, help="id of the workspace it holds in; everywhere when left out")


def workspace(text: str) -> int:
    """As the database holds one."""
    return _within(text, -_BIGGEST, _BIGGEST)


def days(text: str) -> int:
    """At least one: none at all would be for ever."""
    return _within(text, 1, 36_500)


def _within(text: str, least: int, most: int) -> int:
    if not re.fullmatch(r"-?\d+", text) or not least <= int(text) <= most:
        raise ArgumentTypeError(f"{text} is no number from {least} to {most}.")
    return int(text)


def row(cells: Iterable[str]) -> str:
    """One line, whatever stands in its cells: no name begins a line, a cell or a command of the terminal."""
    return "\t".join("".join(letter if letter.isprintable() else "?" for letter in cell) for cell in cells)


def told(held: Iterable[Held]) -> str:
    """`operator everywhere, viewer in workspace 3 (by group flights)`."""
    return ", ".join(map(_held, held)) or "no role"


def where(workspace_id: int | None) -> str:
    return "everywhere" if workspace_id is None else f"in workspace {workspace_id}"


def minute(at: datetime | None) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC") if at else "never"


def _held(held: Held) -> str:
    by = f" (by group {held.group.name})" if held.group else ""
    return f"{held.role.value} {where(held.workspace_id)}{by}"
