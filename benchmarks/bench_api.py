"""`get_results` from Driftline's cache, beside the source itself and beside merely reading and sending the same bytes.

Each of the three is a gunicorn of one process and four threads; the bytes asked for are the same. `python
benchmarks/bench_api.py [days]`; the year takes some minutes to prepare.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from assays.fields import pack, unpack  # noqa: E402
from tests.support.engine import Engine, asked  # noqa: E402
from tests.support.servers import free_port, start_valkey  # noqa: E402

RESULTS = "/v2/api/assays/get_results"
THREADS, CALLS, ROUNDS = 4, 60, 3
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def main(days: int) -> None:
    until = datetime.now(UTC).replace(second=0, microsecond=0) - MINUTE
    with tempfile.TemporaryDirectory() as name, Engine(Path(name), log=_log(Path(name), until, days)) as engine:
        engine.environment["ENGINE_REPLAY"] = "false"
        engine.migrate()
        (assay,) = engine.schedule(_minutely(until - days * DAY))
        _told("the source computes", engine.work_off)
        engine.serve()
        environment = _environment(Path(name), engine)
        _told("the cache is filled", lambda: _manage(environment, "-c", _FILL, assay))
        token = _manage(environment, str(ROOT / "manage.py"), "token", "create", "bench").strip()
        with (
            _gunicorn(environment, "dashboard.wsgi") as cache,
            _gunicorn(environment, "benchmarks.bench_api:bare") as bare,
        ):
            source = Served("source", engine.port, engine._processes[-1].pid, f"Bearer {engine.sign_in()}")
            served = [source, Served("cache", *cache, f"Bearer {token}"), Served("bare", *bare, "")]
            _measure(served, assay, until, days)


@dataclass
class Served:
    """One of the three."""

    name: str
    port: int
    pid: int
    authorization: str
    sizes: set[int] = field(default_factory=set)

    def ask(self, body: dict[str, Any], **headers: str) -> tuple[float, int, int, http.client.HTTPMessage]:
        """Seconds, status, bytes and headers of one answer, read to its end."""
        told = {"Content-Type": "application/json", "Authorization": self.authorization} | headers
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=900)
        began = time.perf_counter()
        connection.request("POST", RESULTS, json.dumps(body), told)
        answer = connection.getresponse()
        size = 0
        while part := answer.read(1 << 16):
            size += len(part)
        connection.close()
        return time.perf_counter() - began, answer.status, size, answer.headers


def _measure(served: list[Served], assay: str, until: datetime, days: int) -> None:
    day = _day(assay, until - DAY)
    whole = {"id": assay, "end": until.isoformat()}
    fresh = [_day(assay, until - 5 * DAY - k * DAY / 2) for k in range(min(CALLS, 2 * days - 14))]
    for each in served:
        each.ask(day)
        each.ask(day)
    for each in served:
        _tell(each, "days not asked for before", fresh, 1)
        _tell(each, "a day asked for again", [day] * CALLS, ROUNDS)
        _tell(each, "the same, compressed", [day] * CALLS, ROUNDS, **{"Accept-Encoding": "gzip"})
    for each in served:
        before = _resident(each.pid)
        taken, status, size, _ = min((each.ask(whole) for _ in range(2)), key=lambda told: told[0])
        assert status == 200, status
        grown = (_resident(each.pid) - before) / 1024
        _say(
            f"{days} days of minutes, {each.name}: {taken:.1f} s, {size / 1e6:,.0f} MB, "
            f"resident memory {before / 1024:.0f} MB and at its peak {grown:+.0f} MB"
        )
    _unchanged(served[1], day, whole)


def _day(assay: str, end: datetime) -> dict[str, Any]:
    return {"id": assay, "start": (end - DAY).isoformat(), "end": end.isoformat()}


def _tell(each: Served, what: str, bodies: list[dict[str, Any]], rounds: int, **headers: str) -> None:
    rate, p95, size = max((_many(each, bodies, headers) for _ in range(rounds)), key=lambda told: told[0])
    _say(f"{what}, {each.name}: {rate:.1f} requests/s, p95 {p95 * 1000:.0f} ms, {size / 1e6:.2f} MB each")


def _many(each: Served, bodies: list[dict[str, Any]], headers: dict[str, str]) -> tuple[float, float, int]:
    with ThreadPoolExecutor(THREADS) as pool:
        began = time.perf_counter()
        told = list(pool.map(lambda body: each.ask(body, **headers), bodies))
        passed = time.perf_counter() - began
    assert {status for _, status, _, _ in told} == {200}
    taken = sorted(seconds for seconds, *_ in told)
    return len(bodies) / passed, taken[int(0.95 * len(bodies))], told[0][2]


def _unchanged(cache: Served, *bodies: dict[str, Any]) -> None:
    for body in bodies:
        tag = str(_head(cache, body)["ETag"])
        told = [cache.ask(body, **{"If-None-Match": tag}) for _ in range(CALLS)]
        assert {status for _, status, _, _ in told} == {304}
        taken = sorted(seconds for seconds, *_ in told)
        _say(f"unchanged: 304 in {taken[CALLS // 2] * 1000:.1f} ms, p95 {taken[int(0.95 * CALLS)] * 1000:.1f} ms")
    passed, _, size, _ = cache.ask(bodies[-1], **{"Accept-Encoding": "gzip"})
    _say(f"the longest compressed: {passed:.1f} s, {size / 1e6:,.0f} MB")


def _head(cache: Served, body: dict[str, Any]) -> http.client.HTTPMessage:
    """The headers of an answer whose body nobody waits for."""
    told = {"Content-Type": "application/json", "Authorization": cache.authorization}
    connection = http.client.HTTPConnection("127.0.0.1", cache.port, timeout=900)
    connection.request("POST", RESULTS, json.dumps(body), told)
    headers = connection.getresponse().headers
    connection.close()
    return headers


def _resident(master: int) -> int:
    """The largest that gunicorn's worker has been, in kB."""
    (worker, *_) = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    status = Path(f"/proc/{worker}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def _log(folder: Path, until: datetime, days: int) -> Path:
    """A row a minute, and a week before for the baseline."""
    import duckdb

    first = (until - (days + 7) * DAY).replace(tzinfo=None)
    (folder / "log").mkdir()
    with duckdb.connect() as connection:
        connection.execute(
            f"""COPY (SELECT TIMESTAMP '{first}' + n * INTERVAL 1 MINUTE AS time, 'm' AS model, 'p' AS "partition",
                sin(n)::FLOAT AS "in.x" FROM range({(days + 7) * 1440}) t(n))
                TO '{folder}/log/log.parquet' (FORMAT parquet)"""
        )
    return folder / "log"


def _minutely(first: datetime) -> Any:
    schedule = {
        "first_run": first.isoformat(),
        "run_frequency": {"SimpleRunFrequency": {"quantity": 1, "unit": "Minute"}},
    }
    week = {"Static": [(first - 7 * DAY).isoformat(), first.isoformat()]}
    return asked(
        "minutes", "in.x", baseline=week, first_run=first, scheduling=schedule, window={"width": {"seconds": 60}}
    )


def _environment(folder: Path, engine: Engine) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        "DRIFTLINE_VAR": str(folder),
        "DATABASE_URL": f"sqlite:///{folder}/cache.sqlite3",
        "REDIS_URL": f"{start_valkey()}/0",
        "WALLAROO_URL": engine.url,
        "WALLAROO_TOKEN": engine.sign_in(),
        "DRIFTLINE_API_CALLS_PER_MINUTE": "1000000",
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "ignore",
    }


