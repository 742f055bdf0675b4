"""The engine's runner, woken at given moments instead of by the clock: `python -m tests.support.runner_at MOMENT…`."""

import os
import sys
from datetime import datetime

import django


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "engine.settings"
    django.setup()
    from engine import store  # its models need the settings
    from engine.commands import open_log
    from engine.runner import Runner

    moments = [datetime.fromisoformat(text) for text in sys.argv[1:]]
    log = open_log()
    runner = Runner(log, store.replay(log, moments[0]))
    for moment in moments:
        while runner.work(moment):
            pass


if __name__ == "__main__":
    main()
