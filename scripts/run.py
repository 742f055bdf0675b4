"""Starts Driftline: `make run`. A Python too old for the rest reads this file, so it is written for all of them."""

import sys

if sys.version_info < (3, 11):
    sys.stderr.write("Driftline needs Python 3.11 or newer; %s is %s.\n" % (sys.executable, sys.version.split()[0]))
    sys.exit(2)

sys.dont_write_bytecode = True  # what Driftline writes lies in var/ and .venv/

from launch.main import main  # noqa: E402

sys.exit(main())
