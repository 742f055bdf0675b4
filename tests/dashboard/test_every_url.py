"""Every URL, for everybody: generated from the URL map, so that a new page cannot be forgotten.

What must be answered follows from the act that a view names. All that is said here by hand is which pages need no role,
and what to put into the places of a URL.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.core.cache import cache
from django.db import models, transaction
from django.test import Client as Browser

from assays.models import AuditEvent
from dashboard import tokens
from dashboard.access import Act, Role
from dashboard.models import ApiToken
from dashboard.preferences import ZONE_COOKIE
from tests.support.places import (
    ANONYMOUS,
    HERE,
    NOBODY,
    SUBJECTS,
    Places,
    Subject,
    Url,
    as_json,
    body_of,
    every_url,
)
from tests.support.upstream import Upstream as Served
from tests.support.upstream import as_json as as_reply

PUBLIC = {
    "sign-in": 200,
    "sign-in-link": 200,
    "sign-in-provider": 403,  # none is set here
    "sign-in-callback": 403,
    "set-password": 200,
    "preferences": 200,
    "api-docs": 200,
    "v1/api/config": 200,
    "v1/api/openapi.json": 200,
    "^v[12]/": 404,
}
"""Neither a sign-in nor a role is needed; and how everybody is answered."""

ANY_ACCOUNT = {"sign-out", "sign-out-everywhere"}
"""Whoever has signed in may do this, without a role too."""

ADDRESSES = {"^v[12]/": "/v2/api/nothing"}
"""Of patterns that are no routes."""


@dataclass(frozen=True)
class Argument:
    """What stands in a place of a URL, and who besides those that the view's act names is to find it."""

    value: Callable[[Places], object]
    of_here: bool = False
    admins_alone: bool = False

    def is_found_by(self, subject: Subject) -> bool:
        if self.of_here and not subject.may(Act.READ, HERE):
            return False
        return not self.admins_alone or subject.may(Act.ADMINISTER)


ARGUMENTS: dict[str, Argument] = {
    "<uuid:pk>": Argument(lambda places: places.here.assay.pk, of_here=True),
    "people/<int:pk>": Argument(lambda _: User.objects.get_or_create(username="somebody")[0].pk),
    "groups/<int:pk>": Argument(lambda _: Group.objects.get(name="viewer").pk),
    "tokens/<int:pk>": Argument(lambda places: service_token(places).pk, admins_alone=True),
    "sign-in/<str:token>": Argument(lambda _: "a-token-that-is-none"),
    "<str:uidb64>": Argument(lambda _: "MQ"),
    "password/<str:uidb64>/<str:token>": Argument(lambda _: "a-token-that-is-none"),
}
"""By the route up to the place, or by the place alone."""


def service_token(places: Places) -> ApiToken:
    """Of nobody, and good in the workspace `HERE`."""
    return tokens.make(f"{places.here.mark} report", Role.VIEWER, [places.here.workspace])[0]


@dataclass(frozen=True)
class Call:
    """What an API call is asked. `hidden` is the status for who may do this, but not where it belongs."""

    asked: Callable[[Places], dict[str, Any]]
    hidden: int | None = None


def _of(name: str) -> Callable[[Places], dict[str, Any]]:
    return lambda places: {name: str(places.here.assay.pk)}


def _planned(places: Places) -> dict[str, Any]:
    return {"targeting": {"data_origin": {"workspace_id": places.here.workspace}}}


CALLS = {
    "v1/api/features/list": Call(lambda _: {}),
    "v2/api/assays/get": Call(lambda _: {"active": "All"}),
    "v2/api/assays/get/:id": Call(_of("id"), 404),
    "v2/api/assays/get_results": Call(_of("id"), 404),
    "v2/api/assays/get_next_run": Call(_of("assay_id"), 404),
    "v2/api/assays/set_active": Call(lambda places: _of("assay_id")(places) | {"active": False}, 404),
    "v2/api/assays/schedule": Call(_planned, 403),
    "v2/api/assays/preview": Call(_planned, 403),
    "v2/api/assays/preview_baseline_binning": Call(_planned, 403),
    "v2/api/assays/score": Call(_planned, 403),
    "v1/api/states": Call(lambda _: {}),
    "v1/api/series": Call(
        lambda places: {"assay": str(places.here.assay.pk), "field": f"{places.here.mark}.score"}, 404
    ),
    "metrics": Call(lambda _: {}),
}

