"""Runs the measurements in benchmarks/ one after the other: `make bench`, or those named as arguments."""

import subprocess
import sys

from launch.installation import install
from launch.layout import PYTHON, ROOT


def main(names: list[str]) -> int:
    install(ROOT / "requirements-dev.txt")
    chosen = [path for path in sorted((ROOT / "benchmarks").glob("bench_*.py")) if not names or path.stem[6:] in names]
    failed = [path.name for path in chosen if subprocess.run([PYTHON, path], cwd=ROOT).returncode]
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
