"""The people pages' queries: who there is, by which grants they may what, and the workspaces by their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Group, User
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from assays.models import Assay
from dashboard.access import Access
from dashboard.models import ApiToken, Grant
from dashboard.reads.paging import Page, stretch
from dashboard.roles import Role

PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Held:
    """A role and where it holds, and the group that gives it; None is the person's own. `is_root` was never given."""

    role: Role
    workspace_id: int | None
    group: Group | None = None
    is_root: bool = False


def workspaces(access: Access | None = None) -> dict[int, str]:
    """Those that the cache knows, by name; with `access`, those that it sees, also where they hold no assay."""
    rows = access.assays() if access else Assay.objects.all()
    names = dict(rows.order_by("workspace_name").values_list("workspace_id", "workspace_name").distinct())
    bare = sorted(set(access.places) - set(names)) if access else []
    return names | {pk: place(pk, names) for pk in bare}


def place(workspace_id: int | None, names: Mapping[int, str]) -> str:
    return "all workspaces" if workspace_id is None else names.get(workspace_id) or f"workspace {workspace_id}"


def people(text: str, number: int) -> Page[User]:
    """By name; `is_from_provider` says where each signs in."""
    rows = User.objects.filter(Q(username__icontains=text) | Q(email__icontains=text)) if text else User.objects.all()
    found = stretch(number, PER_PAGE, total := rows.count())
    told = rows.annotate(is_from_provider=Exists(SocialAccount.objects.filter(user=OuterRef("pk"))))
    ready = told.prefetch_related("grants", "groups__grants").order_by("-is_active", "username")
    return Page(list(ready[found.start : found.stop]), total, found)


def groups() -> QuerySet[Group]:
    many = Count("user", filter=Q(user__is_active=True))
    return Group.objects.annotate(members=many).prefetch_related("grants").order_by("name")


def held_by(person: User) -> list[Held]:
    """The person's own roles, then those of their groups; no more than a query each, or what was fetched before."""
    own = [_held(grant) for grant in person.grants.all()]
    lent = [_held(grant, group) for group in person.groups.all() for grant in group.grants.all()]
    root = [Held(Role.ADMIN, None, is_root=True)] if person.is_superuser else []
    return sorted([*root, *own], key=_order) + sorted(lent, key=_order)


def distinct(held: Iterable[Held]) -> list[Held]:
    """Each role and place once, by whatever it is given."""
    return list({(one.role, one.workspace_id): one for one in held}.values())


def held_by_group(group: Group) -> list[Held]:
    return sorted((_held(grant) for grant in group.grants.all()), key=_order)


def members(group: Group) -> QuerySet[User]:
    return group.user_set.filter(is_active=True).order_by("username")


def tokens(owner: User | None = None) -> QuerySet[ApiToken]:
    """Those of one person, or all; the good ones first, newest first."""
    rows = ApiToken.objects.all() if owner is None else ApiToken.objects.filter(owner=owner)
    return rows.select_related("owner").order_by(F("revoked_at").desc(nulls_first=True), "-created_at")


def tokens_page(rows: QuerySet[ApiToken], number: int) -> Page[ApiToken]:
    found = stretch(number, PER_PAGE, total := rows.count())
    return Page(list(rows[found.start : found.stop]), total, found)


def _held(grant: Grant, group: Group | None = None) -> Held:
    return Held(Role(grant.role), grant.workspace_id, group)


def _order(held: Held) -> tuple[int, int]:
    return (-held.role.rank, -1 if held.workspace_id is None else held.workspace_id)
