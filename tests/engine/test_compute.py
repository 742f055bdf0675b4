"""Windows by one scan against windows row by row: nulls, gaps, overlaps, filters, months and the replay's seam."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf, isnan, nan
from pathlib import Path
from random import Random
from statistics import fmean, median, pstdev

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assays.drift import bins
from assays.drift.bins import Bins
from engine.compute import Column, Grid, months, summarise, values
from engine.log import Log, LogError
from engine.panes import Samples
from engine.replay import Piece, Replay

MINUTE = 60 * 10**6
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_765_000_000 * 10**6  # 6 December 2025 05:46:40; the log reaches over New Year
LENGTH = 35 * DAY
SHIFT = 14 * DAY
THREE = Bins((-1.0, 1.0, inf), ("a", "b", "c"))
LIVE, REPLAYED = Replay(), Replay(START, LENGTH, SHIFT)


@dataclass(frozen=True)
class Row:
    time: int
    model: str
    partition: str
    fields: dict[str, float | list[float] | None]


def make_rows(chance: Random) -> list[Row]:
    """Uneven times with long pauses, some on the minute; values with nulls, NaN, infinities and many ties."""
    rows, time = [], START
    while time < START + LENGTH:
        time += chance.choice([MINUTE, 7 * MINUTE, 31 * MINUTE, 3 * HOUR, 1])
        a = chance.choice([None, nan, inf, -inf, 1e300, -1.0, 1.0, *(chance.gauss(0, 2) for _ in range(9))])
        fields: dict[str, float | list[float] | None] = {
            "in.a": a,
            "in.nothing": None,
            "in.list": [chance.random(), 5.0],
            "out.p": chance.random(),
        }
        rows.append(Row(time, chance.choice(["m", "n'"]), chance.choice(["x", "y", "z"]), fields))
    return rows


ROWS = make_rows(Random(20130101))


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    """The rows in two files, cut in the middle of a day that windows straddle."""
    folder = tmp_path_factory.mktemp("log")
    cut = len(ROWS) // 2
    for name, part in (("first", ROWS[:cut]), ("second", ROWS[cut:])):
        (folder / name).mkdir()
        write(folder / name / "rows.parquet", part)
    return Log(folder)


def write(path: Path, rows: Sequence[Row]) -> None:
    with duckdb.connect() as connection:
        connection.execute(
            'CREATE TABLE log (time TIMESTAMP, model VARCHAR, "partition" VARCHAR, '
            '"in.a" DOUBLE, "in.nothing" DOUBLE, "in.list" DOUBLE[], "out.p" DOUBLE)'
        )
        made = [(row.time, row.model, row.partition, *row.fields.values()) for row in rows]
        connection.executemany("INSERT INTO log VALUES (make_timestamp(?), ?, ?, ?, ?, ?, ?)", made)
        connection.execute(f"COPY log TO '{path}' (FORMAT parquet)")


@dataclass(frozen=True)
class Expected:
    """A window as anyone would compute it who has its values in hand."""

    counts: list[int]
    rows: int
    min: float
    max: float
    mean: float
    std: float
    median: float


def replayed(replay: Replay) -> Iterator[tuple[int, Row]]:
    """Every row at each of the present's times it shows at, far enough for these tests."""
    if replay.length is None:
        yield from ((row.time, row) for row in ROWS)
        return
    for cycle in range(4):
        for row in ROWS:
            if replay.start < row.time <= replay.start + replay.length:
                yield row.time + replay.shift + cycle * replay.length, row


SHOWN = {replay: sorted(replayed(replay), key=lambda pair: pair[0]) for replay in (LIVE, REPLAYED)}


def value_of(row: Row, column: Column) -> float:
    value = row.fields[column.field]
    if isinstance(value, list):
        value = value[column.index or 0]
    return nan if value is None else value


def wanted(row: Row, column: Column) -> bool:
    right_model = column.model is None or row.model == column.model
    return right_model and (column.locations is None or row.partition in column.locations)


def expected(column: Column, replay: Replay, end: int, width: int) -> Expected:
    shown = SHOWN[replay]
    first = bisect_left(shown, end - width + 1, key=lambda pair: pair[0])
    last = bisect_left(shown, end + 1, key=lambda pair: pair[0])
    found = [value_of(row, column) for _, row in shown[first:last] if wanted(row, column)]
    counts = [0] * len(column.bins)
    for value in found:
        counts[place(value, column.bins)] += 1
    numbers = [value for value in found if abs(value) < 1e150] or [0.0]
    return Expected(counts, len(found), min(numbers), max(numbers), fmean(numbers), pstdev(numbers), median(numbers))


