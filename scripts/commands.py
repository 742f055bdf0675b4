"""Several management commands in one process, run by `.venv`: starting Django is most of what each of them takes."""

import os
import shlex
import sys
from pathlib import Path


def main(settings: str, *commands: str) -> int:
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    import django  # noqa: PLC0415  (the settings are named first)
    from django.core.management import CommandError, call_command  # noqa: PLC0415

    django.setup()
    for command in commands:
        try:
            call_command(*shlex.split(command))
        except CommandError as error:
            print(error, file=sys.stderr)
            return error.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
