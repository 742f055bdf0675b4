"""The whole of Driftline as `make run` starts it, in a copy of this checkout, for tests to watch and to disturb."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from scripts.launch.supervisor import die_with_parent
from tests.support.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns("var", ".venv", ".git", "__pycache__", ".*_cache", ".env", "node_modules")
READY = re.compile(r"^Driftline is ready: (\S+)$", re.MULTILINE)


class House:
    """One start of `scripts/run.py`. `folder` is kept from one start to the next."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.port, self.engine_port = free_port(), free_port()
        self.environment = without_settings(os.environ) | {
            "PORT": str(self.port),
            "ENGINE_PORT": str(self.engine_port),
            **(settings or {}),
        }
        self.began = time.time()
        self.log = folder.with_name(folder.name + ".log")
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def facts(self) -> dict[str, Any]:
        """`var/run.json`, the contract with scripts."""
        facts: dict[str, Any] = json.loads((self.folder / "var" / "run.json").read_text())
        return facts

    def pid(self, name: str) -> int | None:
        return next((process["pid"] for process in self.facts["processes"] if process["name"] == name), None)

    def start(self) -> str:
        """Returns the sign-in link of the ready line."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                ["python3", "scripts/run.py"],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent(),
            )
        wait_until(lambda: self._ready() or self._ended(), 120, lambda: self.output)
        if not (ready := self._ready()):
            raise AssertionError(self.output)
        return ready

    def _ready(self) -> str | None:
        found = READY.search(self.output)
        return found[1] if found else None

    def _ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def call(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=60
        )

    def interrupt(self) -> int:
        """What Ctrl-C does; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)

    def end(self) -> None:
        if not self._ended():
            self.interrupt()


def copy_checkout(folder: Path) -> Path:
    """The tree as it stands, with the installed packages of this checkout."""
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


def without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    ours = ("WALLAROO_", "ENGINE_", "DRIFTLINE_", "DJANGO_", "MAKE", "PYTEST_", "REDIS_URL", "DATABASE_URL")
    return {name: value for name, value in environment.items() if not name.startswith(ours)}


def wait_until(holds: Callable[[], object], seconds: float, explain: Callable[[], str] = lambda: "") -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds:g} s\n{explain()}"
        time.sleep(0.05)


def living(pids: Iterable[int]) -> set[int]:
    """Those that run; a zombie nobody has collected yet does not."""
    return {pid for pid in pids if _state(pid) not in {"", "Z"}}


def descendants(pid: int) -> set[int]:
    """A process's children and theirs, as /proc lists them."""
    children: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            children |= {int(child) for child in task.read_text().split()}
    return children.union(*map(descendants, children))


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
