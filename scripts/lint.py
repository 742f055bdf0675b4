"""Style, types, templates, migrations and import directions: `make lint`. Runs all of them and says which failed."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from launch.installation import install
from launch.layout import PYTHON, ROOT, Refusal

DASHBOARD = {"DJANGO_SETTINGS_MODULE": "dashboard.settings"}
ENGINE = {"DJANGO_SETTINGS_MODULE": "engine.settings"}
CHECKS: Sequence[tuple[str, str, Mapping[str, str]]] = (
    ("style", "ruff check .", {}),
    ("format", "ruff format --check .", {}),
    ("types", "mypy assays dashboard typedapi scripts/launch", DASHBOARD),
    ("types of the engine", "mypy --cache-dir var/mypy-engine engine", ENGINE),
    ("templates", "djlint --lint --quiet templates", {}),
    ("migrations", "django makemigrations --check --dry-run", DASHBOARD),
    ("migrations of the engine", "django makemigrations --check --dry-run", ENGINE),
    ("import directions", "pytest -q tests/test_imports.py", {}),
)


def main() -> int:
    try:
        install(ROOT / "requirements-dev.txt")
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    failed = [title for title, arguments, environment in CHECKS if not _passes(title, arguments, environment)]
    print(f"FAILED: {', '.join(failed)}" if failed else "Lint: nothing to say", flush=True)
    return 1 if failed else 0


def _passes(title: str, arguments: str, environment: Mapping[str, str]) -> bool:
    print(f"=== {title}", flush=True)
    settings = {**os.environ, "RUFF_CACHE_DIR": "var/ruff", "PYTHONDONTWRITEBYTECODE": "1", **environment}
    command = [str(PYTHON), "-m", *arguments.split()]
    return subprocess.run(command, cwd=ROOT, env=settings, stdin=subprocess.DEVNULL).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
