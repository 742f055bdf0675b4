"""The engine as it really runs, its commands and its server as processes, over a log and a database of their own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import duckdb
import requests

from scripts.launch.supervisor import die_with_parent
from tests.support.servers import free_port

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "/auth/realms/master/protocol/openid-connect/token"
USER, PASSWORD, CLIENT_ID, CLIENT_SECRET = "ada", "correct horse", "driftline", "battery staple"

Json = Any
PSI: Json = {"bin_mode": {"Quantile": 3}, "aggregation": "Density", "metric": "PSI"}


@dataclass(frozen=True)
class Answer:
    status: int
    body: Json
    headers: Mapping[str, str]


class Engine:
    """A folder with a database, and what is started on it. Use as a context: leaving ends every process."""

    def __init__(self, folder: Path, *, log: Path | None = None, database: str = "", **settings: str) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        own = {name: value for name, value in os.environ.items() if not name.startswith(("ENGINE_", "DJANGO_"))}
        self.environment = {
            **own,
            "ENGINE_DATABASE_URL": database or f"sqlite:///{folder / 'engine.sqlite3'}",
            "ENGINE_USER": USER,
            "ENGINE_PASSWORD": PASSWORD,
            "ENGINE_CLIENT_ID": CLIENT_ID,
            "ENGINE_CLIENT_SECRET": CLIENT_SECRET,
            **({"ENGINE_LOG": str(log)} if log else {}),
            **settings,
        }
        self.session = requests.Session()
        self._processes: list[subprocess.Popen[bytes]] = []
        self._token = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "engine" / "manage.py"), *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, cwd=self.folder)
        assert done.returncode == 0 or not check, done.stderr
        return done

    def migrate(self) -> None:
        self.manage("migrate", "--verbosity", "0")

    def schedule(self, *definitions: Json) -> list[str]:
        """Ids of the assays scheduled."""
        asked = self.folder / "schedule.json"
        asked.write_text(json.dumps(definitions))
        return self.manage("schedule", str(asked)).stdout.split()

    def work_off(self) -> None:
        """Compute all that is due now."""
        self.manage("run_assays", "--once")

    def start_runner(self) -> subprocess.Popen[bytes]:
        return self._start([str(ROOT / "engine" / "manage.py"), "run_assays"], "runner.log")

    def serve(self) -> None:
        """Start the web server and wait until it answers."""
        options = ["--bind", f"127.0.0.1:{self.port}", "--threads", "4", "--no-control-socket", "--chdir", str(ROOT)]
        process = self._start(["-m", "gunicorn", *options, "engine.wsgi"], "web.log")
        deadline = time.monotonic() + 30
        while not self._answers():
            assert process.poll() is None, (self.folder / "web.log").read_text()
            assert time.monotonic() < deadline, (self.folder / "web.log").read_text()
            time.sleep(0.05)

    def token(self, **form: str) -> Answer:
        return _answer(self.session.post(self.url + TOKEN, data=form, timeout=30))

    def sign_in(self) -> str:
        """An access token of the account."""
        form = {"grant_type": "password", "client_id": "sdk-client", "username": USER, "password": PASSWORD}
        return str(self.token(**form).body["access_token"])

    def post(self, path: str, body: Json = None, *, token: str | None = None) -> Answer:
        """Call as the account; `body` may be bytes to be sent as they are."""
        if token is None:
            token = self._token = self._token or self.sign_in()
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return _answer(self.session.post(self.url + path, data=data, headers=headers, timeout=30))

    def ask(self, path: str, **body: Json) -> Json:
        """The body of an answer that must be 200."""
        answer = self.post(path, body)
        assert answer.status == 200, answer
        return answer.body

    def results(self, assay_id: str, **asked: Json) -> list[Json]:
        return list(self.ask("/v2/api/assays/get_results", id=assay_id, **asked))

    def _answers(self) -> bool:
        try:
            return self.session.get(self.url + "/v1/api/config", timeout=5).ok
        except requests.RequestException:
            return False

    def _start(self, arguments: Sequence[str], log: str) -> subprocess.Popen[bytes]:
        with (self.folder / log).open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                preexec_fn=die_with_parent() if sys.platform == "linux" else None,  # noqa: PLW1509
            )
        self._processes.append(process)
        return process


def _answer(response: requests.Response) -> Answer:
    return Answer(response.status_code, response.json(), response.headers)


def write_log(folder: Path, columns: str, rows: Sequence[Sequence[Any]], *, month: str = "2026-01") -> Path:
    """A log of one partition; `columns` as SQL declares them, after time, model and partition."""
    target = folder / "log" / f"month={month}"
    target.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f'CREATE TABLE log (time TIMESTAMP, model VARCHAR, "partition" VARCHAR, {columns})')
        marks = ", ".join("?" for _ in rows[0])
        connection.executemany(f"INSERT INTO log VALUES ({marks})", rows)
        connection.execute(f"COPY (SELECT * FROM log ORDER BY time) TO '{target / 'log.parquet'}' (FORMAT parquet)")
    return folder / "log"


def asked(name: str, field: str, *, baseline: Json, first_run: datetime, **changes: Json) -> Json:
    """A schedule request: hourly windows of one field, PSI on three quantile bins, unless changed."""
    origin = {"pipeline_name": "p", "pipeline_id": 7, "workspace_name": "w", "workspace_id": 3}
    return {
        "name": name,
        "baseline": baseline,
        "scheduling": {
            "first_run": first_run.isoformat(),
            "run_frequency": {"SimpleRunFrequency": {"quantity": 1, "unit": "Hour"}},
        },
        "window": {"width": {"seconds": 3600}},
        "summarizer": {
            "UnivariateContinuous": {"bin_mode": {"Quantile": 3}, "aggregation": "Density", "metric": "PSI"}
        },
        "targeting": {
            "data_origin": origin,
            "iopath": [{"field": field, "thresholds": {"warning": 0.1, "alert": 0.25}}],
        },
        **changes,
    }
