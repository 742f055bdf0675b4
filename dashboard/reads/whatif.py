"""What other thresholds would have done over all of a field's kept windows, and which one its ordinary windows ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from assays.coverage import Span
from assays.incidents import rules
from assays.incidents.derive import Rule
from assays.insight import whatif
from assays.insight.bands import bands_of
from assays.insight.judged import judged
from assays.insight.packs import History, history
from assays.models import Assay, Field
from dashboard.reads.assay import Watched

FACTORS = (0.8, 1.0, 1.2, 1.5, 2.0)


@dataclass(frozen=True, slots=True)
class Thresholds:
    warning: float | None
    alert: float | None


@dataclass(frozen=True, slots=True)
class Tried:
    """Windows and incidents as these thresholds and this rule make them, and what becomes of the judged incidents."""

    thresholds: Thresholds
    rule: Rule
    outcome: whatif.Outcome
    cost: whatif.Cost

    @property
    def incidents(self) -> int:
        return len(self.outcome.incidents)


@dataclass(frozen=True, slots=True)
class Answer:
    """How it is now beside how it would be."""

    now: Tried
    then: Tried
    marked: int
    span: Span


@dataclass(frozen=True, slots=True)
class Step:
    """One alert threshold of the card's table."""

    alert: float
    windows: int
    incidents: int
    is_now: bool


def present(watched: Watched) -> tuple[Thresholds, Rule]:
    """Those that incidents follow: Driftline's own before upstream's."""
    field = watched.field
    local = rules.local_thresholds([field]).get(field.pk)
    source = local or field
    return Thresholds(source.warning, source.alert), rules.read().of(watched.assay, field)


def kept(assay: Assay, now: datetime) -> Span:
    """All that is in the cache."""
    after = assay.read_from or now
    return Span(min(after, now), now)


def answer(watched: Watched, wanted: Thresholds, rule: Rule, now: datetime) -> Answer:
    span = kept(watched.assay, now)
    windows, marked = history(watched.field, span), judged(watched.field)
    thresholds, present_rule = present(watched)
    return Answer(
        _tried(windows, thresholds, present_rule, marked), _tried(windows, wanted, rule, marked), len(marked), span
    )


def _tried(windows: History, wanted: Thresholds, rule: Rule, marked: Sequence[whatif.Marked]) -> Tried:
    outcome = whatif.Replay(windows, rule).outcome(wanted.warning, wanted.alert)
    return Tried(wanted, rule, outcome, whatif.cost(windows, outcome.incidents, marked))


def recommendation(watched: Watched, target: float, rule: Rule, now: datetime) -> whatif.Recommendation:
    """`target` are the false alarms a month that are put up with."""
    windows = history(watched.field, kept(watched.assay, now))
    calm = bands_of(watched.field, watched.message).calm
    return whatif.recommend(windows, calm, judged(watched.field), target, rule)


def steps(field: Field, span: Span, rule: Rule) -> list[Step]:
    """What a few alert thresholds around the present one would have done in a span; none without one."""
    if not field.alert:
        return []
    replay = whatif.Replay(history(field, span), rule)
    return [_step(replay, field.alert, factor) for factor in FACTORS]


def _step(replay: whatif.Replay, alert: float, factor: float) -> Step:
    at = float(f"{alert * factor:.2g}") if factor != 1.0 else alert
    outcome = replay.outcome(None, at)
    return Step(at, outcome.alerts, len(outcome.incidents), factor == 1.0)
