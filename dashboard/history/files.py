"""Everything on the page as tables, to take away: one JSON document, or a zip of CSV or Parquet files."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import duckdb
import numpy as np
import orjson

from assays.incidents.models import Marker
from assays.schedule import moment
from assays.states import State
from assays.wire import rfc3339
from dashboard import spreadsheets
from dashboard.history import report, showing
from dashboard.history.numbers import NOTHING, Tally
from dashboard.history.report import History, Stretch

Table = dict[str, list[Any]]
"""Columns by name, all of one length."""

_LABELS = {NOTHING: ""} | {state.value: state.slug for state in State}


def tables(told: History, markers: Sequence[Marker]) -> dict[str, Table]:
    """Shares are from 0 to 1, durations in seconds, days the reader's, moments RFC 3339 in UTC."""
    return {
        "period": _period(told),
        "days": _days(told),
        "weeks": _weeks(told),
        "where": _where(told),
        "ledger": _ledger(told),
        "switched_off": _off(told),
        "markers": _markers(markers),
    }


def _period(told: History) -> Table:
    both = [_summed(told.now), _summed(told.before)]
    return {"period": ["now", "before"]} | {name: [one[name] for one in both] for name in both[0]}


def _summed(one: Stretch) -> dict[str, Any]:
    acknowledged, resolved = one.acknowledged_in, one.resolved_in
    return {
        "first": str(one.days.first),
        "last": str(one.days.last),
        **one.total._asdict(),
        "share_ok": one.total.share_ok,
        "coverage": one.total.coverage,
        "days_in_drift": one.days_in_drift,
        "incidents_opened": int(one.opened.sum()),
        "median_seconds_to_acknowledge": acknowledged.total_seconds() if acknowledged else None,
        "median_seconds_to_resolve": resolved.total_seconds() if resolved else None,
        "false_alarm_share": one.false_alarms,
    }


def _days(told: History) -> Table:
    """A row for each day of each assay that had a window or a state."""
    sums = np.zeros((len(told.roster.assays), told.now.days.many, 5), dtype=np.int64)
    np.add.at(sums, told.roster.of, told.now.counts)
    rows, columns = np.nonzero((told.now.states != NOTHING) | sums.any(axis=2))
    assays = [told.roster.assays[row] for row in rows.tolist()]
    return {
        "assay_id": [str(assay.id) for assay in assays],
        "assay": [assay.name for assay in assays],
        "pipeline": [assay.pipeline for assay in assays],
        "workspace": [assay.workspace for assay in assays],
        "day": [str(told.now.days.day(column)) for column in columns.tolist()],
        "worst": [_LABELS[state] for state in told.now.states[rows, columns].tolist()],
        **{name: sums[rows, columns, k].tolist() for k, name in enumerate(Tally._fields)},
    }


def _weeks(told: History) -> Table:
    pairs = [(one, day, week) for one in (told.before, told.now) for day, week in one.weeks]
    return {
        "period": ["now" if one is told.now else "before" for one, _, _ in pairs],
        "from": [str(day) for _, day, _ in pairs],
        "share_ok": [week.share_ok for _, _, week in pairs],
        "scored": [week.scored for _, _, week in pairs],
    }


def _where(told: History) -> Table:
    pairs = [(by, line) for by in ("field", "pipeline", "workspace") for line in report.lines(told, by)]
    return {
        "by": [by for by, _ in pairs],
        "name": [line.name for _, line in pairs],
        "days_in_drift": [line.now for _, line in pairs],
        "days_in_drift_before": [line.before for _, line in pairs],
        "incidents": [line.incidents for _, line in pairs],
    }


def _ledger(told: History) -> Table:
    rows = report.ledger(told)
    names = ("scheduled", "received", "failed", "no_data")
    return {
        "assay_id": [str(row.assay.id) for row in rows],
        "assay": [row.assay.name for row in rows],
        **{name: [getattr(row.tally, name) for row in rows] for name in names},
        "late": [row.late for row in rows],
    }


def _off(told: History) -> Table:
    rows = report.switched_off(told)
    return {
        "assay_id": [str(row.assay.id) for row in rows],
        "assay": [row.assay.name for row in rows],
        "since": [rfc3339(moment(row.began)) for row in rows],
        "seconds_within": [row.lasted.total_seconds() for row in rows],
        "goes_on": [row.goes_on for row in rows],
        "who": [row.switch.who if row.switch else None for row in rows],
        "why": [row.switch.why if row.switch else None for row in rows],
    }


def _markers(markers: Sequence[Marker]) -> Table:
    return {
        "at": [rfc3339(one.at) for one in markers],
        "event": [one.event for one in markers],
        "text": [one.text for one in markers],
        "link": [one.link for one in markers],
    }


def as_json(told: History, markers: Sequence[Marker]) -> bytes:
    """The headline, and each table as a list of rows."""
    sheet = showing.sheet(told)
    rows = {name: _rows(table) for name, table in tables(told, markers).items()}
    return orjson.dumps({"headline": sheet.headline, "sentences": sheet.sentences, **rows}, option=orjson.OPT_INDENT_2)


def _rows(table: Table) -> list[dict[str, Any]]:
    return [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]


def as_csv(told: History, markers: Sequence[Marker]) -> bytes:
    return _zip({f"{name}.csv": _csv(table) for name, table in tables(told, markers).items()})


def _csv(table: Table) -> bytes:
    """No stranger's text in it is taken for a formula."""
    lines = [spreadsheets.line(table)]
    lines += [spreadsheets.line(map(_cell, row)) for row in zip(*table.values(), strict=True)]
    return "".join(lines).encode()


def _cell(value: Any) -> str:
    if isinstance(value, str):
        return spreadsheets.harmless(value)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def as_parquet(told: History, markers: Sequence[Marker]) -> bytes:
    return _zip({f"{name}.parquet": _parquet(table) for name, table in tables(told, markers).items()})


_TYPES = {str: "VARCHAR", bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE"}


def _parquet(table: Table) -> bytes:
    columns = ", ".join(f'unnest(?::{_type(values)}[]) AS "{name}"' for name, values in table.items())
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        path = Path(folder) / "table.parquet"
        connection.execute(f"CREATE TABLE told AS SELECT {columns}", list(table.values()))
        connection.table("told").write_parquet(str(path), compression="zstd")
        return path.read_bytes()


def _type(values: Sequence[Any]) -> str:
    kinds = {type(value) for value in values if value is not None}
    return "DOUBLE" if float in kinds else _TYPES[kinds.pop()] if kinds else "VARCHAR"


def _zip(files: dict[str, bytes]) -> bytes:
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()
