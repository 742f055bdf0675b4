"""docs/api.md: its snippets run as they stand, and its tables name what there is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from assays.models import Assay
from dashboard import tokens
from dashboard.roles import Role

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "api.md").read_text()
SNIPPETS = re.findall(r"^```python ?(\w*)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
Run = Callable[[str, str], str]


@pytest.fixture
def run(filled: Assay, live_server: LiveServer, tmp_path: Path) -> Run:
    """Runs a snippet by a Python, with address and token in the environment; gives what it printed."""
    _, token = tokens.make("reader of the docs", Role.VIEWER)
    environment = {**os.environ, "DRIFTLINE_URL": live_server.url, "DRIFTLINE_TOKEN": token, "HOME": str(tmp_path)}

    def snippet(python: str, code: str) -> str:
        done = subprocess.run([python, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return snippet


def snippets(kind: str) -> list[str]:
    return [code for label, code in SNIPPETS if label == kind]


def test_results_and_an_unchanged_answer(run: Run) -> None:
    printed = run(sys.executable, snippets("")[0])
    assert re.match(r"cache \d\n", printed)
    assert printed.endswith("304\n")


def test_states_and_a_series(run: Run) -> None:
    printed = run(sys.executable, snippets("")[1])
    assert printed.endswith("ok assay 1 out.score 0.02\nwindow_start,window_end,state,score,warning,alert,rows\n")


def test_every_snippet_is_run_here_or_by_the_witness() -> None:
    assert [label for label, _ in SNIPPETS] == ["", "", "pandas", "wallaroo"]
