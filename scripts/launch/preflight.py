"""What must hold before anything starts: a folder to write in, ports to listen on, no second Driftline."""

import fcntl
import importlib.util
import socket
from pathlib import Path
from typing import IO

from launch.layout import LOCK_FILE, LOGS, VENV, Refusal


def require_writable(folder: Path) -> None:
    probe = folder / ".writable"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise Refusal(f"Driftline cannot write to {folder}: {error.strerror}.") from error


def require_venv_module() -> None:
    """Debian ships `venv` without `ensurepip`, and says so only after having made half an environment."""
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise Refusal("This Python has no venv module; on Debian and Ubuntu, `apt-get install python3-venv` brings it.")


def require_free(host: str, port: int, variable: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Refusal(
                f"Driftline cannot listen on {host}:{port} ({error.strerror}); set {variable} to another port."
            ) from error


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def take_lock() -> IO[str]:
    """Held as long as the returned file stays open, also through a kill -9."""
    require_writable(LOGS)
    lock = LOCK_FILE.open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise Refusal("Driftline is already running in this folder; `make link` prints a sign-in link.") from None
    return lock


def is_running() -> bool:
    """Whether a Driftline holds this folder's lock, also when an earlier one was killed and left its files."""
    try:
        take_lock().close()
    except Refusal:
        return True
    return False


def require_foundations() -> None:
    """What making `.venv` takes, asked for before the first long step."""
    if not VENV.exists():
        require_venv_module()
        require_writable(VENV.parent)
