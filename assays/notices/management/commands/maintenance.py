"""Maintenance by hand: stretches in which incidents are recorded and not told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from assays.notices import maintenances
from assays.notices.models import Maintenance


class Command(BaseCommand):
    help = "Mutes messages for a while: `maintenance add HOURS`, `maintenance list`, `maintenance end ID`."

    def add_arguments(self, parser: CommandParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True)
        add = steps.add_parser("add", help="from now on; of everything without a scope")
        add.add_argument("hours", type=float)
        add.add_argument("--workspace", type=int, help="id")
        add.add_argument("--pipeline", type=int, help="id")
        add.add_argument("--assay", type=UUID, help="id")
        add.add_argument("--why", default="")
        steps.add_parser("list", help="what is on, or will be")
        steps.add_parser("end", help="ends one now").add_argument("id", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        getattr(self, f"_{options['step']}")(options)

    def _add(self, options: dict[str, Any]) -> None:
        now = timezone.now()
        row = maintenances.add(
            now,
            now + timedelta(hours=options["hours"]),
            "manage.py",
            why=options["why"],
            workspace_id=options["workspace"],
            pipeline_id=options["pipeline"],
            assay_id=options["assay"],
        )
        self.stdout.write(_described(row))

    def _list(self, options: dict[str, Any]) -> None:
        for row in Maintenance.objects.filter(ends_at__gt=timezone.now()).order_by("starts_at"):
            self.stdout.write(_described(row))

    def _end(self, options: dict[str, Any]) -> None:
        row = Maintenance.objects.filter(pk=options["id"], ends_at__gt=timezone.now()).first()
        if row is None:
            raise CommandError("No maintenance of this number is on.")
        maintenances.end(row, "manage.py")


def _described(row: Maintenance) -> str:
    scope = {"workspace": row.workspace_id, "pipeline": row.pipeline_id, "assay": row.assay_id}
    where = ", ".join(f"{name} {value}" for name, value in scope.items() if value) or "everything"
    span = [f"{at:%Y-%m-%d %H:%M}" for at in (row.starts_at, row.ends_at)]
    return "\t".join([str(row.pk), *span, where, row.why])
