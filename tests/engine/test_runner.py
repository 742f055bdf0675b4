"""Runs: every window once, whoever computes it, whenever, and whatever is killed meanwhile."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest

from tests.engine.conftest import COLUMNS, HOUR, rows
from tests.support.engine import ROOT, Engine, Json, asked, write_log

# On the database that is being tested: of a PostgreSQL the engine gets one of its own.
pytestmark = [pytest.mark.django_db, pytest.mark.slow]

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
MINUTELY = {"run_frequency": {"SimpleRunFrequency": {"quantity": 1, "unit": "Minute"}}}
LONG = timedelta(days=400)
NEXT_RUN = "/v2/api/assays/get_next_run"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_log(tmp_path_factory.mktemp("log"), COLUMNS, rows(NOW - 72 * HOUR, NOW))


@pytest.fixture
def database() -> str:
    """An empty database's URL, or nothing for SQLite in the engine's folder."""
    server = os.environ.get("DATABASE_URL", "")
    if not server:
        return ""
    name = f"engine_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


@pytest.fixture
def engine(tmp_path: Path, log: Path, database: str) -> Iterator[Engine]:
    with Engine(tmp_path, log=log, database=database, ENGINE_REPLAY="false") as engine:
        engine.migrate()
        yield engine


def assay(name: str = "a", *, since: datetime = NOW - 24 * HOUR, until: datetime | None = NOW) -> Json:
    """Hourly, and over before the tests began, so that no hour that passes meanwhile changes what they count."""
    baseline = {"Static": [(NOW - 72 * HOUR).isoformat(), (NOW - 48 * HOUR).isoformat()]}
    made = asked(name, "in.a", baseline=baseline, first_run=since)
    return made | {"scheduling": made["scheduling"] | {"end": until and until.isoformat()}}


def hours_back(last: datetime) -> list[datetime]:
    """Every hour from the last to the first of so LONG a past."""
    return [last - index * HOUR for index in range((last - NOW + LONG) // HOUR)]


def minutely(name: str, *, hours: int) -> Json:
    plain = assay(name, since=NOW - hours * HOUR)
    return plain | {"scheduling": plain["scheduling"] | MINUTELY, "window": {"width": {"seconds": 8 * 3600}}}


def wake(engine: Engine, *moments: datetime) -> None:
    command = [sys.executable, "-m", "tests.support.runner_at", *(moment.isoformat() for moment in moments)]
    subprocess.run(command, env=engine.environment, cwd=ROOT, check=True)


def windows(engine: Engine, assay_id: str) -> list[Json]:
    """What was computed, without what differs from run to run."""
    found = engine.results(assay_id, debug=True)
    kept = ("window_start", "window_end", "scores", "summaries", "status")
    return [{name: result[name] for name in kept} for result in found]


def ends(engine: Engine, assay_id: str) -> list[datetime]:
    return [datetime.fromisoformat(window["window_end"]) for window in windows(engine, assay_id)]


def wait_for(holds: object, seconds: float = 60) -> None:
    assert callable(holds)
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def test_a_runner_stopped_for_three_periods_leaves_the_same_windows_as_one_that_was_not(engine: Engine) -> None:
    (never,) = engine.schedule(assay("never"))
    awake = [NOW - hours * HOUR + timedelta(seconds=3) for hours in range(10, -1, -1)]
    wake(engine, *awake)
    engine.serve()
    as_ever = windows(engine, never)
    assert len(as_ever) == 24
    (again,) = engine.schedule(assay("again"))
    wake(engine, *awake[:4], *awake[7:])
    assert windows(engine, again) == as_ever


def test_two_runners_share_the_past_and_double_no_window(engine: Engine) -> None:
    ids = engine.schedule(
        *(minutely(f"m{index}", hours=24) for index in range(3)), *(assay(f"a{index}") for index in range(3))
    )
    runners = [engine.start_runner() for _ in range(2)]
    engine.serve()
    complete = [16 * 60 + 1] * 3 + [24] * 3
    wait_for(lambda: all(len(ends(engine, one)) >= count for one, count in zip(ids, complete, strict=True)))
    for assay_id in ids:
        found = ends(engine, assay_id)
        assert len(found) == len(set(found))
    for runner in runners:
        runner.terminate()
        assert runner.wait(20) == 0


def test_a_runner_killed_at_work_leaves_nothing_half_done(engine: Engine) -> None:
    (assay_id,) = engine.schedule(assay("killed", since=NOW - LONG))
    engine.serve()
    runner = engine.start_runner()
    wait_for(lambda: engine.ask(NEXT_RUN, assay_id=assay_id)["last_run"])
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    last = datetime.fromisoformat(engine.ask(NEXT_RUN, assay_id=assay_id)["last_run"])
    assert ends(engine, assay_id) == hours_back(last)
    wake(engine, datetime.now(UTC))
    assert ends(engine, assay_id) == hours_back(last)  # the dead runner's lease still holds
    wake(engine, datetime.now(UTC) + timedelta(minutes=1))
    assert ends(engine, assay_id)[-LONG // HOUR :] == hours_back(NOW)


def test_a_runner_told_to_stop_ends_at_once_and_frees_its_work(engine: Engine) -> None:
    (assay_id,) = engine.schedule(assay("stopped", since=NOW - LONG))
    engine.serve()
    runner = engine.start_runner()
    wait_for(lambda: engine.ask(NEXT_RUN, assay_id=assay_id)["last_run"])
    runner.terminate()
    assert runner.wait(20) == 0
    engine.work_off()
    assert ends(engine, assay_id)[-LONG // HOUR :] == hours_back(NOW)


def test_a_held_assay_is_not_run_until_it_is_released(engine: Engine) -> None:
    held, free = engine.schedule(assay("held"), assay("free"))
    wake(engine, NOW - 12 * HOUR + timedelta(seconds=5))
    engine.manage("hold", "held", "--since", (NOW - 12 * HOUR).isoformat())
    engine.work_off()
    engine.serve()
    assert len(windows(engine, held)) == 12
    answered = engine.ask(NEXT_RUN, assay_id=held)
    assert datetime.fromisoformat(answered["next_run"]) == NOW - 11 * HOUR
    engine.manage("hold", held, "--release")
    engine.work_off()
    assert windows(engine, held) == windows(engine, free)


def test_what_cannot_be_held_is_said(engine: Engine) -> None:
    assert "no assay has the name or id nothing" in engine.manage("hold", "nothing", check=False).stderr


def test_switched_off_an_assay_rests_and_on_again_works_off_what_it_missed(engine: Engine) -> None:
    (assay_id,) = engine.schedule(assay(until=NOW + 5 * HOUR))
    wake(engine, NOW - 12 * HOUR + timedelta(seconds=5))
    engine.serve()
    engine.ask("/v2/api/assays/set_active", assay_id=assay_id, active=False)
    assert engine.ask(NEXT_RUN, assay_id=assay_id)["next_run"] is None
    engine.work_off()
    past = len(windows(engine, assay_id))
    assert past >= 24  # windows that ended before the switch are computed all the same
    wake(engine, NOW + 5 * HOUR + timedelta(seconds=5))
    assert len(windows(engine, assay_id)) == past
    engine.ask("/v2/api/assays/set_active", assay_id=assay_id, active=True)
    wake(engine, NOW + 5 * HOUR + timedelta(seconds=5))
    assert len(windows(engine, assay_id)) == 29


def test_a_window_is_computed_soon_after_it_ends(engine: Engine) -> None:
    engine.serve()
    engine.start_runner()
    end = datetime.now(UTC) + timedelta(seconds=8)
    (assay_id,) = engine.schedule(assay(since=end - HOUR, until=None))
    wait_for(lambda: ends(engine, assay_id) == [end])
    (found,) = engine.results(assay_id, debug=True)
    late = datetime.fromisoformat(found["created_at"]) - end
    assert timedelta(seconds=2) <= late < timedelta(seconds=30)


def test_a_log_that_is_not_there_ends_the_runner_with_a_sentence(engine: Engine, tmp_path: Path) -> None:
    engine.environment["ENGINE_LOG"] = str(tmp_path / "nothing")
    said = engine.manage("run_assays", "--once", check=False)
    assert said.returncode == 2
    assert "nothing: there is no Parquet file" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_log_that_is_away_for_a_while_fails_no_window_and_ends_no_runner(
    engine: Engine, log: Path, tmp_path: Path
) -> None:
    there, away = tmp_path / "there.parquet", tmp_path / "away.parquet"
    there.write_bytes(next(log.rglob("*.parquet")).read_bytes())
    engine.environment["ENGINE_LOG"] = str(there)
    (before,) = engine.schedule(assay())
    runner = engine.start_runner()
    engine.serve()
    wait_for(lambda: ends(engine, before))
    end = datetime.now(UTC) + timedelta(seconds=15)
    (assay_id,) = engine.schedule(assay(since=end - HOUR, until=None))
    there.rename(away)
    wait_for(lambda: "there is no Parquet file" in (tmp_path / "runner.log").read_text())
    away.rename(there)
    wait_for(lambda: ends(engine, assay_id) == [end])
    assert runner.poll() is None
    assert "Parquet" not in str(engine.results(assay_id, debug=True))


def test_progress_is_told_in_lines_where_there_is_no_terminal(engine: Engine) -> None:
    engine.schedule(assay())
    assert "24 of 24 windows computed" in engine.manage("run_assays", "--once").stdout
    assert engine.manage("run_assays", "--once").stdout == ""
