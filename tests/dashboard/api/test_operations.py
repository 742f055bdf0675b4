"""The Assays V2 API from the cache: equal to upstream's answers, never short, and upstream's where it is not whole."""

from __future__ import annotations

import gzip
import json
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.http import StreamingHttpResponse
from django.utils import timezone

from assays.errors import Unavailable
from assays.models import Assay, Result, Upstream, UpstreamError
from dashboard.api import asking
from tests.dashboard.api.conftest import FEATURES, GET, LIST, NEXT_RUN, RESULTS, Grant, Program, content, said
from tests.dashboard.conftest import HOUR, Fill
from tests.support import messages
from tests.support.messages import runs
from tests.support.upstream import Reply, as_json
from tests.support.upstream import Upstream as Served

pytestmark = pytest.mark.django_db(transaction=True)

STRANGER = str(UUID(int=99))


def asked(row: Assay, **changes: Any) -> dict[str, Any]:
    return {"id": str(row.pk), "workspace_id": None} | changes


def stop(served: Served) -> None:
    """Upstream is down, and the monitor knows."""
    served.misbehave.append(lambda *_: Reply(hang_up=True))
    Upstream.objects.update(reachable=False, since=datetime(2026, 7, 1, 8, tzinfo=UTC), last_error="it hangs up")


def test_results_are_upstreams_own_newest_first(filled: Assay, viewer: Program, served: Served) -> None:
    answer = viewer.post(RESULTS, asked(filled))
    assert answer.headers["X-Driftline-Source"] == "cache"
    assert said(answer) == list(reversed(served.results[str(filled.pk)]))
    assert not served.calls


def test_keys_that_no_type_knows_are_kept(fill: Fill, viewer: Program, served: Served) -> None:
    row = fill([0.1])
    served.results[str(row.pk)][0] |= {"later_version": {"deep": [1, None]}, "updated_at": "2027-01-01T00:00:00Z"}
    fresh = viewer.post(RESULTS, asked(row), **{"Cache-Control": "no-cache"})
    assert said(fresh)[0]["later_version"] == {"deep": [1, None]}
    Result.objects.all().delete()
    Assay.objects.update(read_from=None, read_to=None, covered_from=None, covered_to=None, next_poll_at=timezone.now())
    fill([0.1], number=2)
    answer = viewer.post(RESULTS, asked(row))
    assert answer.headers["X-Driftline-Source"] == "cache"
    assert said(answer)[0]["later_version"] == {"deep": [1, None]}


def test_start_belongs_to_the_range_and_end_does_not(filled: Assay, viewer: Program, now: datetime) -> None:
    body = asked(filled, start=(now - 3 * HOUR).isoformat(), end=(now - HOUR).isoformat())
    ends = [datetime.fromisoformat(one["window_end"]) for one in said(viewer.post(RESULTS, body))]
    assert ends == [now - 2 * HOUR, now - 3 * HOUR]


@pytest.mark.parametrize(("path", "key"), [(GET, "id"), (NEXT_RUN, "assay_id")], ids=["an assay", "its runs"])
def test_one_assays_answers_are_kept_byte_for_byte(
    filled: Assay, viewer: Program, served: Served, path: str, key: str
) -> None:
    answer = viewer.post(path, {key: str(filled.pk)})
    assert answer.headers["X-Driftline-Source"] == "cache"
    truth = served.assays if path == GET else served.runs
    assert content(answer) == json.dumps(truth[str(filled.pk)]).encode()


@pytest.mark.parametrize(
    ("asks", "numbers"),
    [
        ({"active": "All"}, {1, 2}),
        ({"active": "ActiveOnly"}, {1}),
        ({"active": "InactiveOnly"}, {2}),
        ({"active": "All", "workspace_id": 2}, {2}),
        ({"active": "All", "pipeline_name": "no such"}, set()),
    ],
)
def test_the_list_is_filtered_as_upstream_does(
    fill: Fill, viewer: Program, asks: dict[str, Any], numbers: set[int]
) -> None:
    fill([0.1])
    fill([0.1], number=2, active=False, workspace=2, pipeline=9)
    answer = viewer.post(LIST, asks)
    assert answer.headers["X-Driftline-Source"] == "cache"
    assert {UUID(one["id"]).int for one in said(answer)} == numbers


