"""Calls the vendor's client to the stand before a real engine; where no Python fits it, says loudly that it was not
heard.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.support.engine import PASSWORD, PSI, ROOT, USER, Engine, Json, asked
from tests.witness.environment import FITTING, NotInstalled, find_interpreter, installed

CLIENT = Path(__file__).with_name("client.py")
LOG = ROOT / "engine" / "data" / "log"
DAY = timedelta(days=1)
HEARD = 40
"""How many results of an assay the client is asked about."""

SWITCHED = "Humidity, two weeks"
OF_DEMONSTRATION = (
    "Delay probability",
    "Delay probability · live",
    "Delay probability, likely late",
    "Delay probability, trial of deciles",
    "Departure delay, hourly",
    "Flight inputs",
    "Gust factor",
    "Route distance · LGA",
    "Scheduled hour",
    "Visibility",
)
NOT_HEARD = pytest.StashKey[int]()


@dataclass(frozen=True)
class Hearing:
    """What the client saw, beside what the engine says by plain HTTP; assays by name."""

    engine: Engine
    testimony: Json
    assays: dict[str, Json]
    spans: dict[str, tuple[str, str]]

    def results(self, name: str) -> list[Json]:
        """Those the client asked for, newest first."""
        start, end = self.spans[name]
        return self.engine.results(self.id(name), start=start, end=end)

    def next_run(self, name: str) -> Json:
        return self.engine.ask("/v2/api/assays/get_next_run", assay_id=self.id(name))

    def typed(self, endpoint: str, name: str) -> Json:
        """What the typed models made of an answer."""
        return self.testimony["typed"][endpoint][self.id(name)]

    def whole(self, name: str) -> Json:
        """What `wallaroo.Client` made of an assay's results."""
        return self.testimony["results"][self.id(name)]

    def id(self, name: str) -> str:
        return str(self.assays[name]["id"])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """After the choice by markers: a run that does not ask the witness looks for no Python."""
    asking = [item for item in items if "client_python" in getattr(item, "fixturenames", ())]
    if asking and find_interpreter() is None:
        config.stash[NOT_HEARD] = len(asking)
        config.hook.pytest_deselected(items=asking)
        items[:] = [item for item in items if item not in asking]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if unheard := config.stash.get(NOT_HEARD, 0):
        terminalreporter.section("THE WITNESS WAS NOT HEARD", sep="!", red=True, bold=True)
        terminalreporter.write_line(
            f"{unheard} tests ask the vendor's own client, whose packages exist for Python {', '.join(FITTING)} alone; "
            "install one of these and run them again.",
            red=True,
        )


@pytest.fixture(scope="session")
def client_python() -> Path:
    interpreter = find_interpreter()
    assert interpreter is not None
    try:
        return installed(interpreter)
    except NotInstalled as failure:
        pytest.fail(str(failure), pytrace=False)


@pytest.fixture(scope="session")
def engine(client_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The demonstration's year, and besides it every kind of assay that it does not have."""
    folder = tmp_path_factory.mktemp("witness")
    with Engine(folder, log=log_with_a_list(folder), ENGINE_TOKEN_SECONDS="3600") as engine:
        engine.migrate()
        engine.manage("demonstrate")
        engine.schedule(*others().values())
        engine.work_off()
        engine.serve()
        yield engine


@pytest.fixture(scope="session")
def hearing(engine: Engine, client_python: Path) -> Hearing:
    assays = {assay["name"]: assay for assay in engine.ask("/v2/api/assays/get", active="All")}
    spans = {name: span(engine, assays[name]["id"]) for name in (*OF_DEMONSTRATION, *others())}
    plan = {
        "url": engine.url,
        "spans": {assays[name]["id"]: bounds for name, bounds in spans.items()},
        "switched": assays[SWITCHED]["id"],
        "workspace": workspace(assays[SWITCHED]),
    }
    testimony = ask_client(client_python, plan, engine.folder)
    switched_back = {assay["name"]: assay for assay in engine.ask("/v2/api/assays/get", active="All")}
    return Hearing(engine, testimony, switched_back, spans)


def log_with_a_list(folder: Path) -> Path:
    """The bundled log, with two of its fields also as a list."""
    target = folder / "log"
    with duckdb.connect() as connection:
        rows = f'SELECT *, ["in.hour", "in.distance"] AS "in.pair" FROM read_parquet(\'{LOG}/*/*.parquet\')'
        connection.execute(f"COPY ({rows} ORDER BY time) TO '{target}' (FORMAT parquet, PARTITION_BY (month))")
    return target


def others() -> dict[str, Json]:
    """Hourly assays of the last two days; their baselines are the week before, or values."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    week = {"Static": [(now - 9 * DAY).isoformat(), (now - 2 * DAY).isoformat()]}
    values = {"Vector": [187.0, 529.0, None, 872.0, 1389.0]}

    def hourly(name: str, field: str = "in.distance", baseline: Json = week, **changes: Json) -> Json:
        return asked(name, field, baseline=baseline, first_run=now - 2 * DAY, **changes)

    def paths(*paths: Json) -> Json:
        return {"targeting": hourly("")["targeting"] | {"iopath": list(paths)}}

    def psi(**changes: Json) -> Json:
        return {"summarizer": {"UnivariateContinuous": PSI | changes}}

    nowhere = hourly("")["targeting"]["data_origin"] | {"locations": ["nowhere"]}
    later = hourly("")["scheduling"] | {"first_run": "2099-01-01T00:00:00+05:30"}
    definitions = [
        hourly("one of a list", **paths({"field": "in.pair", "indexes": [1]})),
        hourly("no thresholds", **paths({"field": "in.distance"})),
        hourly("one bin", **psi(bin_mode="None")),
        hourly("explicit outliers", **psi(bin_mode={"QuantileWithExplicitOutliers": 4})),
        hourly("cumulative", **psi(aggregation="Cumulative")),
        hourly("own edges", **psi(aggregation="Edges")),
        hourly("from values", baseline=values),
        hourly("failing in part", baseline=values, **paths({"field": "in.distance"}, {"field": "in.gust_factor"})),
        hourly("without rows", baseline=values, targeting=hourly("")["targeting"] | {"data_origin": nowhere}),
        hourly("yet to run", scheduling=later),
    ]
    return {definition["name"]: definition for definition in definitions}


def workspace(assay: Json) -> int:
    return int(assay["targeting"]["data_origin"]["workspace_id"])


def span(engine: Engine, assay_id: str) -> tuple[str, str]:
    """From the oldest of the newest results up to the newest, which is left out; of an assay without any, two days."""
    ends = [result["window_end"] for result in engine.results(assay_id)[:HEARD]]
    now = datetime.now(UTC)
    return (ends[-1], ends[0]) if ends else ((now - 2 * DAY).isoformat(), now.isoformat())


def ask_client(python: Path, plan: Json, folder: Path) -> Json:
    """Run the client as anyone would, but for a home of its own and no proxy."""
    environment = {
        **os.environ,
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder),
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": str(python.parents[1]),
        "NO_PROXY": "127.0.0.1",
        "WALLAROO_USER": USER,
        "WALLAROO_PASSWORD": PASSWORD,
    }
    done = subprocess.run([python, CLIENT], input=json.dumps(plan), env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
