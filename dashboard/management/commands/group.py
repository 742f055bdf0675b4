"""Makes and deletes groups, and gives them roles: a group's name is what the sign-in provider calls it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard import people
from dashboard.management import words
from dashboard.reads.people import groups, held_by_group
from dashboard.roles import Role

BY = "command group"


class Command(BaseCommand):
    help = (
        "Groups: `group create NAME`, `group grant NAME ROLE`, `group revoke NAME`, `group list`, `group delete NAME`."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        create = steps.add_parser("create", help="makes a group without a role")
        grant = steps.add_parser("grant", help="gives its members a role, in place of any other there")
        revoke = steps.add_parser("revoke", help="takes the role away that was given there")
        delete = steps.add_parser("delete", help="ends a group, its roles and its memberships")
        for step in (create, grant, revoke, delete):
            step.add_argument("name", help="as the sign-in provider calls it")
        words.add_role(grant)
        words.add_place(revoke)
        steps.add_parser("list", help="all groups, with their roles and how many are in them")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['step']}")(options)
        except people.Refused as error:
            raise CommandError(str(error)) from error

    def _create(self, options: dict[str, Any]) -> None:
        people.create_group(options["name"], BY)

    def _grant(self, options: dict[str, Any]) -> None:
        people.grant(_named(options), Role(options["role"]), options["workspace"], BY)

    def _revoke(self, options: dict[str, Any]) -> None:
        if not people.revoke(_named(options), options["workspace"], BY):
            raise CommandError(f"{options['name']} has been given no role {words.where(options['workspace'])}.")

    def _list(self, options: dict[str, Any]) -> None:
        for group in groups():
            many = f"{group.members} in it"  # type: ignore[attr-defined]
            self.stdout.write(words.row([group.name, words.told(held_by_group(group)), many]))

    def _delete(self, options: dict[str, Any]) -> None:
        people.delete_group(_named(options), BY)


def _named(options: dict[str, Any]) -> Group:
    try:
        return Group.objects.get(name=options["name"])
    except Group.DoesNotExist:
        raise CommandError(f"There is no group {options['name']}.") from None
