"""Who may do what, and where: a role says what, a set of workspaces where. Pages and API ask here alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeVar

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db import models
from django.db.models import QuerySet

from assays.models import Assay
from dashboard.roles import OPERATOR, VIEWER, groups_of


class Role(models.TextChoices):
    """In order: each may what those before it may."""

    VIEWER = "viewer", "viewer"
    RESPONDER = "responder", "responder"
    OPERATOR = "operator", "operator"
    ADMIN = "admin", "admin"


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
_RANKS = {role: rank for rank, role in enumerate(Role)}

Row = TypeVar("Row", bound=models.Model)


@dataclass(frozen=True, slots=True)
class Access:
    """What one caller may; no role is nothing at all, no workspaces (None) is all of them."""

    role: Role | None = None
    workspaces: frozenset[int] | None = None

    def may(self, act: Act) -> bool:
        return self.role is not None and _RANKS[self.role] >= _RANKS[NEEDED[act]]

    def sees(self, workspace_id: int) -> bool:
        return self.workspaces is None or workspace_id in self.workspaces

    def within(self, rows: QuerySet[Row], column: str = "workspace_id") -> QuerySet[Row]:
        """The rows whose `column` names a workspace that may be seen."""
        return rows if self.workspaces is None else rows.filter(**{f"{column}__in": self.workspaces})

    def assays(self) -> QuerySet[Assay]:
        return self.within(Assay.objects.all())


def of_person(person: AbstractBaseUser | AnonymousUser) -> Access:
    """By the person's groups; an account in none of them may nothing."""
    if isinstance(person, User) and person.is_superuser:
        return Access(Role.ADMIN)
    groups = groups_of(person)
    if OPERATOR in groups:
        return Access(Role.OPERATOR)
    return Access(Role.VIEWER) if VIEWER in groups else Access()
