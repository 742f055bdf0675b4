"""Small tables, columns by name, as CSV that no spreadsheet takes for formulas, and as Parquet."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb

from dashboard import spreadsheets

Frame = Mapping[str, Sequence[str | float | None]]
"""Columns of one length, each of texts or of numbers."""


def as_csv(frame: Frame) -> bytes:
    lines = [spreadsheets.line(frame)]
    lines += [spreadsheets.line(map(_cell, row)) for row in zip(*frame.values(), strict=True)]
    return "".join(lines).encode()


def _cell(value: str | float | None) -> str:
    if isinstance(value, str):
        return spreadsheets.harmless(value)
    return "" if value is None else repr(value)


def as_parquet(frame: Frame) -> bytes:
    columns = ", ".join(f'unnest(?::{_type(values)}[]) AS "{name}"' for name, values in frame.items())
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        path = Path(folder) / "table.parquet"
        connection.execute(f"CREATE TABLE told AS SELECT {columns}", [list(values) for values in frame.values()])
        connection.table("told").write_parquet(str(path), compression="zstd")
        return path.read_bytes()


def _type(values: Sequence[str | float | None]) -> str:
    return "VARCHAR" if any(isinstance(value, str) for value in values) else "DOUBLE"
