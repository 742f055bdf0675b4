"""Who calls, by bearer token or by session, what they may, and how often they may ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.middleware.csrf import CsrfViewMiddleware
from django.utils import timezone
from redis.exceptions import RedisError

from dashboard import access, tokens
from dashboard.access import Access, Act
from dashboard.models import ApiToken
from typedapi.operation import Guard, Problem, body_of

MINUTE = 60


@dataclass(frozen=True, slots=True)
class Caller:
    """A person or a token, as audits name it, and what it may."""

    who: str
    key: str
    access: Access
    person: User | None = None
    token: ApiToken | None = None


def allowed(act: Act, *, changes: bool = False) -> Guard:
    """A guard that lets pass who may do this. Of a session, what `changes` anything must come from a page of ours."""

    def guard(request: HttpRequest) -> None:
        caller = _identified(request)
        _count(caller)
        if caller.token is None and changes and _forged(request):
            raise Problem(403, "a change by session needs the CSRF token in X-CSRFToken", "X-CSRFToken")
        if not caller.access.may(act):
            raise refusal(act)
        request.api_caller = caller  # type: ignore[attr-defined]

    guard.act = act  # type: ignore[attr-defined]  # as a page's view says it
    return guard


def refusal(act: Act) -> Problem:
    return Problem(403, f"this needs the role {access.NEEDED[act].value}")


def caller_of(request: HttpRequest) -> Caller:
    """Whom the guard has let pass."""
    return cast(Caller, request.api_caller)  # type: ignore[attr-defined]


def _identified(request: HttpRequest) -> Caller:
    if authorization := request.headers.get("Authorization", ""):
        return _by_token(authorization)
    person = request.user
    if not isinstance(person, User):
        raise Problem(401, "a bearer token or a session is needed", "Authorization")
    return Caller(person.get_username(), f"person:{person.pk}", access.of_person(person), person=person)


def _by_token(authorization: str) -> Caller:
    scheme, _, text = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise Problem(401, "only bearer tokens are taken", "Authorization")
    try:
        row = tokens.use(text.strip())
    except tokens.Unusable as error:
        raise Problem(401, str(error), "Authorization") from error
    return Caller(row.who, f"token:{row.pk}", tokens.access_of(row), token=row)


def _count(caller: Caller) -> None:
    """Refuses what goes over the ceiling of a minute; a Redis that is down counts nothing."""
    minute, second = divmod(int(timezone.now().timestamp()), MINUTE)
    key = f"api-calls:{caller.key}:{minute}"
    try:
        calls = _counted(key)
    except (OSError, RedisError):
        return
    if calls > settings.API_CALLS_PER_MINUTE:
        told = f"more than {settings.API_CALLS_PER_MINUTE} calls in this minute"
        raise Problem(429, told, headers={"Retry-After": str(MINUTE - second)})


def _counted(key: str) -> int:
    try:
        return cache.incr(key)
    except ValueError:  # the first of this minute
        cache.add(key, 1, 2 * MINUTE)
        return 1


class _OurForms(CsrfViewMiddleware):
    def _reject(self, request: HttpRequest, reason: str) -> HttpResponseForbidden:
        return HttpResponseForbidden(reason)


def _forged(request: HttpRequest) -> bool:
    body_of(request)  # before the check looks for a form in it, after which it could no longer be read
    check = _OurForms(lambda _: HttpResponse())
    check.process_request(request)
    return check.process_view(request, lambda _: HttpResponse(), (), {}) is not None
