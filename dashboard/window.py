"""One field's window as upstream's message tells it: how its bins compare, and what explains its score. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from assays import verdict, wire
from assays.drift.explain import Explanation, ceiling, explain
from assays.drift.metrics import Measure
from assays.states import State
from dashboard import formats

NUMBERS = ("Mean", "Median", "Std. dev.", "Min", "Max")


@dataclass(frozen=True, slots=True)
class BinRow:
    """A bin of the window beside the baseline's of the same label; `before` is None where the baseline has none."""

    label: str
    span: str
    before: float | None
    after: float
    adds: float | None
    is_top: bool

    @property
    def change(self) -> str:
        return formats.NONE if self.before is None else formats.points(self.before, self.after)


@dataclass(frozen=True, slots=True)
class Mover:
    """A bin that the sentence names."""

    span: str
    verb: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A scored window: its bins, what explains it, and how high it could be."""

    score: float
    bins: list[BinRow]
    share: float
    movers: list[Mover]
    ceiling: float | None
    widest: float
    largest: float
    rows_before: int
    rows: int
    is_stability: bool


@dataclass(frozen=True, slots=True)
class StatisticRow:
    name: str
    before: str
    after: str
    change: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What upstream's message says of one field. `comparison` is None when there is no score, and `error` says why."""

    verdict: verdict.Verdict
    status: str
    disagrees: bool
    analyzed_at: datetime
    elapsed_millis: int
    comparison: Comparison | None
    statistics: list[StatisticRow]


def judge(result: wire.Result, keys: Sequence[verdict.Watched], key: str, assay: wire.Assay) -> Judged:
    verdicts = dict(zip((field.key for field in keys), verdict.verdicts(result, keys), strict=True))
    baseline = (assay.baseline.summary or {}).get(key)
    summary = (result.summaries or {}).get(key)
    scored = (result.scores or {}).get(key)
    whole = baseline is not None and baseline.is_whole and summary is not None and summary.is_whole
    comparable = isinstance(scored, wire.FieldScore) and whole
    return Judged(
        verdict=verdicts[key],
        status=result.status,
        disagrees=verdict.disagrees(result.status, [one.state for one in verdicts.values()]),
        analyzed_at=result.analyzed_at,
        elapsed_millis=result.elapsed_millis,
        comparison=compare(scored, baseline, summary, measure(assay)) if comparable else None,  # type: ignore[arg-type]
        statistics=statistics(baseline, summary),
    )


def measure(assay: wire.Assay) -> Measure | None:
    rules = assay.summarizer.univariate
    return Measure(rules.metric, rules.aggregation, rules.bin_weights) if rules else None


def compare(scored: wire.FieldScore, baseline: wire.Summary, window: wire.Summary, how: Measure | None) -> Comparison:
    before = _aligned(baseline, window)
    spans = formats.ranges(list(wire.edge_values(window.bins.edges)))
    adds = _adds(scored, how, len(spans))
    top = max(range(len(spans)), key=lambda k: adds[k] or 0.0)
    values = zip(window.bins.labels, spans, before, window.aggregated_values, adds, strict=True)
    rows = [
        BinRow(label, span, before_, after, adds_, k == top and bool(adds_))
        for k, (label, span, before_, after, adds_) in enumerate(values)
    ]
    explained = _explained(rows, window, how)
    return Comparison(
        score=scored.score,
        bins=rows,
        share=explained.share if explained else 0.0,
        movers=_movers(explained, rows) if explained else [],
        ceiling=ceiling([row.before or 0.0 for row in rows], window.statistics.count, how)
        if how and explained
        else None,
        widest=max([*(row.after for row in rows), *(row.before or 0.0 for row in rows)]),
        largest=max((row.adds or 0.0 for row in rows), default=0.0),
        rows_before=baseline.statistics.count,
        rows=window.statistics.count,
        is_stability=how.is_stability if how else False,
    )


def _aligned(baseline: wire.Summary, window: wire.Summary) -> list[float | None]:
    """The baseline's value of each of the window's bins: by place where the labels agree, for two may be the same."""
    if baseline.bins.labels == window.bins.labels:
        return [*baseline.aggregated_values]
    by_label = dict(zip(baseline.bins.labels, baseline.aggregated_values, strict=True))
    return [by_label.get(label) for label in window.bins.labels]


def _adds(scored: wire.FieldScore, how: Measure | None, bins: int) -> list[float | None]:
    """What each bin adds; of a SumDiff half of what is stored, so that the bins add up to the score."""
    if len(scored.scores) != bins:
        return [None] * bins
    halved = how is not None and how.metric == "SumDiff"
    return [value / 2 if halved else value for value in scored.scores]


def _explained(rows: Sequence[BinRow], window: wire.Summary, how: Measure | None) -> Explanation | None:
    before = [row.before for row in rows]
    if how is None or None in before or len(rows) != len(window.aggregated_values):
        return None
    try:
        return explain([row.label for row in rows], [b or 0.0 for b in before], [row.after for row in rows], how)
    except ValueError:
        return None


def _movers(explained: Explanation, rows: Sequence[BinRow]) -> list[Mover]:
    return [
        Mover(
            rows[part.index].span,
            "grew" if part.window > part.baseline else "shrank",
            formats.share(part.baseline),
            formats.share(part.window),
        )
        for part in explained.parts
    ]


def statistics(baseline: wire.Summary | None, window: wire.Summary | None) -> list[StatisticRow]:
    """Side by side; a side that is not known is a dash."""
    if baseline is None and window is None:
        return []
    before, after = _numbers(baseline), _numbers(window)
    rows = [_statistic(name, b, a) for name, b, a in zip(NUMBERS, before, after, strict=True)]
    return [*rows, StatisticRow("Rows", _rows_of(baseline), _rows_of(window), "")]


def _rows_of(summary: wire.Summary | None) -> str:
    return formats.count(summary.statistics.count if summary else None)


def _numbers(summary: wire.Summary | None) -> tuple[float | None, ...]:
    if summary is None:
        return (None,) * len(NUMBERS)
    told = summary.statistics
    return tuple(_known(value) for value in (told.mean, told.median, told.std, told.min, told.max))


def _known(value: float) -> float | None:
    """Windows taken together have no median."""
    return None if value != value else value


def _statistic(name: str, before: float | None, after: float | None) -> StatisticRow:
    change = formats.signed(after - before, 3) if before is not None and after is not None else ""
    return StatisticRow(name, formats.number(before), formats.number(after), change)


def state_words(state: State) -> str:
    """What a window without a score says of itself."""
    return {
        State.FAILED: "The run failed.",
        State.NO_DATA: "No rows arrived: the window was scheduled, and upstream left no result.",
    }.get(state, "")