def place(value: float, made: Bins) -> int:
    if isnan(value):
        return 0
    if made.from_minimum and value == made.edges[0]:
        return 1
    return next(index for index, edge in enumerate(made.edges) if value <= edge)


def agree(samples: Samples, index: int, reference: Expected) -> None:
    assert samples.counts[index].tolist() == reference.counts
    assert int(samples.rows[index]) == reference.rows
    assert (samples.min[index], samples.max[index]) == (reference.min, reference.max)
    assert samples.median[index] == pytest.approx(reference.median, rel=1e-15, abs=1e-15)
    assert samples.mean[index] == pytest.approx(reference.mean, rel=1e-12, abs=1e-12)
    assert samples.std[index] == pytest.approx(reference.std, rel=1e-9, abs=1e-12)


COLUMNS = (
    Column("in.a", THREE),
    Column("in.a", Bins((-1.0, -1.0, 1.0, inf), ("a", "b", "c", "d"), from_minimum=True), model="m"),
    Column("in.a", bins.one_bin(), locations=("x", "z")),
    Column("in.a", THREE, model="n'", locations=("y",)),
    Column("in.a", THREE, locations=()),
    Column("in.a", Bins((-inf, 0.0, inf, inf), ("a", "b", "c", "d"))),
    Column("in.nothing", THREE),
    Column("in.list", Bins((0.5, inf), ("a", "b")), index=0),
    Column("out.p", Bins((0.1, 1 / 3, 0.5000000000000001, inf), ("a", "b", "c", "d"))),
)

GRIDS = {
    "one after another": Grid(DAY, DAY),
    "short": Grid(13 * MINUTE, 13 * MINUTE),
    "with gaps": Grid(DAY, 5 * HOUR),
    "overlapping": Grid(HOUR, 8 * HOUR),
    "overlapping by a part of a period": Grid(HOUR, 90 * MINUTE),
    "longer than a month": Grid(7 * DAY, 33 * DAY),
    "longer than the log": Grid(9 * DAY, 50 * DAY),
}


