"""The people pages: who may see them, what their forms change, and the link by which somebody comes in."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Group, User
from django.test import Client as Browser
from pytest_django import Settings

from assays.models import AuditEvent
from dashboard import people
from dashboard.access import Access, of_person
from dashboard.roles import Role
from tests.dashboard.conftest import Fill, person

pytestmark = pytest.mark.django_db

PHRASE = "a long pass phrase"


@pytest.fixture
def root() -> User:
    return person("root", "admin")


@pytest.fixture
def admin(root: User) -> Browser:
    browser = Browser()
    browser.force_login(root)
    return browser


@pytest.fixture
def vera(root: User) -> User:
    return person("vera")


def again(user: User) -> User:
    return User.objects.get(pk=user.pk)


def link_in(answer: Any) -> str:
    found = re.search(r'value="http://testserver(/password/[^"]+)"', answer.content.decode())
    assert found
    return found[1]


def set_password(link: str, word: str = PHRASE) -> Any:
    browser = Browser()
    form = browser.get(link)["Location"]
    return browser.post(form, {"new_password1": word, "new_password2": word})


def test_the_list_says_who_may_what(admin: Browser, vera: User, fill: Fill) -> None:
    name = fill([0.1]).workspace_name
    people.grant(vera, Role.OPERATOR, 1, "test")
    people.grant(vera, Role.VIEWER, 99, "test")
    SocialAccount.objects.create(user=vera, provider="https://sso.example", uid="1")
    people.deactivate(person("gone"), "test")
    text = admin.get("/people/").content.decode()
    assert "2 people may sign in; 1 administers." in text
    assert f"in {name}" in text
    for words in ("in workspace 99", "from the provider", "closed", "everywhere"):
        assert words in text


def test_a_person_is_found_by_a_part_of_the_name(admin: Browser, vera: User) -> None:
    assert f"/people/{vera.pk}/" in admin.get("/people/?q=ER").content.decode()
    assert "Nobody with <b>zz</b>" in admin.get("/people/?q=zz").content.decode()


def test_a_long_list_has_pages_and_costs_no_query_a_person(admin: Browser, django_assert_max_num_queries: Any) -> None:
    User.objects.bulk_create(User(username=f"p{k:03}") for k in range(120))
    with django_assert_max_num_queries(25):
        text = admin.get("/people/?page=2").content.decode()
    assert "p060" in text
    assert "p020" not in text


def test_a_new_person_comes_in_by_the_link_once(admin: Browser, fill: Fill) -> None:
    fill([0.1])
    answer = admin.post("/people/new/", {"name": "bo", "role": "operator", "workspace": "1"})
    assert "no-store" in answer["Cache-Control"]
    link = link_in(answer)
    assert set_password(link)["Location"] == "/sign-in/"
    browser = Browser()
    assert browser.post("/sign-in/", {"username": "bo", "password": PHRASE})["Location"] == "/"
    assert of_person(User.objects.get(username="bo")) == Access(places={1: Role.OPERATOR})
    assert "This link is used up" in Browser().get(link).content.decode()
    assert AuditEvent.objects.get(act="person.password_set").who == "bo"


def test_a_link_is_on_no_other_page_and_in_no_event(admin: Browser, vera: User) -> None:
    key = link_in(admin.post(f"/people/{vera.pk}/password/")).split("/")[3]
    for path in (f"/people/{vera.pk}/", "/people/", "/audit/"):
        assert key not in admin.get(path).content.decode()
    assert key not in str(list(AuditEvent.objects.values()))


def test_a_password_ends_the_sessions_that_knew_the_old_one(admin: Browser, vera: User) -> None:
    people.grant(vera, Role.VIEWER, None, "test")
    vera.set_password("an old pass phrase")
    vera.save()
    browser = Browser()
    browser.post("/sign-in/", {"username": "vera", "password": "an old pass phrase"})
    assert browser.get("/health/").status_code == 200
    set_password(link_in(admin.post(f"/people/{vera.pk}/password/")))
    assert browser.get("/health/").status_code == 302


@pytest.mark.parametrize("word", ["short", "password1234"])
def test_a_weak_password_is_not_taken(admin: Browser, vera: User, word: str) -> None:
    answer = set_password(link_in(admin.post(f"/people/{vera.pk}/password/")), word)
    assert "field-error" in answer.content.decode()
    assert not again(vera).has_usable_password()


@pytest.mark.parametrize("link", ["/password/MQ/none/", "/password/x/y/", "/password/%F0%9F%98%80/set-password/"])
def test_a_link_that_is_none_says_so(client: Browser, db: None, link: str) -> None:
    answer = client.get(link)
    assert answer.status_code == 410
    assert "This link is used up" in answer.content.decode()


def test_a_link_is_nothing_once_the_account_is_closed(admin: Browser, vera: User) -> None:
    link = link_in(admin.post(f"/people/{vera.pk}/password/"))
    people.deactivate(vera, "test")
    assert "This link is used up" in Browser().get(link).content.decode()


def test_without_local_accounts_no_link_leads_in(admin: Browser, vera: User, settings: Settings) -> None:
    link = link_in(admin.post(f"/people/{vera.pk}/password/"))
    settings.LOCAL_ACCOUNTS = False
    assert Browser().get(link).status_code == 410


def test_roles_are_given_and_taken(admin: Browser, vera: User, fill: Fill) -> None:
    fill([0.1])
    assert admin.post(f"/people/{vera.pk}/grant/", {"role": "operator", "workspace": "1"}).status_code == 302
    assert of_person(again(vera)) == Access(places={1: Role.OPERATOR})
    assert "vera is operator in" in admin.get(f"/people/{vera.pk}/").content.decode()
    assert admin.post(f"/people/{vera.pk}/take/", {"workspace": "1"}).status_code == 302
    assert "has been given no role" in admin.get(f"/people/{vera.pk}/").content.decode()


@pytest.mark.parametrize(
    "wrong",
    [{"role": "owner"}, {"role": "admin", "workspace": "1"}, {"role": "viewer", "workspace": "77"}, {}],
)
def test_a_role_that_makes_no_sense_is_not_given(admin: Browser, vera: User, fill: Fill, wrong: dict[str, str]) -> None:
    fill([0.1])
    answer = admin.post(f"/people/{vera.pk}/grant/", wrong)
    assert answer.status_code == 422
    assert "field-error" in answer.content.decode()
    assert of_person(again(vera)) == Access()


@pytest.mark.parametrize(("step", "body"), [("active", {"active": "no"}), ("groups", {}), ("groups", {"groups": []})])
def test_the_last_administrator_is_told_why_not(admin: Browser, root: User, step: str, body: dict[str, Any]) -> None:
    answer = admin.post(f"/people/{root.pk}/{step}/", body)
    assert answer.status_code == 409
    assert "Nobody would be left who administers." in answer.content.decode()
    assert of_person(again(root)).everywhere is Role.ADMIN


def test_an_account_is_closed_and_opened(admin: Browser, vera: User) -> None:
    admin.post(f"/people/{vera.pk}/active/", {"active": "no"})
    assert "account is closed" in admin.get(f"/people/{vera.pk}/").content.decode()
    admin.post(f"/people/{vera.pk}/active/", {"active": "yes"})
    assert again(vera).is_active
    assert admin.post(f"/people/{vera.pk}/active/", {"active": "maybe"}).status_code == 422


def test_groups_are_chosen_here_or_at_the_provider(admin: Browser, vera: User) -> None:
    viewers = Group.objects.get(name="viewer")
    admin.post(f"/people/{vera.pk}/groups/", {"groups": [viewers.pk]})
    assert list(again(vera).groups.all()) == [viewers]
    assert admin.post(f"/people/{vera.pk}/groups/", {"groups": [987654]}).status_code == 409
    SocialAccount.objects.create(user=vera, provider="https://sso.example", uid="1")
    text = admin.get(f"/people/{vera.pk}/").content.decode()
    assert "the provider says anew" in text
    assert "Save groups" not in text
    assert admin.post(f"/people/{vera.pk}/groups/", {"groups": []}).status_code == 409


def test_a_taken_name_is_said_so(admin: Browser, vera: User) -> None:
    answer = admin.post("/people/new/", {"name": "Vera", "role": "viewer"})
    assert "There is an account Vera already." in answer.content.decode()


@pytest.mark.parametrize("pk", ["0", "99999999999999999999999"])
def test_nobody_is_not_found(admin: Browser, pk: str) -> None:
    assert admin.get(f"/people/{pk}/").status_code == 404


def test_people_are_nobody_elses_business(operator: Browser) -> None:
    assert operator.get("/people/").status_code == 403
    assert "/people/" not in operator.get("/health/").content.decode()


def test_the_menu_leads_an_administrator_here(admin: Browser) -> None:
    text = admin.get("/health/").content.decode()
    assert all(f'href="{path}"' in text for path in ("/people/", "/tokens/", "/audit/"))
