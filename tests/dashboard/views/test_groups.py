"""The pages of groups: made, renamed, given roles, and deleted."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client as Browser

from dashboard import people
from dashboard.access import Access, of_person
from dashboard.models import Grant
from dashboard.roles import Role
from tests.dashboard.conftest import Fill, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Browser:
    browser = Browser()
    browser.force_login(person("root", "admin"))
    return browser


@pytest.fixture
def flights(admin: Browser) -> Group:
    return people.create_group("flights", "test")


def test_a_group_is_made_and_its_page_follows(admin: Browser) -> None:
    answer = admin.post("/groups/new/", {"name": " data science "})
    assert answer["Location"] == f"/groups/{Group.objects.get(name='data science').pk}/"


@pytest.mark.parametrize("name", ["", "viewer", "x" * 151])
def test_a_name_that_is_none_or_taken_makes_no_group(admin: Browser, name: str) -> None:
    assert "field-error" in admin.post("/groups/new/", {"name": name}).content.decode()
    assert Group.objects.count() == len(Role)


def test_its_roles_are_its_members(admin: Browser, flights: Group, fill: Fill) -> None:
    fill([0.1])
    vera = person("vera", "flights")
    assert admin.post(f"/groups/{flights.pk}/grant/", {"role": "operator", "workspace": "1"}).status_code == 302
    assert of_person(vera) == Access(places={1: Role.OPERATOR})
    text = admin.get(f"/groups/{flights.pk}/").content.decode()
    assert "1 person in the group flights." in text
    assert "vera" in text
    assert admin.post(f"/groups/{flights.pk}/take/", {"workspace": "1"}).status_code == 302
    assert of_person(User.objects.get(pk=vera.pk)) == Access()


@pytest.mark.parametrize("wrong", [{"role": "admin", "workspace": "1"}, {"role": "x"}])
def test_a_role_that_makes_no_sense_is_not_given(
    admin: Browser, flights: Group, fill: Fill, wrong: dict[str, str]
) -> None:
    fill([0.1])
    assert admin.post(f"/groups/{flights.pk}/grant/", wrong).status_code == 422
    assert not Grant.objects.filter(group=flights).exists()


def test_a_group_is_renamed(admin: Browser, flights: Group) -> None:
    assert admin.post(f"/groups/{flights.pk}/rename/", {"name": "trains"}).status_code == 302
    taken = admin.post(f"/groups/{flights.pk}/rename/", {"name": "viewer"})
    assert taken.status_code == 409
    assert "There is a group viewer already." in taken.content.decode()
    assert admin.post(f"/groups/{flights.pk}/rename/", {"name": ""}).status_code == 422
    assert Group.objects.get(pk=flights.pk).name == "trains"


def test_a_group_is_deleted_after_a_question(admin: Browser, flights: Group) -> None:
    person("vera", "flights")
    asked = admin.get(f"/groups/{flights.pk}/delete/").content.decode()
    assert "1 person loses" in asked
    assert admin.post(f"/groups/{flights.pk}/delete/")["Location"] == "/people/"
    assert not Group.objects.filter(name="flights").exists()


def test_what_would_leave_nobody_who_administers_is_refused(admin: Browser) -> None:
    chief = Group.objects.get(name="admin")
    assert admin.post(f"/groups/{chief.pk}/take/", {"workspace": ""}).status_code == 409
    assert admin.post(f"/groups/{chief.pk}/delete/").status_code == 409
    assert "Rename" not in admin.get(f"/groups/{chief.pk}/").content.decode()


def test_groups_are_for_administrators_alone(operator: Browser) -> None:
    assert operator.get(f"/groups/{Group.objects.get(name='viewer').pk}/").status_code == 403
