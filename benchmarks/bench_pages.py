"""Pages: the overview with 100 to 10,000 assays, the assay page with 10,000 to 525,600 windows.

Server time is that of the whole Django stack in one process, gzip included; the chart is timed in a real Chromium, from
asking for the figure to the last point drawn. Against what: 100 ms at the 95th percentile, ten queries, and less than
twice the time from the smallest to the largest.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(tempfile.mkdtemp(prefix="driftline-bench-"))
PORT = 8079
os.environ |= {
    "DRIFTLINE_VAR": str(FOLDER),
    "DATABASE_URL": f"sqlite:///{FOLDER / 'pages.sqlite3'}",
    "DJANGO_SETTINGS_MODULE": "dashboard.settings",
    "DRIFTLINE_LOG_LEVEL": "ERROR",
}
sys.path.insert(0, str(ROOT))

import django  # noqa: E402

from tests.support.servers import start_valkey  # noqa: E402

os.environ["REDIS_URL"] = start_valkey()
django.setup()

import msgspec  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from assays import models  # noqa: E402
from assays.schedule import micros  # noqa: E402
from assays.states import State  # noqa: E402
from dashboard.links import local_operator, make_token  # noqa: E402
from tests.support import messages  # noqa: E402

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
FLEETS = (100, 1_000, 10_000)
LENGTHS = (10_000, 100_000, 525_600)
A_PIPELINE_HAS = 8
ROUNDS = 60
STRIP_DAYS = 60


def main() -> None:
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    print("| page | p50 ms | p95 ms | CPU ms | queries | gzip kB |\n|---|---|---|---|---|---|")
    for many in FLEETS:
        fill_fleet(many)
        told("/", f"overview, {many:,} assays")
    told("/?group=none", f"overview without groups, {FLEETS[-1]:,} assays")
    told("/?q=assay+99&state=alert", f"overview searched, {FLEETS[-1]:,} assays")
    for many in LENGTHS:
        assay = fill_windows(many)
        told(f"/assays/{assay.pk}/?range=1y", f"assay page, {many:,} windows")
        told(f"/assays/{assay.pk}/figure.json?range=1y", f"its chart, {many:,} windows")
        told(f"/assays/{assay.pk}/?range=1y&view=table&page=150", f"its table, {many:,} windows")
    print("\n| chart in Chromium | ms |\n|---|---|")
    for many, milliseconds in drawn():
        print(f"| {many:,} windows | {milliseconds:.0f} |")


def told(address: str, name: str) -> None:
    client = Client(headers={"Host": "localhost"})
    client.force_login(local_operator())
    headers = {"Accept-Encoding": "gzip"}
    size = len(client.get(address, headers=headers).getvalue())
    began = time.process_time()
    times = sorted(1000 * timed(client, address, headers) for _ in range(ROUNDS))
    processor = 1000 * (time.process_time() - began) / ROUNDS
    p50, p95 = statistics.median(times), times[int(0.95 * len(times))]
    counted = queries(client, address)
    print(f"| {name} | {p50:.0f} | {p95:.0f} | {processor:.0f} | {counted} | {size / 1000:.0f} |", flush=True)


def timed(client: Client, address: str, headers: dict[str, str]) -> float:
    began = time.perf_counter()
    response = client.get(address, headers=headers)
    assert response.status_code == 200, address
    return time.perf_counter() - began


def queries(client: Client, address: str) -> int:
    counted: list[str] = []

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        counted.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        client.get(address)
    return len(counted)


STATES = (State.ALERT, State.WARNING, *[State.OK] * 8)


def fill_fleet(many: int) -> None:
    """Daily assays, eight a pipeline, their runs spread over the day."""
    have = models.Assay.objects.count()
    numbers = range(have, many)
    models.Assay.objects.bulk_create([_assay(n) for n in numbers], batch_size=500)
    fields = [_field(n) for n in numbers]
    models.Field.objects.bulk_create(fields, batch_size=500)
    ids = dict(models.Field.objects.values_list("assay_id", "pk"))
    with connection.cursor() as cursor:
        worst = [(ids[UUID(int=n + 1)], UUID(int=n + 1).hex) for n in numbers]
        cursor.executemany("UPDATE assays_assay SET worst_field_id = %s WHERE id = %s", worst)
    _scopes(range(have // A_PIPELINE_HAS, -(-many // A_PIPELINE_HAS)))
    models.Upstream.objects.update_or_create(
        pk=1, defaults={"reachable": True, "since": NOW, "last_answer_at": NOW, "last_listed_at": NOW}
    )


def _assay(n: int, period: timedelta = DAY) -> models.Assay:
    pipeline = n // A_PIPELINE_HAS
    message = messages.assay(n + 1)
    return models.Assay(
        id=UUID(int=n + 1),
        name=f"Delay probability · assay {n}",
        active=True,
        pipeline_id=pipeline,
        pipeline_name=f"pipeline-{pipeline}",
        workspace_id=pipeline % 20,
        workspace_name=f"workspace-{pipeline % 20}",
        message=msgspec.json.encode(message),
        fingerprint=n,
        created_at=NOW,
        updated_at=NOW,
        first_run=NOW - 366 * DAY,
        period_seconds=period // timedelta(seconds=1),
        width_seconds=3600,
        metric="PSI",
        last_run=NOW,
        next_run=NOW + period,
        read_from=NOW - 366 * DAY,
        read_to=NOW,
        state=STATES[n % 10],
        state_since=NOW - 3 * DAY,
        ratio=(2.4, 0.8, 0.3)[min(n % 10, 2)],
    )


def _field(n: int) -> models.Field:
    state = STATES[n % 10]
    slots = [(micros(NOW - k * DAY), int(STATES[(n + k) % 10]), 0.05 + (n + k) % 10 / 20) for k in range(48)]
    return models.Field(
        assay_id=UUID(int=n + 1),
        key="out.score",
        mark=1,
        position=0,
        warning=0.1,
        alert=0.2,
        state=state,
        window_start=NOW - DAY,
        window_end=NOW,
        score=0.3,
        ratio=1.5,
        rows=300,
        streak=3,
        peak=0.4,
        recent=msgspec.msgpack.encode(slots),
    )


def _scopes(pipelines: range) -> None:
    """Each pipeline's windows end in eight hours of every day."""
    rows = [
        (p % 20, p, micros(NOW - d * DAY - h * HOUR), 1, 0, 0, 0, 0)
        for p in pipelines
        for d in range(STRIP_DAYS)
        for h in range(A_PIPELINE_HAS)
    ]
    columns = "workspace_id, pipeline_id, hour, ok, warning, alert, failed, no_data"
    _insert(f"INSERT INTO assays_scoperollup ({columns}) VALUES ({', '.join(['%s'] * 8)}) ON CONFLICT DO NOTHING", rows)


