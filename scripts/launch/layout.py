"""Where the launcher finds and puts its files."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
VAR = ROOT / "var"
LOGS = VAR / "log"
RUN_FILE = VAR / "run.json"
ENVIRONMENT_FILE = VAR / "run.env"
LOCK_FILE = VAR / "run.lock"
SECRETS_FILE = VAR / "secrets.json"


class Refusal(Exception):
    """Driftline cannot start, and the text says why in one sentence."""


def write_private(path: Path, text: str) -> None:
    """Replaces a file whole, readable by its owner alone from the first byte on."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.replace(path)
