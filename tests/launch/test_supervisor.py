"""Real processes under the supervisor: their output, their deaths, and the end of all of them."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from launch import supervisor
from launch.supervisor import Log, Program, Supervisor

from tests.support.house import living

Start = Callable[..., Supervisor]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Supervisor] = []

    def start(**scripts: str) -> Supervisor:
        programs = [
            Program(name, (sys.executable, "-u", "-c", script), os.environ, tmp_path, foundation=name == "foundation")
            for name, script in scripts.items()
        ]
        started.append(Supervisor(programs, tmp_path, changed=lambda _: None))
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        one.interrupts = 2
        one.stop()


def turn_until(supervisor: Supervisor, holds: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        supervisor.turn(0.05)


def pid(supervisor: Supervisor, number: int = 0) -> int | None:
    process = supervisor.children[number].process
    return process.pid if process else None


def test_each_line_carries_its_programs_name(
    start: Start, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    script = """
import sys, time
sys.stdout.buffer.write(b'one\\ntw'); sys.stdout.flush()
time.sleep(.2); print('o'); time.sleep(60)
"""
    running = start(web=script, worker="import time; time.sleep(60)")
    log = tmp_path / "web.log"
    turn_until(running, lambda: log.read_bytes() == b"one\ntwo\n")
    assert b"web    | one\nweb    | two\n" in capfdbinary.readouterr().out


def test_output_that_is_no_text_is_passed_on(start: Start, tmp_path: Path) -> None:
    running = start(web=r"import sys, time; sys.stdout.buffer.write(b'\xff\xfe\n'); sys.stdout.flush(); time.sleep(60)")
    turn_until(running, lambda: (tmp_path / "web.log").read_bytes() == b"\xff\xfe\n")


def test_a_line_without_end_is_passed_on_in_pieces(start: Start, tmp_path: Path) -> None:
    running = start(web="import sys, time; sys.stdout.write('x' * 200_000); sys.stdout.flush(); time.sleep(60)")
    turn_until(running, lambda: (tmp_path / "web.log").stat().st_size > 130_000)


def test_a_program_that_dies_is_started_again_and_says_with_what_it_ended(start: Start, tmp_path: Path) -> None:
    running = start(web="import time; time.sleep(60)")
    first = pid(running)
    assert first is not None
    os.kill(first, signal.SIGKILL)
    turn_until(running, lambda: pid(running) not in {None, first})
    assert b"ended with SIGKILL; starting it again in 0.5 s" in (tmp_path / "web.log").read_bytes()


def test_the_pause_before_a_restart_grows(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "BACK_OFF", (0.01, 0.02, 0.03))
    running = start(web="raise SystemExit(3)")
    log = tmp_path / "web.log"
    turn_until(running, lambda: log.read_text().count("0.03 s") >= 2)
    assert [line.split(" in ")[1] for line in log.read_text().splitlines()[:3]] == ["0.01 s", "0.02 s", "0.03 s"]
    assert "status 3" in log.read_text()


def test_what_a_dead_program_left_behind_is_ended_before_it_starts_again(start: Start, tmp_path: Path) -> None:
    forks = f"""
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open({str(tmp_path / "child")!r}, "w").write(str(child.pid)); time.sleep(60)
"""
    running = start(web=forks)
    note = tmp_path / "child"
    turn_until(running, lambda: note.exists() and note.read_text())
    grandchild, first = int(note.read_text()), pid(running)
    assert first is not None
    os.kill(first, signal.SIGKILL)
    turn_until(running, lambda: pid(running) != first)
    turn_until(running, lambda: not living([grandchild]))


def test_a_program_deaf_to_term_is_killed_when_its_grace_is_over(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "GRACE", 0.3)
    running = start(
        web="import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(60)"
    )
    turn_until(running, lambda: running.children[0].last_line == b"deaf")
    deaf = pid(running)
    assert deaf is not None
    began = time.monotonic()
    running.stop()
    assert 0.3 <= time.monotonic() - began < 2
    assert not living([deaf])


def test_a_second_interrupt_kills_at_once(start: Start) -> None:
    running = start(
        web="import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(60)"
    )
    turn_until(running, lambda: running.children[0].last_line == b"deaf")
    running.interrupts = 2
    began = time.monotonic()
    running.stop()
    assert time.monotonic() - began < 2


def test_what_others_lean_on_ends_last(start: Start, tmp_path: Path) -> None:
    says = """
import signal, sys, time
def end(*_):
    open('ends', 'a').write('{} '); sys.exit()
signal.signal(signal.SIGTERM, end); print('up'); time.sleep(60)
"""
    running = start(foundation=says.format("foundation"), web=says.format("web"))
    turn_until(running, lambda: all(child.last_line == b"up" for child in running.children))
    running.stop()
    assert (tmp_path / "ends").read_text() == "web foundation "


def test_a_log_is_bounded_and_keeps_one_predecessor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LOG_LIMIT", 1000)
    log = Log(tmp_path / "web.log")
    for number in range(100):
        log.write(b"%090d" % number)
    log.close()
    assert (tmp_path / "web.log").stat().st_size <= 1100
    assert (tmp_path / "web.log.1").stat().st_size <= 1100
    assert (tmp_path / "web.log").read_bytes().endswith(b"99\n")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["web.log", "web.log.1"]
