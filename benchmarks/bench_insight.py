"""Insight: thresholds on a year of minutes, bins over time, eight assays on one axis, the doctor over a thousand.

    python benchmarks/bench_insight.py [--windows 525600] [--without-pandas]

On SQLite, in one process, the best of five. Beside each answer the same from plain SQL, and from pandas in its own
environment, whose reading of the table is told apart. Goal: a threshold on 525,600 windows within 300 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
FOLDER = Path(tempfile.mkdtemp(prefix="driftline-bench-"))
DATABASE = FOLDER / "insight.sqlite3"
os.environ |= {
    "DRIFTLINE_VAR": str(FOLDER),
    "DATABASE_URL": f"sqlite:///{DATABASE}",
    "DJANGO_SETTINGS_MODULE": "dashboard.settings",
    "DRIFTLINE_LOG_LEVEL": "ERROR",
}

import django  # noqa: E402

django.setup()

import msgspec  # noqa: E402
import numpy as np  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from assays import series, wire  # noqa: E402
from assays.coverage import Span  # noqa: E402
from assays.fields import pack  # noqa: E402
from assays.incidents.derive import Rule  # noqa: E402
from assays.insight import packs, verify  # noqa: E402
from assays.insight.examination import examine  # noqa: E402
from assays.insight.models import Touched  # noqa: E402
from assays.insight.over_time import over_time  # noqa: E402
from assays.insight.together import together  # noqa: E402
from assays.insight.whatif import Replay, recommend  # noqa: E402
from assays.models import Assay, Field  # noqa: E402
from assays.schedule import micros  # noqa: E402
from tests.support import messages  # noqa: E402

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
YEAR = Span(NOW - timedelta(days=366), NOW)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
WARNING, ALERT = 0.3, 0.45
ROUNDS = 5
T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--windows", type=int, default=525_600)
    parser.add_argument("--assays", type=int, default=1_000)
    parser.add_argument("--without-pandas", action="store_true")
    given = parser.parse_args()
    call_command("migrate", verbosity=0)
    print("| what | ms | plain SQL, ms |\n|---|---|---|")
    for many in sorted({given.windows // 10, given.windows}):
        field = filled(many, MINUTE)
        try_thresholds(field, many)
    for many in (876, 8_760):
        bins_over_time(filled(many, HOUR, with_messages=True), many)
    verification(8_760)
    for many in (876, 8_760):
        eight_on_one_axis(many)
    for many in sorted({given.assays // 10, given.assays}):
        doctor(many)
    if not given.without_pandas:
        pandas(field)


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """The best of five in milliseconds, and what it gave."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        found = work()
        times.append(1000 * (time.perf_counter() - began))
    return min(times), found


def told(name: str, milliseconds: float, by_sql: float | None = None) -> None:
    print(f"| {name} | {milliseconds:,.1f} | {'' if by_sql is None else f'{by_sql:,.1f}'} |", flush=True)


