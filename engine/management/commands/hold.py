"""The operator's hold: an assay's runs stop, as if the engine were late, until it is released."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import now

from engine.models import Assay


class Command(BaseCommand):
    help = "Hold an assay's runs, or release them: the windows missed are then worked off."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("assay", help="its id or its name")
        parser.add_argument("--release", action="store_true")
        parser.add_argument("--since", type=_moment, help="hold runs that end later than this; now, when not given")

    def handle(self, *args: Any, **options: Any) -> None:
        for assay in _found(options["assay"]):
            held = None if options["release"] else options["since"] or assay.held_since or now()
            Assay.objects.filter(pk=assay.pk).update(held_since=held)
            state = "released" if held is None else f"held since {held:%F %T} UTC"
            self.stdout.write(f"{assay.name} ({assay.id}): {state}")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _found(text: str) -> list[Assay]:
    found = [assay for assay in Assay.objects.all() if text in (assay.name, str(assay.id))]
    if not found:
        raise CommandError(f"no assay has the name or id {text}")
    return found
