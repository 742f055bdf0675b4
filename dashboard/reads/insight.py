"""What else is known of a field's windows: both bands, whether scores were recomputed, and what the bins did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db.models import Q

from assays import wire
from assays.coverage import Span
from assays.drift import noise
from assays.drift.explain import contributions
from assays.drift.metrics import Measure, score
from assays.incidents import about
from assays.insight import hints, labels, verify
from assays.insight.bands import FieldBands, bands_of
from assays.insight.models import Annotation
from assays.insight.over_time import OverTime, over_time
from assays.models import Assay
from assays.series import Buckets, Floats, Ints
from assays.states import BAD, State
from dashboard import formats
from dashboard.figures.strips import BinStrip, NoiseBand, UsualBand
from dashboard.reads.assay import Watched


@dataclass(frozen=True, slots=True)
class Judgement:
    """Of one window: what a bad one is taken for, the bands it was held against, and what else its numbers say."""

    label: labels.Label | None
    noise_limit: float | None
    times_noise: float | None
    usual_limit: float | None
    checked: verify.Checked | None
    hints: list[hints.Hint]


@dataclass(frozen=True, slots=True)
class Trust:
    """Of a field: its bands, how many stored scores recompute, and what the present thresholds lead to expect."""

    bands: FieldBands
    tally: verify.Tally
    expected: labels.Expected
    threshold: float | None


def trust(watched: Watched, span: Span, rows: Sequence[int | None]) -> Trust:
    """`rows` are those of the windows that are shown."""
    field, known = watched.field, bands_of(watched.field, watched.message)
    lowest = min((at for at in (field.warning, field.alert) if at is not None), default=None)
    counted = np.array([many for many in rows if many], dtype=np.int64)
    expected = labels.Expected(None, None)
    if lowest is not None:
        expected = known.expected(watched.assay.plan, counted, lowest)
    return Trust(known, verify.tally(field, span), expected, lowest)


def expectation(told: Trust) -> str:
    whole = told.expected.whole
    if told.threshold is None:
        return "Neither threshold is set."
    if whole is None:
        return f"How many false alarms to expect at {formats.score(told.threshold)} is not known."
    return (
        f"{formats.a_week(whole.low, whole.high)} false alarms a week to be expected at {formats.score(told.threshold)}"
    )


def judge(
    watched: Watched, known: FieldBands, state: State, value: float | None, rows: int | None, result: wire.Result | None
) -> Judgement:
    """Only a bad window is taken for something."""
    limit, usual = known.noise_limit(rows), known.ordinary.high if known.ordinary else None
    bad = state in BAD and value is not None
    return Judgement(
        label=known.label(value, rows) if bad and value is not None else None,
        noise_limit=limit,
        times_noise=value / limit if value is not None and limit else None,
        usual_limit=usual,
        checked=verify.check(result, watched.message, watched.field.key) if result else None,
        hints=_hints(watched, result),
    )


def _hints(watched: Watched, result: wire.Result | None) -> list[hints.Hint]:
    how, before, key = verify.measure_of(watched.message), watched.baseline, watched.field.key
    summary = (result.summaries or {}).get(key) if result else None
    scored = (result.scores or {}).get(key) if result else None
    if how is None or before is None or summary is None or not isinstance(scored, wire.FieldScore):
        return []
    if not (before.is_whole and summary.is_whole) or before.bins.labels != summary.bins.labels:
        return []
    return hints.hints(before, summary, scored.score, how, watched.field.warning)


@dataclass(frozen=True, slots=True)
class Remark:
    """What somebody wrote on the time axis, or marked there: `kind` is empty for a remark."""

    at: datetime
    text: str
    who: str
    link: str
    kind: str = ""
    until: datetime | None = None


def remarks(assay: Assay, span: Span) -> list[Remark]:
    """Everything said of moments within a span, oldest first."""
    within = Q(at__gt=span.after, at__lte=span.until) | Q(at__lte=span.until, until__gt=span.after)
    written = Annotation.objects.filter(within, assay=assay).order_by("at", "pk")
    said = [Remark(row.at, row.text, row.who, row.link, until=row.until) for row in written]
    marked = [
        Remark(row.at, row.text, row.who, row.link, row.get_event_display()) for row in about.markers(assay, span)
    ]
    return sorted([*said, *marked], key=lambda one: one.at)


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the chart shows beside the scores."""

    noise: NoiseBand | None
    usual: UsualBand | None
    bins: BinStrip | None
    tops: Mapping[int, str]
    rows: tuple[Ints, Floats] | None


def drawn(watched: Watched, span: Span, buckets: Buckets) -> Drawn:
    """Where the buckets know no rows, those of the windows whose bins are drawn stand for them."""
    known, over = bands_of(watched.field, watched.message), over_time(watched.field, watched.message, span)
    counted = None
    if np.all(np.isnan(buckets.rows)) and len(over.end):
        counted = over.end, over.statistics["count"]
    at, rows = counted or (buckets.at, buckets.rows)
    return Drawn(
        noise=_noise(known, at, rows),
        usual=_usual(known),
        bins=_strip(watched.assay, over),
        tops=_tops(watched, over),
        rows=counted,
    )


def statistics(watched: Watched, span: Span) -> OverTime:
    return over_time(watched.field, watched.message, span)


def _noise(known: FieldBands, at: Ints, rows: Floats) -> NoiseBand | None:
    if known.sample is None or not len(at):
        return None
    counted = ~np.isnan(rows) & (rows > 0)
    upper, found = np.full(len(at), np.nan), noise.bands(known.sample, rows[counted])
    upper[counted] = found.upper
    return NoiseBand(at, upper, bool(found.corrected.any()))


def _usual(known: FieldBands) -> UsualBand | None:
    told = known.ordinary
    return UsualBand(told.low, told.high, told.windows) if told else None


def _strip(assay: Assay, over: OverTime) -> BinStrip | None:
    if over.change is None or not len(over.end):
        return None
    step = int(np.median(np.diff(over.end))) if len(over.end) > 1 else int(assay.plan.width.total_seconds() * 1e6)
    return BinStrip(over.end, tuple(formats.ranges(list(over.edges))), over.change, step, over.of)


def _tops(watched: Watched, over: OverTime) -> dict[int, str]:
    """Of each window the bin that adds most to its score, and its part of it."""
    how, before = verify.measure_of(watched.message), over.before
    if how is None or before is None or over.change is None or not len(over.end):
        return {}
    added, total = _added(before, over.change, how)
    spans = formats.ranges(list(over.edges))
    told = zip(
        over.end.tolist(), added.argmax(axis=1).tolist(), added.max(axis=1).tolist(), total.tolist(), strict=True
    )
    return {
        end: f"top bin {spans[k]}, {formats.share(most / whole)} of it" for end, k, most, whole in told if whole > 0
    }


def _added(before: Floats, change: Floats, how: Measure) -> tuple[Floats, Floats]:
    """What each bin adds (W, B) and the scores (W,), from shares; NaN where a window has none."""
    shares = before + change.T
    p, q = (before.cumsum(), shares.cumsum(axis=1)) if how.aggregation == "Cumulative" else (before, shares)
    scores = score(p, np.clip(q, 0.0, None), how)
    return np.nan_to_num(contributions(scores, how.metric)), np.nan_to_num(scores.score)
