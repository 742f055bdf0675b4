"""Sends what is due: each mail is claimed by one worker, tried until the server takes it, and handed over once.

A mail is noted as handed over before its text leaves, and as sent after the answer. What the server refuses waits for
its next try. Where a worker ends between the two, or the server does not answer, nobody can know whether the mail has
arrived: it stays as handed over, is shown so, and is not sent again.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import QuerySet

from assays import audit
from assays.schedule import back_off
from dashboard.reports import compose, due, post
from dashboard.reports.compose import Pointless
from dashboard.reports.models import Mail, Outcome, Schedule, Share
from dashboard.reports.post import NotTaken, Unanswered

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""Longer than making and sending one mail takes."""

MOST_TRIES = 100
"""About a day's, by `back_off`."""

PAUSE = timedelta(minutes=1)
"""Between two mails that somebody asks for."""


class TooSoon(Exception):
    """Another one was asked for within PAUSE."""


def run(now: datetime) -> list[Mail]:
    """Notes what has become due and tries everything that waits; what was tried, as it stands then."""
    note(now)
    waiting = Mail.objects.filter(outcome=Outcome.WAITING, due_at__lte=now, schedule__stopped_at=None)
    return [send(row) for row in waiting.order_by("due_at").select_related("schedule__person")]


def note(now: datetime) -> None:
    """A row for each schedule's newest period; of several that were missed only that one."""
    running = list(Schedule.objects.filter(stopped_at=None, confirmed_at__isnull=False))
    known = set(Mail.objects.filter(schedule__in=running, period__isnull=False).values_list("schedule_id", "period"))
    rows = [row for row in _newest(running, now) if (row.schedule_id, row.period) not in known]
    if rows:
        Mail.objects.bulk_create(rows, ignore_conflicts=True)


def _newest(running: Iterable[Schedule], now: datetime) -> Iterable[Mail]:
    for schedule in running:
        period = due.newest(schedule, now)
        if due.moment(schedule, period) >= schedule.since:
            yield Mail(schedule=schedule, period=period, created_at=now, due_at=now)


@transaction.atomic
def _asked_for(schedule: Schedule, by: AbstractBaseUser | str) -> Mail:
    now = datetime.now(UTC)
    Schedule.objects.select_for_update().get(pk=schedule.pk)
    if schedule.mails.filter(period=None, created_at__gt=now - PAUSE).exists():
        raise TooSoon
    about = f"history by mail for {schedule.person.get_username()}"
    audit.record("report.now", by, about=about, about_id=f"report:{schedule.pk}", detail={"address": schedule.address})
    return Mail.objects.create(schedule=schedule, created_at=now, due_at=now)


def send_now(schedule: Schedule, by: AbstractBaseUser | str) -> Mail:
    """One besides those that are due, at once and once. Raises TooSoon."""
    row = send(_asked_for(schedule, by))
    if row.outcome == Outcome.WAITING:
        _settle(row, Outcome.FAILED, row.last_error)
    return row


def send_confirmation(schedule: Schedule) -> None:
    """Raises NotTaken or Unanswered."""
    message = compose.confirmation(schedule, datetime.now(UTC))
    with post.door(schedule.address) as door:
        door.hand_over(message)


def send(row: Mail) -> Mail:
    """One try, if it is still to be made; whatever goes wrong stands in the row."""
    if not _begun(row, datetime.now(UTC)):
        return row
    try:
        _try(row)
    except Pointless as why:
        _settle(row, Outcome.SKIPPED, str(why))
    except NotTaken as error:
        _again(row, str(error))
    except Unanswered as error:
        _settle(row, Outcome.HANDED, str(error))
    except Exception as error:
        log.error("mail %s: %s\n%s", row.pk, type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
        _again(row, f"the mail could not be made: {type(error).__name__}")
    return row


def _begun(row: Mail, now: datetime) -> bool:
    """Counts the try; False when another worker makes it."""
    mine = Mail.objects.filter(pk=row.pk, outcome=Outcome.WAITING, tries=row.tries)
    row.tries += 1
    return bool(mine.update(tries=row.tries, due_at=now + LEASE))


def _try(row: Mail) -> None:
    message = compose.mail(row, datetime.now(UTC))
    row.subject = str(message["Subject"])
    with post.door(row.schedule.address) as door:
        if not _handed(row):
            return
        door.hand_over(message)
        _settle(row, Outcome.SENT, "")


def _handed(row: Mail) -> bool:
    """False when it is no longer this worker's, or nobody wants it any more."""
    mine = Mail.objects.filter(pk=row.pk, outcome=Outcome.WAITING, tries=row.tries, schedule__stopped_at=None)
    return bool(mine.update(outcome=Outcome.HANDED, subject=row.subject))


def _again(row: Mail, error: str) -> None:
    """Keeps why, and when to try again."""
    log.warning("the history by mail is not taken: %s", error)
    if row.tries >= MOST_TRIES:
        _settle(row, Outcome.FAILED, error)
        return
    row.outcome, row.last_error = Outcome.WAITING, error
    _mine(row).update(outcome=row.outcome, last_error=error, due_at=back_off(datetime.now(UTC), row.tries))


def _settle(row: Mail, outcome: Outcome, error: str) -> None:
    row.outcome, row.last_error = outcome, error
    row.sent_at = datetime.now(UTC) if outcome == Outcome.SENT else None
    _mine(row).update(outcome=outcome, last_error=error, sent_at=row.sent_at)


def _mine(row: Mail) -> QuerySet[Mail]:
    """While no other try has begun."""
    return Mail.objects.filter(pk=row.pk, tries=row.tries)


def forget(before: datetime) -> None:
    """What became of older mails, and schedules and links that ended long ago."""
    Mail.objects.exclude(outcome=Outcome.WAITING).filter(created_at__lt=before).delete()
    Schedule.objects.filter(stopped_at__lt=before).delete()
    Share.objects.filter(expires_at__lt=before).delete()
    Share.objects.filter(revoked_at__lt=before).delete()
