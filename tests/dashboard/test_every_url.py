"""Every URL, for everybody: generated from the URL map, so that a new page cannot be forgotten.

What must be answered follows from the act that a view names. All that is said here by hand is which pages need no role,
and what to put into the places of a URL.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client as Browser

from dashboard import tokens
from dashboard.access import Act
from dashboard.models import Grant
from dashboard.roles import Role
from tests.support.places import ANONYMOUS, ELSEWHERE, HERE, NOBODY, SUBJECTS, Places, Subject, body_of
from tests.support.upstream import Upstream as Served
from tests.support.upstream import as_json as as_reply
from tests.support.urls import CALLS, Asked, Url, asked, every_url, everything, incident, methods, undone

PUBLIC = {
    "sign-in": 200,
    "sign-in-link": 200,
    "sign-in-provider": 403,  # none is set here
    "sign-in-callback": 403,
    "set-password": 200,
    "mail-stop": 404,
    "mail-confirm": 404,
    "shared": 404,
    "preferences": 200,
    "api-docs": 200,
    "v1/api/config": 200,
    "v1/api/openapi.json": 200,
    "^v[12]/": 404,
}
"""Neither a sign-in nor a role is needed; and how everybody is answered."""

ANY_ACCOUNT = {"sign-out", "sign-out-everywhere"}
"""Whoever has signed in may do this, without a role too."""

pytestmark = pytest.mark.once

URLS = pytest.mark.parametrize("url", every_url(), ids=lambda url: url.name)
GUARDED = pytest.mark.parametrize("url", [url for url in every_url() if url.act], ids=lambda url: url.name)
CALLED = pytest.mark.parametrize("url", [url for url in every_url() if url.is_api], ids=lambda url: url.name)


@pytest.fixture(autouse=True)
def _answers_all(served: Served) -> None:
    """Upstream answers what is passed on to it as well."""
    served.misbehave.append(lambda path, _: as_reply({}) if CALLS[path.lstrip("/")].hidden == 403 else None)


def status_of(response: Any) -> int:
    """That of a refusal as it is; of an answer always 200, whatever it says."""
    code = response.status_code
    if code == 302:
        return 302 if response["Location"].startswith("/sign-in/?next=") else 200
    return code if code in {401, 403, 404} or code >= 500 else 200


def outcomes(told: Asked, method: str, subjects: tuple[Subject, ...], *, by_token: bool = False) -> dict[str, int]:
    found = {}
    for subject in subjects:
        headers = subject.bearer() if by_token else {}
        browser = Browser(raise_request_exception=False) if by_token else subject.browser()
        with undone():
            response = told.by(browser, method, headers)
            found[subject.name] = status_of(response)
            body_of(response)
    return found


@URLS
def test_a_view_says_what_one_must_be_allowed_to_do_or_that_nobody_needs_to_be(url: Url) -> None:
    if url.act is None:
        assert url.name in {*PUBLIC, *ANY_ACCOUNT}, f"{url.route} needs guard.may, or a place in PUBLIC or ANY_ACCOUNT"
        assert url.is_public == (url.name in PUBLIC)


@URLS
def test_a_view_says_which_methods_it_takes(url: Url, places: Places) -> None:
    if url.name != "^v[12]/":
        assert methods(asked(url, places)), f"{url.route} needs require_GET, require_POST or require_http_methods"


@GUARDED
def test_everybody_is_answered_as_their_role_and_workspace_say(url: Url, places: Places) -> None:
    told = asked(url, places)
    expected = {subject.name: told.expected(subject) for subject in SUBJECTS}
    for method in methods(told):
        assert outcomes(told, method, SUBJECTS) == expected, method


@pytest.mark.parametrize(
    "url", [url for url in every_url() if url.act not in (None, Act.READ)], ids=lambda url: url.name
)
def test_a_higher_role_elsewhere_changes_nothing_here(url: Url, places: Places) -> None:
    told, operator = asked(url, places), Subject("operator elsewhere", Role.OPERATOR, ELSEWHERE)
    if url.name == "act":
        one = incident(places)
        told = replace(told, body={"incident": f"{one.pk}:{one.version}"})
    elif told.expected(operator) == 200:
        return  # of no workspace: what is done there is not said by the address
    Grant.objects.create(person=operator.account(), role=Role.VIEWER, workspace_id=HERE)
    bearer = {"Authorization": f"Bearer {tokens.make('both', Role.OPERATOR, owner=operator.account())[1]}"}
    for method in methods(told):
        assert status_of(told.by(operator.browser(), method, {})) == 403, method
        if url.is_api:
            assert status_of(told.by(Browser(), method, bearer)) == 403, method
    assert not places.served.calls


@CALLED
def test_a_token_may_what_a_person_of_its_role_and_workspaces_may(url: Url, places: Places) -> None:
    told, holders = asked(url, places), tuple(subject for subject in SUBJECTS if subject.role)
    expected = {subject.name: told.expected(subject) for subject in holders}
    assert outcomes(told, url.callback.method, holders, by_token=True) == expected


@pytest.mark.parametrize(
    "url", [each for each in every_url() if each.act and not each.is_api], ids=lambda url: url.name
)
def test_a_token_opens_no_page(url: Url, places: Places) -> None:
    told, admin = asked(url, places), (SUBJECTS[-1],)
    for method in methods(told):
        assert outcomes(told, method, admin, by_token=True) == {admin[0].name: 302}


@pytest.mark.parametrize("url", [each for each in every_url() if not each.act], ids=lambda url: url.name)
def test_pages_for_everybody_are_for_everybody(url: Url, places: Places) -> None:
    told = asked(url, places)
    subjects = (ANONYMOUS, NOBODY) if url.is_public else (NOBODY,)
    for method in methods(told) or ["GET", "POST"]:
        assert set(outcomes(told, method, subjects).values()) == {PUBLIC.get(url.name, 200)}


@pytest.mark.slow
@GUARDED
def test_who_is_refused_changes_nothing_and_sends_nothing_upstream(url: Url, places: Places) -> None:
    told = asked(url, places)
    refused = [subject for subject in SUBJECTS if told.expected(subject) != 200]
    for subject in refused:
        browser, before = subject.browser(), everything()
        told.by(browser, "POST", {})
        told.by(browser, "GET", {})
        assert everything() == before, subject.name
    assert not places.served.calls


@pytest.mark.slow
@GUARDED
def test_nothing_of_a_workspace_out_of_sight_is_in_any_answer(url: Url, places: Places) -> None:
    told = asked(url, places)
    outsiders = [subject for subject in SUBJECTS if subject.workspace not in (None, HERE)]
    assert outsiders
    for subject in outsiders:
        for method in methods(told):
            with undone():
                response = told.by(subject.browser(), method, {})
                # the drawn letters of a PDF cannot be read here: tests/dashboard/reports/test_paper.py sees to it
                body = body_of(response).decode(errors="replace") + str(response.headers)
            given = [told.address, *map(str, told.body.values())]
            for text in given:
                body = body.replace(text, "")
            assert [trace for trace in places.here.traces if trace in body] == [], (subject.name, method)
