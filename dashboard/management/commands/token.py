"""Makes, lists and revokes API tokens; a new one stands alone on standard output."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from dashboard import tokens
from dashboard.management import words
from dashboard.management.words import minute
from dashboard.models import ApiToken
from dashboard.roles import Role


class Command(BaseCommand):
    help = "API tokens: `token create NAME`, `token list`, `token revoke PREFIX`."

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        create = steps.add_parser("create", help="prints the token, once")
        create.add_argument("name", help="what it is for")
        create.add_argument("--role", choices=Role.values, default=Role.VIEWER)
        create.add_argument(
            "--workspace", type=words.workspace, action="append", help="id of a workspace it sees; all when left out"
        )
        create.add_argument("--days", type=words.days, help="good for so many days; for ever when left out")
        create.add_argument(
            "--owner", help="user name of whom it belongs to, and may no more than; nobody when left out"
        )
        steps.add_parser("list", help="all tokens, without what is secret of them")
        revoke = steps.add_parser("revoke", help="ends a token at once")
        revoke.add_argument("prefix", help="its first characters, as `list` shows them, or the token itself")

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"_{options['step']}")(options)

    def _create(self, options: dict[str, Any]) -> None:
        if not options["name"].strip():
            raise CommandError("A token needs a name, to be told apart by.")
        expires_at = timezone.now() + timedelta(days=options["days"]) if options["days"] else None
        owner = _owner(options["owner"]) if options["owner"] else None
        _, text = tokens.make(options["name"], Role(options["role"]), options["workspace"], expires_at, owner)
        self.stdout.write(text)

    def _list(self, options: dict[str, Any]) -> None:
        for row in ApiToken.objects.select_related("owner").order_by("created_at"):
            self.stdout.write(words.row(_columns(row)))

    def _revoke(self, options: dict[str, Any]) -> None:
        rows = list(tokens.beginning(options["prefix"]))
        if not rows:
            raise CommandError("No token that is still good begins so.")
        for row in rows:
            tokens.revoke(row)


def _owner(name: str) -> User:
    try:
        return User.objects.get(username=name)
    except User.DoesNotExist:
        raise CommandError(f"There is no account {name}.") from None


def _columns(row: ApiToken) -> list[str]:
    where = "all workspaces" if row.workspaces is None else f"workspaces {', '.join(map(str, row.workspaces))}"
    owner = row.owner.get_username() if row.owner else "a service"
    last = f"last used {minute(row.last_used_at)}"
    return [f"{row.prefix}…", row.name, owner, row.role, where, _standing(row), last]


def _standing(row: ApiToken) -> str:
    if row.revoked_at:
        return f"revoked {minute(row.revoked_at)}"
    return f"expires {minute(row.expires_at)}"
