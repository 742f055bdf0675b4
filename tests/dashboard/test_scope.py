"""Who sees one workspace sees nothing of another: what lies out of sight is as if it were not there."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client as Browser

from assays.faults import Fault, note
from assays.incidents.models import Incident
from assays.listing import apply_assays
from assays.models import Assay, ScopeRollup, Switch
from assays.upstream import GET, LIST, NEXT_RUN, RESULTS, SET_ACTIVE
from dashboard import tokens
from dashboard.models import Grant
from dashboard.reads import blocks
from dashboard.roles import Role
from tests.support.places import ELSEWHERE, HERE, Places, Subject, as_json, asking, body_of
from tests.support.upstream import Reply
from tests.support.upstream import Upstream as Served

OUTSIDER = Subject("outsider", Role.OPERATOR, ELSEWHERE)
EVERYWHERE = Subject("everywhere", Role.ADMIN)
PAGES = [
    "/",
    "/?group=workspace",
    "/?group=pipeline",
    "/?group=pipeline&open=none",
    f"/?group=workspace&open={HERE},{ELSEWHERE}",
    "/doctor/",
    "/moved/",
    f"/moved/?pipeline={HERE + 1}",
    "/?q=assay",
    "/?q=score",
    "/?q=%25",
    f"/?workspace={HERE}",
    f"/?pipeline={HERE + 1}",
    f"/?workspace={ELSEWHERE}",
    "/?state=alert",
    "/?state=failed",
    "/?active=no",
    "/?days=30&sort=ratio",
    "/?page=2",
    "/health/",
    "/alerts/",
    "/alerts/?show=closed",
    "/history/",
    f"/history/?workspace={HERE}",
    "/history/?group=workspace",
    "/history/files/json/",
    "/history/?group=pipeline&by=field",
    "/v1/api/markers",
    "/audit/",
    f"/audit/?workspace={HERE}",
    "/audit/events.csv",
    "/tokens/",
    "/v1/api/states",
    "/metrics",
]
BODIES: list[tuple[str, dict[str, Any]]] = [
    (LIST, {"active": "All"}),
    (LIST, {"active": "ActiveOnly", "workspace_id": HERE}),
    (LIST, {"active": "All", "workspace_id": ELSEWHERE}),
    (LIST, {"active": "All", "pipeline_name": "quagga pipeline"}),
    ("/v1/api/features/list", {}),
]


@pytest.fixture
def outsider(places: Places) -> Browser:
    return OUTSIDER.browser()


def traces(places: Places, text: str, *given: object) -> list[str]:
    """What a text says of the other workspace, but for what was given by who asked."""
    for each in given:
        text = text.replace(str(each), "")
    return [trace for trace in places.here.traces if trace in text]


def page(browser: Browser, address: str, **headers: str) -> str:
    """Without what differs from one time to the next."""
    response = browser.get(address, headers=headers)
    text = body_of(response).decode() + str(sorted(response.headers.items()))
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"|<time[^>]*>[^<]*|X-Version[^)]*|seconds\{?.*', "", text)
    text = re.sub(r"\d\d:\d\d:\d\d|\d+[\s\u202f](s|min|h)\b", "", text)
    return re.sub(r"_(timestamp_)?seconds\S* \S+", "", text)


def remove(places: Places) -> None:
    """The workspace out of sight, as if it had never been."""
    forget(places.here.assay)
    ScopeRollup.objects.filter(workspace_id=HERE).delete()
    cache.clear()


def forget(assay: Assay) -> None:
    Switch.objects.filter(assay=assay).delete()
    Assay.objects.filter(pk=assay.pk).delete()


@pytest.mark.parametrize("address", PAGES)
def test_a_page_is_the_same_whether_the_other_workspace_is_there_or_not(
    places: Places, outsider: Browser, address: str
) -> None:
    before = page(outsider, address)
    assert traces(places, before, address, HERE, HERE + 1) == []
    remove(places)
    assert page(outsider, address) == before


@pytest.mark.parametrize("address", ["/", "/?group=workspace", "/health/", "/?q=assay", "/alerts/"])
def test_so_is_what_a_page_is_refreshed_with(places: Places, outsider: Browser, address: str) -> None:
    before = page(outsider, address, **{"HX-Request": "true"})
    assert traces(places, before) == []
    remove(places)
    assert page(outsider, address, **{"HX-Request": "true"}) == before


@pytest.mark.parametrize(("path", "asked"), BODIES)
@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("by_token", [False, True])
def test_an_answer_of_the_api_holds_nothing_of_it(
    places: Places, path: str, asked: dict[str, Any], fresh: bool, by_token: bool
) -> None:
    headers = (OUTSIDER.bearer() if by_token else {}) | ({"Cache-Control": "no-cache"} if fresh else {})
    browser = Browser() if by_token else OUTSIDER.browser()
    response = browser.post(path, **as_json(asked), headers=headers)
    assert response.status_code == 200
    assert traces(places, body_of(response).decode() + str(response.headers)) == []


def test_the_own_workspace_is_all_there(places: Places, outsider: Browser) -> None:
    for address in ("/", "/v1/api/states", "/metrics", "/?group=workspace", f"/assays/{places.elsewhere.assay.pk}/"):
        assert places.elsewhere.mark in page(outsider, address)


def test_who_sees_both_is_told_of_both(places: Places) -> None:
    for address in ("/", "/v1/api/states", "/metrics", "/?group=workspace"):
        text = page(EVERYWHERE.browser(), address)
        assert places.here.mark in text
        assert places.elsewhere.mark in text


def test_errors_of_a_hidden_assay_are_hidden_with_it(places: Places, outsider: Browser) -> None:
    now, mark = datetime.now(UTC), places.here.mark
    note([Fault(places.here.assay.pk, RESULTS, f"{mark} answered nonsense")], now)
    note([Fault(places.elsewhere.assay.pk, RESULTS, "okapi answered nonsense")], now)
    text = page(outsider, "/health/")
    assert "okapi answered nonsense" in text
    assert traces(places, text) == []


@pytest.mark.parametrize("order", [(EVERYWHERE, OUTSIDER), (OUTSIDER, EVERYWHERE)])
@pytest.mark.parametrize("address", ["/", "/?days=30", f"/?workspace={HERE}", "/metrics"])
def test_sums_kept_for_one_person_are_not_shown_to_another(
    places: Places, order: tuple[Subject, Subject], address: str
) -> None:
    alone = {}
    for subject in order:
        cache.clear()
        alone[subject.name] = page(subject.browser(), address)
    cache.clear()
    for subject in order:
        assert page(subject.browser(), address) == alone[subject.name]


def test_another_ones_etag_is_worth_nothing(places: Places) -> None:
    asked = {"active": "All"}
    whole = Browser().post(LIST, **as_json(asked), headers=EVERYWHERE.bearer())
    answer = Browser().post(LIST, **as_json(asked), headers=OUTSIDER.bearer() | {"If-None-Match": whole["ETag"]})
    assert answer.status_code == 200
    assert [each["id"] for each in json.loads(body_of(answer))] == [str(places.elsewhere.assay.pk)]
    body_of(whole)
    one = {"id": str(places.here.assay.pk)}
    for tag in ("*", Browser().post(RESULTS, **as_json(one), headers=EVERYWHERE.bearer())["ETag"]):
        hidden = Browser().post(RESULTS, **as_json(one), headers=OUTSIDER.bearer() | {"If-None-Match": tag})
        assert hidden.status_code == 404


def test_blocks_kept_for_one_caller_are_not_given_to_another(places: Places) -> None:
    asked = as_json({"id": str(places.here.assay.pk)})
    for _ in range(3):
        assert places.here.mark in body_of(Browser().post(RESULTS, **asked, headers=EVERYWHERE.bearer())).decode()
    assert blocks.shelf._blocks
    assert Browser().post(RESULTS, **asked, headers=OUTSIDER.bearer()).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_an_answer_shared_between_callers_is_cut_to_what_each_may_see(places: Places, served: Served) -> None:
    served.misbehave.append(lambda path, _: _slow(served) if path == LIST else None)
    callers = [EVERYWHERE.bearer(), OUTSIDER.bearer()]
    with ThreadPoolExecutor(2) as pool:
        whole, cut = pool.map(_listed_anew, callers)
    assert served.calls[LIST] == 1
    assert whole == sorted([str(places.here.assay.pk), str(places.elsewhere.assay.pk)])
    assert cut == [str(places.elsewhere.assay.pk)]


def _slow(served: Served) -> Reply:
    return Reply(json.dumps(list(served.assays.values())).encode(), delay=0.3)


def _listed_anew(bearer: dict[str, str]) -> list[str]:
    asked = as_json({"active": "All"})
    try:
        response = Browser().post(LIST, **asked, headers=bearer | {"Cache-Control": "no-cache"})
        return sorted(each["id"] for each in json.loads(body_of(response)))
    finally:
        connection.close()


@pytest.mark.parametrize("path", ["get/:id", "get_results", "get_next_run", "set_active"])
def test_an_assay_that_only_upstream_knows_is_hidden_as_well(places: Places, served: Served, path: str) -> None:
    pk = str(places.here.assay.pk)
    forget(places.here.assay)
    asked = {"id": pk, "assay_id": pk, "active": False}
    answer = Browser().post(f"/v2/api/assays/{path}", **as_json(asked), headers=OUTSIDER.bearer())
    assert answer.status_code == 404
    assert traces(places, body_of(answer).decode(), pk) == []
    assert not served.calls["/v2/api/assays/set_active"]


def test_what_is_not_there_and_what_is_hidden_are_told_alike(places: Places, outsider: Browser) -> None:
    hidden, absent = str(places.here.assay.pk), "00000000-0000-0000-0000-00000000dead"
    for address in ("/assays/{}/", "/assays/{}/figure.json", "/assays/{}/windows.csv", "/assays/{}/switch/"):
        told = [page(outsider, address.format(pk)).replace(pk, "") for pk in (hidden, absent)]
        assert told[0] == told[1]
    answers = [
        Browser().get("/v1/api/series", {"assay": pk, "field": "x"}, headers=OUTSIDER.bearer()).content
        for pk in (hidden, absent)
    ]
    assert answers[0] == answers[1]
    for path, key in ((RESULTS, "id"), (GET, "id"), (NEXT_RUN, "assay_id"), (SET_ACTIVE, "assay_id")):
        asked = [as_json({key: pk, "active": False}) for pk in (hidden, absent)]
        told = [Browser().post(path, **each, headers=OUTSIDER.bearer()).content.decode() for each in asked]
        assert told[0] == told[1]


def test_an_assay_that_moves_out_of_sight_is_gone_at_the_next_list(places: Places, served: Served) -> None:
    browser, moved = OUTSIDER.browser(), places.elsewhere.assay
    origin = served.assays[str(moved.pk)]["targeting"]["data_origin"]
    origin |= {"workspace_id": HERE, "workspace_name": "quagga workspace"}
    served.assays[str(moved.pk)]["updated_at"] = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    incident = Incident.objects.filter(assay=moved)[0].pk
    apply_assays(asking(served).assays(), datetime.now(UTC))
    cache.clear()
    for address in (f"/assays/{moved.pk}/", f"/alerts/{incident}/"):
        assert browser.get(address).status_code == 404
        assert EVERYWHERE.browser().get(address).status_code == 200
    for address in ("/", "/alerts/", "/alerts/?show=closed", "/history/", "/history/files/json/", "/v1/api/states"):
        assert "okapi" not in page(browser, address).replace("okapi deployed", "")  # in the workspace, not of the assay
    assert not ScopeRollup.objects.filter(workspace_id=ELSEWHERE).exists()
    assert ScopeRollup.objects.filter(workspace_id=HERE, pipeline_id=moved.pipeline_id).exists()


def test_a_token_is_bound_by_its_owner_and_an_owner_by_no_token(places: Places) -> None:
    _, text = tokens.make("mine", Role.ADMIN, None, owner=OUTSIDER.account())
    told = body_of(Browser().get("/v1/api/states", headers={"Authorization": f"Bearer {text}"})).decode()
    assert places.elsewhere.mark in told
    assert traces(places, told) == []


def test_a_grant_that_is_taken_away_shows_at_the_next_request(places: Places, outsider: Browser) -> None:
    address = f"/assays/{places.elsewhere.assay.pk}/"
    assert outsider.get(address).status_code == 200
    Grant.objects.filter(person__username="outsider").update(workspace_id=HERE)
    assert outsider.get(address).status_code == 404
    Grant.objects.filter(person__username="outsider").delete()
    assert outsider.get(address).status_code == 403
