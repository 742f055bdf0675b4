"""Single sign-on: who comes back from the provider, with which roles, and what no lie of a provider brings about."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from django.contrib.auth.models import Group, User
from django.test import Client as Browser
from pytest_django import Settings

from assays.models import AuditEvent
from dashboard import access, sso
from dashboard.access import Access
from dashboard.models import Grant
from dashboard.roles import Role
from tests.support import provider
from tests.support.provider import Dishonest, asked
from tests.support.servers import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    members = {"ada": ["/operator"], "bob": ["airline"], "eve": ["chess"], "zoe": [], "local-operator": ["admin"]}
    with provider.honest(provider.people(members)) as address:
        yield address


@pytest.fixture(autouse=True)
def set_up(settings: Settings, issuer: str) -> None:
    settings.OIDC_ISSUER, settings.OIDC_CLIENT_ID, settings.OIDC_CLIENT_SECRET = issuer, "driftline", "s"
    settings.PUBLIC_URL = "http://testserver"


def leaving(response: Any) -> str:
    """Where the page that is left by itself leads."""
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', response.content.decode())
    assert found, response.content.decode()
    return html.unescape(found[1])


def to_provider(browser: Browser, **asked_for: str) -> str:
    return leaving(browser.post("/sign-in/provider/", asked_for))


def signed_in_as(subject: str, browser: Browser, **asked_for: str) -> Any:
    """The answer to what the provider sends the browser back with."""
    sent = requests.post(to_provider(browser, **asked_for), {"sub": subject}, allow_redirects=False, timeout=5)
    back = urlsplit(sent.headers["Location"])
    return browser.get(f"{back.path}?{back.query}")


def test_who_is_in_a_group_gets_what_the_group_was_given() -> None:
    group = Group.objects.create(name="airline")
    Grant.objects.create(group=group, role=Role.RESPONDER, workspace_id=7)
    browser = Browser()
    assert signed_in_as("bob", browser, next="/health/")["Location"] == "/health/"
    bob = User.objects.get(username="bob")
    assert access.of_person(bob) == Access(None, {7: Role.RESPONDER})
    assert not bob.has_usable_password()
    assert AuditEvent.objects.get().detail["groups"] == ["airline"]


def test_a_path_of_keycloaks_names_the_group_behind_its_slash() -> None:
    signed_in_as("ada", Browser())
    assert access.of_person(User.objects.get(username="ada")) == Access(Role.OPERATOR)


def test_who_left_a_group_at_the_provider_has_left_it_here_at_the_next_sign_in() -> None:
    signed_in_as("ada", Browser())
    ada = User.objects.get(username="ada")
    ada.groups.add(Group.objects.get(name="admin"))
    signed_in_as("ada", Browser())
    assert [group.name for group in ada.groups.all()] == ["operator"]


@pytest.mark.parametrize(("subject", "told"), [("eve", "chess"), ("zoe", "No group came with you")])
def test_without_a_role_nobody_gets_in_and_is_told_which_groups_came(subject: str, told: str) -> None:
    browser = Browser()
    response = signed_in_as(subject, browser)
    assert response.status_code == 403
    assert told in response.content.decode()
    assert browser.get("/").status_code == 302
    assert AuditEvent.objects.get().act == "session.sign_in_failed"


def test_a_deactivated_account_stays_out_whatever_the_provider_says() -> None:
    browser = Browser()
    signed_in_as("ada", browser)
    User.objects.update(is_active=False)
    assert browser.get("/").status_code == 302
    assert signed_in_as("ada", browser).status_code == 403


def test_a_local_account_of_the_same_name_is_somebody_else() -> None:
    local = User.objects.create_user("ada", "ada@example.com", "a long password")
    signed_in_as("ada", Browser())
    assert not local.groups.exists()
    assert User.objects.get(groups__name="operator").username == "ada-2"


def test_nobody_becomes_the_operator_of_the_one_time_links() -> None:
    signed_in_as("local-operator", Browser())
    assert User.objects.get(groups__name="admin").username == "local-operator-2"


@pytest.mark.parametrize(
    "onward", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"]
)
def test_the_way_back_leads_nowhere_else(onward: str) -> None:
    assert signed_in_as("ada", Browser(), next=onward)["Location"] == "/"


def test_the_key_of_the_session_changes_with_the_sign_in() -> None:
    browser = Browser()
    address = to_provider(browser)
    before = browser.cookies["sessionid"].value
    sent = requests.post(address, {"sub": "ada"}, allow_redirects=False, timeout=5)
    browser.get(sent.headers["Location"].removeprefix("http://testserver"))
    assert browser.cookies["sessionid"].value != before


def test_a_sign_in_completes_in_the_browser_that_began_it_and_once() -> None:
    mine, another = Browser(), Browser()
    sent = requests.post(to_provider(mine), {"sub": "ada"}, allow_redirects=False, timeout=5)
    back = sent.headers["Location"].removeprefix("http://testserver")
    assert another.get(back).status_code == 403
    assert mine.get(back).status_code == 302
    assert mine.get(back).status_code == 403


def test_signing_out_ends_the_session_at_the_provider_too(issuer: str) -> None:
    browser = Browser()
    signed_in_as("ada", browser)
    address = leaving(browser.post("/sign-out/"))
    assert address.startswith(f"{issuer}/")
    assert asked(address, "post_logout_redirect_uri") == "http://testserver/sign-in/"
    assert asked(address, "id_token_hint")
    assert browser.get("/").status_code == 302
    assert requests.get(address, timeout=5).status_code == 200


def test_a_provider_that_is_down_is_told_so(settings: Settings) -> None:
    settings.OIDC_ISSUER = f"http://127.0.0.1:{free_port()}"
    response = Browser().post("/sign-in/provider/")
    assert response.status_code == 503
    assert "cannot be reached" in response.content.decode()


def test_without_a_provider_there_is_no_button_and_no_way(settings: Settings) -> None:
    settings.OIDC_ISSUER = ""
    assert "Continue with" not in Browser().get("/sign-in/").content.decode()
    assert Browser().post("/sign-in/provider/").status_code == 403
    assert Browser().get("/sign-in/provider/callback/").status_code == 403


def test_with_local_accounts_off_the_provider_is_the_only_way(settings: Settings) -> None:
    User.objects.create_user("ada", password="a long password")
    settings.LOCAL_ACCOUNTS, settings.PRODUCTION = False, True
    page = Browser().get("/sign-in/").content.decode()
    assert 'name="password"' not in page
    assert "Continue with" in page
    assert Browser().post("/sign-in/", {"username": "ada", "password": "a long password"}).status_code == 403
    assert Browser().get("/sign-in/some-link/").status_code == 403


def test_closing_local_accounts_signs_out_whom_a_password_signed_in(settings: Settings) -> None:
    ada = User.objects.create_user("ada", password="a long password")
    ada.groups.add(Group.objects.get(name="viewer"))
    browser = Browser()
    browser.post("/sign-in/", {"username": "ada", "password": "a long password"})
    assert browser.get("/").status_code == 200
    settings.LOCAL_ACCOUNTS = False
    assert browser.get("/").status_code == 302


@pytest.fixture
def liar(settings: Settings) -> Iterator[Dishonest]:
    with provider.dishonest() as server:
        settings.OIDC_ISSUER = server.issuer
        yield server


def returned(liar: Dishonest) -> Any:
    browser = Browser()
    address = to_provider(browser)
    liar.nonce = liar.nonce or asked(address, "nonce")
    return browser.get("/sign-in/provider/callback/", {"code": "c", "state": asked(address, "state")})


def test_the_liar_tells_the_truth_unless_told_otherwise(liar: Dishonest) -> None:
    assert returned(liar).status_code == 302
    assert access.of_person(User.objects.get()) == Access(Role.OPERATOR)


def test_a_refusal_at_the_provider_is_told_in_its_words(liar: Dishonest) -> None:
    browser = Browser()
    told = {
        "error": "access_denied",
        "error_description": "Not\r\ntoday <b>",
        "state": asked(to_provider(browser), "state"),
    }
    response = browser.get("/sign-in/provider/callback/", told)
    assert response.status_code == 403
    assert "The provider says: Not today &lt;b&gt;" in response.content.decode()
    assert not AuditEvent.objects.exists()  # which anybody could fill with their own words


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "https://elsewhere.example"},
        {"aud": "another-client"},
        {"aud": ["driftline", "another"], "azp": "another"},
        {"exp": 1_000_000_000},
        {"iat": 4_000_000_000},
        {"nonce": "of another sign-in"},
        {"nonce": None},
        {"sub": ""},
        {"sub": "ada\0"},
        {"sub": "ada\ud800"},
        {"sub": "a" * 256},
    ],
    ids=str,
)
def test_an_id_token_that_is_not_the_answer_signs_nobody_in(liar: Dishonest, lie: dict[str, Any]) -> None:
    liar.alter = lambda claims: {name: value for name, value in (claims | lie).items() if value is not None}
    assert returned(liar).status_code == 403
    assert not User.objects.exists()


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": "\ud800", "email": "ada@example.com"}, "ada@example.com"),
        ({"preferred_username": "ü" * 500, "email": ["a"], "given_name": 5}, "ü" * 140),
        ({"groups": [f"g{k}" for k in range(40_000)] + ["operator"]}, "ada"),
    ],
    ids=["half a letter", "long", "many groups"],
)
def test_an_odd_answer_that_holds_signs_in(liar: Dishonest, claims: dict[str, Any], name: str) -> None:
    liar.alter = lambda told: told | claims
    assert returned(liar).status_code == 302
    assert User.objects.get().username == name


@pytest.mark.parametrize(("behind", "status"), [(45, 302), (120, 403), (-45, 302), (-120, 403)])
def test_a_providers_clock_may_differ_by_a_minute(liar: Dishonest, behind: int, status: int) -> None:
    liar.alter = lambda told: told | {"iat": told["iat"] - behind, "exp": told["iat"] - behind}
    assert returned(liar).status_code == status


def test_an_issuer_may_end_with_a_slash_and_have_neither_userinfo_nor_a_way_out(
    liar: Dishonest, settings: Settings
) -> None:
    settings.OIDC_ISSUER = liar.document["issuer"] = f"{liar.issuer}/"
    liar.alter = lambda told: told | {"iss": settings.OIDC_ISSUER}
    del liar.document["userinfo_endpoint"]
    assert returned(liar).status_code == 302
    assert access.of_person(User.objects.get()) == Access(Role.OPERATOR)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_that_is_not_signed_by_the_providers_key_signs_nobody_in(liar: Dishonest, algorithm: str) -> None:
    liar.algorithm = algorithm
    assert returned(liar).status_code == 403
    assert not User.objects.exists()


def test_a_signature_by_another_key_signs_nobody_in(liar: Dishonest) -> None:
    with provider.dishonest() as other:
        liar.key = other.key
        assert returned(liar).status_code == 403
    assert not User.objects.exists()


@pytest.mark.parametrize("told", [{"sub": "somebody else"}, {}, [], "words", None])
def test_userinfo_of_somebody_else_signs_nobody_in(liar: Dishonest, told: Any) -> None:
    liar.userinfo = told
    assert returned(liar).status_code == 403
    assert not User.objects.exists()


def test_a_discovery_document_of_another_issuer_is_refused(liar: Dishonest) -> None:
    liar.document["issuer"] = "https://elsewhere.example"
    assert Browser().post("/sign-in/provider/").status_code == 403


def test_an_id_of_the_greatest_length_is_kept_apart_from_its_like(liar: Dishonest) -> None:
    for subject in ("a" * 254 + "b", "a" * 254 + "c", "a" * 254 + "b"):
        liar.alter = lambda claims, subject=subject: claims | {"sub": subject}  # type: ignore[misc]
        liar.userinfo, liar.nonce = {"sub": subject}, ""
        assert returned(liar).status_code == 302
    assert User.objects.count() == 2


@pytest.mark.parametrize(
    ("claims", "path", "names"),
    [
        ({"groups": ["/team/ds", "ops"]}, "groups", ["team/ds", "ops"]),
        ({"realm_access": {"roles": ["a"]}}, "realm_access.roles", ["a"]),
        ({"https://example.com/groups": ["a"]}, "https://example.com/groups", ["a"]),
        ({"groups": "one"}, "groups", ["one"]),
        ({"groups": {"a": {}, "b": {}}}, "groups", ["a", "b"]),
        ({"groups": [1, None, "a\0", "\ud800", "b"]}, "groups", ["b"]),
        ({"groups": None}, "groups", []),
        ({}, "realm_access.roles", []),
    ],
)
def test_groups_are_found_where_the_setting_says(claims: dict[str, Any], path: str, names: list[str]) -> None:
    assert sso.groups_in(claims, path) == names
