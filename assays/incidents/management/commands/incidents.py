"""`manage.py incidents rebuild [ASSAY_ID…]`: derives incidents from the cache anew; what people did stays."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from assays.incidents import store
from assays.models import Assay


class Command(BaseCommand):
    help = "Derives the incidents of all assays, or of those named, from the windows in the cache."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=["rebuild"])
        parser.add_argument("assays", nargs="*", type=UUID, metavar="ASSAY_ID")

    def handle(self, *args: Any, what: str, assays: list[UUID], **options: Any) -> None:
        ids = assays or list(Assay.objects.order_by("pk").values_list("pk", flat=True))
        known = set(Assay.objects.filter(pk__in=ids).values_list("pk", flat=True))
        if missing := set(ids) - known:
            raise CommandError(f"no assay {', '.join(map(str, sorted(missing)))} is known")
        for pk in ids:
            store.rebuild(pk, datetime.now(UTC))
        self.stdout.write(f"incidents of {len(ids)} assays rebuilt")
