"""Where the vendor's client lives: an environment of its own, made once of pinned packages with a Python that fits."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
HOME = ROOT / "var" / "witness"
FITTING = ("3.12", "3.11", "3.10")
"""Its old numpy, pandas and pyarrow have wheels for these alone."""


class NotInstalled(Exception):
    """The client could not be installed; what pip said."""


@dataclass(frozen=True)
class Interpreter:
    path: Path
    version: str


def find_interpreter() -> Interpreter | None:
    """A Python that the client's packages exist for, the newest first; None when this machine has none."""
    found = {each.version: each for each in _working(_candidates())}
    return next((found[version] for version in FITTING if version in found), None)


def installed(interpreter: Interpreter) -> Path:
    """The Python of the client's environment, made unless exactly this one is there. Raises NotInstalled."""
    home = HOME / f"{interpreter.version}-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]}"
    if not home.exists():
        _make(home, interpreter)
    return home / "bin" / "python"


def _candidates() -> Iterator[str]:
    yield sys.executable
    yield from (name for version in FITTING if (name := shutil.which(f"python{version}")))
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    yield from (str(path) for version in FITTING for path in versions.glob(f"{version}*/bin/python"))


def _working(candidates: Iterable[str]) -> Iterator[Interpreter]:
    """Those that run and can make environments: a name on PATH may be a shim of a Python that is not there."""
    ask = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    for candidate in candidates:
        answer = subprocess.run([candidate, "-c", ask], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if answer.returncode == 0:
            yield Interpreter(Path(candidate), answer.stdout.strip())


def _make(home: Path, interpreter: Interpreter) -> None:
    """Built beside its place and moved there when it is whole, so that none is ever found half made."""
    HOME.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HOME, prefix=".making-") as folder:
        making = Path(folder) / "environment"
        _run([str(interpreter.path), "-m", "venv", "--without-pip", str(making)])
        pip = [sys.executable, "-m", "pip", "--python", str(making / "bin" / "python"), "install"]
        _run([*pip, "--quiet", "--no-deps", "--only-binary", ":all:", "--requirement", str(REQUIREMENTS)])
        making.rename(home)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        said = done.stderr.strip()[-2000:]
        raise NotInstalled(f"the vendor's client could not be installed: `{' '.join(command)}` failed:\n{said}")
