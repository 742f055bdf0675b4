"""Windows' samples to the results that are answered, as the bytes they are answered in, all but the id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np

from assays import wire
from assays.drift import summaries
from assays.drift.bins import Floats
from assays.drift.metrics import Scores, score
from assays.schedule import moment
from assays.wire import FieldScore, IoPath, Result, Statistics, Summary, Thresholds
from engine.definition import Definition
from engine.panes import Samples

NO_ROWS = "no rows in the window"
NO_EDGES = "the window's own edges are not finite"
ID = b'{"id":'

Status = Literal["Ok", "Warning", "Alert"]
RANK: tuple[Status, ...] = ("Ok", "Warning", "Alert")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One window's result; `listed` is False for a run without rows, which is shown to `debug` alone.

    `tail` is the result's JSON after its id.
    """

    window_start: datetime
    window_end: datetime
    listed: bool
    tail: bytes


@dataclass(frozen=True, slots=True)
class Timing:
    """When a run was made, and how long one window of it took."""

    started: datetime
    finished: datetime
    millis: int


def with_id(number: int, tail: bytes) -> bytes:
    return b"%b%d%b" % (ID, number, tail)


def status(value: float, thresholds: Thresholds) -> Status:
    """Inclusive; a null threshold never fires."""
    if thresholds.alert is not None and value >= thresholds.alert:
        return "Alert"
    if thresholds.warning is not None and value >= thresholds.warning:
        return "Warning"
    return "Ok"


def outcomes(
    assay_id: str,
    definition: Definition,
    found: Mapping[str, Samples | str],
    windows: Iterable[tuple[int, int]],
    timing: Timing,
) -> Iterator[Outcome]:
    """One result a window. `found` holds, by field, the samples or why there are none; `windows` are positions in
    them and ends, in microseconds.
    """
    fields = [_Field(definition, path, found[path.key]) for path in definition.targeting.iopath]
    for index, end in windows:
        verdicts = [field.at(index, moment(end)) for field in fields]
        yield _outcome(assay_id, definition, moment(end), verdicts, timing)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """One field in one window; its summary is None when its score is an error text."""

    path: IoPath
    score: FieldScore | str
    summary: Summary | None = None

    @property
    def status(self) -> Status:
        if isinstance(self.score, str):
            return "Ok"
        return status(self.score.score, self.path.thresholds or Thresholds())


class _Field:
    """One field, scored in all windows at once."""

    def __init__(self, definition: Definition, path: IoPath, found: Samples | str) -> None:
        self._path, self._found, self._width = path, found, definition.width
        if isinstance(found, str):
            return
        self._baseline = definition.baseline_of(path)
        self._aggregation = definition.univariate.aggregation
        self._aggregated = _aggregated(found, self._aggregation)
        self._scores = score(self._baseline.aggregated_values, self._aggregated, definition.measure)

    def at(self, index: int, end: datetime) -> _Verdict:
        """The verdict on the window of this index, which ends then."""
        found = self._found
        if isinstance(found, str):
            return _Verdict(self._path, found)
        if not found.rows[index]:
            return _Verdict(self._path, NO_ROWS)
        if np.isnan(self._scores.score[index]):
            return _Verdict(self._path, NO_EDGES)
        return _Verdict(self._path, _field_score(self._scores, index), self._summary(found, index, end))

    def _summary(self, found: Samples, index: int, end: datetime) -> Summary:
        return Summary(
            name=self._path.key,
            bins=self._baseline.bins,
            aggregated_values=self._aggregated[index].tolist(),
            aggregation=self._aggregation,
            statistics=_statistics(found, index),
            start=end - self._width,
            end=end,
        )


def _outcome(
    assay_id: str, definition: Definition, end: datetime, verdicts: Sequence[_Verdict], timing: Timing
) -> Outcome:
    origin, thresholds = definition.targeting.data_origin, _thresholds(verdicts)
    result = Result(
        id=0,
        assay_id=assay_id,
        analyzed_at=timing.finished,
        elapsed_millis=timing.millis,
        status=max((verdict.status for verdict in verdicts), key=RANK.index),
        window_start=end - definition.width,
        window_end=end,
        created_at=timing.started,
        updated_at=timing.finished,
        workspace_id=origin.workspace_id,
        workspace_name=origin.workspace_name,
        pipeline_id=origin.pipeline_id,
        scores={verdict.path.key: verdict.score for verdict in verdicts},
        summaries={verdict.path.key: verdict.summary for verdict in verdicts if verdict.summary},
        warning_threshold=thresholds.warning,
        alert_threshold=thresholds.alert,
    )
    listed = any(verdict.score != NO_ROWS for verdict in verdicts)
    return Outcome(result.window_start, end, listed, wire.encode(result).removeprefix(with_id(0, b"")))


def _thresholds(verdicts: Sequence[_Verdict]) -> Thresholds:
    """A result has room for one field's; of several fields each has its own, with the assay."""
    if len(verdicts) > 1:
        return Thresholds()
    return verdicts[0].path.thresholds or Thresholds()


def _aggregated(found: Samples, aggregation: str) -> Floats:
    """(W, B); what stands in a window without rows means nothing."""
    if aggregation == "Edges":
        nothing = np.full(found.counts.shape[1], np.nan)
        return np.array([nothing if edges is None else edges for edges in found.edges])
    counts = np.where(found.rows[:, None] > 0, found.counts, 1)
    return summaries.cumulative(counts) if aggregation == "Cumulative" else summaries.density(counts)


def _field_score(scores: Scores, index: int) -> FieldScore:
    bin_index = None if scores.bin_index is None else int(scores.bin_index[index])
    return FieldScore(float(scores.score[index]), scores.per_bin[index].tolist(), bin_index)


def _statistics(found: Samples, index: int) -> Statistics:
    numbers = (found.min, found.max, found.mean, found.median, found.std)
    return Statistics(int(found.rows[index]), *(float(values[index]) for values in numbers))
