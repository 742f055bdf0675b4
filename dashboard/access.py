"""Who may do what, and where: grants give roles, everywhere or in one workspace. Pages and API ask here alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TypeVar

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db import models
from django.db.models import Q, QuerySet

from assays.models import Assay
from dashboard.models import Grant
from dashboard.roles import Role


class Act(Enum):
    """What can be done; of changes upstream, SWITCH is one assay on or off, SCHEDULE a new one or its preview."""

    READ = auto()
    TRIAGE = auto()
    SWITCH = auto()
    SCHEDULE = auto()
    ADMINISTER = auto()


NEEDED = {
    Act.READ: Role.VIEWER,
    Act.TRIAGE: Role.RESPONDER,
    Act.SWITCH: Role.OPERATOR,
    Act.SCHEDULE: Role.OPERATOR,
    Act.ADMINISTER: Role.ADMIN,
}

Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Access:
    """What one caller may: a role everywhere, and roles in single workspaces; neither is nothing at all."""

    everywhere: Role | None = None
    places: Mapping[int, Role] = field(default_factory=dict)

    @property
    def workspaces(self) -> frozenset[int] | None:
        """Those that may be read; None is all of them."""
        return None if self.everywhere is not None else frozenset(self.places)

    @property
    def highest(self) -> Role | None:
        """The role to speak of: the highest held anywhere."""
        held = [*self.places.values(), *([self.everywhere] if self.everywhere else [])]
        return max(held, key=lambda role: role.rank, default=None)

    def may(self, act: Act, workspace_id: int | None = None) -> bool:
        """In this workspace; without one, in any at all. To administer is a matter of the whole."""
        if act is Act.ADMINISTER:
            role = self.everywhere
        else:
            role = self.highest if workspace_id is None else self.role_in(workspace_id)
        return role is not None and role.rank >= NEEDED[act].rank

    def sees(self, workspace_id: int) -> bool:
        return self.may(Act.READ, workspace_id)

    def where_may(self, act: Act) -> frozenset[int] | None:
        """The workspaces in which this may be done; None is all of them."""
        if self.everywhere is not None and self.everywhere.rank >= NEEDED[act].rank:
            return None
        return frozenset(place for place in self.places if self.may(act, place))

    def within(self, rows: QuerySet[Row], column: str = "workspace_id") -> QuerySet[Row]:
        """The rows whose `column` names a workspace that may be seen."""
        return rows if self.workspaces is None else rows.filter(**{f"{column}__in": self.workspaces})

    def assays(self) -> QuerySet[Assay]:
        return self.within(Assay.objects.all())

    def no_more_than(self, other: Access) -> Access:
        """What both may: a token of somebody never outdoes its owner."""
        everywhere = _lower(self.everywhere, other.everywhere)
        named = {*self.places, *other.places}
        lower = {place: _lower(self.role_in(place), other.role_in(place)) for place in named}
        return Access(everywhere, {place: role for place, role in lower.items() if role is not None})

    def role_in(self, workspace_id: int) -> Role | None:
        return _higher(self.everywhere, self.places.get(workspace_id))


NOTHING = Access()


def of_grants(grants: Iterable[tuple[str, int | None]]) -> Access:
    """The sum of grants: a role each, and the workspace it holds in, or None for all."""
    everywhere: Role | None = None
    places: dict[int, Role] = {}
    for value, workspace_id in grants:
        role = Role(value)
        if workspace_id is None:
            everywhere = _higher(everywhere, role)
        else:
            places[workspace_id] = _higher(places.get(workspace_id), role) or role
    return Access(everywhere, places)


def of_person(person: AbstractBaseUser | AnonymousUser) -> Access:
    """By the person's own grants and those of their groups, asked once a request; without any, nothing."""
    if not isinstance(person, User) or not person.is_active:
        return NOTHING
    if person.is_superuser:
        return Access(Role.ADMIN)
    known: Access | None = getattr(person, "_access", None)
    if known is None:
        known = of_grants(_granted(person))
        person._access = known  # type: ignore[attr-defined]
    return known


def _granted(person: User) -> Iterable[tuple[str, int | None]]:
    held = Q(person=person) | Q(group__in=person.groups.all())
    return Grant.objects.filter(held).values_list("role", "workspace_id").distinct()


def _higher(one: Role | None, other: Role | None) -> Role | None:
    return max((role for role in (one, other) if role is not None), key=lambda role: role.rank, default=None)


def _lower(one: Role | None, other: Role | None) -> Role | None:
    return None if one is None or other is None else min(one, other, key=lambda role: role.rank)
