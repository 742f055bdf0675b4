"""Django's own list of what a deployment must be careful of, asked of the production settings as they really start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "DRIFTLINE_PRODUCTION": "true",
    "DRIFTLINE_VAR": "/nonexistent",
    "DRIFTLINE_SECRET_KEY": "kB3vTq9ZxW5nRj7LpY2mHs8DfGc4QaEuXo6iVwNz1KtJrPbM0sA3",
    "DRIFTLINE_NOTICE_KEYS": "uXo6iVwNz1KtJrPbMkB3vTq9ZxW5nRj7LpY2mHs8DfGc4QaE",
    "DRIFTLINE_URL": "https://drift.example.com",
    "DRIFTLINE_ALLOWED_HOSTS": "drift.example.com",
    "DATABASE_URL": "postgresql://driftline:password@db.example.com/driftline",
    "WALLAROO_URL": "https://wallaroo.example.com",
}


def check(**changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **PRODUCTION, **changes},
        capture_output=True,
        text=True,
    )


def test_production_settings_leave_nothing_to_complain_of() -> None:
    done = check()
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"DRIFTLINE_URL": "http://drift.example.com"}, "SESSION_COOKIE_SECURE"),
        ({"DRIFTLINE_SECRET_KEY": "a" * 50}, "SECRET_KEY"),
        ({"DRIFTLINE_ALLOWED_HOSTS": "localhost"}, "DRIFTLINE_ALLOWED_HOSTS"),
    ],
)
def test_what_is_careless_is_complained_of(changes: dict[str, str], complaint: str) -> None:
    done = check(**changes)
    assert done.returncode == 1
    assert complaint in done.stderr
