"""The API over HTTP, quirk by quirk, as the vendor's documents and client say it is."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assays import wire
from tests.engine.conftest import HOUR, Stage
from tests.support.engine import Json

GET = "/v2/api/assays/get"
GET_ONE = "/v2/api/assays/get/:id"
RESULTS = "/v2/api/assays/get_results"
NEXT_RUN = "/v2/api/assays/get_next_run"
SET_ACTIVE = "/v2/api/assays/set_active"
FEATURES = "/v1/api/features/list"
EVERY = (GET, GET_ONE, RESULTS, NEXT_RUN, SET_ACTIVE, FEATURES)
UNKNOWN = "00000000-0000-4000-8000-000000000000"
RESULT_FIELDS = set(wire.Result.__struct_fields__)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def listed(stage: Stage, **asked: Json) -> set[str]:
    return {assay["name"] for assay in stage.engine.ask(GET, **asked)}


def test_features_are_told_to_a_request_without_a_body(stage: Stage) -> None:
    answer = stage.engine.post(FEATURES)
    assert answer.status == 200
    assert msgspec.convert(answer.body, wire.Features).is_auth_enabled
    assert set(answer.body["features"].values()) == {"true"}


def test_every_assay_is_listed_with_all_its_fields(stage: Stage) -> None:
    answered = stage.engine.ask(GET, active="All")
    assert {assay["name"] for assay in answered} == set(stage.ids)
    for assay in msgspec.convert(answered, list[wire.Assay]):
        assert UUID(assay.id)
        assert assay.baseline.summary is not None
        assert assay.summarizer.univariate is not None


def test_assays_are_chosen_by_activity_pipeline_and_workspace(stage: Stage) -> None:
    assert listed(stage, active="InactiveOnly") == set()
    assert listed(stage, active="ActiveOnly") == set(stage.ids)
    assert listed(stage, active="All", workspace_id=99) == {"elsewhere"}
    assert listed(stage, active="All", pipeline_name="other") == {"elsewhere"}
    assert listed(stage, active="All", pipeline_name="other", workspace_id=3) == set()
    assert listed(stage, active="All", pipeline_name=None, workspace_id=None) == set(stage.ids)


def test_one_assay_is_read_by_a_literal_path_and_an_id_in_the_body(stage: Stage) -> None:
    one = stage.engine.ask(GET_ONE, id=stage.ids["plain"])
    assert one in stage.engine.ask(GET, active="All")
    assert stage.engine.ask("/v2/api/assays/get/%3Aid", id=stage.ids["plain"]) == one


def test_what_clients_need_to_be_null_or_an_object_is(stage: Stage) -> None:
    several = stage.engine.ask(GET_ONE, id=stage.ids["several"])
    paths = several["targeting"]["iopath"]
    assert [path["indexes"] for path in paths] == [None, [1], None]
    assert [path["thresholds"]["alert"] for path in paths] == [None, None, None]
    assert several["scheduling"]["end"] is None
    assert set(several["baseline"]["Summary"]) == {"in.a", "in.list.1", "out.p"}


def test_the_first_run_is_the_posted_time_plus_the_width_in_its_own_offset(stage: Stage) -> None:
    future = stage.engine.ask(GET_ONE, id=stage.ids["future"])
    assert future["scheduling"]["first_run"] == "2099-01-01T01:00:00+05:30"


def test_results_are_the_vendors_message_and_nothing_more(stage: Stage) -> None:
    for result in stage.engine.results(stage.ids["plain"]):
        assert set(result) == RESULT_FIELDS
        assert result["assay_id"] == stage.ids["plain"]
        assert isinstance(result["id"], int)
        assert result["status"] in {"Ok", "Warning", "Alert"}
        assert isinstance(result["scores"]["in.a"]["score"], float)
        summary = result["summaries"]["in.a"]
        assert (summary["start"], summary["end"]) == (result["window_start"], result["window_end"])
        assert len(summary["bins"]["edges"]) == len(summary["bins"]["labels"]) == len(summary["aggregated_values"]) == 3
        assert summary["bins"]["edges"][-1] == "INFINITY"


def test_every_result_has_an_id_of_its_own(stage: Stage) -> None:
    found = [result["id"] for assay_id in stage.ids.values() for result in stage.engine.results(assay_id, debug=True)]
    assert len(set(found)) == len(found) > 300


def test_results_come_newest_first(stage: Stage) -> None:
    ends = [moment(result["window_end"]) for result in stage.engine.results(stage.ids["plain"])]
    assert ends == sorted(ends, reverse=True)
    assert ends[0] == stage.now


def test_start_is_included_and_end_is_not(stage: Stage) -> None:
    start, end = stage.now - 3 * HOUR, stage.now - HOUR
    found = stage.engine.results(stage.ids["overlapping"], debug=True, start=start.isoformat(), end=end.isoformat())
    assert [moment(result["window_end"]) for result in found] == [end - HOUR, start]


def test_a_bound_may_have_any_offset(stage: Stage) -> None:
    there = stage.now.astimezone(datetime.fromisoformat("2026-01-01T00:00:00-07:00").tzinfo)
    found = stage.engine.results(stage.ids["plain"], start=there.isoformat(), debug=True)
    assert [moment(result["window_end"]) for result in found] == [stage.now]


def test_another_workspace_has_no_results_of_this_assay(stage: Stage) -> None:
    assert stage.engine.results(stage.ids["plain"], workspace_id=4) == []
    assert stage.engine.results(stage.ids["plain"], workspace_id=3) == stage.engine.results(
        stage.ids["plain"], workspace_id=None
    )


def test_runs_without_rows_are_shown_to_debug_alone(stage: Stage) -> None:
    plain, debug = (stage.engine.results(stage.ids["plain"], debug=flag) for flag in (False, True))
    empty = [result for result in debug if result not in plain]
    assert len(debug) == 48
    assert {moment(result["window_end"]).hour for result in empty} <= {4}
    assert empty
    for result in empty:
        assert result["scores"] == {"in.a": "no rows in the window"}
        assert (result["summaries"], result["status"]) == ({}, "Ok")


@pytest.mark.parametrize(
    ("name", "text"),
    [("missing", "the log has no field in.none"), ("text", "the field in.text is VARCHAR, not a number")],
)
def test_failed_runs_are_listed_with_their_error_text(stage: Stage, name: str, text: str) -> None:
    found = stage.engine.results(stage.ids[name])
    assert found == stage.engine.results(stage.ids[name], debug=True)
    assert len(found) == 48
    for result in found:
        assert set(result["scores"].values()) == {text}
        assert (result["summaries"], result["status"]) == ({}, "Ok")


def test_several_fields_have_a_score_each_and_the_worst_status(stage: Stage) -> None:
    for result in stage.engine.results(stage.ids["several"]):
        assert set(result["scores"]) == set(result["summaries"]) == {"in.a", "in.list.1", "out.p"}
        assert result["status"] == "Warning"
        assert (result["warning_threshold"], result["alert_threshold"]) == (None, None)


def test_only_max_diff_names_a_bin(stage: Stage) -> None:
    for name, named in (("plain", False), ("max", True)):
        scores = [result["scores"]["in.a"] for result in stage.engine.results(stage.ids[name])]
        assert {score["bin_index"] is not None for score in scores} == {named}


def test_the_thresholds_of_the_one_field_stand_in_the_result(stage: Stage) -> None:
    for result in stage.engine.results(stage.ids["plain"]):
        score = result["scores"]["in.a"]["score"]
        expected = "Alert" if score >= 0.25 else "Warning" if score >= 0.1 else "Ok"
        assert (result["warning_threshold"], result["alert_threshold"], result["status"]) == (0.1, 0.25, expected)


def test_times_end_in_z_without_needless_decimals(stage: Stage) -> None:
    result = stage.engine.results(stage.ids["plain"])[0]
    assert result["window_end"] == f"{stage.now:%Y-%m-%dT%H:%M:%SZ}"
    assert result["created_at"].endswith("Z")


def test_a_model_and_partitions_limit_the_rows(stage: Stage) -> None:
    alone = sum(
        result["summaries"]["in.a"]["statistics"]["count"] for result in stage.engine.results(stage.ids["west of m1"])
    )
    everything = sum(
        result["summaries"]["in.a"]["statistics"]["count"] for result in stage.engine.results(stage.ids["plain"])
    )
    assert alone == pytest.approx(everything / 6, abs=2)


def test_next_run_is_one_period_after_the_last(stage: Stage) -> None:
    answered = stage.engine.ask(NEXT_RUN, assay_id=stage.ids["plain"])
    assert (moment(answered["last_run"]), moment(answered["next_run"])) == (stage.now, stage.now + HOUR)


def test_an_assay_that_never_ran_runs_first_at_its_first_run(stage: Stage) -> None:
    answered = stage.engine.ask(NEXT_RUN, assay_id=stage.ids["future"])
    assert answered["last_run"] is None
    assert moment(answered["next_run"]) == moment("2099-01-01T01:00:00+05:30")


def test_next_run_is_not_null_because_the_end_has_passed(stage: Stage) -> None:
    answered = stage.engine.ask(NEXT_RUN, assay_id=stage.ids["ended"])
    end = stage.now - 43 * HOUR
    assert (moment(answered["last_run"]), moment(answered["next_run"])) == (end, end + HOUR)


def test_switched_off_an_assay_keeps_its_last_run_and_has_no_next(stage: Stage) -> None:
    assay_id = stage.ids["max"]
    before = stage.engine.ask(GET_ONE, id=assay_id)
    answer = stage.engine.post(SET_ACTIVE, {"assay_id": assay_id, "active": False})
    assert (answer.status, answer.body) == (200, None)
    after = stage.engine.ask(GET_ONE, id=assay_id)
    assert not after["active"]
    assert moment(after["updated_at"]) > moment(before["updated_at"])
    assert stage.engine.ask(NEXT_RUN, assay_id=assay_id) == {
        "last_run": f"{stage.now:%Y-%m-%dT%H:%M:%SZ}",
        "next_run": None,
    }
    assert listed(stage, active="InactiveOnly") == {"max"}
    stage.engine.ask(SET_ACTIVE, assay_id=assay_id, active=True)
    assert listed(stage, active="InactiveOnly") == set()


def test_unknown_fields_of_a_request_are_ignored(stage: Stage) -> None:
    assert stage.engine.ask(GET, active="All", colour="red", nested={"a": [None]})


@pytest.mark.parametrize("path", EVERY)
@pytest.mark.parametrize("token", ["", "nonsense", "a.b.c"])
def test_without_a_valid_token_nothing_is_answered(stage: Stage, path: str, token: str) -> None:
    answer = stage.engine.post(path, {}, token=token)
    assert answer.status == 401
    assert answer.body["field"] == "Authorization"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_path_that_does_not_exist_is_told_in_json(stage: Stage) -> None:
    assert stage.engine.post("/v2/api/assays/nothing", {}).status == 404


@pytest.mark.parametrize("path", EVERY)
def test_only_post_is_answered(stage: Stage, path: str) -> None:
    answer = stage.engine.session.get(stage.engine.url + path, timeout=10)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert "error" in answer.json()


@pytest.mark.parametrize(
    ("path", "field"), [(GET_ONE, "id"), (RESULTS, "id"), (NEXT_RUN, "assay_id"), (SET_ACTIVE, "assay_id")]
)
@pytest.mark.parametrize("text", [UNKNOWN, "", "42", "x" * 10_000, "<script>", "\x00", "\ud83d\ude00"])
def test_an_unknown_id_is_404_and_names_its_field(stage: Stage, path: str, field: str, text: str) -> None:
    answer = stage.engine.post(path, {field: text, "active": True})
    assert (answer.status, answer.body) == (404, {"error": "no assay has this id", "field": field})


BAD: list[tuple[str, Json, int, str]] = [
    (GET, {}, 422, "active"),
    (GET, {"active": "all"}, 422, "active"),
    (GET, {"active": True}, 422, "active"),
    (GET, {"active": "All", "workspace_id": "3"}, 422, "workspace_id"),
    (GET, {"active": "All", "workspace_id": 1.5}, 422, "workspace_id"),
    (GET, {"active": "All", "pipeline_name": 7}, 422, "pipeline_name"),
    (GET_ONE, {"id": None}, 422, "id"),
    (GET_ONE, {"assay_id": UNKNOWN}, 422, "id"),
    (RESULTS, {"id": UNKNOWN, "start": "yesterday"}, 422, "start"),
    (RESULTS, {"id": UNKNOWN, "start": "2026-01-01T00:00:00"}, 422, "start"),
    (RESULTS, {"id": UNKNOWN, "end": 5}, 422, "end"),
    (RESULTS, {"id": UNKNOWN, "debug": "yes"}, 422, "debug"),
    (NEXT_RUN, {"id": UNKNOWN}, 422, "assay_id"),
    (SET_ACTIVE, {"assay_id": UNKNOWN, "active": "no"}, 422, "active"),
    (SET_ACTIVE, {"assay_id": UNKNOWN}, 422, "active"),
    (GET, [], 422, "body"),
    (GET, "All", 422, "body"),
    (GET, b"{", 400, "body"),
    (GET, b'{"active": "All"} x', 400, "body"),
    (GET, b'{"active": NaN}', 400, "body"),
    (GET, b"\xff\xfe", 400, "body"),
    (GET, b'{"active": "\xff"}', 400, "body"),
    (GET, b'{"active": "All", "deep": ' + b"[" * 100_000, 400, "body"),
    (GET, b'{"active": "All", "x": "' + b"y" * 3_000_000 + b'"}', 413, "body"),
    (GET_ONE, b'{"id": "\\ud800"}', 400, "body"),
]


@pytest.mark.parametrize(("path", "body", "status", "field"), BAD)
def test_bad_input_is_told_by_field(stage: Stage, path: str, body: Json, status: int, field: str) -> None:
    answer = stage.engine.post(path, body)
    assert (answer.status, answer.body["field"]) == (status, field)
    assert 0 < len(answer.body["error"]) <= 200


@pytest.mark.parametrize("number", [10**30, -(10**30), 2**63])
def test_a_workspace_beyond_all_numbers_is_empty_or_refused(stage: Stage, number: int) -> None:
    assert stage.engine.post(GET, {"active": "All", "workspace_id": number}).status in {200, 422}


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_bound_before_or_after_all_time_is_refused(stage: Stage, text: str) -> None:
    answer = stage.engine.post(RESULTS, {"id": stage.ids["plain"], "start": text})
    assert (answer.status, answer.body["field"]) == (422, "start")


@pytest.mark.parametrize("name", ["", "x" * 10_000, "'; DROP TABLE", "\x00", "<b>", "\u202e"])
def test_a_hostile_pipeline_name_finds_nothing(stage: Stage, name: str) -> None:
    assert listed(stage, active="All", pipeline_name=name) == set()


def test_the_configuration_is_told_without_a_token(stage: Stage) -> None:
    answer = stage.engine.session.get(stage.engine.url + "/v1/api/config", timeout=10)
    assert answer.status_code == 200
    assert isinstance(answer.json(), dict)


def test_elapsed_time_leads_from_creation_to_the_last_update(stage: Stage) -> None:
    result = stage.engine.results(stage.ids["plain"])[0]
    created, updated = moment(result["created_at"]), moment(result["updated_at"])
    assert updated - created == timedelta(milliseconds=result["elapsed_millis"])
    assert updated <= datetime.now(UTC)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("id", "assay_id", "active", "pipeline_name", "workspace_id", "start", "end", "debug")


@settings(max_examples=150, deadline=None)
@given(
    path=st.sampled_from(EVERY), body=st.dictionaries(st.sampled_from(FIELDS), ANYTHING) | ANYTHING, real=st.booleans()
)
def test_whatever_is_asked_the_answer_is_json_and_no_failure(stage: Stage, path: str, body: Json, real: bool) -> None:
    if real and isinstance(body, dict):
        body |= {"id": stage.ids["ended"], "assay_id": stage.ids["ended"]}
    answer = stage.engine.post(path, body)
    assert answer.status in {200, 400, 404, 422}
    assert answer.status == 200 or set(answer.body) == {"error", "field"}
