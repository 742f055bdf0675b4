"""What an assay is defined by: its request made exact, its baseline binned, and what may not be asked for.

A baseline arrives as a span of the log or as values; it is stored, and answered, as summaries of its fields.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from functools import partial

import msgspec
import numpy as np

from assays import wire
from assays.drift import bins, summaries
from assays.drift.bins import Bins, Floats
from assays.drift.metrics import Measure, score
from assays.schedule import Plan, micros
from assays.wire import (
    Baseline,
    BinMode,
    BinModeSpec,
    Edge,
    IoPath,
    Scheduling,
    Statistics,
    Summarizer,
    Summary,
    Targeting,
    Thresholds,
    UnivariateContinuous,
    Window,
    edge_values,
)
from engine.compute import Column, values
from engine.log import Log, problem
from engine.replay import Replay

MOST_BINS = 1000

Binner = Callable[[Floats], Bins]


class Refused(ValueError):
    """A definition that no assay can have; `field` is where in it."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(f"{field}: {text}")
        self.field = field
        self.text = text


class Definition(msgspec.Struct, frozen=True):
    """An assay as it is asked for and, with summaries as its baseline, as it is stored."""

    name: str
    scheduling: Scheduling
    baseline: Baseline
    window: Window
    summarizer: Summarizer
    targeting: Targeting

    @property
    def univariate(self) -> UnivariateContinuous:
        if self.summarizer.univariate is None:
            raise Refused("summarizer", "only UnivariateContinuous is computed")
        return self.summarizer.univariate

    @property
    def measure(self) -> Measure:
        asked = self.univariate
        return Measure(asked.metric, asked.aggregation, asked.bin_weights)

    @property
    def period(self) -> timedelta:
        period = self.scheduling.run_frequency.period
        if period is None:
            raise Refused("scheduling.run_frequency", "only SimpleRunFrequency is run")
        return period

    @property
    def width(self) -> timedelta:
        return timedelta(seconds=self.window.width.seconds)

    @property
    def plan(self) -> Plan:
        return Plan(self.scheduling.first_run, self.period, self.width, self.scheduling.end)

    def baseline_of(self, path: IoPath) -> Summary:
        """Raises Refused when the stored baseline has no summary of this field."""
        found = (self.baseline.summary or {}).get(path.key)
        if found is None:
            raise Refused("baseline", f"it has no summary of {path.key}")
        return found

    def column(self, path: IoPath) -> Column:
        """What the runner asks of the log for this field."""
        origin = self.targeting.data_origin
        rebin = binner(self.univariate.bin_mode) if self.univariate.aggregation == "Edges" else None
        return Column(
            field=path.field,
            bins=bins_of(self.baseline_of(path)),
            index=path.indexes[0] if path.indexes else None,
            model=origin.model_id,
            locations=_tuple(origin.locations),
            rebin=rebin,
        )


def posted(asked: Definition, log: Log, replay: Replay) -> Definition:
    """A definition as it comes from outside, settled: its first window STARTS at the posted `first_run`.

    Servers since December 2024 store the posted time plus the width. Raises what `settled` raises.
    """
    scheduling = asked.scheduling
    later = msgspec.structs.replace(scheduling, first_run=scheduling.first_run + asked.width)
    return settled(msgspec.structs.replace(asked, scheduling=later), log, replay)


def settled(asked: Definition, log: Log, replay: Replay) -> Definition:
    """The definition as it is stored and answered: baseline summarised, every field with a thresholds object.

    Raises Refused for what cannot be computed, and LogError when the log cannot be read.
    """
    paths = [_settled_path(path) for path in asked.targeting.iopath]
    targeting = msgspec.structs.replace(asked.targeting, iopath=paths)
    found = {path.key: _baseline(asked, path, log, replay) for path in paths}
    settled = msgspec.structs.replace(asked, targeting=targeting, baseline=Baseline(summary=found))
    _check(settled)
    return settled


def binner(mode: BinMode) -> Binner:
    """Bins by this mode of any sample. Raises Refused for a mode that makes none."""
    if mode == "None":
        return lambda _: bins.one_bin()
    if isinstance(mode, str):
        raise Refused("summarizer.bin_mode", "there is no such mode")
    if mode.provided is not None:
        edges = mode.provided
        return lambda _: bins.provided(edges)
    asked = (
        (bins.quantile, mode.quantile),
        (bins.equal, mode.equal),
        (bins.quantile_with_explicit_outliers, mode.quantile_with_explicit_outliers),
    )
    for make, n in asked:
        if n is not None:
            return partial(make, n=_bin_count(n))
    raise Refused("summarizer.bin_mode", "there is no such mode")


