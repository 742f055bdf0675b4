"""Installs what the tests need and runs them: `make test`, or `make test-fast` with neither browser nor PostgreSQL."""

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from launch.browser import find_or_install
from launch.installation import install
from launch.layout import PYTHON, ROOT, Refusal

NOTHING_COLLECTED = 5  # pytest's exit code


@dataclass(frozen=True)
class Pass:
    """One run of pytest over a part of the tests."""

    title: str
    arguments: str
    environment: Mapping[str, str] = field(default_factory=dict)
    may_be_empty: bool = False


FAST = (
    (
        Pass(
            "what is quick",
            "-n 2 --dist worksteal -m 'not browser and not whole and not witness and not slow and not once'",
        ),
    ),
)
ALL = (
    (Pass("SQLite", "-n 2 -m 'not browser and not whole and not witness'"),),
    (Pass("PostgreSQL", "-n 2 -m 'not browser and not whole and not witness'", {"DRIFTLINE_TEST_DB": "postgresql"}),),
    (
        Pass("the vendor's client", "-m witness", may_be_empty=True),  # where no Python fits it, and it says so itself
        Pass("everything under the supervisor, in Chromium", "-m 'browser or whole'"),
    ),
)
"""One group after the other; the passes of a group, which mostly wait, at the same time."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fast", action="store_true", help="neither browser nor PostgreSQL")
    fast = parser.parse_args().fast
    try:
        install(ROOT / "requirements-dev.txt")
        environment = {} if fast else {"DRIFTLINE_TEST_CHROMIUM": find_or_install()}
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    failed = [title for group in (FAST if fast else ALL) for title in _failures(group, environment)]
    print(f"FAILED: {', '.join(failed)}" if failed else "All passed", flush=True)
    return 1 if failed else 0


def _failures(group: Sequence[Pass], environment: Mapping[str, str]) -> list[str]:
    """The last pass prints as it goes, what ran beside it after it."""
    *beside, last = group
    with ThreadPoolExecutor() as pool:
        running = [pool.submit(_run, run, environment, subprocess.PIPE) for run in beside]
        _head(last)
        done = [(last, _run(last, environment, None))]
    for run, future in zip(beside, running, strict=True):
        _head(run)
        print(future.result().stdout.decode(errors="replace"), flush=True)
        done.append((run, future.result()))
    return [run.title for run, process in done if not _passed(run, process.returncode)]


def _head(run: Pass) -> None:
    print(f"\n=== Tests: {run.title}", flush=True)


def _run(run: Pass, environment: Mapping[str, str], output: int | None) -> subprocess.CompletedProcess[bytes]:
    command = [str(PYTHON), "-m", "pytest", "-q", *shlex.split(run.arguments)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment, **run.environment}
    merged = subprocess.STDOUT if output else None
    return subprocess.run(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=merged, check=False
    )


def _passed(run: Pass, status: int) -> bool:
    return status == 0 or (run.may_be_empty and status == NOTHING_COLLECTED)


if __name__ == "__main__":
    sys.exit(main())
