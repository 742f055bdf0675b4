"""API tokens: made, shown once, found again by their digest, and revoked; making and revoking are audited."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import sha256

from django.contrib.auth.models import AbstractBaseUser, User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from assays import audit
from dashboard import access
from dashboard.access import Access
from dashboard.models import ApiToken
from dashboard.roles import Role

MARK = "drift_"
"""What a token begins with, so that scanners for leaked secrets know one."""

SHOWN = len(MARK) + 6
USED_EVERY = timedelta(minutes=1)
COMMAND = "command token"
"""Who makes and revokes tokens where no person does."""


class Unusable(Exception):
    """No such token, or one that is no longer good; the text says which."""


@transaction.atomic
def make(
    name: str,
    role: Role,
    workspaces: Iterable[int] | None = None,
    expires_at: datetime | None = None,
    owner: User | None = None,
    by: AbstractBaseUser | str = COMMAND,
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
    _record("token.make", row, by)
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


@transaction.atomic
def revoke(row: ApiToken, by: AbstractBaseUser | str = COMMAND) -> bool:
    """At once and for ever; False when it had been revoked before."""
    ours = ApiToken.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=timezone.now())
    if ours:
        _record("token.revoke", row, by)
    return bool(ours)


def beginning(prefix: str) -> QuerySet[ApiToken]:
    """Those not revoked that begin so, by what is shown of them or by the token itself."""
    return ApiToken.objects.filter(prefix=prefix[:SHOWN], revoked_at=None)


def access_of(row: ApiToken) -> Access:
    places = [None] if row.workspaces is None else row.workspaces
    granted = access.of_grants((row.role, place) for place in places)
    return granted.no_more_than(access.of_person(row.owner)) if row.owner else granted


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _record(act: str, row: ApiToken, by: AbstractBaseUser | str) -> None:
    detail: dict[str, object] = {
        "role": row.role,
        "workspaces": row.workspaces,
        "expires_at": row.expires_at and f"{row.expires_at:%Y-%m-%d %H:%M} UTC",
        "owner": row.owner.get_username() if row.owner else None,
    }
    audit.record(act, by, about=f"{row.name} ({row.prefix}…)", about_id=f"token:{row.pk}", detail=detail)
