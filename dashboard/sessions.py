"""How long somebody stays signed in: so many hours from the sign-in, and not unused for longer than some of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import SESSION_KEY, login
from django.contrib.auth.models import User
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from assays import audit
from dashboard import backends
from dashboard.addresses import client_address

SEEN = "seen"
NOTED_EVERY = timedelta(minutes=5)
"""So that not every request writes its session."""

Way = type[backends.Password] | type[backends.Link] | type[backends.Provider]


def begin(request: HttpRequest, person: User, way: Way, detail: Mapping[str, object] | None = None) -> None:
    """Signs the person in, under a new session key, and records it."""
    login(request, person, backend=f"{way.__module__}.{way.__qualname__}")
    request.session.set_expiry(timezone.now() + timedelta(hours=settings.SESSION_HOURS))
    request.session.clear_expired()  # of everybody; nothing else does
    audit.record("session.sign_in", person, detail=_detail(request, way.__name__.lower(), detail))


def refuse(request: HttpRequest, about: str, way: Way, why: str, detail: Mapping[str, object] | None = None) -> None:
    """Records a sign-in that failed: for whom, if that is known, and why."""
    told = _detail(request, way.__name__.lower(), {"why": why, **(detail or {})})
    audit.record("session.sign_in_failed", "sign-in page", about=about, detail=told)


def end_all(person: User) -> int:
    """Signs the person out of every browser; returns of how many. API tokens are left as they are."""
    of_person = [row.pk for row in Session.objects.iterator() if row.get_decoded().get(SESSION_KEY) == str(person.pk)]
    deleted, _ = Session.objects.filter(pk__in=of_person).delete()
    return deleted


class IdleMiddleware:
    """Ends a session that was left unused too long. Only a request that brings a session asks for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and SESSION_KEY in request.session:
            _keep_or_end(request.session, timezone.now())
        return self.get_response(request)


def _keep_or_end(session: SessionBase, now: datetime) -> None:
    seen = session.get(SEEN)
    unused = timedelta(0) if seen is None else timedelta(seconds=now.timestamp() - seen)
    if unused > timedelta(hours=settings.SESSION_IDLE_HOURS):
        session.flush()
    elif seen is None or unused > NOTED_EVERY:
        session[SEEN] = now.timestamp()


def _detail(request: HttpRequest, way: str, detail: Mapping[str, object] | None) -> dict[str, object]:
    return {"by": way, "address": client_address(request) or "", **(detail or {})}
