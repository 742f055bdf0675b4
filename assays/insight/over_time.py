"""Bins and statistics over time: what a bounded number of windows, evenly spread, say beside the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import msgspec
import numpy as np

from assays import bulk, series, wire
from assays.coverage import Span
from assays.drift.bins import Floats
from assays.insight.hints import shares
from assays.models import Field, Result, Score
from assays.schedule import micros, moment
from assays.series import Ints
from assays.states import State

MOST_WINDOWS = 240
STATISTICS = ("mean", "median", "std", "min", "max", "count")
WITH_SCORE = (State.OK, State.WARNING, State.ALERT)


@dataclass(frozen=True, slots=True)
class OverTime:
    """Of W windows, oldest first, and B bins; NaN where a window has no such number.

    `change` (B, W) is each bin's share less the baseline's, None where the bins hold no shares. `statistics` are (W,)
    by name, those of the baseline beside them. Of `of` windows with a score these are all, or evenly spread over time.
    """

    end: Ints
    labels: tuple[str, ...]
    edges: tuple[float, ...]
    before: Floats | None
    change: Floats | None
    statistics: dict[str, Floats]
    baseline: dict[str, float]
    of: int

    @property
    def is_sample(self) -> bool:
        return len(self.end) < self.of


def over_time(field: Field, assay: wire.Assay, span: Span, most: int = MOST_WINDOWS) -> OverTime:
    """What at most `most` windows of a field say; a bounded number of messages is read, however long the span."""
    every = _ends(field.pk, span, most + 1)
    ends = every if len(every) <= most else _spread(field.pk, span, most)
    summaries = _summaries(field, ends)
    baseline = (assay.baseline.summary or {}).get(field.key)
    rules = assay.summarizer.univariate
    before = shares(baseline, rules.aggregation) if baseline and rules else None
    return OverTime(
        end=np.array(ends, dtype=np.int64),
        labels=tuple(baseline.bins.labels) if baseline else (),
        edges=tuple(wire.edge_values(baseline.bins.edges)) if baseline else (),
        before=before,
        change=_changes(summaries, baseline, rules.aggregation) if baseline and rules else None,
        statistics={name: _statistic(summaries, name) for name in STATISTICS},
        baseline={name: float(getattr(baseline.statistics, name)) for name in STATISTICS} if baseline else {},
        of=len(every) if len(every) <= most else _scored(field.pk, span),
    )


def _ends(field_id: int, span: Span, most: int) -> list[int]:
    """Of the scored windows the first few, oldest first."""
    kept = Score.objects.filter(field=field_id, window_end__gt=span.after, window_end__lte=span.until)
    ends = kept.exclude(score=None).order_by("window_end").values_list("window_end", flat=True)
    return sorted({micros(end) for end in ends[:most]})


def _spread(field_id: int, span: Span, most: int) -> list[int]:
    """The newest scored window in each of `most` equal parts of the time in which there are any."""
    (first,) = _ends(field_id, span, 1)
    newest = bulk.select(_NEWEST, [(field_id, micros(span.after), micros(span.until))], 3)
    last = max(end for (end,) in newest)
    cuts = np.linspace(first - 1, last, most + 1).astype(np.int64).tolist()
    parts = [(field_id, after, until) for after, until in pairwise(cuts)]
    return [end for (end,) in bulk.select(_NEWEST, parts, 3) if end is not None]


_NEWEST = f"""
WITH part(field_id, after, until) AS ({{rows}})
SELECT (SELECT window_end FROM {Score._meta.db_table} s WHERE s.field_id = part.field_id AND score IS NOT NULL
        AND window_end > part.after AND window_end <= part.until ORDER BY window_end DESC LIMIT 1)
FROM part ORDER BY part.after
"""


def _scored(field_id: int, span: Span) -> int:
    """How many windows have a score, by the hours."""
    counted = series.counts(field_id, span)
    return sum(counted[state] for state in WITH_SCORE)


class _SummariesOnly(msgspec.Struct):
    summaries: dict[str, msgspec.Raw] | None = None


_SUMMARIES = msgspec.json.Decoder(_SummariesOnly)
_SUMMARY = msgspec.json.Decoder(wire.Summary)


def _summaries(field: Field, ends: Sequence[int]) -> list[wire.Summary | None]:
    """The field's summary of each window; of two windows with one end the one that was read last."""
    kept = Result.objects.filter(assay=field.assay_id, window_end__in=[moment(end) for end in ends], problem="")
    raw = {micros(end): message for end, message in kept.values_list("window_end", "message")}
    return [_summary(raw.get(end), field.key) for end in ends]


def _summary(message: bytes | None, key: str) -> wire.Summary | None:
    found = (_SUMMARIES.decode(message).summaries or {}).get(key) if message else None
    try:
        return _SUMMARY.decode(found) if found is not None else None
    except msgspec.ValidationError:
        return None


def _changes(summaries: Sequence[wire.Summary | None], baseline: wire.Summary, aggregation: str) -> Floats | None:
    before = shares(baseline, aggregation)
    if before is None:
        return None
    found = np.full((len(before), len(summaries)), np.nan)
    for place, summary in enumerate(summaries):
        after = shares(summary, aggregation) if summary and summary.bins.labels == baseline.bins.labels else None
        if after is not None and len(after) == len(before):
            found[:, place] = after - before
    return found


def _statistic(summaries: Sequence[wire.Summary | None], name: str) -> Floats:
    return np.array([np.nan if told is None else float(getattr(told.statistics, name)) for told in summaries])
