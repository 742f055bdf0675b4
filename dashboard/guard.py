"""What stands before every page: each says which act it is, is shown to those who may, and finds what they may see.

A page that says neither this nor that it needs no sign-in fails a test that reads the URL map.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils.cache import patch_cache_control

from assays.models import Assay
from dashboard import access
from dashboard.access import NEEDED, Access, Act

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def access_of(request: HttpRequest) -> Access:
    return access.of_person(request.user)


def person_of(request: HttpRequest) -> User:
    """Who is signed in, on a page that nobody else is shown."""
    return cast(User, request.user)


def may(act: Act) -> Callable[[View[P]], View[P]]:
    """Lets pass who may do this in any workspace at all; in which, `found` and `Access.within` say."""

    def guarding(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            _demand(access_of(request), act)
            response = view(request, *args, **kwargs)
            if "Cache-Control" not in response:
                patch_cache_control(response, private=True)  # no proxy keeps what one person may see
            return response

        guarded.act = act  # type: ignore[attr-defined]
        return guarded

    return guarding


def found(request: HttpRequest, pk: UUID, act: Act = Act.READ) -> Assay:
    """The assay, without its message. One of a workspace out of sight is as one that is not there: Http404."""
    allowed = access_of(request)
    assay = allowed.assays().defer("message").filter(pk=pk).first()
    if assay is None:
        raise Http404("No assay has this address.")
    _demand(allowed, act, assay.workspace_id)
    return assay


def _demand(allowed: Access, act: Act, workspace_id: int | None = None) -> None:
    if allowed.may(act, workspace_id):
        return
    if allowed.highest is None:
        raise PermissionDenied("This account has been given no role yet. An administrator can give it one.")
    where = "" if workspace_id is None else " in this workspace"
    raise PermissionDenied(f"This needs the role {NEEDED[act].value}{where}; yours is {_named(allowed, workspace_id)}.")


def _named(allowed: Access, workspace_id: int | None) -> str:
    role = allowed.highest if workspace_id is None else allowed.role_in(workspace_id)
    return role.value if role else "none"
