"""Installs what the tests need and runs them: `make test`, or `make test-fast` with neither browser nor PostgreSQL."""

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Mapping
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


FAST = Pass("what is quick", "-n 2 -m 'not browser and not whole and not witness and not slow'")
ALL = (
    Pass("SQLite", "-n 2 -m 'not browser and not whole and not witness'"),
    Pass("PostgreSQL", "-n 2 -m 'not browser and not whole and not witness'", {"DRIFTLINE_TEST_DB": "postgresql"}),
    Pass("the vendor's client", "-m witness", may_be_empty=True),  # where no Python fits it, and it says so itself
    Pass("everything under the supervisor, in Chromium", "-m 'browser or whole'"),
)


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
    failed = [run.title for run in ([FAST] if fast else ALL) if not _passes(run, environment)]
    print(f"FAILED: {', '.join(failed)}" if failed else "All passed", flush=True)
    return 1 if failed else 0


def _passes(run: Pass, environment: Mapping[str, str]) -> bool:
    print(f"\n=== Tests: {run.title}", flush=True)
    command = [str(PYTHON), "-m", "pytest", "-q", *shlex.split(run.arguments)]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment, **run.environment}
    status = subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL).returncode
    return status == 0 or (run.may_be_empty and status == NOTHING_COLLECTED)


if __name__ == "__main__":
    sys.exit(main())
