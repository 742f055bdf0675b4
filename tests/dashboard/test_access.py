"""Roles in order, workspaces as a bound: what each caller may, and where."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from dashboard.access import NOTHING, Access, Act, of_grants, of_person
from dashboard.models import Grant
from dashboard.roles import Role
from tests.dashboard.conftest import Fill, person

READER = {Act.READ}
TRIAGER = READER | {Act.TRIAGE}
SWITCHER = TRIAGER | {Act.SWITCH, Act.SCHEDULE}


@pytest.mark.parametrize(
    ("role", "acts"),
    [
        (None, set()),
        (Role.VIEWER, READER),
        (Role.RESPONDER, TRIAGER),
        (Role.OPERATOR, SWITCHER),
        (Role.ADMIN, SWITCHER | {Act.ADMINISTER}),
    ],
)
def test_each_role_may_what_those_before_it_may(role: Role | None, acts: set[Act]) -> None:
    assert {act for act in Act if Access(role).may(act)} == acts


def test_a_role_of_one_workspace_holds_there_alone() -> None:
    both = Access(Role.VIEWER, {7: Role.OPERATOR})
    assert both.may(Act.SWITCH, 7)
    assert not both.may(Act.SWITCH, 8)
    assert both.may(Act.READ, 8)
    assert both.where_may(Act.SWITCH) == {7}
    assert both.where_may(Act.READ) is None
    assert both.highest is Role.OPERATOR


def test_without_a_role_everywhere_only_the_named_workspaces_are_seen() -> None:
    assert Access(Role.VIEWER).sees(7)
    assert Access(places={7: Role.VIEWER}).sees(7)
    assert not Access(places={8: Role.VIEWER}).sees(7)
    assert not Access().sees(7)


def test_to_administer_takes_a_role_everywhere() -> None:
    assert not Access(Role.VIEWER, {7: Role.ADMIN}).may(Act.ADMINISTER)
    assert not Access(Role.VIEWER, {7: Role.ADMIN}).may(Act.ADMINISTER, 7)


ACCESSES = st.builds(
    Access,
    st.none() | st.sampled_from(Role),
    st.dictionaries(st.integers(1, 3), st.sampled_from(Role), max_size=3),
)


@given(ACCESSES, ACCESSES, st.sampled_from(Act), st.integers(1, 4))
def test_what_two_accesses_share_is_what_both_may(one: Access, other: Access, act: Act, place: int) -> None:
    assert one.no_more_than(other).may(act, place) == (one.may(act, place) and other.may(act, place))


@given(st.lists(st.tuples(st.sampled_from(Role), st.none() | st.integers(1, 3)), max_size=5))
def test_grants_add_up(grants: list[tuple[str, int | None]]) -> None:
    for act in set(Act) - {Act.ADMINISTER}:
        for place in range(1, 5):
            alone = any(of_grants([grant]).may(act, place) for grant in grants)
            assert of_grants(grants).may(act, place) == alone


def test_rows_of_other_workspaces_are_left_out(fill: Fill) -> None:
    mine = fill([0.1])
    fill([0.1], number=2, workspace=2, pipeline=9)
    assert list(Access(places={1: Role.VIEWER}).assays()) == [mine]
    assert Access(Role.VIEWER).assays().count() == 2
    assert not Access().assays().exists()


@pytest.mark.parametrize(
    ("groups", "role"),
    [([], None), (["viewer"], Role.VIEWER), (["viewer", "operator"], Role.OPERATOR), (["admin"], Role.ADMIN)],
)
def test_a_persons_groups_give_the_role(db: None, groups: list[str], role: Role | None) -> None:
    assert of_person(person("vera", *groups)).everywhere == role


def test_a_persons_own_grants_add_to_those_of_the_groups(db: None) -> None:
    vera = person("vera", "viewer")
    Grant.objects.create(person=vera, role=Role.OPERATOR, workspace_id=7)
    assert of_person(vera) == Access(Role.VIEWER, {7: Role.OPERATOR})


def test_an_account_that_was_closed_may_nothing(db: None) -> None:
    vera = person("vera", "operator")
    vera.is_active = False
    assert of_person(vera) == NOTHING


def test_strangers_may_nothing_and_superusers_everything(db: None) -> None:
    assert of_person(AnonymousUser()) == NOTHING
    assert of_person(User.objects.create_superuser("root")).everywhere == Role.ADMIN


@pytest.mark.parametrize(
    "twice",
    [{"role": "viewer", "workspace_id": 7}, {"role": "viewer"}],
)
def test_one_place_is_granted_once(db: None, twice: dict[str, Any]) -> None:
    vera = person("vera")
    Grant.objects.create(person=vera, **twice)
    with pytest.raises(IntegrityError), transaction.atomic():
        Grant.objects.create(person=vera, **twice)


@pytest.mark.parametrize("wrong", [{"role": "admin", "workspace_id": 7}, {"role": "viewer", "person": None}])
def test_no_admin_of_one_workspace_and_no_grant_to_nobody(db: None, wrong: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Grant.objects.create(**{"person": person("vera")} | wrong)