def try_thresholds(field: Field, many: int) -> None:
    by_rows, _ = timed(lambda: packs.rows(field.pk, 0, 2**62))
    began = time.perf_counter()
    packs.pack_touched(timedelta(hours=1))
    packing = 1000 * (time.perf_counter() - began)
    reading, history = timed(lambda: packs.history(field, YEAR))
    assert len(history) == many
    whole, outcome = timed(lambda: Replay(packs.history(field, YEAR), Rule()).outcome(WARNING, ALERT))
    sql, row = timed(lambda: by_sql(_TRY, [WARNING, ALERT, field.pk]))
    assert tuple(map(int, row)) == (many, outcome.warnings, outcome.alerts, len(outcome.incidents))
    told(f"thresholds, {many:,} windows, with reading them", whole, sql)
    told("its reading alone, from packs", reading, by_rows)
    told("the same, 3 of 5", timed(lambda: Replay(packs.history(field, YEAR), Rule(3, 5)).outcome(WARNING, ALERT))[0])
    replay = Replay(history, Rule())
    told("another threshold on the same history", timed(lambda: replay.outcome(WARNING * 1.1, ALERT))[0])
    told(
        "a threshold that every second window reaches",
        timed(lambda: replay.outcome(float(np.median(history.score)), None))[0],
    )
    calm = history.take(slice(0, many // 4))
    told("a recommendation with its curve", timed(lambda: recommend(history, calm, [], 1.0, Rule()))[0])
    told("packing it all, once", packing)


_TRY = """
SELECT count(*), sum(bad) - sum(worse), sum(worse), sum(bad AND NOT coalesce(before, 0)) FROM (
    SELECT bad, worse, lag(bad) OVER (ORDER BY window_end) AS before FROM (
        SELECT window_end, score >= %s AS bad, score >= %s AS worse FROM assays_score
        WHERE field_id = %s AND score IS NOT NULL))
"""


def bins_over_time(field: Field, many: int) -> None:
    message = msgspec.json.decode(field.assay.message, type=wire.Assay)
    milliseconds, found = timed(lambda: over_time(field, message, YEAR))
    assert found.of == many
    sql, _ = timed(lambda: every_message(field))
    told(
        f"bins over time, {len(found.end)} of {many:,} windows (SQL: all messages, not looked into)",
        milliseconds,
        sql,
    )


def every_message(field: Field) -> int:
    """Read and not looked into."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT message FROM assays_result WHERE assay_id = %s", [field.assay_id.hex])
        return len(cursor.fetchall())


def eight_on_one_axis(many: int) -> None:
    fields = [filled(many, HOUR) for _ in range(8)]
    by_rows, _ = timed(lambda: [series.buckets(series.read(field.pk, [YEAR])) for field in fields])
    packs.pack_touched(timedelta(hours=1))
    told(f"eight assays of {many:,} windows on one axis", timed(lambda: together(fields, YEAR))[0], by_rows)


def verification(many: int) -> None:
    """Of the hours that have messages: every one differs, which is the dearest."""
    began = time.perf_counter()
    done = verify.verify(timedelta(hours=1))
    assert done >= many
    told(f"recomputing the scores of {done:,} results, all of which differ", 1000 * (time.perf_counter() - began))


def doctor(many: int) -> None:
    fleet(many)
    assays = list(Assay.objects.filter(name__startswith="daily")[:many])
    assert len(assays) == many
    milliseconds, found = timed(lambda: examine(assays, NOW))
    counts = "SELECT field_id, sum(ok), sum(warning), sum(alert), max(highest) FROM assays_hourrollup GROUP BY field_id"
    sql, _ = timed(lambda: by_sql(counts, []))
    told(f"the doctor, {many:,} assays with a year of days, {len(found):,} findings", milliseconds, sql)


def by_sql(statement: str, values: list[Any]) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()[0]


def pandas(field: Field) -> None:
    from benchmarks.bench_engine import environment

    command: list[Any] = [
        environment("pandas_whatif"),
        HERE / "peers" / "pandas_whatif.py",
        DATABASE,
        str(field.pk),
        str(WARNING),
    ]
    found = json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)
    for name, figures in found.items():
        print(f"pandas, {name}: {figures['read']:,.1f} ms reading, {figures['ask']:,.1f} ms answering")


def filled(many: int, period: timedelta, *, with_messages: bool = False) -> Field:
    """An assay and the scores of its windows, one a period up to now."""
    field = made(f"every {period}", period)
    ends = [micros(NOW - k * period) for k in range(many)]
    width = period // timedelta(microseconds=1)
    scores = np.random.default_rng(7).exponential(0.1, many).tolist()
    rows = [(field.pk, end - width, end, 5, score, 300, 0.3, 0.45) for end, score in zip(ends, scores, strict=True)]
    inserted("assays_score", "field_id, window_start, window_end, state, score, rows, warning, alert", rows)
    hours: dict[int, int] = {}
    for end in ends:
        hours[end - end % 3_600_000_000] = hours.get(end - end % 3_600_000_000, 0) + 1
    inserted(
        _HOURS, _HOUR_COLUMNS, [(field.pk, hour, held, 0, 0, 0, 0, 5, 0.01, 0.4, 0.1) for hour, held in hours.items()]
    )
    first, last = YEAR.after, YEAR.until
    Touched.objects.create(
        assay_id=field.assay_id, pack_first=first, pack_last=last, verify_first=first, verify_last=last
    )
    if with_messages:
        inserted("assays_result", _RESULT_COLUMNS, [result(field, end, width) for end in ends])
    return field


_HOURS = "assays_hourrollup"
_HOUR_COLUMNS = "field_id, hour, ok, warning, alert, failed, no_data, worst, lowest, highest, total"
_RESULT_COLUMNS = (
    "assay_id, window_start, window_end, upstream_id, status, analyzed_at, elapsed_millis, updated_at, message, problem"
)
_SAMPLE = messages.assay()


def result(field: Field, end: int, width: int) -> tuple[Any, ...]:
    told = messages.result(_SAMPLE, NOW, 0.05)
    told["summaries"]["out.score"]["aggregated_values"] = [0.1, 0.2, 0.3, 0.2, 0.2]
    return (field.assay_id.hex, end - width, end, 0, "Ok", end, 9, end, pack(json.dumps(told).encode()), "")


def made(name: str, period: timedelta) -> Field:
    number = Assay.objects.count() + 1
    message = messages.assay(number)
    assay = Assay.objects.create(
        id=UUID(message["id"]),
        name=name,
        active=True,
        pipeline_id=1,
        pipeline_name="p",
        workspace_id=1,
        workspace_name="w",
        message=json.dumps(message).encode(),
        fingerprint=number,
        created_at=NOW,
        updated_at=NOW,
        first_run=YEAR.after,
        period_seconds=period.total_seconds(),
        width_seconds=period.total_seconds(),
        read_from=YEAR.after,
        read_to=YEAR.until,
        last_run=NOW,
    )
    return Field.objects.create(assay=assay, key="out.score", mark=1, position=0, warning=0.3, alert=0.45)


def fleet(many: int) -> None:
    """Daily assays, each with its year in the rollups and thirty of its windows."""
    have = Assay.objects.filter(name__startswith="daily").count()
    chance = np.random.default_rng(many)
    days = [micros(NOW - k * DAY) for k in range(365)]
    for number in range(have, many):
        field = made(f"daily {number}", DAY)
        bad = (chance.random(365) < number / many / 3).astype(int).tolist()
        hours = [(field.pk, day, 1 - b, b, 0, 0, 0, 5, 0.1, 0.1 + b, 0.1) for day, b in zip(days, bad, strict=True)]
        inserted(_HOURS, _HOUR_COLUMNS, hours)
        scores = [(field.pk, day - 86_400_000_000, day, 5, 0.1, 300, 0.3, 0.45) for day in days[:30]]
        inserted("assays_score", "field_id, window_start, window_end, state, score, rows, warning, alert", scores)


def inserted(table: str, columns: str, rows: list[tuple[Any, ...]]) -> None:
    places = ", ".join(["%s"] * len(columns.split(",")))
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({places})", rows)
        cursor.execute("COMMIT")


if __name__ == "__main__":
    main()
