"""The engine's scan: a year of daily windows of eight fields beside the bare scan, Evidently and NannyML, in one run.

    python benchmarks/bench_engine.py [--runs 3] [--without-peers]

Each way runs in a process of its own and says what it took. Logs and the peers' environments lie in var/bench.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parent
SCRATCH = ROOT / "var" / "bench"
SOURCE = ROOT / "engine" / "data" / "log"
sys.path.insert(0, str(ROOT))

import duckdb  # noqa: E402
import numpy as np  # noqa: E402

from assays.drift.bins import Bins, quantile  # noqa: E402
from assays.drift.metrics import Measure, score  # noqa: E402
from assays.drift.summaries import density  # noqa: E402
from assays.schedule import MICROSECOND, micros  # noqa: E402
from benchmarks.peers.measure import Stopwatch  # noqa: E402
from engine.compute import Column, Grid, months, summarise  # noqa: E402
from engine.log import Arrays, Log  # noqa: E402
from engine.replay import Replay  # noqa: E402

FIELDS = [
    "in.dep_delay",
    "in.hour",
    "in.distance",
    "in.temp",
    "in.wind_speed",
    "in.pressure",
    "in.humid",
    "out.delay_probability",
]
START = datetime(2013, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1) // MICROSECOND
DAYS = 365
LOGS = {"1 M": (3, 1), "10 M": (30, 1), "40 M": (119, 1), "40 M in four years": (30, 4)}
"""How often each flight is there, and for how many years of 52 weeks."""

PEERS = {"Evidently's report": "evidently_report", "NannyML": "nannyml_drift"}
QUIET = {"DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1", "PYTHONWARNINGS": "ignore"}

Figures = dict[str, float]


class LogWithoutMedians(Log):
    """The engine's own query, with what it asks for anyway in the median's place."""

    def query(self, sql: str) -> Arrays:
        return super().query(re.sub(r"\bmedian\(", "min(", sql))


def scan(log: Path) -> None:
    """The limit: every column that is needed, read once and added up."""
    watch = Stopwatch()
    with duckdb.connect() as connection:
        sums = ", ".join(f'sum("{field}")' for field in FIELDS)
        files = connection.read_parquet(f"{log}/**/*.parquet", hive_partitioning=False)
        files.aggregate(f"max(time), {sums}").fetchall()
    watch.lap("run")
    watch.report(0)


def windows(opened: Callable[[Path], Log], folder: Path) -> None:
    """Every full day of the log."""
    columns = [Column(field, bins) for field, bins in january().items()]
    grid, replay = Grid(period=DAY, width=DAY), Replay()
    ends = np.arange(micros(START) + DAY, Log(folder).span()[1] + 1, DAY)
    watch = Stopwatch()
    log, scores = opened(folder), 0
    for chunk in months(ends, replay):
        for samples in summarise(log, replay, columns, grid, chunk):
            scores += len(score(np.full(5, 0.2), density(samples.counts), Measure("PSI")).score)
    watch.lap("run")
    watch.report(scores)


def january() -> dict[str, Bins]:
    with duckdb.connect() as connection:
        rows = connection.read_parquet(f"{SOURCE}/month=2013-01/*.parquet").fetchnumpy()
    return {field: quantile(np.ma.filled(rows[field], np.nan), 5) for field in FIELDS}


WAYS: dict[str, Callable[[Path], None]] = {
    "Bare scan": scan,
    "Engine without medians": partial(windows, LogWithoutMedians),
    "Engine": partial(windows, Log),
}


def tiled(size: str) -> Path:
    """The bundled log many times over: each copy some seconds later, values up to 0.1 % larger, in order of time.

    The noise keeps Parquet from folding the copies into one.
    """
    copies, years = LOGS[size]
    log = SCRATCH / f"log-{copies}x{years}"
    if not log.exists():
        building = SCRATCH / f"building-{copies}x{years}"
        shutil.rmtree(building, ignore_errors=True)
        for year in range(years):
            for month in sorted(SOURCE.iterdir()):
                tile(month, building / f"{year}-{month.name}", copies, 364 * year)
        building.rename(log)
    return log


def tile(month: Path, target: Path, copies: int, days_later: int) -> None:
    target.mkdir(parents=True)
    values = ", ".join(
        f'"{field}" * (1 + hash(file_row_number, copy, {salt}) % 1000 / 1e6) AS "{field}"'
        for salt, field in enumerate(FIELDS)
    )
    later = f"to_days({days_later}) + to_milliseconds(copy * (60000 // {copies}))"
    with duckdb.connect() as connection:
        rows = connection.read_parquet(f"{month}/*.parquet", hive_partitioning=False, file_row_number=True)
        rows.join(connection.table_function("range", [copies]).project("range AS copy"), "true").project(
            f"time + {later} AS time, model, partition, {values}"
        ).order("time").write_parquet(f"{target}/flights.parquet", compression="zstd")


def environment(peer: str) -> Path:
    """The peer's Python, installed from its pins when first asked for."""
    folder = SCRATCH / peer
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        venv.create(folder, clear=True, with_pip=True)
        requirements = HERE / "peers" / f"{peer}.txt"
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--requirement", requirements], check=True)
        (folder / "installed").touch()
    return python


