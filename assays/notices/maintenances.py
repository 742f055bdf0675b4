"""Maintenance announced and ended, each with its place in the audit trail. What it held is told when it ends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from assays import audit
from assays.notices.models import Delivery, Maintenance, Outcome

Person = AbstractBaseUser | str
HELD = "maintenance"


@transaction.atomic
def add(starts_at: datetime, ends_at: datetime, by: Person, why: str = "", **scope: Any) -> Maintenance:
    """`scope` is one of workspace_id, pipeline_id, assay_id, or none for everything."""
    who = by if isinstance(by, str) else by.get_username()
    row = Maintenance.objects.create(starts_at=starts_at, ends_at=ends_at, why=why, who=who, **scope)
    _record("maintenance.add", row, by)
    return row


@transaction.atomic
def end(row: Maintenance, by: Person) -> None:
    """Before its time: one that has not begun never was. Messages that it held are looked at anew at once."""
    now = datetime.now(UTC)
    if row.starts_at >= now:
        _record("maintenance.call_off", row, by)
        row.delete()
        return
    row.ends_at = now
    row.save(update_fields=["ends_at"])
    Delivery.objects.filter(outcome=Outcome.WAITING, why=HELD, due_at__gt=now).update(due_at=now)
    _record("maintenance.end", row, by)


def _record(act: str, row: Maintenance, by: Person) -> None:
    audit.record(
        act,
        by,
        about=row.why,
        about_id=str(row.pk),
        workspace_id=row.workspace_id,
        detail={
            "from": row.starts_at.isoformat(),
            "until": row.ends_at.isoformat(),
            "pipeline": row.pipeline_id,
            "assay": str(row.assay_id or ""),
        },
    )
