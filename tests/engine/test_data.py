"""The bundled log is what its README says: complete, in order, of one schema, small and free."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

DATA = Path(__file__).parents[2] / "engine" / "data"
FILES = sorted(DATA.glob("log/*/*.parquet"))
INPUTS = ["dep_delay", "hour", "distance", "temp", "wind_speed", "precip", "pressure", "visib", "humid"]
COLUMNS = {
    "time": "TIMESTAMP",
    "model": "VARCHAR",
    "partition": "VARCHAR",
    **{f"in.{name}": "DOUBLE" for name in INPUTS},
    "out.delay_probability": "DOUBLE",
}
NULLS = {
    "in.dep_delay": 8_255,
    "in.temp": 1_573,
    "in.wind_speed": 1_634,
    "in.precip": 1_556,
    "in.pressure": 38_788,
    "in.visib": 1_556,
    "in.humid": 1_573,
}


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


@pytest.fixture(scope="module")
def log(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:
    return connection.read_parquet(f"{DATA}/log/*/*.parquet", hive_partitioning=False)


def one(log: duckdb.DuckDBPyRelation, aggregates: str) -> tuple[object, ...]:
    (row,) = log.aggregate(aggregates).fetchall()
    return tuple(row)


def test_every_flight_of_the_year_is_one_row(log: duckdb.DuckDBPyRelation) -> None:
    assert one(log, "count(*)") == (336_776,)


def test_every_file_has_the_same_columns_and_types(connection: duckdb.DuckDBPyConnection) -> None:
    for path in FILES:
        asked = "DESCRIBE FROM read_parquet(?, hive_partitioning = false)"
        assert {name: kind for name, kind, *_ in connection.execute(asked, [str(path)]).fetchall()} == COLUMNS


def test_each_file_holds_the_utc_month_of_its_folder(connection: duckdb.DuckDBPyConnection) -> None:
    months = [path.parent.name.removeprefix("month=") for path in FILES]
    assert months == [f"2013-{month:02}" for month in range(1, 13)] + ["2014-01"]
    for path, month in zip(FILES, months, strict=True):
        file = connection.read_parquet(str(path), hive_partitioning=False)
        assert file.project("strftime(time, '%Y-%m')").distinct().fetchall() == [(month,)]


def test_rows_are_in_order_of_time_within_each_file(connection: duckdb.DuckDBPyConnection) -> None:
    for path in FILES:
        times = connection.read_parquet(str(path), hive_partitioning=False).project("time").fetchnumpy()["time"]
        assert (times[1:] >= times[:-1]).all()


def test_the_year_runs_from_the_first_to_the_last_scheduled_departure_in_utc(log: duckdb.DuckDBPyRelation) -> None:
    assert one(log, "min(time)::VARCHAR, max(time)::VARCHAR") == ("2013-01-01 10:15:00", "2014-01-01 04:59:00")


def test_times_are_four_or_five_hours_ahead_of_the_local_hour(log: duckdb.DuckDBPyRelation) -> None:
    ahead = log.project('(hour(time) - "in.hour" + 24)::INTEGER % 24').distinct().fetchall()
    assert sorted(ahead) == [(4,), (5,)]


def test_what_was_missing_stays_null_and_nothing_is_nan(log: duckdb.DuckDBPyRelation) -> None:
    for name, kind in COLUMNS.items():
        assert one(log, f'count(*) - count("{name}")') == (NULLS.get(name, 0),), name
        if kind == "DOUBLE":
            assert one(log, f'count_if(isnan("{name}"))') == (0,)


def test_three_airports_share_one_model(log: duckdb.DuckDBPyRelation) -> None:
    flights = log.aggregate("model, partition, count(*)").order("partition").fetchall()
    assert flights == [
        ("delay-gbm-2013-01", "EWR", 120_835),
        ("delay-gbm-2013-01", "JFK", 111_279),
        ("delay-gbm-2013-01", "LGA", 104_662),
    ]


def test_predictions_are_probabilities_that_follow_the_departure_delay(log: duckdb.DuckDBPyRelation) -> None:
    lowest, highest = one(log, 'min("out.delay_probability") > 0, max("out.delay_probability") < 1')
    assert lowest
    assert highest
    assert one(log.filter('"in.dep_delay" <= 0'), 'avg("out.delay_probability") < 0.15') == (True,)
    assert one(log.filter('"in.dep_delay" > 60'), 'avg("out.delay_probability") > 0.85') == (True,)


def test_the_log_is_small_and_carries_its_licence() -> None:
    assert sum(file.stat().st_size for file in FILES) < 8_000_000
    assert "CC0 1.0 Universal" in (DATA / "LICENSE").read_text()
    assert "CC0" in (DATA / "README.md").read_text()
