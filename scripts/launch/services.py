"""The programs that make up Driftline, what they need done before they start, and how one asks whether they answer."""

import http.client
import json
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from launch.configuration import Configuration
from launch.layout import PYTHON, ROOT, VAR, Refusal
from launch.supervisor import Program, die_with_parent

DASHBOARD, ENGINE = "dashboard.settings", "engine.settings"
GUNICORN = ("-m", "gunicorn", "--worker-class", "gthread", "--graceful-timeout", "8", "--no-control-socket")
WORKER = (
    "worker",
    "--pool",
    "threads",
    "--concurrency",
    "8",
    "--queues",
    "tick,driftline",
    "--without-mingle",
    "--without-gossip",
)


def programs(configuration: Configuration, environment: Mapping[str, str]) -> list[Program]:
    """In the order in which they start."""
    engine = _engine(configuration, environment) if configuration.own_engine else []
    return [*engine, *_dashboard(configuration, environment)]


def _engine(configuration: Configuration, environment: Mapping[str, str]) -> list[Program]:
    serve = (*GUNICORN, "--threads", "8", "--bind", f"127.0.0.1:{configuration.engine_port}", "engine.wsgi")
    return [
        _program("engine-web", serve, environment),
        _program("engine-runner", ("engine/manage.py", "run_assays"), environment),
    ]


def _dashboard(configuration: Configuration, environment: Mapping[str, str]) -> list[Program]:
    address = f"{_bracketed(configuration.host)}:{configuration.port}"
    serve = (*GUNICORN, "--workers", "2", "--threads", "8", "--bind", address, "dashboard.wsgi")
    calendar = ("--schedule", str(VAR / "beat"), "--pidfile", "")
    return [
        _program("web", serve, environment),
        _program("worker", ("-m", "celery", "-A", "dashboard", "--quiet", *WORKER), environment),
        _program(
            "beat",
            ("-m", "celery", "-A", "dashboard", "--quiet", "beat", "--loglevel", "WARNING", *calendar),
            environment,
        ),
    ]


def _program(name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> Program:
    return Program(name, (str(PYTHON), *arguments), environment, ROOT)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def prepare(configuration: Configuration, environment: Mapping[str, str]) -> None:
    """Databases, the demonstration and the static files, as a deployment does before it starts."""
    quiet = "--verbosity 0"
    manage(environment, DASHBOARD, "check", f"migrate {quiet}", f"collectstatic --noinput {quiet}")
    if configuration.own_engine:
        manage(environment, ENGINE, f"migrate {quiet}", "demonstrate")


def manage(environment: Mapping[str, str], settings: str, *commands: str) -> str:
    """Runs management commands and returns what they printed; a failure refuses the start, in its last words."""
    done = subprocess.run(
        [str(PYTHON), str(ROOT / "scripts" / "commands.py"), settings, *commands],
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        preexec_fn=die_with_parent(),
    )
    if done.returncode:
        raise Refusal(_complaint(commands, done.stderr.strip() or done.stdout.strip() or "it said nothing"))
    return done.stdout.strip()


def _complaint(commands: Sequence[str], said: str) -> str:
    """Settings complain in a sentence of their own, system checks in lines that name them; else the last line tells."""
    lines = said.splitlines()
    if said.startswith("Driftline cannot start"):
        return lines[0]
    named = [line.partition(") ")[2] for line in lines if "(driftline." in line]
    return f"Driftline cannot start: {' '.join(named)}" if named else f"`{', '.join(commands)}` failed: {lines[-1]}"


def engine_facts(configuration: Configuration, environment: Mapping[str, str]) -> dict[str, Any]:
    """What a script needs to talk to the engine and to read the log behind it."""
    replay = json.loads(manage(environment, ENGINE, "replay"))
    return {
        "url": configuration.engine_url,
        "user": environment["ENGINE_USER"],
        "password": environment["ENGINE_PASSWORD"],
        "client_id": environment["ENGINE_CLIENT_ID"],
        "client_secret": environment["ENGINE_CLIENT_SECRET"],
        "log": replay["log"],
        "shift_seconds": replay["shift_seconds"],
    }


def answers(address: str) -> bool:
    """Whether a server is there and works, whatever it thinks of the page."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=2)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
