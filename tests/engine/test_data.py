"""The bundled log is what its README says: complete, in order, of one schema, small and free."""

from collections.abc import Iterator
from datetime import datetime
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
def log() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(f"CREATE VIEW log AS FROM read_parquet('{DATA}/log/*/*.parquet', hive_partitioning = false)")
        yield connection


def one(log: duckdb.DuckDBPyConnection, query: str) -> tuple[object, ...]:
    row = log.execute(query).fetchone()
    assert row is not None
    return tuple(row)


def test_every_flight_of_the_year_is_one_row(log: duckdb.DuckDBPyConnection) -> None:
    assert one(log, "SELECT count(*) FROM log") == (336_776,)


def test_every_file_has_the_same_columns_and_types(log: duckdb.DuckDBPyConnection) -> None:
    for file in FILES:
        described = log.execute(f"DESCRIBE FROM read_parquet('{file}', hive_partitioning = false)").fetchall()
        assert {row[0]: row[1] for row in described} == COLUMNS


def test_each_file_holds_the_utc_month_of_its_folder(log: duckdb.DuckDBPyConnection) -> None:
    months = [file.parent.name.removeprefix("month=") for file in FILES]
    assert months == [f"2013-{month:02}" for month in range(1, 13)] + ["2014-01"]
    for file, month in zip(FILES, months, strict=True):
        assert one(log, f"SELECT DISTINCT strftime(time, '%Y-%m') FROM '{file}'") == (month,)


def test_rows_are_in_order_of_time_within_each_file(log: duckdb.DuckDBPyConnection) -> None:
    for file in FILES:
        times = log.execute(f"SELECT time FROM '{file}'").fetchnumpy()["time"]
        assert (times[1:] >= times[:-1]).all()


def test_the_year_runs_from_the_first_to_the_last_scheduled_departure_in_utc(log: duckdb.DuckDBPyConnection) -> None:
    assert one(log, "SELECT min(time), max(time) FROM log") == (
        datetime(2013, 1, 1, 10, 15),
        datetime(2014, 1, 1, 4, 59),
    )


def test_times_are_four_or_five_hours_ahead_of_the_local_hour(log: duckdb.DuckDBPyConnection) -> None:
    assert log.execute(
        'SELECT DISTINCT (hour(time) - "in.hour" + 24)::INTEGER % 24 AS ahead FROM log ORDER BY ahead'
    ).fetchall() == [(4,), (5,)]


def test_what_was_missing_stays_null_and_nothing_is_nan(log: duckdb.DuckDBPyConnection) -> None:
    for name, kind in COLUMNS.items():
        nulls = one(log, f'SELECT count(*) - count("{name}") FROM log')
        assert nulls == (NULLS.get(name, 0),), name
        if kind == "DOUBLE":
            assert one(log, f'SELECT count_if(isnan("{name}")) FROM log') == (0,)


def test_three_airports_share_one_model(log: duckdb.DuckDBPyConnection) -> None:
    flights = log.execute("SELECT model, partition, count(*) FROM log GROUP BY ALL ORDER BY partition").fetchall()
    assert flights == [
        ("delay-gbm-2013-01", "EWR", 120_835),
        ("delay-gbm-2013-01", "JFK", 111_279),
        ("delay-gbm-2013-01", "LGA", 104_662),
    ]


def test_predictions_are_probabilities_that_follow_the_departure_delay(log: duckdb.DuckDBPyConnection) -> None:
    assert one(log, 'SELECT min("out.delay_probability") > 0, max("out.delay_probability") < 1 FROM log') == (
        True,
        True,
    )
    on_time, late = one(
        log,
        """SELECT avg("out.delay_probability") FILTER ("in.dep_delay" <= 0),
                  avg("out.delay_probability") FILTER ("in.dep_delay" > 60) FROM log""",
    )
    assert isinstance(on_time, float)
    assert isinstance(late, float)
    assert on_time < 0.15
    assert late > 0.85


def test_the_log_is_small_and_carries_its_licence() -> None:
    assert sum(file.stat().st_size for file in FILES) < 8_000_000
    assert "CC0 1.0 Universal" in (DATA / "LICENSE").read_text()
    assert "CC0" in (DATA / "README.md").read_text()
