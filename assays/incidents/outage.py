"""The one incident of an upstream that does not answer, whatever the number of assays."""

from __future__ import annotations

from datetime import datetime

from assays.incidents import acts, sentence
from assays.incidents.ledger import Ledger
from assays.incidents.models import Kind, News
from assays.states import State


def began(error: str, now: datetime) -> None:
    """Opens it, within the transaction that found out."""
    ledger = Ledger(now)
    ledger.open(Kind.UNREACHABLE, None, now, State.LATE, sentence.of_outage(error), News.NOW)
    ledger.close()


def ended(now: datetime) -> None:
    """Closes it, within the transaction that found out."""
    ledger = Ledger(now)
    for row in ledger.load(acts.locked(kind=Kind.UNREACHABLE, ok_end=None)):
        row.ok_end = now
    ledger.close()
