"""What a window may be compared with beside the baseline: another, one of last week, several taken together. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta

import numpy as np

from assays import wire
from assays.drift.metrics import Measure, Scores, score
from assays.schedule import Plan, newest_end

WEEK = timedelta(weeks=1)


def counterpart(plan: Plan, end: datetime, back: timedelta = WEEK) -> datetime | None:
    """The end of the window nearest to that time before, at the same hour and weekday where the schedule allows.

    None on Cron, and before the first run.
    """
    if plan.period is None:
        return None
    return newest_end(plan, min(end - back + plan.period / 2, end - plan.period))


def pooled(summaries: Sequence[wire.Summary], aggregation: str) -> wire.Summary:
    """Windows of the same bins as if their rows had come in one; medians do not merge, so that it has none (NaN).

    Means and deviations are weighted by all rows, though those that are no number take no part in them: upstream does
    not say how many there are. ValueError for none, for other bins, and under Edges.
    """
    labels = {tuple(summary.bins.labels) for summary in summaries}
    if len(labels) != 1 or aggregation == "Edges":
        raise ValueError("only windows of the same bins, of which shares are kept, can be taken together")
    rows = np.array([summary.statistics.count for summary in summaries], dtype=np.float64)
    if not rows.sum() > 0:
        raise ValueError("windows without rows cannot be taken together")
    values = np.average([summary.aggregated_values for summary in summaries], axis=0, weights=rows)
    return wire.Summary(
        summaries[0].bins,
        [float(value) for value in values],
        _statistics([summary.statistics for summary in summaries]),
        aggregation=aggregation,
    )


def _statistics(parts: Sequence[wire.Statistics]) -> wire.Statistics:
    """Of windows with rows: a blank one would drag the lowest and the highest to nought."""
    filled = [part for part in parts if part.count > 0]
    rows = [part.count for part in filled]
    mean = float(np.average([part.mean for part in filled], weights=rows))
    spread = np.average([part.std**2 + (part.mean - mean) ** 2 for part in filled], weights=rows)
    return wire.Statistics(
        count=sum(rows),
        min=min(part.min for part in filled),
        max=max(part.max for part in filled),
        mean=mean,
        median=math.nan,
        std=math.sqrt(float(spread)),
    )


def between(before: wire.Summary, after: wire.Summary, how: Measure) -> Scores:
    """The score of one window against another, by the assay's own measure. ValueError for bins that do not fit."""
    if before.bins.labels != after.bins.labels:
        raise ValueError("the two windows have different bins")
    return score(before.aggregated_values, after.aggregated_values, how)
