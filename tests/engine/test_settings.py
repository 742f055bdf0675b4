"""Settings and secrets that cannot work end a command with one sentence."""

from pathlib import Path

import pytest

from tests.support.engine import Engine, write_log

pytestmark = pytest.mark.slow

COLUMNS = '"in.a" DOUBLE'


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    log = write_log(tmp_path, COLUMNS, [("2026-01-01 00:00:00", "m", "a", 1.0)])
    return Engine(tmp_path, log=log, ENGINE_REPLAY="false")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENGINE_THREADS", "many"),
        ("ENGINE_TOKEN_SECONDS", "0"),
        ("ENGINE_REFRESH_SECONDS", "-1"),
        ("ENGINE_REPLAY", "perhaps"),
        ("ENGINE_DATABASE_URL", "mongo://x"),
        ("ENGINE_LOG_LEVEL", "LOUD"),
    ],
)
def test_a_setting_that_is_wrong_is_named(engine: Engine, name: str, value: str) -> None:
    engine.environment[name] = value
    said = engine.manage("migrate", check=False)
    assert said.returncode == 2
    assert f"its settings are wrong: {name}:" in said.stderr
    assert "Traceback" not in said.stderr


@pytest.mark.parametrize("name", ["ENGINE_PASSWORD", "ENGINE_CLIENT_SECRET"])
def test_nobody_is_let_in_by_an_empty_secret(engine: Engine, name: str) -> None:
    engine.migrate()
    engine.environment[name] = ""
    (engine.folder / "none.json").write_text("[]")
    said = engine.manage("schedule", "none.json", check=False)
    assert said.returncode == 2
    assert f"{name} is empty" in said.stderr


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[", "truncated"),
        ('[{"name": 1}]', "$[0].name"),
        ("[{}]", "missing required field"),
    ],
)
def test_a_schedule_that_cannot_be_read_is_refused_whole(engine: Engine, text: str, reason: str) -> None:
    engine.migrate()
    (engine.folder / "bad.json").write_text(text)
    said = engine.manage("schedule", "bad.json", check=False)
    assert said.returncode == 2
    assert reason in said.stderr


def test_a_log_without_the_columns_it_needs_is_refused(engine: Engine, tmp_path: Path) -> None:
    engine.migrate()
    (tmp_path / "other.parquet").write_bytes(b"not parquet at all, and longer than twelve bytes")
    engine.environment["ENGINE_LOG"] = str(tmp_path / "other.parquet")
    said = engine.manage("run_assays", "--once", check=False)
    assert said.returncode == 2
    assert said.stderr.startswith("CommandError: ENGINE_LOG: ")