def _manage(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


_FILL = "import sys; from benchmarks.bench_api import fill; fill(sys.argv[1])"


def fill(assay_id: str) -> None:
    """Every result of the source into the cache, as sync would keep it, but for the scores that no result needs."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from assays import bulk, instance, wire
    from assays.coverage import TICK, Span
    from assays.listing import apply_assays
    from assays.models import Assay, Result, Upstream
    from assays.schedule import micros

    call_command("migrate", verbosity=0, skip_checks=True)
    client, now = instance.client(), timezone.now()
    apply_assays(client.assays(), now)
    assay = Assay.objects.get(pk=assay_id)
    last = client.next_run(assay_id).message.last_run
    assert last
    columns = ("assay_id", "window_start", "window_end", "upstream_id", "status", "analyzed_at", "elapsed_millis")
    after = assay.first_run - TICK
    while after < last:
        span = Span(after, min(after + 7 * DAY, last))
        rows = [
            (bulk.key(assay.pk), micros(told.window_start), micros(told.window_end), told.id, told.status,
             micros(told.analyzed_at), told.elapsed_millis, micros(told.updated_at), pack(item.raw), "")
            for item in client.results(assay_id, span.after, span.until).good
            for told in [item.message]
        ]  # fmt: skip
        bulk.upsert(
            Result, (*columns, "updated_at", "message", "problem"), ("assay_id", "window_end", "window_start"), rows
        )
        after = span.until
    whole = {"read_from": assay.first_run - TICK, "read_to": wire.utc(last)}
    whole |= {"covered_from": whole["read_from"], "covered_to": whole["read_to"], "last_run": wire.utc(last)}
    Assay.objects.update(**whole, last_success_at=now, next_poll_at=now + DAY)
    Upstream.objects.update_or_create(pk=1, defaults={"reachable": True, "last_listed_at": now, "last_answer_at": now})


def bare(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
    """A WSGI application that reads the stored messages by one query and sends them: the least there is to do."""
    import sqlite3

    asks = json.loads(environ["wsgi.input"].read())
    start, end = (_micros(asks.get(name), otherwise) for name, otherwise in (("start", 0), ("end", 1 << 62)))
    start_response("200 OK", [("Content-Type", "application/json")])
    path = os.environ["DATABASE_URL"].removeprefix("sqlite:///")
    connection = sqlite3.connect(path)
    rows = connection.execute(
        "SELECT message FROM assays_result WHERE assay_id = ? AND window_end >= ? AND window_end < ?"
        " ORDER BY window_end DESC",
        (asks["id"].replace("-", ""), start, end),
    )
    yield b"["
    comma = b""
    while block := rows.fetchmany(500):
        yield comma + b",".join(unpack(message) for (message,) in block)
        comma = b","
    yield b"]"
    connection.close()


def _micros(text: str | None, otherwise: int) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1_000_000) if text else otherwise


@contextmanager
def _gunicorn(environment: dict[str, str], application: str) -> Iterator[tuple[int, int]]:
    """Port and process of a server that answers."""
    port = free_port()
    options = ["--bind", f"127.0.0.1:{port}", "--threads", str(THREADS), "--no-control-socket", "--log-level", "error"]
    process = subprocess.Popen([sys.executable, "-m", "gunicorn", *options, application], env=environment, cwd=ROOT)
    try:
        _until_it_listens(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)


def _until_it_listens(port: int) -> None:
    import socket

    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                time.sleep(2)  # the worker loads after the master listens
                return
        time.sleep(0.1)
    raise TimeoutError(port)


def _told(what: str, work: Callable[[], object]) -> None:
    began = time.perf_counter()
    work()
    _say(f"{what}: {time.perf_counter() - began:.0f} s")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 365)
