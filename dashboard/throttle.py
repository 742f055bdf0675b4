"""How often passwords may be guessed: by account and address together, by account, and by address; then one waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.handlers.proxy import AxesProxyHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

LIMITS = (5, 20, 50)
"""Failures until a wait, in the order of AXES_LOCKOUT_PARAMETERS: an account from one address; an account from
anywhere, which is more, for else anybody could lock anybody out; an address whoever it tries."""


class Throttle(AxesDatabaseHandler):  # type: ignore[misc]
    """Counts as django-axes does, and holds each count to a limit of its own."""

    def get_failures(self, request: HttpRequest, credentials: Mapping[str, Any] | None = None) -> int:
        """The count that is nearest to its limit, on the scale of AXES_FAILURE_LIMIT."""
        return max(
            count * settings.AXES_FAILURE_LIMIT // limit for count, limit, _ in self.counts(request, credentials)
        )

    def until(self, request: HttpRequest, credentials: Mapping[str, Any] | None) -> datetime:
        """When the last of the counts that are full is forgotten."""
        newest = [last for count, limit, last in self.counts(request, credentials) if last and count >= limit]
        return max(newest, default=timezone.now()) + settings.AXES_COOLOFF_TIME

    def counts(
        self, request: HttpRequest, credentials: Mapping[str, Any] | None
    ) -> Iterator[tuple[int, int, datetime | None]]:
        """Of each kind: failures, their limit, and when the newest was."""
        kinds: list[QuerySet[AccessAttempt]] = self.get_user_attempts(request, credentials)
        for attempts, limit in zip(kinds, LIMITS, strict=True):
            found = attempts.aggregate(count=Sum("failures_since_start"), last=Max("attempt_time"))
            yield found["count"] or 0, limit, found["last"]


def locked_out(request: HttpRequest, _: HttpResponse | None, credentials: Mapping[str, Any] | None) -> HttpResponse:
    """The page in place of any other answer to a sign-in that has to wait; 429."""
    again = AxesProxyHandler.get_implementation().until(request, credentials)
    wait = max(1, round((again - timezone.now()).total_seconds()))
    response = render(request, "sign_in_locked.html", {"again": again}, status=429)
    response.headers["Retry-After"] = str(wait)
    return response
