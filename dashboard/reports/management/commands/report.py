"""Lists, sends, shows and stops the history by mail."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dashboard.management.words import minute
from dashboard.reports import compose, schedules, sending
from dashboard.reports.models import Mail, Outcome, Schedule

COMMAND = "command report"
"""Who sends and stops where no person does."""


class Command(BaseCommand):
    help = "The history by mail: `report list`, `report due`, `report now ID`, `report stop ID`, `report show ID FILE`."

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        steps.add_parser("list", help="who gets what, when, and what became of the last mail")
        steps.add_parser("due", help="sends what is due, as the worker does")
        for step, told in (("now", "sends one at once"), ("stop", "ends a schedule")):
            steps.add_parser(step, help=told).add_argument("id", type=UUID)
        show = steps.add_parser("show", help="writes the mail that would go out now into a file, and sends nothing")
        show.add_argument("id", type=UUID)
        show.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"_{options['step']}")(options)

    def _list(self, options: dict[str, Any]) -> None:
        for row in Schedule.objects.select_related("person").order_by("since"):
            self.stdout.write("\t".join(_columns(row)))

    def _due(self, options: dict[str, Any]) -> None:
        for row in sending.run(datetime.now(UTC)):
            self.stdout.write(_became(row))

    def _now(self, options: dict[str, Any]) -> None:
        row = _schedule(options["id"])
        try:
            mail = sending.send_now(row, COMMAND)
        except sending.TooSoon:
            raise CommandError("One was sent less than a minute ago.") from None
        if mail.outcome != Outcome.SENT:
            raise CommandError(_became(mail))
        self.stdout.write(_became(mail))

    def _stop(self, options: dict[str, Any]) -> None:
        schedules.stop(_schedule(options["id"]), COMMAND)

    def _show(self, options: dict[str, Any]) -> None:
        now = datetime.now(UTC)
        mail = Mail(schedule=_schedule(options["id"]), created_at=now, due_at=now)
        options["file"].write_bytes(compose.mail(mail, now).as_bytes())


def _schedule(pk: UUID) -> Schedule:
    row = Schedule.objects.select_related("person").filter(pk=pk, stopped_at=None).first()
    if row is None:
        raise CommandError("No schedule that still runs has this id: see `report list`.")
    return row


def _columns(row: Schedule) -> list[str]:
    last = row.mails.order_by("-created_at").first()
    state = "stopped" if row.stopped_at else "runs" if row.confirmed_at else "not confirmed"
    return [str(row.pk), row.person.get_username(), row.address, compose.when(row), state, _became(last)]


def _became(mail: Mail | None) -> str:
    if mail is None:
        return "nothing sent yet"
    if mail.outcome == Outcome.SENT:
        return f"sent {minute(mail.sent_at)}: {mail.subject}"
    return f"{Outcome(mail.outcome).label}: {mail.last_error}"
