"""Schedules assays from a file: a JSON list of what `/v2/api/assays/schedule` is asked with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.timezone import now

from engine import accounts, store
from engine.commands import open_log
from engine.definition import Definition, Refused, posted


class Command(BaseCommand):
    help = "Schedule the assays of a JSON file, all or none, and print their ids."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        log = open_log()
        accounts.ensure()
        replay = store.replay(log, now())
        try:
            asked = msgspec.json.decode(options["file"].read_bytes(), type=list[Definition])
            with transaction.atomic():
                made = [store.create(posted(each, log, replay), now()) for each in asked]
        except (OSError, msgspec.DecodeError, Refused) as error:
            raise CommandError(f"{options['file']}: {error}", returncode=2) from error
        for assay in made:
            self.stdout.write(str(assay.id))
