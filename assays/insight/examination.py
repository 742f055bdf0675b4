"""What the doctor sees of many assays at once: their messages, the hour rollups, a few of the newest windows.

No window is scanned, however many there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from assays import bulk, wire
from assays.insight.doctor import Case, Finding, Year, diagnose
from assays.insight.models import Dismissal
from assays.models import Assay, Field, HourRollup, Score
from assays.schedule import micros
from assays.standing import fields_of

LOOK_BACK = timedelta(days=365)
NEWEST = 24


@dataclass(frozen=True, slots=True)
class Found:
    """A finding, and what a person has answered it with."""

    finding: Finding
    dismissal: Dismissal | None


def examine(assays: Sequence[Assay], now: datetime) -> list[Found]:
    """Every finding of these assays that upstream still lists, in their order."""
    listed = [assay for assay in assays if assay.gone_since is None]
    fields = fields_of(assay.pk for assay in listed)
    every = [field for held in fields.values() for field in held]
    years, rows = _years(every, now), _rows(every)
    found: list[Finding] = []
    for assay in listed:
        message = _ASSAY.decode(assay.message)
        cases = [
            Case(assay, message, one, years.get(one.pk, Year()), rows.get(one.pk), now) for one in fields[assay.pk]
        ]
        found += diagnose(cases)
    return _answered(found, listed)


_ASSAY = msgspec.json.Decoder(wire.Assay)


def _years(fields: Iterable[Field], now: datetime) -> dict[int, Year]:
    since = micros(now - LOOK_BACK)
    told = bulk.select(_YEAR, [(field.pk, since) for field in fields], 2)
    return {pk: Year(int(scored), int(bad), highest) for pk, scored, bad, highest in told}


_YEAR = f"""
WITH wanted(field_id, since) AS ({{rows}})
SELECT wanted.field_id, sum(ok + warning + alert), sum(warning + alert), max(highest)
FROM wanted JOIN {HourRollup._meta.db_table} counted
     ON counted.field_id = wanted.field_id AND counted.hour >= wanted.since
GROUP BY wanted.field_id
"""


def _rows(fields: Iterable[Field]) -> dict[int, float | None]:
    told = bulk.select(_NEWEST_ROWS, [(field.pk,) for field in fields], 1)
    return {pk: None if rows is None else float(rows) for pk, rows in told}


_NEWEST_ROWS = f"""
WITH wanted(field_id) AS ({{rows}})
SELECT field_id, (SELECT avg(newest.rows) FROM (
    SELECT s.rows FROM {Score._meta.db_table} s WHERE s.field_id = wanted.field_id AND s.rows IS NOT NULL
    ORDER BY s.window_end DESC LIMIT {NEWEST}) newest)
FROM wanted
"""


def _answered(found: Iterable[Finding], assays: Sequence[Assay]) -> list[Found]:
    kept = Dismissal.objects.filter(assay__in=[assay.pk for assay in assays])
    by_subject = {(row.assay_id, row.field_id, row.kind): row for row in kept}
    return [
        Found(one, by_subject.get((one.assay.pk, one.field.pk if one.field else None, one.kind.value))) for one in found
    ]
