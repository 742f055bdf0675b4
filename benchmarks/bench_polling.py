"""How many one-minute assays one worker host keeps: a real worker and beat against an upstream that takes 50 ms.

`python -m benchmarks.bench_polling [SECONDS]` measures SQLite with 5,000 and PostgreSQL with 10,000 assays, and then
50 assays of which 10 answer only after 19 s. Everything runs on this machine, the upstream included.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

LATENCY_MS = 50
CONCURRENCY = 64
SETTLING = 90.0


def main(seconds: float) -> None:
    from tests.support.servers import start_postgresql, start_valkey

    redis = start_valkey()
    with tempfile.TemporaryDirectory() as folder:
        sqlite = f"sqlite:///{folder}/polling.sqlite3"
        run("SQLite", sqlite, f"{redis}/0", folder, ("5000", str(LATENCY_MS)), seconds)
        run("PostgreSQL", start_postgresql(), f"{redis}/1", folder, ("10000", str(LATENCY_MS)), seconds)
        slow = ("50", str(LATENCY_MS), "10", "19000")
        run("10 of 50 slow", f"sqlite:///{folder}/slow.sqlite3", f"{redis}/2", folder, slow, seconds)


def run(name: str, database: str, redis: str, folder: str, fleet: Sequence[str], seconds: float) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(upstream(fleet))
        environment = os.environ | {
            "WALLAROO_URL": url,
            "DATABASE_URL": database,
            "REDIS_URL": redis,
            "DRIFTLINE_VAR": folder,
            "DRIFTLINE_POLL_CONCURRENCY": str(CONCURRENCY),
            "WALLAROO_REQUEST_TIMEOUT": "30",
            "DJANGO_SETTINGS_MODULE": "dashboard.settings",
        }
        django = [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--skip-checks"]
        subprocess.run(django, env=environment, check=True)
        celery = [sys.executable, "-m", "celery", "-A", "dashboard", "--skip-checks", "--quiet"]
        pool = [
            "--pool",
            "threads",
            "--concurrency",
            "8",
            "-Q",
            "tick,driftline",
            "--without-gossip",
            "--without-mingle",
        ]
        calendar = ["--schedule", f"{folder}/beat", "--pidfile", ""]
        worker = stack.enter_context(process([*celery, "worker", *pool, "--loglevel", "WARNING"], environment))
        stack.enter_context(process([*celery, "beat", *calendar, "--loglevel", "WARNING"], environment))
        arguments = [sys.executable, "-m", "benchmarks.bench_polling", "observe", name, fleet[0], *fleet[2:3]]
        observed = [*arguments, str(worker.pid), str(seconds)]
        subprocess.run(observed, env=environment, check=True)


@contextmanager
def upstream(fleet: Sequence[str]) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.upstream", *fleet]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.kill()


@contextmanager
def process(command: Sequence[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, env=environment) as running:
        try:
            yield running
        finally:
            running.terminate()
            try:
                running.wait(20)
            except subprocess.TimeoutExpired:
                running.kill()


def observe(name: str, number: int, slow: int, worker: int, seconds: float) -> None:
    """After SETTLING, once a second: how old the newest stored window of each assay is, beyond one period."""
    import django

    django.setup()
    from assays.models import Assay

    quick = Assay.objects.order_by("pk")[: number - slow]
    _wait_for(number)
    time.sleep(SETTLING)
    lags: list[float] = []
    worst, cpu, began = 0.0, _cpu(worker), time.monotonic()
    while time.monotonic() - began < seconds:
        now = time.time()
        behind = sorted(now - end.timestamp() - 60 if end else 1e9 for end in quick.values_list("read_to", flat=True))
        worst = max(worst, behind[-1])
        lags += [lag for lag in behind if lag > 0]
        time.sleep(1)
    passed = time.monotonic() - began
    late = sorted(lags)
    share = (_cpu(worker) - cpu) / passed
    sys.stdout.write(
        f"{name}: {number - slow:,} one-minute assays, {(number - slow) / 60:,.0f} polls/s over {passed:.0f} s:"
        f" the latest window was stored {worst:.1f} s after it was due"
        f" (half of those not there yet waited less than {late[len(late) // 2] if late else 0:.1f} s);"
        f" worker {share:.2f} cores, {share / ((number - slow) / 60) * 1000:.1f} ms a poll,"
        f" {_resident(worker):,.0f} MiB\n"
    )


def _wait_for(number: int) -> None:
    from assays.models import Assay

    deadline = time.monotonic() + 300
    while Assay.objects.filter(caught_up_at__isnull=False).count() < number * 0.8:
        assert time.monotonic() < deadline, "the fleet is never caught up"
        time.sleep(1)


def _cpu(pid: int) -> float:
    """Seconds of processor time a process has used."""
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    if sys.argv[1:2] == ["observe"]:
        *head, pid, length = sys.argv[2:]
        observe(head[0], int(head[1]), int(head[2]) if len(head) > 2 else 0, int(pid), float(length))
    else:
        main(float(sys.argv[1]) if sys.argv[1:] else 120.0)
