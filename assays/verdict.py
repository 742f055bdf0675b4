"""What one result says of each field that its assay watches: a state, a score, or why there is none. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from assays import wire
from assays.states import State, of_score


class Watched(Protocol):
    """A field, with the assay's own thresholds for it."""

    key: str
    warning: float | None
    alert: float | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`score` is None when the run failed, and `error` says why; `rows` is None when it left no summary."""

    state: State
    score: float | None = None
    rows: int | None = None
    warning: float | None = None
    alert: float | None = None
    error: str = ""


def verdicts(result: wire.Result, fields: Sequence[Watched]) -> list[Verdict]:
    """One for each field, in order."""
    stored = stored_thresholds(result) if len(fields) == 1 else None
    return [_verdict(result, field, stored or (field.warning, field.alert)) for field in fields]


def stored_thresholds(result: wire.Result) -> tuple[float | None, float | None] | None:
    """Those stored with the result, which a single field's state follows first; of several fields each has its own."""
    stored = result.warning_threshold, result.alert_threshold
    return None if stored == (None, None) else stored


def _verdict(result: wire.Result, field: Watched, thresholds: tuple[float | None, float | None]) -> Verdict:
    score = (result.scores or {}).get(field.key)
    summary = (result.summaries or {}).get(field.key)
    rows = summary.statistics.count if summary else None
    if isinstance(score, wire.FieldScore) and result.summaries:
        return Verdict(of_score(score.score, *thresholds), score.score, rows, *thresholds)
    return Verdict(State.FAILED, None, rows, *thresholds, error=_why(result, score))


def _why(result: wire.Result, score: wire.FieldScore | str | None) -> str:
    if isinstance(score, str):
        return score or "the run failed without a text"
    texts = [text for text in (result.scores or {}).values() if isinstance(text, str)]
    if texts and not result.summaries:
        return texts[0]
    return "the run left no summary" if not result.summaries else "the run left no score for this field"


def worst(states: Iterable[State]) -> State | None:
    return min(states, default=None)


def disagrees(status: str, states: Iterable[State]) -> bool:
    """Whether upstream's status of the whole result is not the worst of the fields' states, failed ones aside."""
    told = worst(state for state in states if state != State.FAILED)
    return told is not None and told.label.lower() != status.lower()


def top_bin(result: wire.Result | None, key: str, baseline: dict[str, wire.Summary]) -> str:
    """The bin that adds most, as `models.TopBin` keeps it; empty when the messages do not tell."""
    score = (result.scores or {}).get(key) if result else None
    window = (result.summaries or {}).get(key) if result else None
    before = baseline.get(key)
    if not isinstance(score, wire.FieldScore) or window is None or before is None or not score.scores:
        return ""
    index = max(range(len(score.scores)), key=score.scores.__getitem__)
    total = sum(score.scores)
    shortest = min(len(before.aggregated_values), len(window.aggregated_values), len(window.bins.labels))
    if total <= 0 or index >= shortest:
        return ""
    shares = before.aggregated_values[index], window.aggregated_values[index]
    return msgspec.json.encode([window.bins.labels[index], *shares, score.scores[index] / total]).decode()
