"""Several fields on one axis, by score over threshold, and what moved among them in a stretch of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from assays import bulk
from assays.coverage import Span
from assays.drift.bins import Floats
from assays.insight.packs import History, history
from assays.models import Field, HourRollup, Score
from assays.rollups import hour_of
from assays.schedule import micros, moment
from assays.series import MOST_POINTS, Ints
from assays.states import BAD, State

MOST_FIELDS = 8


@dataclass(frozen=True, slots=True)
class Line:
    """A field's scores over its alert threshold, or its warning threshold where it has no other; shape (P,).

    A point stands for `merged` windows or fewer, and is the highest of them. None where there is no threshold.
    """

    field: Field
    at: Ints
    ratio: Floats
    against: float
    merged: int


def together(fields: Sequence[Field], span: Span, most: int = MOST_POINTS) -> list[Line | None]:
    """One line a field, None for one without a threshold. ValueError for more fields than can be told apart."""
    if len(fields) > MOST_FIELDS:
        raise ValueError(f"{MOST_FIELDS} fields are the most that can be told apart on one axis")
    return [_line(field, span, most) for field in fields]


def against_of(field: Field) -> float | None:
    """The threshold that scores of different metrics are told by."""
    return field.alert if field.alert is not None else field.warning


def _line(field: Field, span: Span, most: int) -> Line | None:
    against = against_of(field)
    if not against:
        return None
    at, high, merged = highest(history(field, span), most)
    return Line(field, at, high / against, against, merged)


def highest(windows: History, most: int) -> tuple[Ints, Floats, int]:
    """Of equal numbers of windows the highest score, at its own time."""
    size = max(1, -(-len(windows) // most))
    if size == 1:
        return windows.end, windows.score, 1
    padded = np.full(-(-len(windows) // size) * size, -np.inf)
    padded[: len(windows)] = windows.score
    places = padded.reshape(-1, size).argmax(axis=1) + np.arange(0, len(padded), size)
    return windows.end[places], windows.score[places], size


@dataclass(frozen=True, slots=True)
class Moved:
    """How far a field went: its highest score in a stretch over its threshold, and the end of its first bad window."""

    field: Field
    score: float | None
    ratio: float | None
    first_bad: datetime | None


def moved(fields: Sequence[Field], span: Span) -> list[Moved]:
    """The fields that moved most first, those without threshold or score last. Stretches count in whole hours."""
    bounds = [(field.pk, hour_of(micros(span.after)), micros(span.until)) for field in fields]
    told = {pk: (highest, _first(ends)) for pk, highest, *ends in bulk.select(_MOVED, bounds, 3)}
    found = [_moved(field, *told[field.pk]) for field in fields]
    return sorted(found, key=lambda one: (one.ratio is None, -(one.ratio or 0.0)))


def _first(ends: Sequence[int | None]) -> datetime | None:
    first = min((end for end in ends if end is not None), default=None)
    return None if first is None else moment(first)


def _moved(field: Field, score: float | None, first_bad: datetime | None) -> Moved:
    against = against_of(field)
    return Moved(field, score, score / against if score is not None and against else None, first_bad)


def _first_of(state: State) -> str:
    return (
        f"(SELECT min(window_end) FROM {Score._meta.db_table} s WHERE s.field_id = wanted.field_id"
        f" AND state = {state:d} AND window_end >= wanted.first AND window_end <= wanted.last)"
    )


_MOVED = f"""
WITH wanted(field_id, first, last) AS ({{rows}})
SELECT field_id, (SELECT max(highest) FROM {HourRollup._meta.db_table} h
                  WHERE h.field_id = wanted.field_id AND hour >= wanted.first AND hour <= wanted.last),
       {", ".join(map(_first_of, BAD))}
FROM wanted
"""
