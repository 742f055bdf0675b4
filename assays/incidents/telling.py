"""What an incident's windows tell beside their scores: thresholds, bins and the sentence, from upstream's messages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

import msgspec

from assays import bulk, wire
from assays.drift.metrics import Measure
from assays.fields import unpack
from assays.incidents import sentence
from assays.incidents.models import Incident, Kind, LocalThreshold
from assays.models import Assay, Field, Result, Score, TopBin
from assays.schedule import micros
from assays.verdict import top_bin, verdicts


class _Rules(msgspec.Struct):
    baseline: wire.Baseline
    summarizer: wire.Summarizer


_rules = msgspec.json.Decoder(_Rules)


@dataclass(frozen=True)
class _Told:
    """One field's window: its thresholds as they were, and the message it came in."""

    field: Field
    warning: float | None
    alert: float | None
    raw: bytes
    problem: str

    @cached_property
    def result(self) -> wire.Result | None:
        return None if self.problem else wire.read_result(self.raw)

    @property
    def summary(self) -> wire.Summary | None:
        return (self.result.summaries or {}).get(self.field.key) if self.result else None

    @property
    def error(self) -> str:
        if self.result is None:
            return f"upstream's result cannot be read: {self.problem}"
        return verdicts(self.result, [self.field])[0].error


def describe(incidents: Sequence[Incident], local: Mapping[int, LocalThreshold]) -> None:
    """Sets what the messages tell of the peak and of the last bad window. The incidents' fields are loaded."""
    drift = [incident for incident in incidents if incident.kind == Kind.DRIFT]
    failed = [incident for incident in incidents if incident.kind == Kind.FAILED]
    told = _read([*_peaks(drift), *_lasts(drift), *_lasts(failed)])
    rules = _rules_of({field.assay_id for field in told.fields.values()})
    for incident in drift:
        _tell_drift(incident, told, rules, local)
    for incident in failed:
        last = told.of(incident, micros(incident.last_bad_end))
        incident.sentence = last.error if last else ""
    for incident in incidents:
        if incident.kind == Kind.NO_DATA:
            incident.sentence = sentence.NO_DATA


@dataclass(frozen=True, slots=True)
class _Read:
    windows: Mapping[tuple[int, int], _Told]
    fields: Mapping[int, Field]

    def of(self, incident: Incident, end: int) -> _Told | None:
        return self.windows.get((incident.field_id or 0, end))


ANY = 0
"""Stands for a start that is not known."""


def _peaks(incidents: Iterable[Incident]) -> Iterable[tuple[Field, int, int]]:
    for incident in incidents:
        if incident.field and incident.peak_end and incident.peak_start:
            yield incident.field, micros(incident.peak_end), micros(incident.peak_start)


def _lasts(incidents: Iterable[Incident]) -> Iterable[tuple[Field, int, int]]:
    for incident in incidents:
        if incident.field and incident.last_bad_end != incident.peak_end:
            yield incident.field, micros(incident.last_bad_end), ANY


_TOLD = f"""
WITH wanted(field_id, ends, starts) AS ({{rows}})
SELECT scored.field_id, scored.window_end, scored.warning, scored.alert, result.message, result.problem
FROM wanted
JOIN {Score._meta.db_table} scored ON scored.field_id = wanted.field_id AND scored.window_end = wanted.ends
     AND (wanted.starts = {ANY} OR scored.window_start = wanted.starts)
JOIN {Field._meta.db_table} watched ON watched.id = wanted.field_id
JOIN {Result._meta.db_table} result ON result.assay_id = watched.assay_id
     AND result.window_end = scored.window_end AND result.window_start = scored.window_start
"""


def _read(wanted: Sequence[tuple[Field, int, int]]) -> _Read:
    fields = {field.pk: field for field, *_ in wanted}
    rows = bulk.select(_TOLD, [(field.pk, end, start) for field, end, start in wanted], 3)
    windows = {
        (pk, end): _Told(fields[pk], warning, alert, unpack(message), problem)
        for pk, end, warning, alert, message, problem in rows
    }
    return _Read(windows, fields)


def _rules_of(assays: Iterable[UUID]) -> dict[UUID, _Rules]:
    rows = Assay.objects.filter(pk__in=list(assays)).values_list("pk", "message")
    return {pk: _rules.decode(message) for pk, message in rows}


def _tell_drift(
    incident: Incident, told: _Read, rules: Mapping[UUID, _Rules], local: Mapping[int, LocalThreshold]
) -> None:
    peak = told.of(incident, micros(incident.peak_end)) if incident.peak_end else None
    if peak is None or incident.peak is None:
        return
    own = local.get(peak.field.pk)
    thresholds = (own.warning, own.alert) if own else (peak.warning, peak.alert)
    incident.warning, incident.alert, incident.is_local = *thresholds, own is not None
    against = incident.alert if incident.alert is not None else incident.warning
    incident.peak_ratio = incident.peak / against if against else None
    its = rules[peak.field.assay_id]
    before = its.baseline.summary or {}
    univariate = its.summarizer.univariate
    how = Measure(univariate.metric, univariate.aggregation, univariate.bin_weights) if univariate else None
    incident.sentence = sentence.of_drift(incident.peak, before.get(peak.field.key), peak.summary, how)
    incident.top_bin_data = top_bin(peak.result, peak.field.key, before)
    last = told.of(incident, micros(incident.last_bad_end)) or peak
    last_top = top_bin(last.result, last.field.key, before)
    incident.last_top = TopBin(*msgspec.json.decode(last_top)).label if last_top else ""
