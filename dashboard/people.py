"""People and groups, and the roles they are given: every change is audited in the transaction that makes it.

A group of each role's name stands ready from the start, and where somebody administers somebody goes on doing so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, Group, User
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from assays import audit
from dashboard import sessions
from dashboard.links import LOCAL_OPERATOR
from dashboard.models import Grant
from dashboard.roles import Role

By = AbstractBaseUser | str
Holder = User | Group


class Refused(Exception):
    """The change is not made; the text says why."""


class PasswordLinks(PasswordResetTokenGenerator):
    """Kept nowhere: a link holds while the account's password and last sign-in are those it was made for."""

    key_salt = "dashboard.people.PasswordLinks"


password_links = PasswordLinks()


def make_groups() -> None:
    """Each role's own group, which has it everywhere. One that is there already is left as it was made."""
    for role in Role:
        group, created = Group.objects.get_or_create(name=role.value)
        if created:
            Grant.objects.create(group=group, role=role)


def administrators() -> QuerySet[User]:
    """Those who can sign in and administer."""
    granted = Q(grants__role=Role.ADMIN) | Q(groups__grants__role=Role.ADMIN)
    return User.objects.filter(granted | Q(is_superuser=True), is_active=True).distinct()


def is_from_provider(person: User) -> bool:
    """Whether the sign-in provider knows this person; such accounts have no password and its groups."""
    return bool(SocialAccount.objects.filter(user=person).exists())


def may_have_a_password(person: User) -> bool:
    """Whether this is a local account; that of `make link` is reached by its links alone."""
    if not settings.LOCAL_ACCOUNTS or not person.is_active or person.username == LOCAL_OPERATOR:
        return False
    return not is_from_provider(person)


def create(name: str, by: By, role: Role | None = None, workspace_id: int | None = None) -> User:
    """An account with a role, and without a password until a `password_link` is followed. Raises Refused."""
    if not settings.LOCAL_ACCOUNTS:
        raise Refused("Local accounts are switched off here.")
    if name == LOCAL_OPERATOR:
        raise Refused(f"{name} is the account of the one-time links.")
    person = User(username=User.normalize_username(name))
    person.set_unusable_password()
    _check(person)
    told = f"There is an account {person.username} already."
    with transaction.atomic():
        if User.objects.filter(username__iexact=person.username).exists():
            raise Refused(told)
        with _taken(told):
            person.save()
        _record("person.create", by, person)
        if role is not None:
            grant(person, role, workspace_id, by)
    return person


def deactivate(person: User, by: By) -> None:
    """Ends the person's sessions, and with them the use of their tokens. Raises Refused."""
    with _an_administrator_stays():
        if User.objects.filter(pk=person.pk, is_active=True).update(is_active=False):
            sessions.end_all(person)
            _record("person.deactivate", by, person)


def reactivate(person: User, by: By) -> None:
    with transaction.atomic():
        if User.objects.filter(pk=person.pk, is_active=False).update(is_active=True):
            _record("person.reactivate", by, person)


def sign_out(person: User, by: By) -> None:
    """Ends all sessions of this person, wherever they are."""
    with transaction.atomic():
        _record("person.sign_out", by, person, detail={"sessions": sessions.end_all(person)})


def password_link(person: User, by: By) -> str:
    """The path of a page where the person sets a password, once and within days. Raises Refused."""
    if not may_have_a_password(person):
        raise Refused(f"{person.username} signs in without a password, or not at all.")
    _record("person.password_link", by, person)
    key = urlsafe_base64_encode(force_bytes(person.pk))
    return reverse("set-password", args=[key, password_links.make_token(person)])


def password_was_set(person: User) -> None:
    """By its owner, which ended all sessions that knew the old one."""
    _record("person.password_set", person, person)


