"""Prints a new one-time sign-in link of the Driftline that runs in this folder: `make link`."""

import os
import subprocess
import sys

from launch.configuration import read_environment_file
from launch.layout import ENVIRONMENT_FILE, PYTHON, ROOT
from launch.preflight import is_running


def main() -> int:
    if not is_running():
        print("Driftline is not running in this folder; `make run` starts it.", file=sys.stderr)
        return 2
    environment = read_environment_file(ENVIRONMENT_FILE) | dict(os.environ)
    return subprocess.run([PYTHON, "manage.py", "link"], cwd=ROOT, env=environment).returncode


if __name__ == "__main__":
    sys.exit(main())
