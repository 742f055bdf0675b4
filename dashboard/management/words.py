"""What the commands for people, groups and tokens share: places as arguments, and rows as lines."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.core.management.base import CommandParser

from dashboard.access import Role
from dashboard.reads.people import Held


def add_role(parser: CommandParser) -> None:
    parser.add_argument("role", choices=Role.values)
    add_place(parser)


def add_place(parser: CommandParser) -> None:
    parser.add_argument("--workspace", type=int, help="id of the workspace it holds in; everywhere when left out")


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
