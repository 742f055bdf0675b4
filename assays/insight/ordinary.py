"""What ordinary windows score: those of the baseline's own period, or of the stretches that a person called calm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from assays import wire
from assays.coverage import Span
from assays.insight.models import CalmPeriod
from assays.insight.packs import History, history, joined
from assays.models import Field
from assays.schedule import micros
from assays.wire import utc

LEVELS = (0.05, 0.5, 0.95)
LEAST_WINDOWS = 20
"""Of fewer windows the highest twentieth is less than one."""


class Source(Enum):
    """Where ordinary windows are taken from."""

    CALM = "a period marked calm"
    BASELINE = "the baseline's own period"


@dataclass(frozen=True, slots=True)
class Ordinary:
    """What a share of ordinary windows stays below, by `LEVELS`.

    `windows` says on how many it rests, `independent` how many of them overlap no other.
    """

    source: Source
    spans: tuple[Span, ...]
    low: float
    middle: float
    high: float
    windows: int
    independent: int


@dataclass(frozen=True, slots=True)
class Period:
    """Where ordinary windows are to be found."""

    source: Source
    spans: tuple[Span, ...]


def period(field: Field, assay: wire.Assay) -> Period | None:
    """What persons called calm comes first; None where upstream does not say when its baseline was taken either."""
    calm = CalmPeriod.objects.filter(assay=field.assay_id).order_by("after")
    if spans := tuple(Span(row.after, row.until) for row in calm):
        return Period(Source.CALM, spans)
    summary = (assay.baseline.summary or {}).get(field.key)
    if summary is None or summary.start is None or summary.end is None or summary.start >= summary.end:
        return None
    return Period(Source.BASELINE, (Span(utc(summary.start), utc(summary.end)),))


def windows(field: Field, where: Period) -> History:
    """The scored windows that lie wholly within the period, each once."""
    spans = _apart(where.spans)
    return joined(within(history(field, span), span) for span in spans)


def within(whole: History, span: Span) -> History:
    """The windows of which the first row and the last lie in a span."""
    return whole.take((whole.start >= micros(span.after)) & (whole.end <= micros(span.until)))


def _apart(spans: Iterable[Span]) -> list[Span]:
    apart: list[Span] = []
    for span in sorted(spans, key=lambda span: span.after):
        both = span.joined(apart[-1]) if apart else None
        apart = [*apart[:-1], both] if both else [*apart, span]
    return apart


def ordinary(found: History, where: Period) -> Ordinary | None:
    """The quantiles (linear, type 7) of ordinary windows' scores; None of fewer than `LEAST_WINDOWS` of them."""
    if len(found) < LEAST_WINDOWS:
        return None
    low, middle, high = (float(value) for value in np.quantile(found.score, LEVELS))
    return Ordinary(where.source, where.spans, low, middle, high, len(found), len(independent(found)))


def independent(whole: History) -> NDArray[np.intp]:
    """Places of windows of which none overlaps another, oldest first, counted back from the newest.

    Each counted window ends at or before the start of the one counted after it.
    """
    before = predecessors(whole)
    chosen: list[int] = []
    place = len(whole) - 1
    while place >= 0:
        chosen.append(place)
        place = int(before[place])
    return np.array(chosen[::-1], dtype=np.intp)


def predecessors(whole: History) -> NDArray[np.intp]:
    """Of each window the place of the newest one that ends at or before its start, -1 where there is none."""
    return np.asarray(np.searchsorted(whole.end, whole.start, side="right") - 1)


def exceeding(found: History, threshold: float) -> tuple[int, int]:
    """How many independent ordinary windows reach a threshold, and of how many."""
    scores = found.score[independent(found)]
    return int(np.count_nonzero(scores >= threshold)), len(scores)
