"""The generated models of the vendor's client: every answer fits them, and nothing of it is lost."""

import re
from datetime import datetime

import pytest

from tests.support.engine import Json
from tests.witness.conftest import OF_DEMONSTRATION, SWITCHED, Hearing, others

pytestmark = pytest.mark.witness

TIME = re.compile(r"\d{4}-\d\d-\d\dT")


def meant(message: Json) -> Json:
    """A message without what may be null or absent, its times as times."""
    if isinstance(message, dict):
        return {key: meant(value) for key, value in message.items() if value is not None}
    if isinstance(message, list):
        return [meant(each) for each in message]
    if isinstance(message, str) and TIME.match(message):
        return datetime.fromisoformat(message)
    return message


def understood(hearing: Json) -> Json:
    """What the models made of an answer, all of which they must know."""
    assert (hearing["status"], hearing["lost"]) == (200, [])
    return meant(hearing["said"])


def test_features_are_understood(hearing: Hearing) -> None:
    features = understood(hearing.testimony["typed"]["features"])
    assert features == hearing.engine.ask("/v1/api/features/list")


def test_every_assay_is_understood(hearing: Hearing) -> None:
    for name, assay in hearing.assays.items():
        assert understood(hearing.typed("get_by_id", name)) == meant(assay)


@pytest.mark.parametrize("active", ["All", "ActiveOnly", "InactiveOnly"])
def test_assays_are_listed_by_activity(hearing: Hearing, active: str) -> None:
    listed = understood(hearing.testimony["typed"]["get"][active])
    assert listed == meant(hearing.engine.ask("/v2/api/assays/get", active=active))
    assert {assay["active"] for assay in listed} == {"All": {True, False}, "ActiveOnly": {True}}.get(active, {False})


def test_next_runs_are_understood(hearing: Hearing) -> None:
    for name in hearing.assays:
        assert understood(hearing.typed("get_next_run", name)) == meant(hearing.next_run(name))


@pytest.mark.parametrize("name", [*OF_DEMONSTRATION, *others()])
def test_results_are_understood(hearing: Hearing, name: str) -> None:
    assert understood(hearing.typed("get_results", name)) == meant(hearing.results(name))


def test_a_span_begins_with_its_start_and_ends_before_its_end(hearing: Hearing) -> None:
    start, end = map(datetime.fromisoformat, hearing.spans["Delay probability"])
    ends = [result["window_end"] for result in understood(hearing.typed("get_results", "Delay probability"))]
    assert len(ends) == 39
    assert ends[-1] == start
    assert max(ends) < end


def test_a_paused_assay_has_no_next_run_and_an_ended_one_has(hearing: Hearing) -> None:
    paused = understood(hearing.typed("get_next_run", "Route distance · LGA"))
    ended = understood(hearing.typed("get_next_run", "Delay probability, trial of deciles"))
    assert set(paused) == {"last_run"}
    assert set(ended) == {"last_run", "next_run"}


def test_an_assay_that_never_ran_has_a_next_run_alone(hearing: Hearing) -> None:
    assert set(understood(hearing.typed("get_next_run", "yet to run"))) == {"next_run"}


def test_a_failed_run_is_a_text_where_a_score_would_be(hearing: Hearing) -> None:
    results = understood(hearing.typed("get_results", "Gust factor"))
    assert results
    for result in results:
        assert list(result["scores"]) == ["in.gust_factor"]
        assert isinstance(result["scores"]["in.gust_factor"], str)
        assert (result["summaries"], result["status"]) == ({}, "Ok")


def test_switching_is_answered_with_null_and_seen_by_a_reread(hearing: Hearing) -> None:
    switched = hearing.testimony["switched"]
    assert [step["answer"] for step in switched] == [False, True, "null", "null"]
    assert [step["active"] for step in switched] == [False, True, False, True]
    assert [step["next_run"] is None for step in switched] == [True, False, True, False]


def test_every_switch_moves_updated_at(hearing: Hearing) -> None:
    moments = [datetime.fromisoformat(step["updated_at"]) for step in hearing.testimony["switched"]]
    assert moments == sorted(set(moments))
    assert moments[-1] == datetime.fromisoformat(hearing.assays[SWITCHED]["updated_at"])


def test_a_strangers_token_and_an_unknown_assay_are_refused(hearing: Hearing) -> None:
    assert (hearing.testimony["refused"]["token"], hearing.testimony["refused"]["assay"]) == (401, 404)