def bins_of(summary: Summary) -> Bins:
    """The bins of a stored baseline; the number of edges and not the mode says how many."""
    edges = tuple(edge_values(summary.bins.edges))
    return Bins(edges, tuple(summary.bins.labels), _starts_at_minimum(summary.bins.mode, len(edges)))


def wire_edges(edges: tuple[float, ...]) -> list[Edge]:
    return [_INFINITE.get(edge, edge) for edge in edges]


_INFINITE: dict[float, Edge] = {np.inf: "INFINITY", -np.inf: "NEG_INFINITY"}


def _starts_at_minimum(mode: BinMode, edges: int) -> bool:
    """Quantile assays of 2024 have two bins more than they ask for, and their outermost edges are these too."""
    if not isinstance(mode, BinModeSpec):
        return False
    old = mode.quantile is not None and edges == mode.quantile + 2
    return old or mode.equal is not None or mode.quantile_with_explicit_outliers is not None


def _bin_count(n: int) -> int:
    if not 1 <= n <= MOST_BINS:
        raise Refused("summarizer.bin_mode", f"bins must be 1 to {MOST_BINS}")
    return n


def _settled_path(path: IoPath) -> IoPath:
    """Clients need null, not `[]`, and an object of thresholds."""
    return IoPath(path.field, path.indexes or None, path.thresholds or Thresholds())


def _baseline(asked: Definition, path: IoPath, log: Log, replay: Replay) -> Summary:
    if asked.baseline.summary is not None:
        return asked.baseline_of(path)
    sample = _baseline_values(asked, path, log, replay)
    univariate = asked.univariate
    make = binner(univariate.bin_mode)
    try:
        made = make(sample)
        aggregated = _aggregated(univariate.aggregation, made, sample)
    except ValueError as error:
        raise Refused("baseline", str(error)) from error
    start, end = asked.baseline.static or (None, None)
    return Summary(
        name=asked.name,
        bins=wire.Bins(univariate.bin_mode, wire_edges(made.edges), list(made.labels)),
        aggregated_values=aggregated.tolist(),
        aggregation=univariate.aggregation,
        statistics=Statistics(**asdict(summaries.statistics(sample))),
        start=start,
        end=end,
    )


def _baseline_values(asked: Definition, path: IoPath, log: Log, replay: Replay) -> Floats:
    if asked.baseline.vector is not None:
        return np.array(asked.baseline.vector, dtype=np.float64)  # null is NaN
    if asked.baseline.static is None:
        raise Refused("baseline", "only Summary, Static and Vector are understood")
    index = path.indexes[0] if path.indexes else None
    if wrong := problem(log.columns(), path.field, index):
        raise Refused("baseline", wrong)
    origin, (start, end) = asked.targeting.data_origin, asked.baseline.static
    column = Column(path.field, bins.one_bin(), index, origin.model_id, _tuple(origin.locations))
    return values(log, replay, column, micros(start), micros(end))


def _aggregated(aggregation: str, made: Bins, values: Floats) -> Floats:
    if aggregation == "Edges":
        return summaries.own_edges(made.edges, values)
    counts = bins.counts(values, made)
    return summaries.cumulative(counts) if aggregation == "Cumulative" else summaries.density(counts)


def _check(definition: Definition) -> None:
    """A dry run: what would raise when a window is scored raises now."""
    _ = definition.plan
    for path in definition.targeting.iopath:
        baseline = definition.baseline_of(path)
        _check_summary(baseline)
        try:
            score(baseline.aggregated_values, baseline.aggregated_values, definition.measure)
        except ValueError as error:
            raise Refused("summarizer", str(error)) from error


def _check_summary(summary: Summary) -> None:
    edges = np.array([*edge_values(summary.bins.edges)])
    lengths = {len(edges), len(summary.bins.labels), len(summary.aggregated_values)}
    if len(lengths) > 1 or not len(edges) or edges[-1] != np.inf or np.any(edges[1:] < edges[:-1]):
        raise Refused("baseline", "edges must ascend to INFINITY, with a label and a value each")


def _tuple(locations: list[str] | None) -> tuple[str, ...] | None:
    return None if locations is None else tuple(locations)
