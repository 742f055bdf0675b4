"""`manage.py sync [ASSAY_ID…]`: one pass by hand over all assays or those named, with progress."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from assays import instance
from assays.errors import APIError
from assays.incidents import store as incidents
from assays.listing import apply_assays
from assays.models import Assay
from assays.sync import Report, run_pass


class Command(BaseCommand):
    help = "Reads the list of assays and every result not yet in the cache, now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("assays", nargs="*", type=UUID, metavar="ASSAY_ID")

    def handle(self, *args: Any, assays: list[UUID], **options: Any) -> None:
        client = instance.client()
        try:
            listed = apply_assays(client.assays(), datetime.now(UTC))
        except APIError as error:
            raise CommandError(f"{settings.WALLAROO_URL} did not answer with its assays: {error}") from error
        self.stdout.write(
            f"{listed.listed} assays listed, {listed.new} new, {listed.changed} changed, {listed.gone} gone"
        )
        errors = self._follow(run_pass(client, _chosen(assays), settings.POLL_CONCURRENCY))
        while incidents.redo(datetime.now(UTC)):
            self.stdout.write("incidents derived from what was read of the past")
        if errors:
            raise CommandError(f"{len(errors)} of the assays could not be read to the end, the last one: {errors[-1]}")

    def _follow(self, reports: Iterable[Report]) -> list[str]:
        """One line a report; on a terminal the line is written over."""
        end = "\r" if self.stdout.isatty() else "\n"
        stored, errors = 0, list[str]()
        for report in reports:
            stored += report.stored
            errors += report.errors
            self.stdout.write(
                f"{stored:,} results stored, {len(report.unfinished)} of {report.visits} go on ", ending=end
            )
        self.stdout.write(f"{stored:,} results stored, {len(errors)} errors")
        return errors


def _chosen(ids: list[UUID]) -> list[UUID]:
    known = Assay.objects.filter(gone_since=None)
    found = list((known.filter(pk__in=ids) if ids else known).values_list("pk", flat=True))
    if missing := set(ids) - set(found):
        raise CommandError(f"upstream lists no assay {', '.join(map(str, sorted(missing)))}")
    return found
