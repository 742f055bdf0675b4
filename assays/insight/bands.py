"""Both bands of a field, why it has none where it has none, and what they make of its windows."""

from __future__ import annotations

from dataclasses import dataclass

from numpy.typing import ArrayLike

from assays import wire
from assays.drift import noise
from assays.insight import labels
from assays.insight.labels import Expected, Label
from assays.insight.ordinary import LEAST_WINDOWS, Ordinary, Period, exceeding, ordinary, period, windows
from assays.insight.packs import NOTHING, History
from assays.insight.verify import measure_of
from assays.models import Field
from assays.schedule import Plan


@dataclass(frozen=True, slots=True)
class FieldBands:
    """`sample` is the baseline that the band of chance is of; `calm` are the windows that `ordinary` rests on."""

    sample: noise.Sample | None
    why_no_noise: str
    ordinary: Ordinary | None
    why_not_ordinary: str
    calm: History

    def noise_limit(self, rows: int | None) -> float | None:
        return noise.limit(self.sample, rows) if self.sample and rows and rows > 0 else None

    def label(self, score: float, rows: int | None) -> Label:
        return labels.label(score, rows, self.noise_limit(rows), self.ordinary.high if self.ordinary else None)

    def expected(self, plan: Plan, rows: ArrayLike, threshold: float) -> Expected:
        """False alarms a week at a threshold, of windows with such numbers of rows."""
        weekly = labels.a_week(plan)
        if weekly is None:
            return Expected(None, None)
        of_noise = labels.expect_of_noise(self.sample, rows, threshold, weekly) if self.sample else None
        of_calm = labels.expect_of_ordinary(*exceeding(self.calm, threshold), weekly) if self.ordinary else None
        return Expected(of_noise, of_calm)


def bands_of(field: Field, assay: wire.Assay) -> FieldBands:
    sample, why_no_noise = _sample(field, assay)
    where = period(field, assay)
    calm = windows(field, where) if where else NOTHING
    usual = ordinary(calm, where) if where else None
    return FieldBands(sample, why_no_noise, usual, "" if usual else _why_not(where, len(calm)), calm)


def _sample(field: Field, assay: wire.Assay) -> tuple[noise.Sample | None, str]:
    how = measure_of(assay)
    if how is None or not noise.has_band(how):
        return None, "only a PSI on Density without weights has a known band of chance"
    told = (assay.baseline.summary or {}).get(field.key)
    if told is None or not told.is_whole:
        return None, "upstream returns no baseline for this field"
    found = noise.sample(told.aggregated_values, told.statistics.count, [*wire.edge_values(told.bins.edges)])
    return found, "" if found else "the baseline's shares and rows tell no counts"


def _why_not(where: Period | None, many: int) -> str:
    if where is None:
        return "no period is marked calm, and the baseline does not say when it was taken"
    return f"{many} windows lie in {where.source.value}, {LEAST_WINDOWS} are the least to say what is ordinary"
