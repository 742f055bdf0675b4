"""The audit trail: every change that a person, a token or a command makes is appended here, and nothing is altered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from django.contrib.auth.models import AbstractBaseUser

from assays.models import AuditEvent

LONGEST = 1000


def record(
    act: str,
    by: AbstractBaseUser | str,
    *,
    about: str = "",
    about_id: str = "",
    workspace_id: int | None = None,
    detail: Mapping[str, object] | None = None,
) -> AuditEvent:
    """Appends one event, within the caller's transaction: what was done (`assay.switch`), by a person or the name of
    what is none, to what, and whatever else tells it. `detail` is JSON and holds no secret.
    """
    return AuditEvent.objects.create(
        at=datetime.now(UTC),
        who=_plain(by if isinstance(by, str) else by.get_username()),
        person_id=None if isinstance(by, str) else by.pk,
        act=act,
        about=_plain(about),
        about_id=_plain(about_id),
        workspace_id=workspace_id,
        detail={name: _plain(value) if isinstance(value, str) else value for name, value in (detail or {}).items()},
    )


def _plain(text: str) -> str:
    """As PostgreSQL keeps it: no NUL, no half of a surrogate pair, of bounded length."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()[:LONGEST]
