"""Windows as tables for people's tools: JSON row by row; CSV, Parquet and Arrow by DuckDB."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import duckdb
import msgspec
import numpy as np
from nanoarrow.ipc import StreamWriter
from numpy.typing import NDArray

from assays.series import Ints, Windows
from assays.states import State

CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.stream"


class Row(msgspec.Struct, frozen=True):
    """One window; one without a result has no start, one without data or failed no score."""

    window_start: str | None
    window_end: str
    state: str
    score: float | None
    warning: float | None
    alert: float | None
    rows: int | None


def rows(windows: Windows) -> Iterator[Row]:
    began = np.where(windows.start != 0, _times(windows.start), "").tolist()
    states = [State(state).slug for state in windows.state.tolist()]
    numbers = (windows.score, windows.warning, windows.alert, windows.rows)
    columns = (began, _times(windows.end).tolist(), states, *(column.tolist() for column in numbers))
    for start, end, state, score, warning, alert, many in zip(*columns, strict=True):
        told = _number(score), _number(warning), _number(alert)
        yield Row(start or None, end, state, *told, many if many >= 0 else None)


def as_file(parts: Iterable[Windows], media: str) -> IO[bytes]:
    """An open file of CSV, with times as RFC 3339, or of Parquet; it is gone when it is closed."""
    with tempfile.TemporaryDirectory() as folder, _relation(parts) as relation:
        path = Path(folder) / "windows"
        if media == CSV:
            relation.write_csv(str(path), timestamp_format="%Y-%m-%dT%H:%M:%S.%fZ")
        else:
            relation.write_parquet(str(path), compression="zstd")
        return path.open("rb")


def as_arrow(parts: Iterable[Windows]) -> bytes:
    """Arrow's IPC stream."""
    written = BytesIO()
    with _relation(parts) as relation, StreamWriter.from_writable(written) as writer:
        writer.write_stream(relation)
    return written.getvalue()


@contextmanager
def _relation(parts: Iterable[Windows]) -> Iterator[duckdb.DuckDBPyRelation]:
    """All parts as one, with times, texts and nulls."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("windows", _joined(list(parts)))
        yield connection.sql(_SELECT)


_INTS, _FLOATS = np.empty(0, dtype=np.int64), np.empty(0)
_NONE = Windows(_INTS, _INTS, _INTS, _FLOATS, _INTS, _FLOATS, _FLOATS)


def _joined(parts: list[Windows]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate([getattr(part, name) for part in [_NONE, *parts]]) for name in Windows.__slots__}


_STATES = ", ".join(f"'{state.slug}'" for state in sorted(State))
_SELECT = f"""
SELECT
    CASE WHEN "start" <> 0 THEN make_timestamptz("start") END AS window_start,
    make_timestamptz("end") AS window_end,
    [{_STATES}][state] AS state,
    {", ".join(f"CASE WHEN NOT isnan({name}) THEN {name} END AS {name}" for name in ("score", "warning", "alert"))},
    CASE WHEN rows >= 0 THEN rows END AS rows
FROM windows
"""


def _times(moments: Ints) -> NDArray[np.str_]:
    """RFC 3339; of whole seconds without decimals, as upstream writes them."""
    whole = not np.any(moments % 1_000_000)
    return np.char.add(np.datetime_as_string(moments.astype("M8[us]"), unit="s" if whole else "us"), "Z")


def _number(value: float) -> float | None:
    return None if value != value else value
