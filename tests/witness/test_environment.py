"""The environment of the vendor's client: which Python it takes, and what it says when it cannot be made."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.witness import environment
from tests.witness.environment import Interpreter, NotInstalled, find_interpreter, installed

pytestmark = pytest.mark.witness

ROOT = environment.ROOT


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose only Pythons are those that a test puts on it; the folder on its PATH."""
    path = tmp_path / "bin"
    path.mkdir()
    monkeypatch.setenv("PATH", f"{path}:/usr/bin:/bin")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setattr(sys, "executable", str(python(path / "python3.13", "echo 3.13")))
    for version in environment.FITTING:
        python(path / f"python{version}", "exit 127")  # shadows the machine's own
    return path


def python(path: Path, answer: str) -> Path:
    """A program that stands for a Python and answers like this."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{answer}\n")
    path.chmod(0o755)
    return path


def test_a_python_that_the_packages_do_not_exist_for_is_passed_over(machine: Path) -> None:
    assert find_interpreter() is None


def test_the_newest_that_fits_and_runs_is_taken(machine: Path) -> None:
    python(machine / "python3.10", "echo 3.10")
    newest = python(machine / "python3.11", "echo 3.11")
    assert find_interpreter() == Interpreter(newest, "3.11")


def test_pyenvs_are_found_although_their_shims_do_not_run(machine: Path, tmp_path: Path) -> None:
    hidden = python(tmp_path / "pyenv" / "versions" / "3.12.1" / "bin" / "python", "echo 3.12")
    assert find_interpreter() == Interpreter(hidden, "3.12")


def test_a_failed_installation_says_what_pip_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("./no-such-package\n")
    monkeypatch.setattr(environment, "REQUIREMENTS", requirements)
    monkeypatch.setattr(environment, "HOME", tmp_path / "witness")
    with pytest.raises(NotInstalled, match="no-such-package"):
        installed(Interpreter(Path(sys.executable), "3.11"))
    assert list((tmp_path / "witness").iterdir()) == []


def test_a_run_without_a_fitting_python_says_loudly_that_the_witness_was_not_heard() -> None:
    run = (
        "import sys, pytest\n"
        "from tests.witness import environment\n"
        "environment.FITTING = ('3.0',)\n"
        "sys.exit(pytest.main(['-q', 'tests/witness/test_typed_models.py']))"
    )
    done = subprocess.run([sys.executable, "-c", run], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == pytest.ExitCode.NO_TESTS_COLLECTED, done.stdout + done.stderr
    assert "THE WITNESS WAS NOT HEARD" in done.stdout
    assert "Python 3.0 alone" in done.stdout