def test_features_are_asked_once_and_then_kept(filled: Assay, viewer: Program, served: Served) -> None:
    assert viewer.post(FEATURES).headers["X-Driftline-Source"] == "upstream"
    Upstream.objects.update(
        features=b'{"features":{},"name":"kept","is_auth_enabled":true}', features_at=timezone.now()
    )
    assert said(viewer.post(FEATURES))["name"] == "kept"


@pytest.mark.parametrize(
    "changes",
    [
        {"debug": True},
        {"workspace_id": 4711},
    ],
    ids=["failed runs too", "another workspace"],
)
def test_what_the_cache_cannot_filter_is_asked_upstream(
    filled: Assay, viewer: Program, served: Served, changes: dict[str, Any]
) -> None:
    answer = viewer.post(RESULTS, asked(filled, **changes))
    assert answer.headers["X-Driftline-Source"] == "upstream"
    assert answer.headers["Age"] == "0"
    assert len(said(answer)) == 6
    assert served.bodies[-1][1] == asked(filled, start=None, end=None, debug=None) | changes


def test_a_range_before_what_is_kept_is_asked_upstream(
    filled: Assay, viewer: Program, served: Served, now: datetime
) -> None:
    Result.objects.filter(window_end__lte=now - 3 * HOUR).delete()
    Assay.objects.update(covered_from=now - 3 * HOUR, read_from=now - 3 * HOUR)
    answer = viewer.post(RESULTS, asked(filled, end=now.isoformat()))
    assert answer.headers["X-Driftline-Source"] == "upstream"
    assert len(said(answer)) == 5
    within = viewer.post(RESULTS, asked(filled, start=(now - 2 * HOUR).isoformat()))
    assert within.headers["X-Driftline-Source"] == "cache"
    assert len(said(within)) == 3


def test_a_range_with_an_unreadable_result_is_asked_upstream(fill: Fill, viewer: Program, served: Served) -> None:
    row = fill([0.1, 0.1, 0.1])
    served.results[str(row.pk)][1]["elapsed_millis"] = "soon"
    Result.objects.all().delete()
    Assay.objects.update(
        read_from=None, read_to=None, covered_from=None, covered_to=None, version=0, next_poll_at=timezone.now()
    )
    fill([0.1], number=2)
    answer = viewer.post(RESULTS, asked(row))
    assert answer.headers["X-Driftline-Source"] == "upstream"
    assert said(answer)[1]["elapsed_millis"] == "soon"


def test_a_poll_that_does_not_come_sends_open_ranges_upstream(
    filled: Assay, viewer: Program, served: Served, now: datetime
) -> None:
    Assay.objects.update(next_poll_at=now - timedelta(minutes=5))
    served.results[str(filled.pk)].append(messages.result(served.assays[str(filled.pk)], now + HOUR, 0.1))
    assert len(said(viewer.post(RESULTS, asked(filled)))) == 7
    closed = viewer.post(RESULTS, asked(filled, end=now.isoformat()))
    assert closed.headers["X-Driftline-Source"] == "cache"


def test_runs_that_may_have_moved_are_asked_upstream(filled: Assay, viewer: Program, served: Served) -> None:
    Assay.objects.update(next_poll_at=timezone.now())
    served.runs[str(filled.pk)] = runs(None, None)
    assert said(viewer.post(NEXT_RUN, {"assay_id": str(filled.pk)})) == {"last_run": None, "next_run": None}


def test_a_list_that_held_an_unreadable_assay_is_asked_upstream(filled: Assay, viewer: Program, served: Served) -> None:
    at = Upstream.objects.get().last_listed_at
    assert at
    UpstreamError.objects.create(endpoint=LIST, text="id: missing", first_at=at, last_at=at)
    served.assays["odd"] = {"name": "no id"}
    answer = viewer.post(LIST, {"active": "All"})
    assert answer.headers["X-Driftline-Source"] == "upstream"
    assert {"name": "no id"} in said(answer)


def test_an_assay_that_upstream_does_not_know_is_refused_in_its_words(filled: Assay, viewer: Program) -> None:
    answer = viewer.post(GET, {"id": STRANGER})
    assert (answer.status_code, said(answer)) == (404, {"error": f"no assay {STRANGER}"})


