"""The one way to change anything upstream: switching an assay, with who, when and why, and what a re-read confirmed.

A change is posted once. What became of it only a re-read tells; until one does, its outcome is unknown and asked
for again.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction

from assays import audit, breaker, instance
from assays.errors import APIError, Rejected
from assays.listing import apply_assay
from assays.models import Assay, Outcome, Switch
from assays.sync import store, visit
from assays.upstream import Client

OPEN = (Outcome.PENDING, Outcome.UNKNOWN)
CONTRADICTED_AFTER = timedelta(minutes=2)
"""So long may a change take to show; after it, an upstream that says otherwise is believed."""


class Locked(Exception):
    """No change can be made now; the text says why."""


def switch(assay: Assay, to_active: bool, by: AbstractBaseUser | str, why: str = "") -> Switch:
    """Turns an assay on or off upstream; the answer's `outcome` says what is known of it. `by` is a person, or the
    name of what is none.

    Raises Locked, before anything is sent, while upstream does not answer or another change of this assay is open.
    """
    if breaker.is_open():
        raise Locked("The assays API does not answer; switches are locked until it does.")
    if assay.gone_since is not None:
        raise Locked("Upstream no longer lists this assay.")
    row = _audit(assay, to_active, by, why)
    client = instance.client()
    try:
        client.set_active(str(assay.pk), to_active)
    except Rejected as error:
        if _was_refused(error):
            return _settle(row, Outcome.REFUSED, str(error))
        return _unknown(row, str(error))
    except APIError as error:
        return _unknown(row, str(error))
    return confirm(row, client)


def _was_refused(error: Rejected) -> bool:
    """Whether nothing can have changed; an odd success and a time-out told by a proxy leave that open."""
    return error.status == 0 or (300 <= error.status < 500 and error.status != 408)


def confirm(row: Switch, client: Client) -> Switch:
    """Asks once what became of a change, and settles it when upstream's answer tells."""
    now = datetime.now(UTC)
    try:
        item = client.assay(str(row.assay_id))
    except Rejected as error:
        if error.status == 404 and now - row.asked_at > CONTRADICTED_AFTER:
            return _settle(row, Outcome.CONTRADICTED, "upstream no longer has this assay")
        return _unknown(row, str(error))
    except APIError as error:
        return _unknown(row, str(error))
    apply_assay(item, now)
    if item.message.active == row.to_active:
        return _settle(row, Outcome.DONE)
    if now - row.asked_at > CONTRADICTED_AFTER:
        return _settle(row, Outcome.CONTRADICTED, f"upstream still says active = {item.message.active}".lower())
    return _wait(row)


def settle_open() -> None:
    """Confirms each open change that is due to be asked about; each by one claimant."""
    now = datetime.now(UTC)
    for row in Switch.objects.filter(outcome__in=OPEN, asks_again_at__lte=now):
        due = Switch.objects.filter(pk=row.pk, outcome__in=OPEN, asks_again_at=row.asks_again_at)
        if due.update(asks_again_at=_next_ask(row, now)):
            confirm(row, instance.client())


def reread(assay: Assay) -> None:
    """Reads one assay and what is due of its results now. Raises what a call raises."""
    client = instance.client()
    apply_assay(client.assay(str(assay.pk)), datetime.now(UTC))
    assay.refresh_from_db()
    done = visit(client, assay, datetime.now(UTC))
    store([done], datetime.now(UTC))
    if done.error:
        raise done.error


def _audit(assay: Assay, to_active: bool, by: AbstractBaseUser | str, why: str) -> Switch:
    now = datetime.now(UTC)
    try:
        with transaction.atomic():
            _recorded("assay.switch", assay, by, {"to_active": to_active, "why": why})
            return Switch.objects.create(
                assay=assay,
                person_id=None if isinstance(by, str) else by.pk,
                who=by if isinstance(by, str) else by.get_username(),
                asked_at=now,
                was_active=assay.active,
                to_active=to_active,
                why=why,
                asks_again_at=now + timedelta(seconds=30),
            )
    except IntegrityError:
        raise Locked("Another change of this assay is under way; its outcome is not known yet.") from None


def _recorded(act: str, assay: Assay, by: AbstractBaseUser | str, detail: dict[str, object]) -> None:
    audit.record(act, by, about=assay.name, about_id=str(assay.pk), workspace_id=assay.workspace_id, detail=detail)


def _settle(row: Switch, outcome: Outcome, detail: str = "") -> Switch:
    row.outcome, row.detail = outcome, detail[:1000]
    row.settled_at, row.asks_again_at = datetime.now(UTC), None
    with transaction.atomic():
        row, ours = _saved(row)
        if ours:
            told = {"to_active": row.to_active, "outcome": outcome.value, "detail": row.detail}
            _recorded("assay.switch_settled", row.assay, row.person or row.who, told)
    return row


def _unknown(row: Switch, detail: str) -> Switch:
    row.outcome, row.detail = Outcome.UNKNOWN, detail[:1000]
    return _wait(row)


def _wait(row: Switch) -> Switch:
    row.asks_again_at = _next_ask(row, datetime.now(UTC))
    return _saved(row)[0]


def _next_ask(row: Switch, now: datetime) -> datetime:
    """Often at first, then once a minute."""
    return now + min(max((now - row.asked_at) / 2, timedelta(seconds=2)), timedelta(minutes=1))


def _saved(row: Switch) -> tuple[Switch, bool]:
    """Settled once: a change that another has settled meanwhile stays as it is, and is not ours (False)."""
    changes = {name: getattr(row, name) for name in ("outcome", "detail", "settled_at", "asks_again_at")}
    ours = bool(Switch.objects.filter(pk=row.pk, outcome__in=OPEN).update(**changes))
    if not ours:
        row.refresh_from_db()
    return row, ours
