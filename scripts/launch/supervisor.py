"""Keeps a set of programs running: their output, their logs, their restarts, and an end that leaves none behind.

One thread and one loop. A program leads a session of its own, so that a terminal's Ctrl-C reaches the supervisor
alone and the whole group can be ended; on Linux the kernel ends it when the supervisor itself is killed.
"""

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

GRACE = 10.0  # seconds between TERM and KILL
BACK_OFF = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)  # seconds before a restart, by deaths in a row
STEADY = 60.0  # seconds after which a death is the first again
LOG_LIMIT = 5_000_000  # bytes, beside one older file of that size
LINE_LIMIT = 65_536  # bytes after which an unfinished line is passed on
COLOURS = (36, 33, 32, 35, 34, 31)
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Program:
    """`foundation`: the others lean on it, so it ends after them."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    foundation: bool = False


class Log:
    """A file of bounded size with one predecessor."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("ab")

    def write(self, line: bytes) -> None:
        if self._file.tell() > LOG_LIMIT:
            self._file.close()
            self.path.replace(self.path.with_name(self.path.name + ".1"))
            self._file = self.path.open("ab")
        self._file.write(line + b"\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class Child:
    """One program and the process that runs it now, if any."""

    def __init__(self, program: Program, log: Log, prefix: bytes) -> None:
        self.program = program
        self.log = log
        self.prefix = prefix
        self.process: subprocess.Popen[bytes] | None = None
        self.deaths = 0
        self.started = 0.0
        self.due = 0.0
        self.unfinished = b""
        self.last_line = b""

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.program.command,
            cwd=self.program.folder,
            env=dict(self.program.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(),
        )
        os.set_blocking(self._output.fileno(), False)
        self.started = time.monotonic()

    @property
    def _output(self) -> IO[bytes]:
        assert self.process is not None
        assert self.process.stdout is not None
        return self.process.stdout

    def fileno(self) -> int:
        return self._output.fileno()

    def signal_group(self, number: signal.Signals) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)

    def read(self) -> bool:
        """Passes on what was written; False at the end of the output."""
        try:
            received = os.read(self.fileno(), LINE_LIMIT)
        except BlockingIOError:
            return True
        *lines, self.unfinished = (self.unfinished + received).split(b"\n")
        if len(self.unfinished) >= LINE_LIMIT or not received:
            lines, self.unfinished = [*lines, self.unfinished], b""
        for line in filter(None, lines):
            self.say(line)
        return bool(received)

    def say(self, line: bytes) -> None:
        self.last_line = line
        self.log.write(line)
        with contextlib.suppress(OSError):  # a closed terminal stops nothing
            sys.stdout.buffer.write(self.prefix + line + b"\n")
            sys.stdout.buffer.flush()


class Supervisor:
    """`changed` is called whenever the set of running processes has changed."""

    def __init__(self, programs: Sequence[Program], logs: Path, changed: Callable[["Supervisor"], None]) -> None:
        width = max(len(program.name) for program in programs)
        self.children = [
            Child(program, Log(logs / f"{program.name}.log"), _prefix(program.name, width, number))
            for number, program in enumerate(programs)
        ]
        self._changed = changed
        self._selector = selectors.DefaultSelector()
        self.interrupts = 0

    def listen(self) -> None:
        """INT, TERM and HUP end the run; a second INT ends it at once."""
        signal.signal(signal.SIGINT, lambda *_: self._interrupt(1))
        signal.signal(signal.SIGTERM, lambda *_: self._interrupt(0))
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # under nohup it stays ignored
            signal.signal(signal.SIGHUP, lambda *_: self._interrupt(0))

    def _interrupt(self, weight: int) -> None:
        self.interrupts = max(self.interrupts + weight, 1)

    def start(self) -> None:
        for child in self.children:
            self._start(child)
        self._changed(self)

    def _start(self, child: Child) -> None:
        child.start()
        self._selector.register(child, selectors.EVENT_READ)

    def turn(self, patience: float = 0.2) -> None:
        """One turn of the loop: passes output on, notices deaths, restarts what is due."""
        self._pump(patience)
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                self._bury(child)
            elif child.process is None and time.monotonic() >= child.due:
                self._start(child)
                self._changed(self)

    def _pump(self, patience: float) -> None:
        for key, _ in self._selector.select(patience):
            child = key.fileobj
            assert isinstance(child, Child)
            if not child.read():
                self._selector.unregister(child)
                time.sleep(0.01)  # the output ends a moment before the process does

    def _bury(self, child: Child) -> None:
        status = self._collect(child)
        if time.monotonic() - child.started > STEADY:
            child.deaths = 0
        pause = BACK_OFF[min(child.deaths, len(BACK_OFF) - 1)]
        child.deaths += 1
        child.due = time.monotonic() + pause
        child.say(f"ended with {status}; starting it again in {pause:g} s".encode())
        self._changed(self)

    def _collect(self, child: Child) -> str:
        """Ends what a dead process left of its group: its workers would hold its port."""
        assert child.process is not None
        child.signal_group(signal.SIGKILL)
        if child in {key.fileobj for key in self._selector.get_map().values()}:
            child.read()
            self._selector.unregister(child)
        assert child.process.stdout is not None
        child.process.stdout.close()
        status, child.process = child.process.returncode, None
        return f"status {status}" if status >= 0 else signal.Signals(-status).name

    def stop(self) -> None:
        """TERM, after ten seconds KILL, each to the whole group; what others lean on goes last."""
        for foundation in (False, True):
            self._stop([child for child in self.children if child.program.foundation is foundation])
        self._changed(self)
        self._selector.close()
        for child in self.children:
            child.log.close()

    def _stop(self, children: list[Child]) -> None:
        for child in children:
            child.signal_group(signal.SIGTERM)
        deadline = time.monotonic() + GRACE
        while any(child.process for child in children):
            self._pump(0.05)
            if time.monotonic() > deadline or self.interrupts > 1:
                for child in children:
                    child.signal_group(signal.SIGKILL)
            for child in children:
                if child.process is not None and child.process.poll() is not None:
                    self._collect(child)


def die_with_parent() -> Callable[[], None]:
    """To be called in a new process: the kernel sends it TERM when the process that made it is no more."""
    return partial(die_with, os.getpid())


def die_with(parent: int) -> None:
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before that could be said
            os._exit(1)


def _prefix(name: str, width: int, number: int) -> bytes:
    label = f"{name:{width}} |"
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        label = f"\x1b[{COLOURS[number % len(COLOURS)]}m{label}\x1b[0m"
    return label.encode() + b" "
