"""Makes accounts and closes them, gives roles and takes them; a new link stands alone on standard output."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard import people
from dashboard.management import words
from dashboard.reads.people import held_by
from dashboard.roles import Role

BY = "command person"


class Command(BaseCommand):
    help = "People: `person create NAME`, `person grant NAME ROLE`, `person list`, …"

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        create = steps.add_parser("create", help="makes a local account; prints a link that sets its password")
        create.add_argument("--role", choices=Role.values, help="its first role; none when left out")
        words.add_place(create)
        steps.add_parser("list", help="everybody, with their roles and last sign-in")
        grant = steps.add_parser("grant", help="gives a role, in place of any other there")
        revoke = steps.add_parser("revoke", help="takes the role away that was given there")
        deactivate = steps.add_parser("deactivate", help="closes the account, its sessions and its tokens")
        reactivate = steps.add_parser("reactivate", help="opens the account again")
        link = steps.add_parser("password-link", help="prints a link that sets the password, once")
        out = steps.add_parser("sign-out", help="ends all sessions")
        for step in (create, grant, revoke, deactivate, reactivate, link, out):
            step.add_argument("name", help="the user name")
        words.add_role(grant)
        words.add_place(revoke)
        for step in (create, link):
            step.add_argument("--base", default=settings.PUBLIC_URL, help="where the dashboard is reached")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, "_" + options["step"].replace("-", "_"))(options)
        except people.Refused as error:
            raise CommandError(str(error)) from error

    def _create(self, options: dict[str, Any]) -> None:
        role = Role(options["role"]) if options["role"] else None
        person = people.create(options["name"], BY, role, options["workspace"])
        self._print_link(person, options["base"])

    def _list(self, options: dict[str, Any]) -> None:
        for person in User.objects.prefetch_related("grants", "groups__grants").order_by("username"):
            kind = "provider" if people.is_from_provider(person) else "local"
            standing = "active" if person.is_active else "closed"
            last = f"last sign-in {words.minute(person.last_login)}"
            self.stdout.write(words.row([person.username, words.told(held_by(person)), kind, standing, last]))

    def _grant(self, options: dict[str, Any]) -> None:
        people.grant(_named(options), Role(options["role"]), options["workspace"], BY)

    def _revoke(self, options: dict[str, Any]) -> None:
        if not people.revoke(_named(options), options["workspace"], BY):
            raise CommandError(f"{options['name']} has been given no role {words.where(options['workspace'])}.")

    def _deactivate(self, options: dict[str, Any]) -> None:
        people.deactivate(_named(options), BY)

    def _reactivate(self, options: dict[str, Any]) -> None:
        people.reactivate(_named(options), BY)

    def _password_link(self, options: dict[str, Any]) -> None:
        self._print_link(_named(options), options["base"])

    def _sign_out(self, options: dict[str, Any]) -> None:
        people.sign_out(_named(options), BY)

    def _print_link(self, person: User, base: str) -> None:
        self.stdout.write(base.rstrip("/") + people.password_link(person, BY))


def _named(options: dict[str, Any]) -> User:
    try:
        return User.objects.get(username=options["name"])
    except User.DoesNotExist:
        raise CommandError(f"There is no account {options['name']}.") from None
