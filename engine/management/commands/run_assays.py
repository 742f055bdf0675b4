"""Runs assays: works off what is due, then what becomes due, until it is told to stop."""

from __future__ import annotations

import signal
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.timezone import now

from engine import store
from engine.commands import open_log
from engine.progress import Progress
from engine.runner import SETTLING, Runner


class Command(BaseCommand):
    help = "Compute due windows and store them. Any number of runners may run."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--once", action="store_true", help="work off what is due now, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        log = open_log()
        progress = Progress(store.due(now() - SETTLING), self.stdout)
        runner = Runner(log, store.replay(log, now()), progress.advance)
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: runner.stopping.set())
        if options["once"]:
            runner.run_once()
        else:
            runner.run()
