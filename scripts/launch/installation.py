"""The `.venv`: made once, and brought up to date when the requirements have changed."""

import hashlib
import subprocess
import sys
from pathlib import Path

from launch.layout import PYTHON, ROOT, VENV, Refusal
from launch.preflight import require_venv_module
from launch.supervisor import die_with_parent


def install(requirements: Path) -> None:
    """Installs a requirements file into `.venv`, unless exactly this one was installed before."""
    if not _usable():
        require_venv_module()
        print("Driftline: making .venv", flush=True)
        _run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    if _stamp(requirements).exists() and _stamp(requirements).read_text() == _fingerprint(requirements):
        return
    print(f"Driftline: installing {requirements.name}, about half a minute", flush=True)
    _run(
        [
            str(PYTHON),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
            str(requirements),
        ]
    )
    for installed in [requirements, *_included(requirements)]:
        _stamp(installed).write_text(_fingerprint(installed))


def _usable() -> bool:
    """A `.venv` whose Python was upgraded or moved away is there and does not run."""
    try:
        return subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True).returncode == 0
    except OSError:
        return False


def _run(command: list[str]) -> None:
    if subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent()).returncode:
        raise Refusal(f"Driftline could not be installed: `{' '.join(command)}` failed, see above.")


def _included(requirements: Path) -> list[Path]:
    lines = requirements.read_text().splitlines()
    return [requirements.parent / line.removeprefix("-r ").strip() for line in lines if line.startswith("-r ")]


def _stamp(requirements: Path) -> Path:
    return VENV / f"{requirements.name}.installed"


def _fingerprint(requirements: Path) -> str:
    texts = [file.read_bytes() for file in [requirements, *_included(requirements)]]
    return hashlib.sha256(b"\0".join(texts)).hexdigest()
