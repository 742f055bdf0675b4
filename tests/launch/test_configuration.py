"""What the processes are told, from `.env`, the caller's environment and secrets made once."""

import stat
from pathlib import Path

import pytest
from launch import broker, configuration
from launch.configuration import Configuration, configure, reachable, read_environment_file
from launch.layout import Refusal


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with nothing set."""
    for name in ("HOST", "PORT", "ENGINE_PORT", "WALLAROO_URL", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(configuration, "ROOT", tmp_path)
    monkeypatch.setattr(configuration, "SECRETS_FILE", tmp_path / "secrets.json")
    return tmp_path


def test_an_environment_file_is_read_as_shells_and_compose_read_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# a comment\n\nPORT=9000\nexport HOST='0.0.0.0'\nWALLAROO_PASSWORD=\"a=b c\"\nno sense\n"
    )
    assert read_environment_file(tmp_path / ".env") == {"PORT": "9000", "HOST": "0.0.0.0", "WALLAROO_PASSWORD": "a=b c"}


def test_the_environment_wins_over_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".env").write_text("PORT=9000\nENGINE_PORT=9001\n")
    monkeypatch.setenv("PORT", "9100")
    assert (configure().port, configure().engine_port) == (9100, 9001)


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "80 "])
def test_a_port_is_a_port(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", text)
    with pytest.raises(Refusal, match="PORT must be a port number"):
        configure()


def test_secrets_are_made_once_and_private(folder: Path) -> None:
    first = configure().secrets
    assert configure().secrets == first
    assert len(set(first.values())) == len(first)
    assert stat.S_IMODE((folder / "secrets.json").stat().st_mode) == 0o600


def test_whoever_names_an_instance_gets_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    assert configure().own_engine
    monkeypatch.setenv("WALLAROO_URL", "https://wallaroo.example.com")
    named = configure()
    assert not named.own_engine
    told = named.environment("redis://localhost/0")
    assert told["WALLAROO_URL"] == "https://wallaroo.example.com"
    assert not [name for name in told if name.startswith("ENGINE_") or name == "WALLAROO_PASSWORD"]


def test_the_engines_account_is_the_one_the_dashboard_signs_in_with() -> None:
    told = configure().environment("redis://localhost/0")
    assert told["WALLAROO_USER"] == told["ENGINE_USER"]
    assert told["WALLAROO_PASSWORD"] == told["ENGINE_PASSWORD"]


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("here.lan", "here.lan")],
)
def test_an_address_is_one_that_can_be_opened(host: str, address: str) -> None:
    assert reachable(host) == address


def test_an_explicit_redis_is_used_and_none_started() -> None:
    assert broker.arrange({"REDIS_URL": "redis://there:6379/3"}, "secret") == ("redis://there:6379/3", None)


def test_the_started_redis_takes_its_password_from_a_private_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(broker, "VAR", folder)
    address, program = broker.arrange({}, "a-secret")
    assert address.startswith("redis://:a-secret@127.0.0.1:")
    assert program is not None
    assert "a-secret" not in " ".join(program.command)
    assert stat.S_IMODE((folder / "redis" / "redis.conf").stat().st_mode) == 0o600


def test_a_listener_on_every_address_still_answers_to_local_names() -> None:
    told = Configuration("192.0.2.7", 8000, 8010, {}, dict.fromkeys(configuration.SECRETS, "x")).environment(
        "redis://r"
    )
    assert told["DRIFTLINE_ALLOWED_HOSTS"] == "localhost,127.0.0.1,[::1],192.0.2.7"
