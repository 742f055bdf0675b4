"""Windows of many fields from one scan of the log a month: counts in bins and statistics, all windows at once.

One GROUP BY serves all the fields that share a grid of windows. Windows that do not overlap are its groups. Of windows
that do, its groups are panes, the longest stretches that every window is a whole number of, merged by adding them up;
their medians, which do not merge, come from the rows in order of time. Memory follows the month, not the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import gcd

import numpy as np
from numpy.typing import NDArray

from assays.drift.bins import Bins, Floats
from assays.drift.summaries import own_edges
from assays.schedule import Micros
from engine.log import Arrays, Log, field_sql, keep_sql, number, within_sql
from engine.panes import Counts, Samples, Spans, median, merge, slices, take, time_spans
from engine.replay import Replay


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
        asked = [part for index, column in enumerate(self.columns) for part in self._aggregates(index, column)]
        finite = [f"CASE WHEN isfinite(v{i}) THEN v{i} END AS f{i}" for i in range(len(self.columns))]
        inner = f"SELECT *, {', '.join(finite)} FROM ({self._source()})"
        return self.log.query(f"SELECT bucket, {', '.join(asked)} FROM ({inner}) GROUP BY bucket ORDER BY bucket")

    def rows(self) -> Arrays:
        """Every row in order of time `t`; of each column whether it `keep`s the row, and its value."""
        return self.log.query(f"SELECT * FROM ({self._source()}) ORDER BY t")

    def _aggregates(self, index: int, column: Column) -> Iterator[str]:
        yield f"count_if(k{index}) AS rows{index}"
        yield f"count(f{index}) AS n{index}"
        for name in ("min", "max", "avg", "stddev_pop"):
            yield f"coalesce({name}(f{index}), 0) AS {name}{index}"
        if not self.grid.overlaps:
            yield f"coalesce(median(f{index}), 0) AS median{index}"
        for bin_index, edge in enumerate(column.bins.edges[:-1]):
            above = ">=" if column.bins.from_minimum and bin_index == 0 else ">"
            yield f"coalesce(count_if(v{index} {above} {number(edge)}), 0) AS above{bin_index}_{index}"

    def _source(self) -> str:
        pieces = self.replay.pieces(self.origin, int(self.ends[-1]))
        parts = [self._piece(within_sql(piece), piece.offset) for piece in pieces]
        return " UNION ALL ".join(parts or [self._piece("false", 0)])

    def _piece(self, within: str, offset: int) -> str:
        time = f"(epoch_us(time) + {offset})"
        since = f"({time} - {self.origin + 1})"
        values = ", ".join(
            f"{keep} AS k{index}, {_value(column, keep)} AS v{index}"
            for index, column in enumerate(self.columns)
            for keep in [keep_sql(column.model, column.locations)]
        )
        gap = "" if self.grid.overlaps else f" AND {since} % {self.grid.step} < {self.grid.pane}"
        picked = f"SELECT {time} AS t, {since} // {self.grid.step} AS bucket, {values}"
        return f"{picked} FROM {self.log.source()} WHERE {within}{gap}"


def _value(column: Column, keep: str) -> str:
    value = field_sql(column.field, column.index)
    return value if keep == "true" else f"CASE WHEN {keep} THEN {value} END"


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
        mean=numbers("avg"),
        std=numbers("stddev_pop"),
        median=numbers("median") if f"median{index}" in groups else np.zeros(len(rows)),
    )


def _with_rows(samples: Samples, rows: Arrays, index: int, scan: _Scan) -> Samples:
    """What only the rows can tell: medians of overlapping windows, and a window's own edges."""
    column, (times, numbers) = scan.columns[index], _kept(rows, index)
    finite = np.isfinite(numbers)
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