@pytest.mark.parametrize("replay", [LIVE, REPLAYED], ids=["live", "replayed"])
@pytest.mark.parametrize("grid", GRIDS.values(), ids=GRIDS.keys())
def test_every_window_of_every_field_is_as_row_by_row(log: Log, grid: Grid, replay: Replay) -> None:
    begun = START + replay.shift
    ends = np.arange(begun - DAY, begun + 3 * LENGTH, grid.period, dtype=np.int64)
    if len(ends) > 1500:
        ends = np.concatenate([ends[:300], ends[len(ends) // 3 :][:400]])
    checked = 0
    for chunk in months(ends, replay):
        for column, samples in zip(COLUMNS, summarise(log, replay, COLUMNS, grid, chunk), strict=True):
            for index, end in enumerate(chunk.tolist()):
                agree(samples, index, expected(column, replay, end, grid.width))
                checked += 1
    assert checked == len(ends) * len(COLUMNS)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    period=st.integers(1, 600).map(lambda n: n * MINUTE),
    width=st.integers(1, 3000).map(lambda n: n * MINUTE),
    offset=st.integers(-LENGTH, 2 * LENGTH),
    count=st.integers(1, 12),
    replay=st.sampled_from([LIVE, REPLAYED]),
)
def test_any_grid_anywhere_is_as_row_by_row(
    log: Log, period: int, width: int, offset: int, count: int, replay: Replay
) -> None:
    grid, first = Grid(period, width), START + replay.shift + offset
    ends = first + period * np.arange(count, dtype=np.int64)
    samples = summarise(log, replay, COLUMNS[:2], grid, ends)
    for column, found in zip(COLUMNS, samples, strict=False):
        for index, end in enumerate(ends.tolist()):
            agree(found, index, expected(column, replay, end, width))


def test_a_windows_own_edges_are_those_of_its_values(log: Log) -> None:
    column = Column("out.p", THREE, rebin=lambda sample: bins.quantile(sample, 3))
    for grid in (Grid(DAY, DAY), Grid(DAY, 2 * DAY)):
        ends = START + DAY * np.arange(3, 6, dtype=np.int64)
        (samples,) = summarise(log, LIVE, [column], grid, ends)
        for end, edges in zip(ends.tolist(), samples.edges, strict=True):
            inside = [value_of(row, column) for row in ROWS if end - grid.width < row.time <= end]
            low, high = np.quantile(inside, [1 / 3, 2 / 3])
            assert edges is not None
            assert edges.tolist() == pytest.approx([low, high, max(inside)])


def test_own_edges_that_are_not_finite_are_none(log: Log) -> None:
    column = Column("in.nothing", THREE, rebin=lambda sample: bins.quantile(sample, 3))
    (samples,) = summarise(log, LIVE, [column], Grid(DAY, DAY), np.array([START + 3 * DAY, START - DAY]))
    assert samples.edges == [None, None]


def test_a_baselines_values_are_all_there_in_order_of_time(log: Log) -> None:
    column = Column("in.a", THREE, model="m", locations=("x",))
    found = values(log, LIVE, column, START + DAY, START + 3 * DAY)
    inside = [row for row in ROWS if START + DAY < row.time <= START + 3 * DAY and wanted(row, column)]
    assert found == pytest.approx([value_of(row, column) for row in inside], nan_ok=True)


def test_months_cut_where_the_log_changes_month_or_starts_again() -> None:
    ends = START + SHIFT + DAY * np.arange(1, 72, dtype=np.int64)
    chunks = list(months(ends, REPLAYED))
    assert np.concatenate(chunks).tolist() == ends.tolist()
    # December has 25 days after the start, January 10; then the log starts again
    assert [len(chunk) for chunk in chunks] == [25, 10, 25, 10, 1]


def test_each_month_is_one_query_however_many_windows_and_fields(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    plain = Log.query

    def counted(self: Log, sql: str) -> object:
        if "GROUP BY" in sql:
            asked.append(sql)
        return plain(self, sql)

    monkeypatch.setattr(Log, "query", counted)
    ends = START + MINUTE * np.arange(1, 2000, dtype=np.int64)
    summarise(log, LIVE, COLUMNS, Grid(MINUTE, MINUTE), ends)
    assert len(asked) == 1


def test_values_far_from_the_baseline_keep_mean_and_deviation(tmp_path: Path) -> None:
    far = [1e9, 1e9 + 0.5, 1e9 + 1, -3.0, nan]
    rows = [Row(START + second, "m", "x", {"in.a": far[second % 3]}) for second in range(30)]
    rows += [Row(START + DAY + second, "m", "x", {"in.a": far[0]}) for second in range(30)]
    rows += [Row(START + 2 * DAY + second, "m", "x", {"in.a": far[3 + second % 2]}) for second in range(30)]
    blank = {"in.nothing": None, "in.list": [], "out.p": 0.5}
    path = tmp_path / "log.parquet"
    write(path, [Row(row.time, row.model, row.partition, row.fields | blank) for row in rows])
    ends = START - 1 + DAY * np.arange(1, 4, dtype=np.int64)
    (samples,) = summarise(Log(path), LIVE, [Column("in.a", THREE)], Grid(DAY, DAY), ends)
    assert samples.mean.tolist() == [1e9 + 0.5, 1e9, -3.0]
    assert samples.std.tolist() == [pytest.approx(pstdev([0, 0.5, 1]), rel=1e-7), 0.0, 0.0]


def test_a_file_is_read_only_for_times_that_it_holds(log: Log) -> None:
    cut = ROWS[len(ROWS) // 2].time  # where the second file begins
    for after, until, names in (
        (cut - 1, cut, {"second"}),
        (cut - 2, cut - 1, {"first"}),
        (cut - DAY, cut, {"first", "second"}),
        (START + LENGTH + DAY, START + LENGTH + 2 * DAY, {"first"}),  # neither; one tells the columns
    ):
        source = log.source(Piece(after, until, 0))
        assert {name for name in ("first", "second") if f"/{name}/" in source} == names


def test_a_log_that_vanishes_is_an_error_for_an_operator(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    write(path, ROWS[:10])
    log = Log(path)
    path.write_bytes(b"PAR1 but nothing more")
    with pytest.raises(LogError, match=r"log\.parquet"):
        summarise(log, LIVE, COLUMNS, Grid(DAY, DAY), np.array([START + DAY]))
    path.unlink()
    with pytest.raises(LogError, match="no Parquet file"):
        summarise(log, LIVE, COLUMNS, Grid(DAY, DAY), np.array([START + DAY]))
