"""Accounts, groups and grants: what is changed, what is refused, and that each change is audited with it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Group, User
from django.db import DatabaseError, connection
from django.test import Client as Browser
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from pytest_django import Settings

from assays import audit
from assays.models import AuditEvent
from dashboard import people
from dashboard.access import Access, of_person
from dashboard.models import Grant
from dashboard.roles import Role
from tests.dashboard.conftest import person

pytestmark = pytest.mark.django_db


def acts() -> list[str]:
    return list(AuditEvent.objects.order_by("id").values_list("act", flat=True))


def fresh(user: User) -> User:
    return User.objects.get(pk=user.pk)


def test_a_new_account_has_its_role_and_no_password() -> None:
    vera = people.create("vera", "test", Role.OPERATOR, 7)
    assert not vera.has_usable_password()
    assert of_person(vera) == Access(places={7: Role.OPERATOR})
    assert acts() == ["person.create", "grant.give"]


@pytest.mark.parametrize("name", ["", "a b", "<b>", "x" * 151, "VERA", "\u202evera", "vera\0", "local-operator"])
def test_a_name_that_cannot_be_or_is_taken_makes_no_account(name: str) -> None:
    person("vera")
    with pytest.raises(people.Refused):
        people.create(name, "test")
    assert User.objects.count() == 1
    assert acts() == []


def test_without_local_accounts_none_is_made(settings: Settings) -> None:
    settings.LOCAL_ACCOUNTS = False
    with pytest.raises(people.Refused, match="switched off"):
        people.create("vera", "test")


def test_a_grant_takes_the_place_of_the_one_before() -> None:
    vera = person("vera")
    people.grant(vera, Role.VIEWER, 7, "test")
    people.grant(vera, Role.OPERATOR, 7, "test")
    people.grant(vera, Role.OPERATOR, 7, "test")
    assert Grant.objects.get(person=vera).role == Role.OPERATOR
    assert [event.detail for event in AuditEvent.objects.order_by("id")] == [
        {"role": "viewer", "before": None},
        {"role": "operator", "before": "viewer"},
    ]
    event = AuditEvent.objects.first()
    assert event is not None
    assert (event.about, event.about_id, event.workspace_id) == ("vera", f"person:{vera.pk}", 7)


def test_a_role_is_taken_where_it_was_given() -> None:
    group = people.create_group("flights", "test")
    people.grant(group, Role.VIEWER, None, "test")
    assert not people.revoke(group, 7, "test")
    assert people.revoke(group, None, "test")
    assert acts() == ["group.create", "grant.give", "grant.take"]


def test_nobody_administers_one_workspace_alone() -> None:
    with pytest.raises(people.Refused, match="all workspaces"):
        people.grant(person("vera"), Role.ADMIN, 7, "test")


def lose_the_grant(ada: User) -> None:
    people.revoke(ada, None, ada)


def lower_the_grant(ada: User) -> None:
    people.grant(ada, Role.VIEWER, None, ada)


def leave_the_group(ada: User) -> None:
    people.set_groups(ada, Group.objects.none(), ada)


def delete_the_group(ada: User) -> None:
    people.delete_group(Group.objects.get(name="chiefs"), ada)


def close_the_account(ada: User) -> None:
    people.deactivate(ada, ada)


WAYS_OUT: list[tuple[str, Callable[[User], None]]] = [
    ("grant", lose_the_grant),
    ("grant", lower_the_grant),
    ("grant", close_the_account),
    ("group", leave_the_group),
    ("group", delete_the_group),
    ("group", close_the_account),
]


@pytest.fixture
def ada(request: pytest.FixtureRequest) -> User:
    """An administrator by a grant or by a group, as the test says."""
    ada = person("ada")
    if request.param == "grant":
        people.grant(ada, Role.ADMIN, None, "test")
    else:
        people.grant(people.create_group("chiefs", "test"), Role.ADMIN, None, "test")
        people.set_groups(ada, Group.objects.filter(name="chiefs"), "test")
    AuditEvent.objects.all().delete()
    return ada


@pytest.mark.parametrize(("ada", "way"), WAYS_OUT, indirect=["ada"])
def test_the_last_administrator_cannot_go(ada: User, way: Callable[[User], None]) -> None:
    with pytest.raises(people.Refused, match="Nobody would be left"):
        way(ada)
    assert of_person(fresh(ada)).everywhere is Role.ADMIN
    assert acts() == []


@pytest.mark.parametrize(("ada", "way"), WAYS_OUT, indirect=["ada"])
def test_one_of_two_administrators_can_go(ada: User, way: Callable[[User], None]) -> None:
    people.grant(person("bo"), Role.ADMIN, None, "test")
    way(ada)
    assert of_person(fresh(ada)).everywhere is not Role.ADMIN


def test_an_administrator_whose_account_is_closed_does_not_count() -> None:
    ada, bo = person("ada", "admin"), person("bo", "admin")
    people.deactivate(bo, ada)
    with pytest.raises(people.Refused):
        people.deactivate(ada, ada)


@pytest.mark.django_db(transaction=True)
def test_of_two_administrators_who_remove_each_other_at_once_one_stays() -> None:
    ada, bo = person("ada"), person("bo")
    for user in (ada, bo):
        people.grant(user, Role.ADMIN, None, "test")
    together = Barrier(2)

    def remove(whom: User) -> bool:
        together.wait(10)
        try:
            return people.revoke(whom, None, "test")
        except people.Refused:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        assert sorted(threads.map(remove, [ada, bo])) == [False, True]
    assert people.administrators().count() == 1


def test_a_superuser_administers() -> None:
    root = User.objects.create_superuser("root")
    assert list(people.administrators()) == [root]
    with pytest.raises(people.Refused):
        people.deactivate(root, root)


def test_a_closed_account_is_signed_out_at_once_and_can_be_opened_again() -> None:
    vera, browser = person("vera", "viewer"), Browser()
    browser.force_login(vera)
    people.deactivate(vera, "test")
    people.deactivate(vera, "test")
    people.reactivate(vera, "test")
    assert browser.get("/").status_code == 302
    assert acts() == ["person.deactivate", "person.reactivate"]


def test_all_sessions_end_and_those_of_others_stay() -> None:
    vera, desk, phone, bos = person("vera", "viewer"), Browser(), Browser(), Browser()
    desk.force_login(vera)
    phone.force_login(vera)
    bos.force_login(person("bo", "viewer"))
    people.sign_out(vera, "test")
    assert [browser.get("/health/").status_code for browser in (desk, phone, bos)] == [302, 302, 200]
    assert AuditEvent.objects.get(act="person.sign_out").detail == {"sessions": 2}


def test_only_groups_that_change_are_audited() -> None:
    vera = person("vera", "viewer", "operator")
    people.set_groups(vera, Group.objects.filter(name__in=["viewer", "admin"]), "test")
    told = AuditEvent.objects.order_by("id").values_list("act", "detail__group")
    assert list(told) == [("group.join", "admin"), ("group.leave", "operator")]


def test_a_groups_name_is_its_own() -> None:
    group = people.create_group("flights", "test")
    with pytest.raises(people.Refused):
        people.create_group("flights", "test")
    with pytest.raises(people.Refused):
        people.rename_group(group, "viewer", "test")
    people.rename_group(Group.objects.get(name="flights"), "trains", "test")
    assert AuditEvent.objects.get(act="group.rename").detail == {"before": "flights"}


@pytest.mark.parametrize("name", ["", "x" * 151])
def test_a_group_has_a_name(name: str) -> None:
    with pytest.raises(people.Refused):
        people.create_group(name, "test")


@pytest.mark.parametrize("name", Role.values)
def test_a_roles_own_group_stays(name: str) -> None:
    group = Group.objects.get(name=name)
    with pytest.raises(people.Refused):
        people.delete_group(group, "test")
    with pytest.raises(people.Refused):
        people.rename_group(group, "other", "test")


def test_a_password_link_is_for_local_accounts_that_are_open(settings: Settings) -> None:
    closed, from_provider, local = person("closed"), person("from-provider"), person("local")
    people.deactivate(closed, "test")
    SocialAccount.objects.create(user=from_provider, provider="https://sso.example", uid="1")
    for user in (fresh(closed), from_provider, person("local-operator")):
        with pytest.raises(people.Refused):
            people.password_link(user, "test")
    assert people.password_link(local, "test").startswith("/password/")
    settings.LOCAL_ACCOUNTS = False
    with pytest.raises(people.Refused):
        people.password_link(local, "test")


@pytest.mark.parametrize(
    "change",
    [
        lambda _: people.create("bo", "test"),
        lambda vera: people.grant(vera, Role.VIEWER, 7, "test"),
        lambda vera: people.set_groups(vera, Group.objects.filter(name="viewer"), "test"),
        lambda _: people.create_group("flights", "test"),
        lambda vera: people.deactivate(vera, "test"),
        lambda vera: set_password(vera),  # noqa: PLW0108  (it stands below)
    ],
    ids=["account", "grant", "groups", "group", "closing", "password"],
)
def test_what_cannot_be_audited_is_not_done(
    change: Callable[[User], Any], monkeypatch: pytest.MonkeyPatch, transactional_db: None
) -> None:
    vera = person("vera")
    vera.set_password("an old pass phrase")
    vera.save()

    def full(*_: Any, **__: Any) -> None:
        raise DatabaseError("the disk is full")

    monkeypatch.setattr(audit, "record", full)
    before = state()
    with pytest.raises(DatabaseError):
        change(vera)
    assert state() == before


def set_password(whom: User) -> None:
    """By a link that was made before."""
    browser = Browser()
    key, token = urlsafe_base64_encode(force_bytes(whom.pk)), people.password_links.make_token(whom)
    form = browser.get(f"/password/{key}/{token}/")["Location"]
    browser.post(form, dict.fromkeys(("new_password1", "new_password2"), "a new pass phrase"))


def state() -> list[Any]:
    members = User.groups.through.objects.values_list("user_id", "group_id")
    people_now = User.objects.values_list("username", "is_active", "password")
    return [*people_now, *Group.objects.values_list("name"), *Grant.objects.values_list("role", "person"), *members]
