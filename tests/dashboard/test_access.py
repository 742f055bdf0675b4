"""Roles in order, workspaces as a bound: what each caller may, and where."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, User

from dashboard.access import Access, Act, Role, of_person
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


def test_without_a_list_of_workspaces_all_are_seen_and_with_an_empty_one_none() -> None:
    assert Access(Role.VIEWER).sees(7)
    assert Access(Role.VIEWER, frozenset({7})).sees(7)
    assert not Access(Role.VIEWER, frozenset({8})).sees(7)
    assert not Access(Role.VIEWER, frozenset()).sees(7)


def test_rows_of_other_workspaces_are_left_out(fill: Fill) -> None:
    mine = fill([0.1])
    fill([0.1], number=2, workspace=2, pipeline=9)
    assert list(Access(Role.VIEWER, frozenset({1})).assays()) == [mine]
    assert Access(Role.VIEWER).assays().count() == 2
    assert not Access(Role.VIEWER, frozenset()).assays().exists()


@pytest.mark.parametrize(
    ("groups", "role"), [([], None), (["viewer"], Role.VIEWER), (["viewer", "operator"], Role.OPERATOR)]
)
def test_a_persons_groups_give_the_role(db: None, groups: list[str], role: Role | None) -> None:
    assert of_person(person("vera", *groups)).role == role


def test_strangers_may_nothing_and_superusers_everything(db: None) -> None:
    assert of_person(AnonymousUser()).role is None
    assert of_person(User.objects.create_superuser("root")).role == Role.ADMIN
