"""What the processes are told: the caller's environment, `.env`, secrets made once, and addresses on this machine."""

import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from launch.layout import ROOT, SECRETS_FILE, VAR, Refusal, write_private

SECRETS = ("secret_key", "notice_key", "engine_password", "client_secret", "redis_password")


@dataclass(frozen=True)
class Configuration:
    """`environment` is that of every process; `given` holds what the caller or `.env` had set."""

    host: str
    port: int
    engine_port: int
    given: Mapping[str, str]
    secrets: Mapping[str, str]

    @property
    def own_engine(self) -> bool:
        """Whoever names an instance has one, and gets no engine."""
        return not self.given.get("WALLAROO_URL")

    @property
    def dashboard_url(self) -> str:
        return f"http://{reachable(self.host)}:{self.port}"

    @property
    def engine_url(self) -> str:
        return f"http://127.0.0.1:{self.engine_port}"

    def environment(self, redis_url: str) -> dict[str, str]:
        """A setting that is set to nothing, as `.env.example` has them, is not set."""
        return {**self._defaults(redis_url), **{name: value for name, value in self.given.items() if value}}

    def _defaults(self, redis_url: str) -> dict[str, str]:
        common = {
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "DRIFTLINE_VAR": str(VAR),
            "DRIFTLINE_SECRET_KEY": self.secrets["secret_key"],
            "DRIFTLINE_NOTICE_KEYS": self.secrets["notice_key"],
            "DRIFTLINE_URL": self.dashboard_url,
            "DRIFTLINE_ALLOWED_HOSTS": ",".join(dict.fromkeys(["localhost", "127.0.0.1", "[::1]", self.host])),
            "REDIS_URL": redis_url,
        }
        return common | (self._engine() if self.own_engine else {})

    def _engine(self) -> dict[str, str]:
        user = self.given.get("ENGINE_USER") or "driftline@localhost"
        password = self.given.get("ENGINE_PASSWORD") or self.secrets["engine_password"]
        return {
            "WALLAROO_URL": self.engine_url,
            "WALLAROO_USER": user,
            "WALLAROO_PASSWORD": password,
            "ENGINE_USER": user,
            "ENGINE_PASSWORD": password,
            "ENGINE_CLIENT_ID": "driftline",
            "ENGINE_CLIENT_SECRET": self.secrets["client_secret"],
        }


def configure() -> Configuration:
    given = read_environment_file(ROOT / ".env") | dict(os.environ)
    return Configuration(
        host=given.get("HOST") or "127.0.0.1",
        port=_port(given, "PORT", 8000),
        engine_port=_port(given, "ENGINE_PORT", 8010),
        given=given,
        secrets=_kept_secrets(),
    )


def read_environment_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines; quotes around a value and lines that begin with # are dropped."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = [line.removeprefix("export ").partition("=") for line in map(str.strip, lines) if line and line[0] != "#"]
    return {name.strip(): _unquoted(value.strip()) for name, separator, value in pairs if separator}


def _unquoted(value: str) -> str:
    """A backslash in single quotes hides a quotation mark or another backslash."""
    if len(value) > 1 and value[0] == value[-1] == "'":
        return re.sub(r"\\([\\'])", r"\1", value[1:-1])
    return value.strip('"')


def reachable(host: str) -> str:
    """The host part of an address under which a server that listens on `host` answers on this machine."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    return f"[{host}]" if ":" in host else host


def _port(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name) or str(default)
    if not text.isdigit() or not 0 < int(text) < 65_536:
        raise Refusal(f"{name} must be a port number from 1 to 65535, and is {text!r}.")
    return int(text)


def _kept_secrets() -> dict[str, str]:
    kept = json.loads(SECRETS_FILE.read_text()) if SECRETS_FILE.exists() else {}
    complete = {name: kept.get(name) or secrets.token_urlsafe(40) for name in SECRETS}
    if complete != kept:
        write_private(SECRETS_FILE, json.dumps(complete, indent=2))
    return complete