def fill_windows(many: int) -> models.Assay:
    """An assay of every minute."""
    assay = _assay(1_000_000 + many, MINUTE)
    assay.first_run = NOW - many * MINUTE
    assay.read_from = assay.first_run
    assay.save()
    field = _field(1_000_000 + many)
    field.save()
    assay.worst_field = field
    assay.save()
    ends = [micros(NOW - k * MINUTE) for k in range(many)]
    scores = [
        (field.pk, e - 60_000_000, e, int(STATES[k % 10]), 0.05 + k % 10 / 50, 300, 0.1, 0.2)
        for k, e in enumerate(ends)
    ]
    columns = "field_id, window_start, window_end, state, score, rows, warning, alert"
    _insert(f"INSERT INTO assays_score ({columns}) VALUES ({', '.join(['%s'] * 8)})", scores)
    _hours(field, many)
    _results(assay, many)
    return assay


def _hours(field: models.Field, many: int) -> None:
    hours = [micros(NOW - k * HOUR) for k in range(many // 60)]
    rows = [(field.pk, hour, 48, 6, 6, 0, 0, int(State.ALERT), 0.05, 0.23, 6.0) for hour in hours]
    columns = "field_id, hour, ok, warning, alert, failed, no_data, worst, lowest, highest, total"
    _insert(f"INSERT INTO assays_hourrollup ({columns}) VALUES ({', '.join(['%s'] * 11)})", rows)


def _results(assay: models.Assay, many: int) -> None:
    """Messages of the windows that the measured pages show."""
    message = messages.assay(1)
    shown = [*range(60), *range(min(149 * 50, many - 50), min(149 * 50 + 50, many))]
    ends = [NOW - k * MINUTE for k in shown]
    models.Result.objects.bulk_create(
        models.Result(
            assay=assay,
            window_start=end - HOUR,
            window_end=end,
            upstream_id=k,
            status="Ok",
            analyzed_at=end,
            elapsed_millis=200,
            updated_at=end,
            message=msgspec.json.encode(messages.result(message, end, 0.9)),
        )
        for k, end in enumerate(ends)
    )


def _insert(sql: str, rows: list[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.executemany(sql, rows)
        cursor.execute("COMMIT")


DRAW = """
() => new Promise((done) => {
  const plot = document.getElementById("plot");
  const began = performance.now();
  new MutationObserver(() => done(performance.now() - began)).observe(plot, { attributeFilter: ["data-drawn"] });
  document.documentElement.dataset.bsTheme = "dark";
  document.dispatchEvent(new CustomEvent("driftline:theme"));
})
"""


def drawn() -> Iterator[tuple[int, float]]:
    from playwright.sync_api import sync_playwright

    link = f"http://127.0.0.1:{PORT}/sign-in/{make_token()}/"
    with serving(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(link)
        for many in LENGTHS:
            page.goto(f"http://127.0.0.1:{PORT}/assays/{UUID(int=1_000_001 + many)}/?range=1y")
            page.locator("#plot[data-drawn]").wait_for()
            yield many, statistics.median(page.evaluate(DRAW) for _ in range(5))
        browser.close()


def chromium() -> str | None:
    from shutil import which

    return which("chromium") or which("google-chrome")


@contextmanager
def serving() -> Iterator[None]:
    command = [sys.executable, "-m", "gunicorn", "-b", f"127.0.0.1:{PORT}", "--threads", "4", "dashboard.wsgi"]
    server = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    time.sleep(3)
    try:
        yield
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
