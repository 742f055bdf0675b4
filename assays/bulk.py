"""Many rows in one statement, the same on SQLite and PostgreSQL. Values are as the database keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections, models

Row = Sequence[Any]
MOST_PARAMETERS = 20_000
"""SQLite takes 32,766 parameters a statement, PostgreSQL 65,535."""


def key(value: UUID) -> Any:
    """An assay's id as the database keeps it."""
    return value if connection.features.has_native_uuid_field else value.hex


def uuid(value: Any) -> UUID:
    """The id back from the database's way to keep it."""
    return value if isinstance(value, UUID) else UUID(hex=value)


def table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def prepared(rows: Iterable[models.Model], columns: Sequence[str]) -> list[Row]:
    """The rows' values as the database keeps them."""
    alias = connections[DEFAULT_DB_ALIAS]
    model_rows = list(rows)
    fields = _fields(type(model_rows[0]), columns) if model_rows else []
    return [[field.get_db_prep_save(getattr(row, field.attname), alias) for field in fields] for row in model_rows]


def _fields(model: type[models.Model], columns: Sequence[str]) -> list[models.Field[Any, Any]]:
    by_column = {field.column: field for field in model._meta.concrete_fields}
    return [by_column[column] for column in columns]


def upsert(
    model: type[models.Model],
    columns: Sequence[str],
    identity: Sequence[str],
    rows: Iterable[Row],
    *,
    newer: str | None = None,
    returning: Sequence[str] = (),
) -> list[tuple[Any, ...]]:
    """Inserts rows or updates those of the same identity; with `newer`, only where that column grows.

    No two rows may share an identity. Returns the columns asked for of the rows that were written.
    """
    assign = ", ".join(f"{column} = excluded.{column}" for column in columns if column not in identity)
    where = f" WHERE excluded.{newer} > {table(model)}.{newer}" if newer else ""
    tail = f" ON CONFLICT ({', '.join(identity)}) DO UPDATE SET {assign}{where}"
    if returning:
        tail += f" RETURNING {', '.join(f'{table(model)}.{column}' for column in returning)}"
    head = f"INSERT INTO {table(model)} ({', '.join(columns)}) VALUES "
    written: list[tuple[Any, ...]] = []
    with connection.cursor() as cursor:
        for chunk in _chunks(rows, len(columns)):
            cursor.execute(head + values(chunk) + tail, flat(chunk))
            written += cursor.fetchall() if returning else []
    return written


def update(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row], *, by: str = "id") -> None:
    """Each row holds the columns' values, then that of `by`."""
    assign = ", ".join(f"{column} = %s" for column in columns)
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table(model)} SET {assign} WHERE {by} = %s", list(rows))


def select(statement: str, rows: Iterable[Row], width: int) -> Iterator[tuple[Any, ...]]:
    """Runs a statement whose `{values}` stands for rows of `width` values, a chunk of rows at a time."""
    with connection.cursor() as cursor:
        for chunk in _chunks(rows, width):
            cursor.execute(statement.replace("{values}", values(chunk)), flat(chunk))
            yield from cursor.fetchall()


def values(rows: Sequence[Row]) -> str:
    return ", ".join([f"({', '.join(['%s'] * len(rows[0]))})"] * len(rows))


def flat(rows: Iterable[Row]) -> list[Any]:
    return [value for row in rows for value in row]


def _chunks(rows: Iterable[Row], width: int) -> Iterator[list[Row]]:
    size = MOST_PARAMETERS // width
    everything = list(rows)
    for start in range(0, len(everything), size):
        yield everything[start : start + size]
