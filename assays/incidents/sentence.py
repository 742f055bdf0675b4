"""The one sentence that says what happened. Pure: plain text, times in UTC, for pages, messages and logs alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from assays import wire
from assays.drift.explain import Explanation, Part, explain
from assays.drift.metrics import Measure
from assays.wording import ranges, share
from assays.wording import score as written

NO_DATA = "No rows arrived, though a week before they did at this time."
ARROW = "\N{RIGHTWARDS ARROW}"


def of_drift(score: float, before: wire.Summary | None, after: wire.Summary | None, how: Measure | None) -> str:
    """`72 % of PSI 1.18 comes from two bins: ≤ 0.024 shrank 20 % → 2 %, and > 0.26 grew 20 % → 57 %.`"""
    named = f"{how.metric if how else 'The score'} {written(score)}"
    explained = _explained(before, after, how)
    if explained is None or after is None or how is None:
        return f"{named}; its bins do not tell what moved."
    if not explained.parts:
        return f"{named}; no bin has moved."
    moved = ", and ".join(_moved(part, ranges(list(wire.edge_values(after.bins.edges)))) for part in explained.parts)
    if how.metric == "MaxDiff":
        return f"{named} is one bin: {moved}."
    many = "one bin" if len(explained.parts) == 1 else "two bins"
    return f"{share(explained.share)} of {named} comes from {many}: {moved}."


def _explained(before: wire.Summary | None, after: wire.Summary | None, how: Measure | None) -> Explanation | None:
    if before is None or after is None or how is None or not (before.is_whole and after.is_whole):
        return None
    baseline = _aligned(before, after)
    if baseline is None:
        return None
    try:
        return explain(after.bins.labels, baseline, after.aggregated_values, how)
    except ValueError:
        return None


def _aligned(before: wire.Summary, after: wire.Summary) -> Sequence[float] | None:
    """The baseline's value of each of the window's bins, None when it lacks one."""
    if before.bins.labels == after.bins.labels:
        return before.aggregated_values
    by_label = dict(zip(before.bins.labels, before.aggregated_values, strict=True))
    values = [by_label[label] for label in after.bins.labels if label in by_label]
    return values if len(values) == len(after.bins.labels) else None


def _moved(part: Part, spans: Sequence[str]) -> str:
    verb = "grew" if part.window > part.baseline else "shrank"
    return f"{spans[part.index]} {verb} {share(part.baseline)} {ARROW} {share(part.window)}"


def of_late_run(due: datetime) -> str:
    return f"The run due {due.day} {due:%b %Y %H:%M} UTC has not come."


def of_outage(error: str) -> str:
    return f"The assays API does not answer: {error}"


def of_mismatch(stored: float, computed: float) -> str:
    return f"Upstream stored {written(stored, 6)}, but the bins of that window give {written(computed, 6)}."
