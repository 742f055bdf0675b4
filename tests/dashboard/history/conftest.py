"""A cache whose windows are known one by one, counted into hours as sync does it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from assays import rollups
from assays.coverage import Span
from assays.models import Assay, Field, Score
from assays.schedule import micros
from assays.states import State

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
START = datetime(2026, 3, 1, tzinfo=UTC)

Watch = Callable[..., Field]


def make_assay(number: int = 1, **changes: Any) -> Assay:
    given = {
        "id": UUID(int=number),
        "name": f"assay {number}",
        "active": True,
        "pipeline_id": 7,
        "pipeline_name": "flight-delay",
        "workspace_id": 1,
        "workspace_name": "nyc-ops",
        "message": b"{}",
        "fingerprint": 1,
        "created_at": START,
        "updated_at": START,
        "first_run": START,
        "period_seconds": 3600,
        "width_seconds": 3600,
    }
    return Assay.objects.create(**given | changes)


@pytest.fixture
def watch(db: None) -> Watch:
    """A field of an assay of its own, or of `assay`, with these windows: ends and their states."""

    def make(windows: dict[datetime, State], number: int = 1, key: str = "out.score", **changes: Any) -> Field:
        assay = changes.pop("assay", None) or make_assay(number, **changes)
        field = Field.objects.create(assay=assay, key=key, mark=hash(key) % 1000, position=assay.fields.count())
        Score.objects.bulk_create(
            Score(
                field=field,
                window_start=end - timedelta(seconds=assay.width_seconds),
                window_end=end,
                state=state,
                score=None if state == State.FAILED else 0.3,
            )
            for end, state in windows.items()
        )
        if windows:
            recount(assay, min(windows) - HOUR, max(windows))
        return field

    return make


def recount(assay: Assay, after: datetime, until: datetime) -> None:
    """As after reading everything in between; what has been read only grows."""
    assay.read_from = min(after, assay.read_from or after)
    assay.read_to = max(until, assay.read_to or until)
    assay.save()
    ids = tuple(assay.fields.values_list("pk", flat=True))
    ends = Score.objects.filter(field__in=ids).values_list("window_end", flat=True)
    read = Span(assay.read_from, assay.read_to)
    hours = {rollups.hour_of(micros(end)) for end in ends} | rollups.scheduled_hours(assay.plan, read)
    rollups.recount([rollups.Touched(assay.plan, read, ids, frozenset(hours))])
    rollups.recount_scopes((assay.workspace_id, assay.pipeline_id, hour) for hour in hours)