def grant(holder: Holder, role: Role, workspace_id: int | None, by: By) -> None:
    """In place of any other role this holder has there. Raises Refused."""
    if role is Role.ADMIN and workspace_id is not None:
        raise Refused("An administrator's role holds in all workspaces, not in one.")
    with _an_administrator_stays():
        there = _grants_of(holder).filter(workspace_id=workspace_id)
        before = there.values_list("role", flat=True).first()
        if before == role:
            return
        Grant.objects.update_or_create(**_held_by(holder), workspace_id=workspace_id, defaults={"role": role})
        _record("grant.give", by, holder, workspace_id, {"role": role.value, "before": before})


def revoke(holder: Holder, workspace_id: int | None, by: By) -> bool:
    """The role held there, or everywhere (None); False when there is none. Raises Refused."""
    with _an_administrator_stays():
        there = _grants_of(holder).filter(workspace_id=workspace_id)
        before = there.values_list("role", flat=True).first()
        if before is None or not there.delete()[0]:
            return False
        _record("grant.take", by, holder, workspace_id, {"role": before})
    return True


def set_groups(person: User, groups: QuerySet[Group], by: By) -> None:
    """Those, and no others. Raises Refused."""
    if is_from_provider(person):
        raise Refused("The sign-in provider says which groups these are.")
    with _an_administrator_stays():
        before, after = set(person.groups.all()), set(groups)
        person.groups.set(after)
        for group in sorted(after - before, key=_name):
            _record("group.join", by, person, detail={"group": group.name})
        for group in sorted(before - after, key=_name):
            _record("group.leave", by, person, detail={"group": group.name})


def create_group(name: str, by: By) -> Group:
    """Raises Refused."""
    group = Group(name=name)
    _check(group)
    with transaction.atomic():
        with _taken(f"There is a group {name} already."):
            group.save()
        _record("group.create", by, group)
    return group


def rename_group(group: Group, name: str, by: By) -> None:
    """Raises Refused."""
    _not_a_roles_own(group)
    with transaction.atomic():
        before, group.name = group.name, name
        with _taken(f"There is a group {name} already."):
            group.save(update_fields=["name"])
        _record("group.rename", by, group, detail={"before": before})


def delete_group(group: Group, by: By) -> None:
    """With its grants and memberships. Raises Refused."""
    _not_a_roles_own(group)
    with _an_administrator_stays():
        _record("group.delete", by, group, detail={"members": group.user_set.count()})
        group.delete()


def is_a_roles_own(group: Group) -> bool:
    return group.name in Role.values


def _not_a_roles_own(group: Group) -> None:
    if is_a_roles_own(group):
        raise Refused(f"The group {group.name} stands ready from the start and would be made again.")


@contextmanager
def _an_administrator_stays() -> Iterator[None]:
    """One transaction. Two that each take the other's role wait for one another at the rows that give it."""
    with transaction.atomic():
        list(Grant.objects.select_for_update().filter(role=Role.ADMIN).order_by("pk"))
        list(User.objects.select_for_update().filter(is_superuser=True).order_by("pk"))
        somebody_did = administrators().exists()
        yield
        if somebody_did and not administrators().exists():
            raise Refused("Nobody would be left who administers.")


def _check(made: Holder) -> None:
    try:
        made.clean_fields(exclude=["password"])
    except ValidationError as error:
        raise Refused(" ".join(error.messages)) from error


@contextmanager
def _taken(told: str) -> Iterator[None]:
    """A name that another has taken meanwhile."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        raise Refused(told) from error


def _held_by(holder: Holder) -> dict[str, Any]:
    return {"person": holder} if isinstance(holder, User) else {"group": holder}


def _grants_of(holder: Holder) -> QuerySet[Grant]:
    return Grant.objects.filter(**_held_by(holder))


def _record(
    act: str, by: By, about: Holder, workspace_id: int | None = None, detail: dict[str, object] | None = None
) -> None:
    kind = "person" if isinstance(about, User) else "group"
    audit.record(act, by, about=_name(about), about_id=f"{kind}:{about.pk}", workspace_id=workspace_id, detail=detail)


def _name(holder: Holder) -> str:
    return holder.get_username() if isinstance(holder, User) else holder.name
