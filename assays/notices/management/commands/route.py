"""Routes by hand: made, listed without what is secret of them, tried out, switched, removed, sealed anew."""

from __future__ import annotations

import getpass
import re
import sys
from datetime import time
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from assays.incidents.models import Kind
from assays.models import Assay
from assays.notices import routes
from assays.notices.errors import Refused
from assays.notices.models import Delivery, Outcome, Route
from assays.notices.sealing import Unsealable

BY = "manage.py"
LISTED = 50


class Command(BaseCommand):
    help = "Where messages go: `route add NAME`, `list`, `test NAME`, `secret NAME`, `log`, `off NAME`, `on NAME`, …"

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        add = steps.add_parser("add", help="reads the address from standard input, so that it stands in no history")
        add.add_argument("name")
        _add_filters(add)
        for step, what in {
            "test": "sends a test and says what became of it",
            "secret": "prints what a webhook's messages are signed with",
            "on": "switches it on",
            "off": "switches it off; what waits for it is not sent",
            "remove": "removes it with its messages",
        }.items():
            steps.add_parser(step, help=what).add_argument("name")
        steps.add_parser("list", help="all routes")
        log = steps.add_parser("log", help="the newest messages, with what became of them")
        log.add_argument("name", nargs="?", help="of this route alone")
        steps.add_parser("reseal", help="seals all addresses with the newest of DRIFTLINE_NOTICE_KEYS")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['step']}")(options)
        except (Refused, Unsealable) as error:
            raise CommandError(str(error)) from None

    def _add(self, options: dict[str, Any]) -> None:
        route = routes.add(options["name"], _read_address(), BY, **_columns(options))
        self.stdout.write("\t".join(_described(route)))

    def _list(self, options: dict[str, Any]) -> None:
        for route in Route.objects.select_related("escalate_to", "assay").order_by("name"):
            self.stdout.write("\t".join(_described(route)))

    def _test(self, options: dict[str, Any]) -> None:
        done = routes.try_out(_route(options["name"]), BY)
        if done.outcome != Outcome.SENT:
            raise CommandError(done.last_error)
        self.stdout.write("The address has taken the test.")

    def _secret(self, options: dict[str, Any]) -> None:
        self.stdout.write(routes.secret(_route(options["name"]), BY))

    def _on(self, options: dict[str, Any]) -> None:
        routes.edit(_route(options["name"]), BY, is_active=True)

    def _off(self, options: dict[str, Any]) -> None:
        routes.edit(_route(options["name"]), BY, is_active=False)

    def _remove(self, options: dict[str, Any]) -> None:
        routes.remove(_route(options["name"]), BY)

    def _log(self, options: dict[str, Any]) -> None:
        rows = Delivery.objects.select_related("route").order_by("-created_at")
        if options["name"]:
            rows = rows.filter(route=_route(options["name"]))
        for row in rows[:LISTED]:
            why = row.why or row.last_error
            self.stdout.write(
                "\t".join([f"{row.created_at:%Y-%m-%d %H:%M:%S}", row.route.name, row.event, row.outcome, row.key, why])
            )

    def _reseal(self, options: dict[str, Any]) -> None:
        self.stdout.write(f"{routes.reseal()} sealed")


def _add_filters(parser: CommandParser) -> None:
    parser.add_argument("--workspace", type=int, help="id; of all when left out")
    parser.add_argument("--pipeline", type=int, help="id")
    parser.add_argument("--assay", type=UUID, help="id")
    parser.add_argument("--kind", action="append", choices=Kind.values, help="can be given more than once")
    parser.add_argument("--alerts-only", action="store_true", help="of drift, nothing below alert")
    parser.add_argument("--quiet", type=_span, metavar="22:00-07:00", help="when nothing is told, by --zone")
    parser.add_argument("--zone", default="UTC", help="such as Europe/Vienna")
    parser.add_argument("--escalate-to", metavar="NAME", help="the route that hears of what nobody acknowledges")
    parser.add_argument("--escalate-after", type=int, metavar="MINUTES")


def _columns(options: dict[str, Any]) -> dict[str, Any]:
    quiet_from, quiet_until = options["quiet"] or (None, None)
    return {
        "workspace_id": options["workspace"],
        "pipeline_id": options["pipeline"],
        "assay": _assay(options["assay"]) if options["assay"] else None,
        "kinds": options["kind"] or [],
        "alerts_only": options["alerts_only"],
        "quiet_from": quiet_from,
        "quiet_until": quiet_until,
        "zone": options["zone"],
        "escalate_to": _route(options["escalate_to"]) if options["escalate_to"] else None,
        "escalate_after": options["escalate_after"],
    }


def _span(text: str) -> tuple[time, time]:
    found = re.fullmatch(r"(\d\d:\d\d)-(\d\d:\d\d)", text)
    if not found:
        raise ValueError(text)
    return time.fromisoformat(found[1]), time.fromisoformat(found[2])


def _read_address() -> str:
    return getpass.getpass("Address: ") if sys.stdin.isatty() else sys.stdin.readline().strip()


def _route(name: str) -> Route:
    route = Route.objects.filter(name=name).first()
    if route is None:
        raise CommandError(f"There is no route {name!r}.")
    return route


def _assay(pk: UUID) -> Assay:
    assay = Assay.objects.filter(pk=pk).first()
    if assay is None:
        raise CommandError(f"There is no assay {pk}.")
    return assay


def _described(route: Route) -> list[str]:
    return [
        route.name,
        "on" if route.is_active else "off",
        route.shown,
        ", ".join(_conditions(route)) or "everything",
        route.last_error or (f"last sent {route.last_sent_at:%Y-%m-%d %H:%M} UTC" if route.last_sent_at else ""),
    ]


def _conditions(route: Route) -> list[str]:
    quiet = f"{route.quiet_from:%H:%M}-{route.quiet_until:%H:%M} {route.zone}" if route.quiet_from else None
    conditions = {
        "workspace": route.workspace_id,
        "pipeline": route.pipeline_id,
        "assay": route.assay and route.assay.name,
        "kinds": " ".join(route.kinds),
        "quiet": quiet,
        "escalates to": route.escalate_to and f"{route.escalate_to.name} after {route.escalate_after} min",
    }
    told = [f"{name} {value}" for name, value in conditions.items() if value]
    return [*told, "alerts only"] if route.alerts_only else told
