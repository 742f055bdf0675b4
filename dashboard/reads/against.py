"""What a window is compared with, as the URL names it: the baseline, another window, or several taken together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec

from assays import wire
from assays.insight import compare, verify
from assays.models import Result
from assays.schedule import Plan, moment
from dashboard import formats, window
from dashboard.reads.assay import Watched, results

BASELINE, BEFORE, DAY, WEEK, ORDINARY = "", "before", "day", "week", "ordinary"
MOST = 60
"""So many windows are taken together at most."""


@dataclass(frozen=True, slots=True)
class Against:
    """`key` as in the URL; `words` name it, `comparison` is None and `why_not` says why where there is none."""

    key: str
    words: str
    comparison: window.Comparison | None = None
    statistics: Sequence[window.StatisticRow] = ()
    ends: tuple[datetime, ...] = ()
    why_not: str = ""


def choices(plan: Plan, is_calm_known: bool) -> list[tuple[str, str]]:
    """What the menu offers beside chosen windows, by key."""
    found = [(BASELINE, "the baseline")]
    if plan.period is not None:
        within_days = plan.period < timedelta(days=1)
        found += [
            (BEFORE, "the window before"),
            *([(DAY, "the same hour the day before")] if within_days else []),
            (WEEK, "the same hour and weekday a week before" if within_days else "the same weekday a week before"),
        ]
    return [*found, (ORDINARY, "the average of ordinary windows")] if is_calm_known else found


def against(
    watched: Watched, end: datetime, asked: Sequence[str], calm: Sequence[int], zone: tzinfo, now: datetime
) -> Against | None:
    """The window that ends at `end` against what is asked for; None for the baseline. `calm` are ordinary ends."""
    key = asked[0] if len(asked) == 1 else ",".join(asked)
    ends = _ends(watched, end, asked, calm)
    if ends is None:
        return None
    words = _words(key, ends, zone, now)
    after = _summaries(watched, [end])
    before = _summaries(watched, ends)
    if not after or not before:
        return Against(key, words, ends=ends, why_not="There are no bins of it to compare with.")
    return _compared(Against(key, words, ends=ends), watched, before, after[0])


def _ends(watched: Watched, end: datetime, asked: Sequence[str], calm: Sequence[int]) -> tuple[datetime, ...] | None:
    plan = watched.assay.plan
    back = {BEFORE: plan.period or plan.width, DAY: timedelta(days=1), WEEK: compare.WEEK}
    if not asked or asked[0] == BASELINE:
        return None
    if asked[0] in back:
        found = compare.counterpart(plan, end, back[asked[0]])
        return (found,) if found else ()
    if asked[0] == ORDINARY:
        return tuple(moment(one) for one in calm[-MOST:])
    return tuple(sorted({found for text in asked[:MOST] if (found := told(text)) is not None})) or None


def told(text: str) -> datetime | None:
    """A moment as an address names it: as RFC 3339 has it, or in microseconds since 1970."""
    try:
        number = text.lstrip("-").isdecimal()
        found = moment(int(text)) if number else msgspec.convert(text, wire.Time).astimezone(UTC)
        return found if wire.EARLIEST <= found <= wire.LATEST else None
    except (msgspec.ValidationError, OverflowError, ValueError):
        return None


def _words(key: str, ends: Sequence[datetime], zone: tzinfo, now: datetime) -> str:
    if key == ORDINARY:
        return f"the average of {formats.plural(len(ends), 'ordinary window')}"
    if len(ends) > 1:
        return f"the average of {formats.plural(len(ends), 'window')}"
    if not ends:
        return {BEFORE: "the window before", DAY: "a day before"}.get(key, "a week before")
    return formats.dated(ends[0], zone, now)


def _summaries(watched: Watched, ends: Sequence[datetime]) -> list[wire.Summary]:
    found = results(watched.assay, ends)
    told = [_summary(row, watched.field.key) for row in found.values()]
    return [summary for summary in told if summary is not None and summary.is_whole]


def _summary(row: Result, key: str) -> wire.Summary | None:
    return None if row.problem else (wire.read_result(row.message).summaries or {}).get(key)


def _compared(asked: Against, watched: Watched, before: Sequence[wire.Summary], after: wire.Summary) -> Against:
    how = verify.measure_of(watched.message)
    if how is None:
        return Against(asked.key, asked.words, ends=asked.ends, why_not="The assay does not say how it measures.")
    try:
        one = before[0] if len(before) == 1 else compare.pooled(before, how.aggregation)
        scores = compare.between(one, after, how)
    except ValueError as error:
        return Against(asked.key, asked.words, ends=asked.ends, why_not=f"It cannot be compared: {error}.")
    scored = wire.FieldScore(float(scores.score), scores.per_bin.tolist())
    compared = window.compare(scored, one, after, how)
    return Against(asked.key, asked.words, compared, window.statistics(one, after), asked.ends)