def test_an_assay_gone_from_the_list_is_asked_upstream(filled: Assay, viewer: Program, served: Served) -> None:
    Assay.objects.update(gone_since=timezone.now())
    del served.assays[str(filled.pk)]
    assert viewer.post(RESULTS, asked(filled)).status_code == 404
    assert said(viewer.post(LIST, {"active": "All"})) == []


def test_an_assay_too_new_for_the_list_is_found_upstream(filled: Assay, viewer: Program, served: Served) -> None:
    served.assays[STRANGER] = messages.assay(99)
    assert said(viewer.post(GET, {"id": STRANGER}))["name"] == "assay 99"


def test_no_cache_asks_upstream(filled: Assay, viewer: Program, served: Served) -> None:
    served.results[str(filled.pk)][-1]["elapsed_millis"] = 77
    answer = viewer.post(RESULTS, asked(filled), **{"Cache-Control": "no-cache"})
    assert answer.headers["X-Driftline-Source"] == "upstream"
    assert said(answer)[0]["elapsed_millis"] == 77
    assert served.calls[RESULTS] == 1


def test_of_many_who_insist_at_once_few_reach_upstream(filled: Assay, viewer: Program, served: Served) -> None:
    served.misbehave.append(lambda path, body: replace(served._serve(path, body), delay=0.3))
    answers: list[Any] = []

    def insist() -> None:
        answers.append(said(viewer.post(RESULTS, asked(filled), **{"Cache-Control": "no-cache"})))
        connection.close()

    threads = [threading.Thread(target=insist) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [answers[0]] * 6
    assert served.calls[RESULTS] <= 2


def test_age_counts_from_when_upstream_last_answered(filled: Assay, viewer: Program) -> None:
    Assay.objects.update(last_success_at=timezone.now() - timedelta(seconds=90))
    assert 90 <= int(viewer.post(RESULTS, asked(filled)).headers["Age"]) <= 92


def test_while_upstream_is_down_the_cache_answers_with_a_warning(
    filled: Assay, viewer: Program, served: Served
) -> None:
    stop(served)
    Assay.objects.update(next_poll_at=timezone.now() - HOUR)
    for path, body in ((RESULTS, asked(filled)), (LIST, {"active": "All"}), (GET, {"id": str(filled.pk)})):
        answer = viewer.post(path, body)
        assert answer.headers["Warning"].startswith('110 driftline "Response is Stale')
        assert "2026-07-01T08:00:00Z" in answer.headers["Warning"]
        assert said(answer)
    assert not served.calls


def test_an_upstream_that_has_just_failed_is_warned_of_too(filled: Assay, viewer: Program, served: Served) -> None:
    served.misbehave.append(lambda *_: Reply(hang_up=True))
    answer = viewer.post(RESULTS, asked(filled), **{"Cache-Control": "no-cache"})
    assert answer.headers["Warning"].startswith('111 driftline "Revalidation Failed')
    assert len(said(answer)) == 6


def test_what_the_cache_lacks_while_upstream_is_down_is_502(filled: Assay, viewer: Program, served: Served) -> None:
    stop(served)
    answer = viewer.post(RESULTS, asked(filled, debug=True))
    assert answer.status_code == 502
    assert "it hangs up" in said(answer)["error"]


def test_an_upstream_too_slow_is_504(filled: Assay, viewer: Program, served: Served) -> None:
    served.misbehave.append(lambda *_: Reply(delay=3))
    answer = viewer.post(RESULTS, asked(filled, debug=True))
    assert answer.status_code == 504
    assert "0.5 s" in said(answer)["error"]


@pytest.mark.parametrize("status", [401, 403, 429, 500, 302])
def test_a_refusal_of_this_server_is_no_refusal_of_its_caller(
    filled: Assay, viewer: Program, served: Served, status: int
) -> None:
    served.misbehave.append(lambda *_: as_json({"error": "no"}, status))
    assert viewer.post(RESULTS, asked(filled, debug=True)).status_code == 502


def test_a_web_page_instead_of_an_answer_is_told_as_text(filled: Assay, viewer: Program, served: Served) -> None:
    page = Reply(b"<script>alert(1)</script>", 404, {"Content-Type": "text/html"})
    served.misbehave.append(lambda *_: page)
    answer = viewer.post(RESULTS, asked(filled, debug=True))
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/json")


def test_an_unchanged_answer_is_304_without_a_body(filled: Assay, viewer: Program) -> None:
    first = viewer.post(RESULTS, asked(filled))
    again = viewer.post(RESULTS, asked(filled), **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, content(again)) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    other = viewer.post(RESULTS, asked(filled, debug=False, start="2020-01-01T00:00:00Z"))
    assert other.headers["ETag"] != first.headers["ETag"]


def test_a_rescored_window_changes_the_tag(fill: Fill, viewer: Program, served: Served) -> None:
    row = fill([0.1, 0.1])
    before = viewer.post(RESULTS, asked(row)).headers["ETag"]
    served.results[str(row.pk)][1] |= {"updated_at": "2030-01-01T00:00:00Z", "elapsed_millis": 4711}
    Assay.objects.update(next_poll_at=timezone.now(), covered_to=None, covered_from=None, read_from=None, read_to=None)
    fill([0.1], number=2)
    answer = viewer.post(RESULTS, asked(row), **{"If-None-Match": before})
    assert answer.status_code == 200
    assert said(answer)[0]["elapsed_millis"] == 4711


def test_answers_are_compressed_for_those_who_take_it(filled: Assay, viewer: Program) -> None:
    plain = content(viewer.post(RESULTS, asked(filled)))
    packed = viewer.post(RESULTS, asked(filled), **{"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(content(packed)) == plain


@pytest.mark.parametrize("changes", [{"start": "0001-01-01T00:00:00+14:00"}, {"end": "9999-12-31T23:59:59-12:00"}])
def test_times_beyond_the_calendar_are_refused(filled: Assay, viewer: Program, changes: dict[str, str]) -> None:
    assert viewer.post(RESULTS, asked(filled, **changes)).status_code == 422


def test_a_scope_hides_everything_of_other_workspaces(fill: Fill, grant: Grant, served: Served) -> None:
    fill([0.1])
    hidden = fill([0.1], number=2, workspace=2, pipeline=9)
    program = grant(workspaces=[1])
    assert [UUID(one["id"]).int for one in said(program.post(LIST, {"active": "All"}))] == [1]
    fresh = program.post(LIST, {"active": "All"}, **{"Cache-Control": "no-cache"})
    assert [UUID(one["id"]).int for one in said(fresh)] == [1]
    for path, key in ((GET, "id"), (RESULTS, "id"), (NEXT_RUN, "assay_id")):
        for headers in ({}, {"Cache-Control": "no-cache"}):
            answer = program.post(path, {key: str(hidden.pk)}, **headers)
            assert (answer.status_code, said(answer)["error"]) == (404, "no assay has this id")


def test_a_scope_hides_an_assay_that_only_upstream_knows(filled: Assay, grant: Grant, served: Served) -> None:
    served.assays[STRANGER] = messages.assay(99, workspace=2)
    served.results[STRANGER] = [messages.result(served.assays[STRANGER], messages.START, 0.1)]
    program = grant(workspaces=[1])
    assert program.post(GET, {"id": STRANGER}).status_code == 404
    assert program.post(RESULTS, {"id": STRANGER}).status_code == 404
    assert grant(workspaces=[2]).post(RESULTS, {"id": STRANGER}).status_code == 200


def test_a_large_answer_of_upstream_streams_and_is_whole(
    filled: Assay, viewer: Program, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MOST_SHARED", 100)
    answer = viewer.post(RESULTS, asked(filled, debug=True))
    assert isinstance(answer, StreamingHttpResponse)
    assert said(answer) == list(reversed(served.results[str(filled.pk)]))


def test_a_large_answer_that_breaks_off_is_no_whole_one(
    filled: Assay, viewer: Program, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "MOST_SHARED", 100)
    served.misbehave.append(
        lambda path, body: replace(served._serve(path, body), cut=70_000, body=b"[" + b" " * 90_000)
    )
    answer = viewer.post(RESULTS, asked(filled, debug=True))
    with pytest.raises(Unavailable, match="broke off"):
        content(answer)
