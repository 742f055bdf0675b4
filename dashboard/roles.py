"""Who may do what: the group `viewer` reads, the group `operator` also switches. An account in neither sees nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Group, User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control

VIEWER = "viewer"
OPERATOR = "operator"
READERS = {VIEWER, OPERATOR}

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def make_groups() -> None:
    for name in (VIEWER, OPERATOR):
        Group.objects.get_or_create(name=name)


def groups_of(user: AbstractBaseUser | AnonymousUser) -> frozenset[str]:
    """Asked once a request; an administrator is in both."""
    if not isinstance(user, User):
        return frozenset()
    if user.is_superuser:
        return frozenset(READERS)
    known: frozenset[str] | None = getattr(user, "_group_names", None)
    if known is None:
        known = frozenset(user.groups.values_list("name", flat=True))
        user._group_names = known  # type: ignore[attr-defined]
    return known


def may_read(user: AbstractBaseUser | AnonymousUser) -> bool:
    return bool(groups_of(user) & READERS)


def may_switch(user: AbstractBaseUser | AnonymousUser) -> bool:
    return OPERATOR in groups_of(user)


def readers_only(view: View[P]) -> View[P]:
    return _only(view, may_read, "This account is in neither of the groups viewer and operator.")


def operators_only(view: View[P]) -> View[P]:
    return _only(view, may_switch, "Only accounts in the group operator may switch assays.")


def _only(view: View[P], allowed: Callable[[AbstractBaseUser | AnonymousUser], bool], why: str) -> View[P]:
    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not allowed(request.user):
            raise PermissionDenied(why)
        response = view(request, *args, **kwargs)
        if "Cache-Control" not in response:
            patch_cache_control(response, private=True)  # no proxy keeps what one person may see
        return response

    return guarded
