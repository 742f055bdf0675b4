"""`make run`, from a bare checkout to the ready line and to the last process ended."""

import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from launch import broker, services
from launch.configuration import Configuration, configure
from launch.installation import install
from launch.layout import ENVIRONMENT_FILE, LOGS, ROOT, RUN_FILE, Refusal, write_private
from launch.preflight import require_foundations, require_free, take_lock
from launch.supervisor import Program, Supervisor, die_with

READY_WITHIN = 120.0  # seconds
SETTINGS = ("DATABASE_URL", "DRIFTLINE_", "ENGINE_", "REDIS_URL", "WALLAROO_")


def main() -> int:
    try:
        return _run()
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _run() -> int:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an orderly end also while installing
    if "MAKELEVEL" in os.environ:  # a killed `make` takes what it started with it
        die_with(os.getppid())
    require_foundations()
    lock = take_lock()
    configuration = configure()
    require_free(configuration.host, configuration.port, "PORT")
    if configuration.own_engine:
        require_free("127.0.0.1", configuration.engine_port, "ENGINE_PORT")
    install(ROOT / "requirements.txt")
    try:
        return _serve(configuration)
    finally:
        RUN_FILE.unlink(missing_ok=True)
        ENVIRONMENT_FILE.unlink(missing_ok=True)
        lock.close()


def _serve(configuration: Configuration) -> int:
    os.umask(0o077)  # the databases hold sessions and every message: they are nobody else's to read
    redis_url, redis = broker.arrange(configuration.given, configuration.secrets["redis_password"])
    environment = configuration.environment(redis_url)
    print("Driftline: preparing databases", flush=True)
    services.prepare(configuration, environment)
    _publish_environment(environment)
    engine = services.engine_facts(configuration, environment) if configuration.own_engine else None
    programs = services.programs(configuration, environment)
    return _supervise(configuration, environment, [redis, *programs] if redis else programs, engine)


def _supervise(
    configuration: Configuration,
    environment: Mapping[str, str],
    programs: list[Program],
    engine: dict[str, Any] | None,
) -> int:
    supervisor = Supervisor(programs, LOGS, changed=partial(_publish, configuration, engine))
    supervisor.listen()
    try:
        supervisor.start()
        ready = _await_ready(supervisor, configuration)
        if ready:
            print(f"Driftline is ready: {services.manage(environment, services.DASHBOARD, 'link')}", flush=True)
        while ready and not supervisor.interrupts:
            supervisor.turn()
        return 0 if ready or supervisor.interrupts else 1
    finally:
        supervisor.stop()


def _await_ready(supervisor: Supervisor, configuration: Configuration) -> bool:
    waiting = {"web": f"{configuration.dashboard_url}/sign-in/"}
    if configuration.own_engine:
        waiting["engine-web"] = f"{configuration.engine_url}/v1/api/config"
    deadline = time.monotonic() + READY_WITHIN
    while waiting and not supervisor.interrupts:
        supervisor.turn()
        waiting = {name: address for name, address in waiting.items() if not services.answers(address)}
        if time.monotonic() > deadline:
            print(f"Driftline is not ready after {READY_WITHIN:g} s: {_excuses(supervisor, waiting)}", file=sys.stderr)
            return False
    return not waiting


def _excuses(supervisor: Supervisor, waiting: Mapping[str, str]) -> str:
    silent = [child for child in supervisor.children if child.program.name in waiting]
    return "; ".join(
        f"{child.program.name} last said {child.last_line.decode(errors='replace')!r} (see {child.log.path})"
        for child in silent
    )


def _publish(configuration: Configuration, engine: dict[str, Any] | None, supervisor: Supervisor) -> None:
    """`var/run.json`: what runs, for scripts to read."""
    processes = [
        {"name": child.program.name, "pid": child.process.pid, "log": str(child.log.path)}
        for child in supervisor.children
        if child.process is not None
    ]
    facts = {"dashboard": {"url": configuration.dashboard_url}, "engine": engine, "processes": processes}
    write_private(RUN_FILE, json.dumps(facts, indent=2) + "\n")


def _publish_environment(environment: Mapping[str, str]) -> None:
    """`var/run.env`: with it a management command called by hand finds the databases and servers that run."""
    own = {name: value for name, value in sorted(environment.items()) if name.startswith(SETTINGS)}
    write_private(ENVIRONMENT_FILE, "".join(f"{name}={_quoted(value)}\n" for name, value in own.items()))


def _quoted(value: str) -> str:
    """As the settings read it: a password may hold a quotation mark."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
