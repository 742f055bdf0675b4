"""Shared links: made, found again by their digest, and revoked; making and revoking are audited."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from django.contrib.auth.models import AbstractBaseUser, User
from django.db import transaction
from django.db.models import F, QuerySet

from assays import audit
from dashboard import access
from dashboard.access import Access
from dashboard.reports.models import Form, Share
from dashboard.roles import Role

SHOWN = 8
SEEN_EVERY = timedelta(minutes=1)


@transaction.atomic
def make(
    maker: User, name: str, form: Form, days: int, query: Mapping[str, str], zone: str, workspaces: Iterable[int]
) -> tuple[Share, str]:
    """The row, and the token itself, which is kept nowhere. `workspaces` are what is seen of `query` now."""
    text, now = secrets.token_urlsafe(32), datetime.now(UTC)
    row = Share.objects.create(
        maker=maker,
        name=name,
        form=form,
        prefix=text[:SHOWN],
        digest=_digest(text),
        query=dict(query),
        zone=zone,
        workspaces=sorted(set(workspaces)),
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    _record("link.make", row, maker)
    return row, text


def use(text: str) -> Share | None:
    """The link that is good now, noted as seen (to the minute)."""
    now = datetime.now(UTC)
    row = Share.objects.select_related("maker").filter(digest=_digest(text)).first()
    if row is None or not row.is_good(now) or access_of(row).highest is None:
        return None
    if row.last_seen_at is None or row.last_seen_at < now - SEEN_EVERY:
        Share.objects.filter(pk=row.pk).update(last_seen_at=now)
    return row


def access_of(row: Share) -> Access:
    """To read what it was made with, as far as its maker may still see it."""
    frozen = Access(None, dict.fromkeys(row.workspaces, Role.VIEWER))
    return frozen.no_more_than(access.of_person(row.maker))


@transaction.atomic
def revoke(row: Share, by: AbstractBaseUser | str) -> bool:
    """At once and for ever; False when it had been revoked before."""
    ours = Share.objects.filter(pk=row.pk, revoked_at=None).update(revoked_at=datetime.now(UTC))
    if ours:
        _record("link.revoke", row, by)
    return bool(ours)


def listed(maker: User | None) -> QuerySet[Share]:
    """Those of one person, or all; the good ones first, newest first."""
    rows = Share.objects.all() if maker is None else Share.objects.filter(maker=maker)
    return rows.select_related("maker").order_by(F("revoked_at").desc(nulls_first=True), "-created_at")


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _record(act: str, row: Share, by: AbstractBaseUser | str) -> None:
    detail = {"form": row.form, "workspaces": row.workspaces, "expires_at": f"{row.expires_at:%Y-%m-%d %H:%M} UTC"}
    audit.record(act, by, about=f"{row.name} ({row.prefix}…)", about_id=f"link:{row.pk}", detail=detail)
