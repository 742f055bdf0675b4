"""Many rows in one statement, the same on SQLite and PostgreSQL. Values are as the database keeps them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections, models

Row = Sequence[Any]
MOST_PARAMETERS = 20_000
"""SQLite takes 32,766 parameters a statement."""


def key(value: UUID) -> Any:
    """An assay's id as the database keeps it."""
    return value if connection.features.has_native_uuid_field else value.hex


def uuid(value: Any) -> UUID:
    """The id back from the database's way to keep it."""
    return value if isinstance(value, UUID) else UUID(hex=value)


def table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def lock(names: Iterable[str]) -> None:
    """Held by one transaction until it ends. On SQLite a transaction is the only one that writes anyway."""
    if connection.vendor == "postgresql":
        keys = "SELECT hashtextextended(name, 0) AS key FROM unnest(%s::text[]) AS name ORDER BY 1 OFFSET 0"
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_advisory_xact_lock(key) FROM ({keys}) AS ordered", [list(names)])


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
) -> None:
    """Inserts rows or updates those of the same identity. No two rows may share one."""
    tail = _conflict(columns, identity)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.executemany(_insert(model, columns, f"VALUES {_places(columns)}") + tail, list(rows))
    else:
        for _ in _run(_insert(model, columns, ROWS) + tail, rows, _types(model, columns)):
            pass


def upsert_newer(
    model: type[models.Model],
    columns: Sequence[str],
    identity: Sequence[str],
    rows: Iterable[Row],
    *,
    newer: str,
) -> Iterator[tuple[Any, ...]]:
    """As `upsert`, but updates only where the column `newer` grows. Yields the identities of the rows written."""
    tail = f"{_conflict(columns, identity)} WHERE excluded.{newer} > {table(model)}.{newer}"
    returning = ", ".join(f"{table(model)}.{column}" for column in identity)
    statement = f"{_insert(model, columns, ROWS)}{tail} RETURNING {returning}"
    yield from _run(statement, rows, _types(model, columns))


def update(model: type[models.Model], columns: Sequence[str], rows: Iterable[Row], *, by: str = "id") -> None:
    """Each row holds the columns' values, then that of `by`."""
    assign = ", ".join(f"{column} = %s" for column in columns)
    with connection.cursor() as cursor:
        cursor.executemany(f"UPDATE {table(model)} SET {assign} WHERE {by} = %s", list(rows))


def select(statement: str, rows: Iterable[Row], width: int) -> Iterator[tuple[Any, ...]]:
    """Runs a statement whose ROWS stand for rows of `width` integers, many rows at a time."""
    yield from _run(statement, rows, ("bigint",) * width)


ROWS = "{rows}"


def _run(statement: str, rows: Iterable[Row], types: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """PostgreSQL is given a column an array: psycopg takes longer to read thousands of placeholders than to insert."""
    with connection.cursor() as cursor:
        for chunk in _chunks(rows, len(types)):
            if connection.vendor == "postgresql":
                arrays = ", ".join(f"%s::{kind}[]" for kind in types)
                source, values = (
                    f"SELECT * FROM unnest({arrays})",
                    [list(column) for column in zip(*chunk, strict=True)],
                )
            else:
                places = ", ".join([_places(types)] * len(chunk))
                source, values = f"VALUES {places}", [value for row in chunk for value in row]
            cursor.execute(statement.replace(ROWS, source), values)
            if cursor.description:
                yield from cursor.fetchall()


def _insert(model: type[models.Model], columns: Sequence[str], source: str) -> str:
    return f"INSERT INTO {table(model)} ({', '.join(columns)}) {source}"


def _conflict(columns: Sequence[str], identity: Sequence[str]) -> str:
    assign = ", ".join(f"{column} = excluded.{column}" for column in columns if column not in identity)
    return f" ON CONFLICT ({', '.join(identity)}) DO UPDATE SET {assign}"


def _types(model: type[models.Model], columns: Sequence[str]) -> list[str]:
    return [str(field.db_type(connection)) for field in _fields(model, columns)]


def _places(columns: Sequence[object]) -> str:
    return f"({', '.join(['%s'] * len(columns))})"


def _chunks(rows: Iterable[Row], width: int) -> Iterator[list[Row]]:
    size = MOST_PARAMETERS // width
    everything = list(rows)
    for start in range(0, len(everything), size):
        yield everything[start : start + size]