METHODS = ("GET", "POST")
URLS = pytest.mark.parametrize("url", every_url(), ids=lambda url: url.name)
GUARDED = pytest.mark.parametrize("url", [url for url in every_url() if url.act], ids=lambda url: url.name)
CALLED = pytest.mark.parametrize("url", [url for url in every_url() if url.is_api], ids=lambda url: url.name)


@pytest.fixture(autouse=True)
def _answers_all(served: Served) -> None:
    """Upstream answers what is passed on to it as well."""
    served.misbehave.append(lambda path, _: as_reply({}) if CALLS[path.lstrip("/")].hidden == 403 else None)


@dataclass(frozen=True)
class Asked:
    """One URL with everything in its places."""

    url: Url
    address: str
    arguments: tuple[Argument, ...] = ()
    call: Call | None = None
    body: Mapping[str, Any] = field(default_factory=dict)

    def by(self, browser: Browser, method: str, headers: dict[str, str]) -> Any:
        if method == "POST" and self.call:
            return browser.post(self.address, **as_json(self.body), headers=headers)
        return getattr(browser, method.lower())(self.address, self.body, headers=headers)

    def expected(self, subject: Subject) -> int:
        """The status of a refusal, or 200 for any answer that is none."""
        act = self.url.act
        assert act
        if subject.anonymous:
            return 401 if self.call else 302
        if not subject.may(act):
            return 403
        if self.call and self.call.hidden and not subject.may(Act.READ, HERE):
            return self.call.hidden
        if not all(argument.is_found_by(subject) for argument in self.arguments):
            return 404
        return 403 if self._is_of_here and not subject.may(act, HERE) else 200

    @property
    def _is_of_here(self) -> bool:
        return bool(self.call and self.call.hidden) or any(argument.of_here for argument in self.arguments)


def asked(url: Url, places: Places) -> Asked:
    if url.is_api:
        if url.name not in CALLS:
            pytest.fail(f"{url.route}: what is it to be asked? Add it to CALLS.")
        call = CALLS[url.name]
        return Asked(url, f"/{url.route}", call=call, body=call.asked(places))
    given = {name: _argument(url, place) for name, place in url.places}
    address = ADDRESSES.get(url.route) or url.address({name: each.value(places) for name, each in given.items()})
    return Asked(url, address, tuple(given.values()))


def _argument(url: Url, place: str) -> Argument:
    before = url.route[: url.route.index(place) + len(place)]
    found = ARGUMENTS.get(before) or ARGUMENTS.get(place)
    if found is None:
        pytest.fail(f"{url.route}: what is put for {place}? Add it to ARGUMENTS.")
    return found


def methods(told: Asked) -> list[str]:
    """Those that change something or show something, as the view itself says to who asks for its options."""
    if view := getattr(told.url.callback, "view_class", None):
        return [method for method in METHODS if hasattr(view, method.lower())]
    asking = ANONYMOUS if told.url.is_public else SUBJECTS[-1]
    allow = asking.browser().options(told.address).headers.get("Allow", "")
    return [method for method in METHODS if method in allow]


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


@contextmanager
def undone() -> Iterator[None]:
    """What happens in the block is taken back: each subject finds what the one before found."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    cache.clear()


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


def everything() -> dict[str, list[Any]]:
    """All rows of all tables but those that note who came and who was refused."""
    kept = [
        model for model in apps.get_models() if model._meta.label not in {"sessions.Session", AuditEvent._meta.label}
    ]
    return {model._meta.label: sorted(map(repr, _rows(model))) for model in kept}


def _rows(model: type[models.Model]) -> Iterator[Any]:
    yield from model._default_manager.values_list()


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
                body = body_of(response).decode() + str(response.headers)
            given = [told.address, *map(str, told.body.values())]
            for text in given:
                body = body.replace(text, "")
            assert [trace for trace in places.here.traces if trace in body] == [], (subject.name, method)


def test_a_zone_is_kept_whoever_asks(db: None) -> None:
    assert Browser().post("/preferences/", {"zone": "Asia/Kolkata"}).cookies[ZONE_COOKIE].value == "Asia/Kolkata"
