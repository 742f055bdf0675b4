"""Seeds the demonstration, once: the replay's beginning, who may ask, and the assays of engine/demonstration.py.

Run again it adds what is missing and rewrites nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils.timezone import now as present

from assays.schedule import micros
from assays.wire import Baseline, DataOrigin, RunFrequency, Scheduling, Summarizer, Targeting, Width, Window
from engine import accounts, demonstration, store
from engine.commands import open_log
from engine.definition import Definition, settled
from engine.demonstration import DemonstrationAssay
from engine.log import Log
from engine.models import Assay
from engine.replay import Replay


class Command(BaseCommand):
    help = "Seed the demonstration: replay, accounts and assays. Idempotent."

    def handle(self, *args: Any, **options: Any) -> None:
        log, now = open_log(), present()
        accounts.ensure()
        replay = store.replay(log, now, first=micros(demonstration.midnight(1, 1)))
        with transaction.atomic():
            made = [_schedule(assay, log, replay, now) for assay in _missing()]
        self.stdout.write(f"{len(made)} assays scheduled, {Assay.objects.count()} in all")


def _missing() -> list[DemonstrationAssay]:
    present = set(Assay.objects.values_list("name", flat=True))
    return [assay for assay in demonstration.ASSAYS if assay.name not in present]


def _schedule(assay: DemonstrationAssay, log: Log, replay: Replay, now: datetime) -> Assay:
    made = store.create(settled(_definition(assay, replay, now), log, replay), now)
    made.inactive_since = _shifted(assay.switched_off, replay)
    made.held_since = _shifted(assay.held, replay)
    made.save(update_fields=["inactive_since", "held_since"])
    return made


def _definition(assay: DemonstrationAssay, replay: Replay, now: datetime) -> Definition:
    return Definition(
        name=assay.name,
        scheduling=Scheduling(
            first_run=_first_run(assay.first_run, replay, now),
            run_frequency=RunFrequency(simple=assay.frequency),
            end=_shifted(assay.end, replay),
        ),
        baseline=_baseline(assay.baseline, replay),
        window=Window(Width(assay.width // timedelta(seconds=1))),
        summarizer=Summarizer(univariate=assay.summarizer),
        targeting=Targeting(_origin(assay), list(assay.watched)),
    )


def _first_run(asked: datetime | timedelta, replay: Replay, now: datetime) -> datetime:
    if isinstance(asked, datetime):
        return asked + replay.moved
    return now.replace(second=0, microsecond=0) - asked


def _baseline(baseline: Baseline, replay: Replay) -> Baseline:
    if baseline.static is None:
        return baseline
    start, end = baseline.static
    return msgspec.structs.replace(baseline, static=(start + replay.moved, end + replay.moved))


def _origin(assay: DemonstrationAssay) -> DataOrigin:
    return DataOrigin(
        pipeline_name=assay.pipeline,
        pipeline_id=_number(assay.pipeline, [each.pipeline for each in demonstration.ASSAYS]),
        workspace_name=assay.workspace,
        workspace_id=_number(assay.workspace, [each.workspace for each in demonstration.ASSAYS]),
        model_id=assay.model,
        locations=None if assay.locations is None else list(assay.locations),
    )


def _number(name: str, names: list[str]) -> int:
    """Its place among the names, from 1."""
    return list(dict.fromkeys(names)).index(name) + 1


def _shifted(moment: datetime | None, replay: Replay) -> datetime | None:
    return None if moment is None else moment + replay.moved
