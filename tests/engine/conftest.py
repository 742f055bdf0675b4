"""One engine for many tests: a small log of the last days, and assays of every kind the API tells apart."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import sin

import pytest

from tests.support.engine import PSI, Engine, Json, asked, write_log

HOUR = timedelta(hours=1)
COLUMNS = '"in.a" DOUBLE, "in.list" DOUBLE[], "in.text" VARCHAR, "out.p" FLOAT'


@dataclass(frozen=True)
class Stage:
    """The engine, the hour its log ends with, and its assays by name."""

    engine: Engine
    now: datetime
    ids: dict[str, str]


def rows(start: datetime, until: datetime) -> list[tuple[object, ...]]:
    """One in ten minutes but none in the hours from 3 to 5; every seventh value is null, every eleventh NaN."""
    out: list[tuple[object, ...]] = []
    moment = start
    while moment < until:
        moment += timedelta(minutes=10)
        n = len(out)
        a = None if n % 7 == 0 else float("nan") if n % 11 == 0 else sin(n) * (1 + n / 500)
        if not 3 <= moment.hour < 5:
            model, partition = ("m1", "m2")[n % 2], ("east", "west", "north")[n % 3]
            out.append((moment.replace(tzinfo=None), model, partition, a, [float(n), n / 2], "x", n / 1000))
    return out


def definitions(now: datetime) -> dict[str, Json]:
    baseline = {"Static": [(now - 72 * HOUR).isoformat(), (now - 48 * HOUR).isoformat()]}
    first = now - 48 * HOUR

    def hourly(name: str, field: str = "in.a", **changes: Json) -> Json:
        return asked(name, field, baseline=baseline, first_run=first, **changes)

    def origin(**changes: Json) -> Json:
        plain = hourly("")["targeting"]
        return {"targeting": {**plain, "data_origin": {**plain["data_origin"], **changes}}}

    several = hourly("")["targeting"] | {
        "iopath": [
            {"field": "in.a", "indexes": [], "thresholds": {"warning": 0.0, "alert": None}},
            {"field": "in.list", "indexes": [1]},
            {"field": "out.p"},
        ]
    }
    vector = {"Vector": [0.1, None, 0.5, 0.9]}
    return {
        "plain": hourly("plain"),
        "missing": asked("missing", "in.none", baseline=vector, first_run=first),
        "text": asked("text", "in.text", baseline=vector, first_run=first),
        "several": hourly("several", targeting=several),
        "elsewhere": hourly("elsewhere", **origin(workspace_id=99, pipeline_name="other")),
        "west of m1": hourly("west of m1", **origin(model_id="m1", locations=["west"])),
        "overlapping": hourly("overlapping", window={"width": {"seconds": 3 * 3600}}),
        "max": hourly("max", summarizer={"UnivariateContinuous": PSI | {"metric": "MaxDiff"}}),
        "future": hourly("future", scheduling=hourly("")["scheduling"] | {"first_run": "2099-01-01T00:00:00+05:30"}),
        "ended": hourly("ended", scheduling=hourly("")["scheduling"] | {"end": (first + 5 * HOUR).isoformat()}),
    }


def this_hour() -> datetime:
    """The hour that has begun, once it is sure to last until the assays have run."""
    now = datetime.now(UTC)
    left = HOUR - (now - now.replace(minute=0, second=0, microsecond=0))
    if left < timedelta(minutes=1):
        time.sleep(left.total_seconds())
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("engine")
    now = this_hour()
    log = write_log(folder, COLUMNS, rows(now - 72 * HOUR, now))
    with Engine(folder, log=log, ENGINE_REPLAY="false") as engine:
        engine.migrate()
        named = definitions(now)
        ids = dict(zip(named, engine.schedule(*named.values()), strict=True))
        engine.work_off()
        engine.serve()
        yield Stage(engine, now, ids)
