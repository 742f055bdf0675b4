"""Windows of many fields from one scan of the log a month: counts in bins and statistics, all windows at once.

One GROUP BY serves all the fields that share a grid of windows. Windows that do not overlap are its groups. Of windows
that do, its groups are panes, the longest stretches that every window is a whole number of, merged by adding them up;
their medians, which do not merge, come from the rows in order of time. Memory follows the month, not the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import gcd, isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assays.drift.bins import Bins, Floats
from assays.drift.summaries import LARGEST, are_numbers, own_edges
from assays.schedule import Micros
from engine.log import Arrays, Log, LogError, field_sql, keep_sql, number, within_sql
from engine.panes import Counts, Samples, Spans, median, merge, slices, take, time_spans
from engine.replay import Piece, Replay

NEAR = 1e-4
"""How small the variance may be beside the squared distance from the centre: beyond, rounding shows in ten digits."""


@dataclass(frozen=True, slots=True)
class Column:
    """What is asked of the log: a field, of a model and of partitions (None: all), in a baseline's bins.

    `rebin` makes bins of a window's own values; it is given when the own edges are what is compared.
    """

    field: str
    bins: Bins
    index: int | None = None
    model: str | None = None
    locations: tuple[str, ...] | None = None
    rebin: Callable[[Floats], Bins] | None = None

    @property
    def centre(self) -> float:
        """Where most values are near: the edge in the baseline's middle."""
        inner = self.bins.edges[:-1]
        return inner[len(inner) // 2] if inner and isfinite(inner[len(inner) // 2]) else 0.0


@dataclass(frozen=True, slots=True)
class Grid:
    """Windows (end - width, end] with ends a multiple of `period` apart, in microseconds."""

    period: int
    width: int

    @property
    def overlaps(self) -> bool:
        return self.width > self.period

    @property
    def pane(self) -> int:
        """The length of a group: a window's, or the longest that windows and their distance are multiples of."""
        return gcd(self.width, self.period) if self.overlaps else self.width

    @property
    def step(self) -> int:
        """From one group's start to the next one's."""
        return self.pane if self.overlaps else self.period


def months(ends: Micros, replay: Replay) -> Iterator[Micros]:
    """Window ends, ascending, cut where the log's month changes or the log starts again."""
    times = replay.log_times(ends)
    month = (times - 1).astype("datetime64[us]").astype("datetime64[M]")
    cuts = np.flatnonzero((month[1:] != month[:-1]) | (times[1:] < times[:-1])) + 1
    yield from (chunk for chunk in np.split(ends, cuts) if len(chunk))


def summarise(log: Log, replay: Replay, columns: Sequence[Column], grid: Grid, ends: Micros) -> list[Samples]:
    """The windows with these ends (ascending, of one grid, at least one): one Samples a column.

    Every column must exist in the log. Raises LogError when the log cannot be read.
    """
    scan = _Scan(log, replay, columns, grid, ends)
    groups = scan.groups()
    spans = _group_spans(groups["bucket"].astype(np.int64), scan)
    samples = [_samples(groups, index, column, spans, grid) for index, column in enumerate(columns)]
    if not grid.overlaps and not any(column.rebin for column in columns):
        return samples
    rows = scan.rows()
    return [_with_rows(sample, rows, index, scan) for index, sample in enumerate(samples)]


def values(log: Log, replay: Replay, column: Column, after: int, until: int) -> Floats:
    """Every value of the present's (after, until], NaN for null; the column's bins play no part."""
    rows = _Scan(log, replay, [column], Grid(until - after, until - after), np.array([until])).rows()
    return _kept(rows, 0)[1]


@dataclass(frozen=True, slots=True)
class _Scan:
    """The SQL of one scan over the windows with these ends."""

    log: Log
    replay: Replay
    columns: Sequence[Column]
    grid: Grid
    ends: Micros

    @property
    def origin(self) -> int:
        return int(self.ends[0]) - self.grid.width

    def groups(self) -> Arrays:
        """A row a group that has rows: `bucket`, and of each column its counts and statistics."""
        groups = self._grouped(part for i, column in enumerate(self.columns) for part in self._aggregates(i, column))
        for index, column in enumerate(self.columns):
            groups |= _moments(groups, index, column.centre)
        coarse = [f"std{i}" for i in range(len(self.columns)) if np.isnan(groups[f"std{i}"]).any()]
        return groups | self._deviations(coarse, groups["bucket"]) if coarse else groups

    def _deviations(self, names: Sequence[str], buckets: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """The standard deviations by this name, of these groups, from a scan of its own. Rows may be new since."""
        found = self._grouped(f"coalesce(stddev_pop(f{name[3:]}), 0) AS {name}" for name in names)
        if not np.isin(buckets, found["bucket"]).all():
            raise LogError(f"{self.log.path}: rows went while they were read")
        at = np.searchsorted(found["bucket"], buckets)
        return {name: found[name][at] for name in names}

    def _grouped(self, aggregates: Iterable[str]) -> dict[str, NDArray[Any]]:
        finite = [f"CASE WHEN abs(v{i}) < {number(LARGEST)} THEN v{i} END AS f{i}" for i in range(len(self.columns))]
        inner = f"SELECT *, {', '.join(finite)} FROM ({self._source()})"
        asked = f"SELECT bucket, {', '.join(aggregates)} FROM ({inner}) GROUP BY bucket ORDER BY bucket"
        return dict(self.log.query(asked))

    def rows(self) -> Arrays:
        """Every row in order of time `t`; of each column whether it `keep`s the row, and its value."""
        return self.log.query(f"SELECT * FROM ({self._source()}) ORDER BY t")

    def _aggregates(self, index: int, column: Column) -> Iterator[str]:
        yield f"count_if(k{index}) AS rows{index}"
        yield f"count(f{index}) AS n{index}"
        yield f"coalesce(min(f{index}), 0) AS min{index}"
        yield f"coalesce(max(f{index}), 0) AS max{index}"
        distance = f"(f{index} - {number(column.centre)})"
        yield f"coalesce(sum({distance}), 0) AS distance{index}"
        yield f"coalesce(sum({distance} * {distance}), 0) AS square{index}"
        if not self.grid.overlaps:
            yield f"coalesce(median(f{index}), 0) AS median{index}"
        for bin_index, edge in enumerate(column.bins.edges[:-1]):
            above = ">=" if column.bins.from_minimum and bin_index == 0 else ">"
            yield f"coalesce(count_if(v{index} {above} {number(edge)}), 0) AS above{bin_index}_{index}"

    def _source(self) -> str:
        pieces = self.replay.pieces(self.origin, int(self.ends[-1]))
        return " UNION ALL ".join(map(self._piece, pieces)) or self._piece(Piece(0, 0, 0))

    def _piece(self, piece: Piece) -> str:
        time = f"(epoch_us(time) + {piece.offset})"
        since = f"({time} - {self.origin + 1})"
        values = ", ".join(
            f"{keep} AS k{index}, {_value(column, keep)} AS v{index}"
            for index, column in enumerate(self.columns)
            for keep in [keep_sql(column.model, column.locations)]
        )
        gap = f" AND {since} % {self.grid.step} < {self.grid.pane}" if self.grid.step > self.grid.pane else ""
        picked = f"SELECT {time} AS t, {since} // {self.grid.step} AS bucket, {values}"
        return f"{picked} FROM {self.log.source(piece)} WHERE {within_sql(piece)}{gap}"


def _value(column: Column, keep: str) -> str:
    value = field_sql(column.field, column.index)
    return value if keep == "true" else f"CASE WHEN {keep} THEN {value} END"


def _moments(groups: Mapping[str, NDArray[Any]], index: int, centre: float) -> dict[str, Floats]:
    """Means and standard deviations from the sums of distances from the centre and of their squares.

    DuckDB takes far longer over stddev_pop, which stays exact far from the centre: NaN where that is called for.
    """
    count, low, high = (np.asarray(groups[f"{name}{index}"]) for name in ("n", "min", "max"))
    with np.errstate(invalid="ignore", over="ignore"):
        distance, square = (groups[f"{name}{index}"] / np.maximum(count, 1) for name in ("distance", "square"))
        variance = square - np.square(distance)
        exact = np.isfinite(variance) & (variance > NEAR * np.square(distance))
    std = np.sqrt(np.where(exact, variance, np.nan))
    constant = low == high
    return {
        f"mean{index}": np.where(constant, low, np.where(count > 0, centre + distance, 0.0)),
        f"std{index}": np.where(constant, 0.0, std),
    }


def _group_spans(buckets: NDArray[np.int64], scan: _Scan) -> Spans:
    """The groups of each window, as far as they have rows."""
    first = (scan.ends - scan.grid.width - scan.origin) // scan.grid.step
    return Spans(np.searchsorted(buckets, first), np.searchsorted(buckets, first + scan.grid.width // scan.grid.pane))


def _samples(groups: Arrays, index: int, column: Column, spans: Spans, grid: Grid) -> Samples:
    of_groups = _of_groups(groups, index, len(column.bins))
    return merge(of_groups, spans) if grid.overlaps else take(of_groups, spans)


def _of_groups(groups: Arrays, index: int, bins: int) -> Samples:
    def numbers(name: str) -> Floats:
        return np.asarray(groups[f"{name}{index}"], dtype=np.float64)

    def whole(name: str) -> Counts:
        return np.asarray(groups[f"{name}{index}"], dtype=np.int64)

    rows = whole("rows")
    at_least = [rows, *(whole(f"above{i}_") for i in range(bins - 1)), np.zeros_like(rows)]
    return Samples(
        counts=-np.diff(np.column_stack(at_least), axis=1),
        rows=rows,
        numbers=whole("n"),
        min=numbers("min"),
        max=numbers("max"),
        mean=numbers("mean"),
        std=numbers("std"),
        median=numbers("median") if f"median{index}" in groups else np.zeros(len(rows)),
    )


def _with_rows(samples: Samples, rows: Arrays, index: int, scan: _Scan) -> Samples:
    """What only the rows can tell: medians of overlapping windows, and a window's own edges."""
    column, (times, numbers) = scan.columns[index], _kept(rows, index)
    finite = are_numbers(numbers)
    of_numbers = time_spans(times[finite], scan.ends, scan.grid.width)
    medians = np.array([median(part) for part in slices(numbers[finite], of_numbers)])
    of_rows = time_spans(times, scan.ends, scan.grid.width)
    return replace(samples, median=medians, edges=[_own_edges(column, part) for part in slices(numbers, of_rows)])


def _kept(rows: Arrays, index: int) -> tuple[Micros, Floats]:
    """Times and values of the rows that a column keeps; NaN for null."""
    keep = np.asarray(rows[f"k{index}"], dtype=bool)
    numbers = np.ma.filled(rows[f"v{index}"].astype(np.float64), np.nan)
    return np.asarray(rows["t"], dtype=np.int64)[keep], numbers[keep]


def _own_edges(column: Column, values: Floats) -> Floats | None:
    """None for a window without rows, and for edges that are not finite: they cannot be compared."""
    if column.rebin is None or not len(values):
        return None
    try:
        return own_edges(column.rebin(values).edges, values)
    except ValueError:
        return None
