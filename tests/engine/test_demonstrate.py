"""The demonstration as it starts: seeded once, shifted by weeks, never rewritten."""

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from engine.demonstration import ASSAYS, midnight
from tests.support.engine import Engine, Json

pytestmark = pytest.mark.slow

NEXT_RUN = "/v2/api/assays/get_next_run"
WEEK = timedelta(weeks=1)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine(tmp_path_factory.mktemp("demonstration")) as engine:
        engine.migrate()
        engine.manage("demonstrate")
        engine.work_off()
        engine.serve()
        yield engine


@pytest.fixture(scope="module")
def shift(engine: Engine) -> timedelta:
    return timedelta(seconds=json.loads(engine.manage("replay").stdout)["shift_seconds"])


@pytest.fixture(scope="module")
def assays(engine: Engine) -> dict[str, Json]:
    return {assay["name"]: assay for assay in engine.ask("/v2/api/assays/get", active="All")}


def last_run(engine: Engine, assay: Json) -> datetime:
    return datetime.fromisoformat(engine.ask(NEXT_RUN, assay_id=assay["id"])["last_run"])


def test_now_is_a_day_of_mid_december_in_the_log(shift: timedelta) -> None:
    assert shift % WEEK == timedelta(0)
    assert midnight(12, 10) <= datetime.now(UTC) - shift < midnight(12, 17)


def test_seeding_again_changes_nothing(engine: Engine, shift: timedelta, assays: dict[str, Json]) -> None:
    said = engine.manage("demonstrate").stdout
    assert said == f"0 assays scheduled, {len(ASSAYS)} in all\n"
    assert timedelta(seconds=json.loads(engine.manage("replay").stdout)["shift_seconds"]) == shift
    again = {assay["name"]: assay for assay in engine.ask("/v2/api/assays/get", active="All")}
    assert again == assays


def test_every_assay_is_there_and_has_run_up_to_its_last_due_window(
    engine: Engine, assays: dict[str, Json], shift: timedelta
) -> None:
    assert set(assays) == {assay.name for assay in ASSAYS}
    for assay in ASSAYS:
        if assay.held or assay.switched_off or assay.end:
            continue
        period = assay.frequency.period
        assert timedelta(0) <= datetime.now(UTC) - last_run(engine, assays[assay.name]) <= period + timedelta(minutes=2)


def test_january_is_the_baseline(assays: dict[str, Json], shift: timedelta) -> None:
    summary = assays["Route distance"]["baseline"]["Summary"]["in.distance"]
    assert summary["statistics"]["count"] == 27_004
    assert datetime.fromisoformat(summary["start"]) - shift == midnight(1, 1)


def test_the_minute_assay_starts_two_days_before(engine: Engine, assays: dict[str, Json]) -> None:
    found = engine.results(assays["Delay probability · live"]["id"])
    assert len(found) >= 2_880
    ends = [datetime.fromisoformat(result["window_end"]) for result in found]
    assert all(later - earlier == timedelta(minutes=1) for later, earlier in itertools.pairwise(ends))


def test_one_is_held_one_switched_off_one_ended_and_one_fails(
    engine: Engine, assays: dict[str, Json], shift: timedelta
) -> None:
    for assay in ASSAYS:
        stopped = assay.held or assay.switched_off or assay.end
        if stopped:
            assert last_run(engine, assays[assay.name]) == stopped + shift
    held = engine.ask(NEXT_RUN, assay_id=assays["Visibility"]["id"])
    assert datetime.fromisoformat(held["next_run"]) < datetime.now(UTC)
    assert assays["Visibility"]["active"]
    assert [name for name, assay in assays.items() if not assay["active"]] == ["Route distance · LGA"]
    failed = engine.results(assays["Gust factor"]["id"])
    assert {result["scores"]["in.gust_factor"] for result in failed} == {"the log has no field in.gust_factor"}


def test_hours_of_the_night_have_no_data(engine: Engine, assays: dict[str, Json]) -> None:
    assay_id = assays["Departure delay, hourly"]["id"]
    everything, listed = (len(engine.results(assay_id, debug=flag)) for flag in (True, False))
    assert 0.75 < listed / everything < 0.9
