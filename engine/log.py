"""The inference log: Parquet files of one schema, read by DuckDB. Times are naive UTC.

Columns: `time`, `model`, `partition`, and the fields, `in.*` and `out.*`, numbers or lists of numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
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
        self._spans: dict[Path, tuple[int, float, float]] = {}
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

    def source(self, piece: Piece | None = None) -> str:
        """The table, as SQL; of a piece without the files that hold nothing of it."""
        files = sorted(self.path.rglob("*.parquet")) if self.path.is_dir() else [self.path]
        if not files or not all(file.is_file() for file in files):
            raise LogError(f"{self.path}: there is no Parquet file")
        if piece is not None:
            files = [file for file in files if self._may_hold(file, piece)] or files[:1]
        return f"read_parquet([{', '.join(literal(str(file)) for file in files)}], hive_partitioning = false)"

    def _may_hold(self, file: Path, piece: Piece) -> bool:
        """By the file's own statistics, read once unless it changes: opening a file costs more than asking it."""
        version = file.stat().st_mtime_ns
        if self._spans.get(file, (0,))[0] != version:
            self._spans[file] = (version, *self._span(file))
        _, first, last = self._spans[file]
        return first <= piece.until and last > piece.after

    def _span(self, file: Path) -> tuple[float, float]:
        """A file's first and last time, infinite where it does not say."""
        found = self.query(f"""
            SELECT epoch_us(min(TRY_CAST(stats_min_value AS TIMESTAMP))) AS first,
                   epoch_us(max(TRY_CAST(stats_max_value AS TIMESTAMP))) AS last,
                   count(*) = count(stats_min_value) AS complete
            FROM parquet_metadata({literal(str(file))}) WHERE path_in_schema = 'time'
        """)
        if np.ma.is_masked(found["first"]) or np.ma.is_masked(found["last"]) or not found["complete"][0]:
            return -inf, inf
        return float(found["first"][0]), float(found["last"][0])

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