def measured(command: list[str | Path]) -> Figures:
    """What a way said of itself in its last line."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=os.environ | QUIET)
    figures: Figures = json.loads(done.stdout.splitlines()[-1])
    return {
        "wall": figures.get("read_wall", 0.0) + figures["run_wall"],
        "cpu": figures["run_cpu"],
        "mib": figures["peak_mib"],
    }


def own(way: str, size: str) -> Figures:
    return measured([sys.executable, __file__, "--way", way, "--log", tiled(size)])


def peer(script: str, size: str) -> Figures:
    python = environment(script)
    return measured([python, HERE / "peers" / f"{script}.py", tiled(size), f"{START:%F}", str(DAYS), *FIELDS])


def best(runs: int, run: Callable[[], Figures]) -> Figures:
    return min((run() for _ in range(runs)), key=lambda figures: figures["cpu"])


def row(name: str, figures: Figures, limit: Figures, engine: Figures) -> str:
    cells = [
        name,
        f"{figures['wall']:.2f}",
        f"{figures['cpu']:.2f}",
        f"{figures['mib']:.0f}",
        f"{figures['cpu'] / limit['cpu']:.1f}",
        f"{figures['wall'] / engine['wall']:.1f} / {figures['cpu'] / engine['cpu']:.1f}",
        f"{figures['mib'] / engine['mib']:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def comparison(runs: int, with_peers: bool) -> str:
    found = {way: best(runs, partial(own, way, "10 M")) for way in WAYS}
    if with_peers:
        found |= {name: peer(script, "10 M") for name, script in PEERS.items()}
    lines = [
        "| 10 M rows, 365 windows, 8 fields | wall s | CPU s | peak MiB | CPU / scan | wall, CPU / engine | memory |",
        "|---|---|---|---|---|---|---|",
        *(row(name, figures, found["Bare scan"], found["Engine"]) for name, figures in found.items()),
    ]
    return "\n".join(lines)


def growth(runs: int) -> str:
    found = {size: best(runs, partial(own, "Engine", size)) for size in LOGS}
    lines = ["| rows | wall s | CPU s | peak MiB |", "|---|---|---|---|"]
    rows = (f"| {size} | {f['wall']:.2f} | {f['cpu']:.2f} | {f['mib']:.0f} |" for size, f in found.items())
    return "\n".join([*lines, *rows])


def machine() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{datetime.now(UTC):%F}, {model}, {os.cpu_count()} cores, {gib:.0f} GiB, Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3, help="the best of so many counts; the peers run once")
    parser.add_argument("--without-peers", action="store_true")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--log", type=Path, help=argparse.SUPPRESS)
    given: Any = parser.parse_args()
    if given.way:
        WAYS[given.way](given.log)
        return
    print(machine(), comparison(given.runs, not given.without_peers), growth(given.runs), sep="\n\n")


if __name__ == "__main__":
    main()
