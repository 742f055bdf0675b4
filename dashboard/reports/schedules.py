"""Schedules begun, confirmed and ended, and the signed addresses in mails that do so without a sign-in; all audited."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, User
from django.core import signing
from django.db import transaction
from django.urls import reverse

from assays import audit
from dashboard.reports.models import Mail, Outcome, Schedule

MOST, MOST_A_DAY = 10, 20
"""Schedules of one person that run, and that were begun within a day: each may send a mail to a stranger's address."""

BY_MAIL = "link in a mail"
"""Who ends and confirms where nobody has signed in."""

Purpose = Literal["stop", "confirm"]


class TooMany(Exception):
    """The text says what of."""


@transaction.atomic
def begin(person: User, address: str, told: Mapping[str, Any]) -> Schedule:
    """An address that the provider gave for the account needs no confirmation. Raises TooMany."""
    now = datetime.now(UTC)
    User.objects.select_for_update().get(pk=person.pk)
    _allow(person, now)
    known = person.email and not person.has_usable_password() and address.casefold() == person.email.casefold()
    row = Schedule.objects.create(
        person=person, address=address, since=now, confirmed_at=now if known else None, **dict(told)
    )
    _record("report.begin", row, person, {"rhythm": row.rhythm, "address": address, "zone": row.zone})
    return row


def _allow(person: User, now: datetime) -> None:
    rows = Schedule.objects.filter(person=person)
    if rows.filter(stopped_at=None).count() >= MOST:
        raise TooMany(f"You have {MOST} already. Stop one first.")
    if rows.filter(since__gt=now - timedelta(days=1)).count() >= MOST_A_DAY:
        raise TooMany(f"That were more than {MOST_A_DAY} within a day. Try again tomorrow.")


@transaction.atomic
def stop(row: Schedule, by: AbstractBaseUser | str) -> bool:
    """What waits is not sent any more; False when it had ended before."""
    now = datetime.now(UTC)
    ours = Schedule.objects.filter(pk=row.pk, stopped_at=None).update(stopped_at=now)
    if ours:
        waiting = Mail.objects.filter(schedule=row, outcome=Outcome.WAITING)
        waiting.update(outcome=Outcome.SKIPPED, last_error="stopped before it was sent")
        _record("report.stop", row, by, {"address": row.address})
    return bool(ours)


@transaction.atomic
def confirm(row: Schedule, by: AbstractBaseUser | str = BY_MAIL) -> bool:
    """From now on mails are due; False when it had been confirmed before, or has been stopped."""
    now = datetime.now(UTC)
    ours = Schedule.objects.filter(pk=row.pk, confirmed_at=None, stopped_at=None).update(confirmed_at=now, since=now)
    if ours:
        _record("report.confirm", row, by, {"address": row.address})
    return bool(ours)


@transaction.atomic
def ask_again(row: Schedule, by: AbstractBaseUser | str) -> None:
    """Before the question to confirm is sent once more. Raises TooMany within a minute of the last."""
    now = datetime.now(UTC)
    late = Schedule.objects.filter(pk=row.pk, confirmed_at=None, since__lt=now - timedelta(minutes=1))
    if not late.update(since=now):
        raise TooMany
    _record("report.ask", row, by, {"address": row.address})


def address_of(row: Schedule, purpose: Purpose) -> str:
    """Whole, for a mail: good for as long as the schedule is kept."""
    token = signing.Signer(salt=f"driftline.reports.{purpose}").sign(str(row.pk))
    return settings.PUBLIC_URL.rstrip("/") + reverse(f"mail-{purpose}", args=[token])


def of_token(token: str, purpose: Purpose) -> Schedule | None:
    """None for a token that is not ours, of another purpose, or of a schedule that is no longer kept."""
    try:
        pk = UUID(signing.Signer(salt=f"driftline.reports.{purpose}").unsign(token))
    except (signing.BadSignature, ValueError):
        return None
    return Schedule.objects.select_related("person").filter(pk=pk).first()


def _record(act: str, row: Schedule, by: AbstractBaseUser | str, detail: Mapping[str, object]) -> None:
    about = f"history by mail for {row.person.get_username()}"
    audit.record(act, by, about=about, about_id=f"report:{row.pk}", detail=detail)
