"""The inference log: Parquet files of one schema, read by DuckDB. Times are naive UTC.

Columns: `time`, `model`, `partition`, and the fields, `in.*` and `out.*`, numbers or lists of numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from engine.replay import Piece

INTEGERS = {f"{sign}{size}INT" for sign in ("", "U") for size in ("TINY", "SMALL", "BIG", "HUGE")}
NUMERIC = INTEGERS | {"INTEGER", "UINTEGER", "FLOAT", "DOUBLE", "BOOLEAN"}
REQUIRED = ("time", "model", "partition")

Arrays = Mapping[str, NDArray[Any]]


class LogError(Exception):
    """The log cannot be read; the text is a sentence for an operator."""


class Log:
    """One connection to a file or folder of Parquet; a folder's files are looked up at each query."""

    def __init__(self, path: Path, threads: int = 0) -> None:
        self.path = path
        self._connection = duckdb.connect(config={"threads": threads} if threads else {})
        self._connection.execute("SET parquet_metadata_cache = true; SET TimeZone = 'UTC'")
        missing = [name for name in REQUIRED if name not in self.columns()]
        if missing:
            raise LogError(f"{path}: the log has no column {missing[0]}")

    def columns(self) -> dict[str, str]:
        """Names and DuckDB's types. Raises LogError when the log cannot be read."""
        described = self.query(f"DESCRIBE SELECT * FROM {self.source()}")
        return dict(zip(described["column_name"], described["column_type"], strict=True))

    def span(self) -> tuple[int, int]:
        """The first and the last time, in microseconds since 1970."""
        found = self.query(f"SELECT epoch_us(min(time)) AS first, epoch_us(max(time)) AS last FROM {self.source()}")
        if np.ma.is_masked(found["first"]):
            raise LogError(f"{self.path}: the log has no rows")
        return int(found["first"][0]), int(found["last"][0])

    def source(self) -> str:
        """The table, as SQL."""
        files = sorted(self.path.rglob("*.parquet")) if self.path.is_dir() else [self.path]
        if not files or not all(file.is_file() for file in files):
            raise LogError(f"{self.path}: there is no Parquet file")
        return f"read_parquet([{', '.join(literal(str(file)) for file in files)}], hive_partitioning = false)"

    def query(self, sql: str) -> Arrays:
        """Columns as arrays; NULL is masked. Raises LogError when the log cannot be read."""
        try:
            return self._connection.execute(sql).fetchnumpy()
        except duckdb.Error as error:
            raise LogError(f"{self.path}: {error}") from error


def problem(columns: Mapping[str, str], field: str, index: int | None) -> str | None:
    """Why a field cannot be read from a log of these columns, or None."""
    kind = columns.get(field)
    if kind is None or not field.startswith(("in.", "out.")):
        return f"the log has no field {field}"
    if kind.removesuffix("[]") not in NUMERIC:
        return f"the field {field} is {kind}, not a number"
    if kind.endswith("[]") and index is None:
        return f"the field {field} is a list: an index is needed"
    if index is not None and not kind.endswith("[]"):
        return f"the field {field} is a number: it has no index {index}"
    return None


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def number(value: float) -> str:
    """A float as SQL, to the last bit."""
    return f"'{value!r}'::DOUBLE"


def field_sql(field: str, index: int | None) -> str:
    """A field's value as a number or NULL; a list's elements count from 0 outside and from 1 in DuckDB."""
    element = "" if index is None else f"[{index + 1}]"
    return f"nullif({identifier(field)}{element}::DOUBLE, 'NaN'::DOUBLE)"


def keep_sql(model: str | None, locations: tuple[str, ...] | None) -> str:
    """The condition that a row is of this model, and of one of these partitions."""
    conditions = []
    if model is not None:
        conditions.append(f"model = {literal(model)}")
    if locations is not None:
        conditions.append(f"partition IN ({', '.join(map(literal, locations))})" if locations else "false")
    return " AND ".join(conditions) or "true"


def within_sql(piece: Piece) -> str:
    return f"time > {timestamp(piece.after)} AND time <= {timestamp(piece.until)}"


def timestamp(value: int) -> str:
    return f"make_timestamp({value})"
