"""Settings are read once, at start; so each case here is a start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from launch import main
from launch.configuration import read_environment_file

ROOT = Path(__file__).resolve().parents[2]


def start(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from dashboard import settings as s; print(s.SECRET_KEY, s.SESSION_COOKIE_SECURE)"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
            "DRIFTLINE_VAR": "/nonexistent",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_everything_starts_with_nothing_set() -> None:
    assert start().returncode == 0


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("DRIFTLINE_PRODUCTION", "true", "DRIFTLINE_SECRET_KEY: Environment variable not set."),
        ("DRIFTLINE_PRODUCTION", "true", "DRIFTLINE_NOTICE_KEYS: Environment variable not set."),
        (
            "DRIFTLINE_NOTICE_NETWORKS",
            "10.0.0.1/8",
            "DRIFTLINE_NOTICE_NETWORKS: Not networks: 10.0.0.1/8 has host bits",
        ),
        ("DRIFTLINE_HEARTBEAT_URL", "hc-ping.com", "DRIFTLINE_HEARTBEAT_URL: Not an http or https address."),
        ("DRIFTLINE_MAIL_URL", "mail.example.com", "DRIFTLINE_MAIL_URL: Not an smtp or smtps address."),
        ("DRIFTLINE_PRODUCTION", "perhaps", "DRIFTLINE_PRODUCTION: Not a valid boolean."),
        ("DRIFTLINE_POLL_CONCURRENCY", "0", "DRIFTLINE_POLL_CONCURRENCY: Must be greater than or equal to 1"),
        ("WALLAROO_URL", "wallaroo.example.com", "WALLAROO_URL: Not an http or https address."),
        ("WALLAROO_REQUEST_TIMEOUT", "soon", "WALLAROO_REQUEST_TIMEOUT: Not a valid number."),
        ("DATABASE_URL", "driftline", "DATABASE_URL: Not a valid database URL."),
        (
            "DRIFTLINE_RETENTION_DAYS",
            "1000000000",
            "DRIFTLINE_RETENTION_DAYS: Must be greater than",
        ),
        ("REDIS_URL", "localhost", "REDIS_URL: Not an address of Redis."),
        ("DRIFTLINE_LOG_LEVEL", "LOUD", "DRIFTLINE_LOG_LEVEL: Must be one of: DEBUG, INFO, WARNING, ERROR."),
    ],
)
def test_a_wrong_setting_ends_the_start_in_one_sentence(variable: str, value: str, complaint: str) -> None:
    done = start(**{variable: value})
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert complaint in done.stderr


def test_all_complaints_come_at_once() -> None:
    said = start(DRIFTLINE_PRODUCTION="true", DRIFTLINE_RETENTION_DAYS="x").stderr
    assert "DRIFTLINE_SECRET_KEY" in said
    assert "DRIFTLINE_RETENTION_DAYS" in said


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from-a-file")
    assert start(DRIFTLINE_SECRET_KEY_FILE=str(tmp_path / "key")).stdout.split()[0] == "from-a-file"


def test_https_makes_cookies_secure() -> None:
    assert start(DRIFTLINE_URL="https://drift.example.com").stdout.split()[1] == "True"
    assert start().stdout.split()[1] == "False"


@pytest.mark.parametrize("secret", ["it's", "a\\b", "a\\'b", '"', "a # b", "$x"])
def test_what_make_run_publishes_is_read_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setattr(main, "ENVIRONMENT_FILE", tmp_path / "run.env")
    main._publish_environment({"DRIFTLINE_SECRET_KEY": secret, "WALLAROO_URL": "http://after.example.com"})
    assert start(DRIFTLINE_VAR=str(tmp_path)).stdout.removesuffix(" False\n") == secret
    assert read_environment_file(tmp_path / "run.env")["DRIFTLINE_SECRET_KEY"] == secret


def test_commands_called_by_hand_find_what_make_run_started(tmp_path: Path) -> None:
    (tmp_path / "run.env").write_text("DRIFTLINE_SECRET_KEY='of-the-run'\n")
    assert start(DRIFTLINE_VAR=str(tmp_path)).stdout.split()[0] == "of-the-run"
    assert start(DRIFTLINE_VAR=str(tmp_path), DRIFTLINE_SECRET_KEY="mine").stdout.split()[0] == "mine"
