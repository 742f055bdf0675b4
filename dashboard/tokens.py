"""API tokens: made, shown once, found again by their digest, and revoked."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256

from django.contrib.auth.models import User
from django.db.models import Q
from django.utils import timezone

from dashboard import access
from dashboard.access import Access, Role
from dashboard.models import ApiToken

MARK = "drift_"
"""What a token begins with, so that scanners for leaked secrets know one."""

SHOWN = len(MARK) + 6
USED_EVERY = timedelta(minutes=1)


class Unusable(Exception):
    """No such token, or one that is no longer good; the text says which."""


def make(
    name: str,
    role: Role,
    workspaces: Iterable[int] | None = None,
    expires_at: datetime | None = None,
    owner: User | None = None,
) -> tuple[ApiToken, str]:
    """The row, and the token itself, which is kept nowhere."""
    text = MARK + secrets.token_urlsafe(32)
    row = ApiToken.objects.create(
        owner=owner,
        name=name,
        prefix=text[:SHOWN],
        digest=_digest(text),
        role=role,
        workspaces=None if workspaces is None else sorted(set(workspaces)),
        expires_at=expires_at,
    )
    return row, text


def use(text: str) -> ApiToken:
    """The token that is good now, noted as used (to the minute). Raises Unusable."""
    now = timezone.now()
    row = ApiToken.objects.select_related("owner").filter(digest=_digest(text)).first()
    if row is None:
        raise Unusable("the token is not known")
    if row.revoked_at is not None:
        raise Unusable("the token has been revoked")
    if row.expires_at is not None and row.expires_at <= now:
        raise Unusable("the token has expired")
    if row.owner is not None and not row.owner.is_active:
        raise Unusable("the account of the token's owner has been closed")
    if row.last_used_at is None or row.last_used_at < now - USED_EVERY:
        ApiToken.objects.filter(pk=row.pk).update(last_used_at=now)
    return row


def revoke(prefix: str) -> list[ApiToken]:
    """The tokens that begin so and were good until now."""
    rows = list(ApiToken.objects.filter(Q(prefix=prefix[:SHOWN]), revoked_at=None))
    ApiToken.objects.filter(pk__in=[row.pk for row in rows]).update(revoked_at=timezone.now())
    return rows


def access_of(row: ApiToken) -> Access:
    places = [None] if row.workspaces is None else row.workspaces
    granted = access.of_grants((row.role, place) for place in places)
    return granted.no_more_than(access.of_person(row.owner)) if row.owner else granted


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
