"""Stored scores that their bins do not give: one incident a field, open while there is such a window."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from assays.incidents import acts, sentence
from assays.incidents.derive import Spell
from assays.incidents.ledger import Found, Ledger
from assays.incidents.models import Kind, News, Watch
from assays.models import Assay, Field
from assays.schedule import micros
from assays.states import State


class Mismatch(NamedTuple):
    """One window's score as upstream stored it, and as its bins give it."""

    start: datetime
    end: datetime
    stored: float
    computed: float


def follow(field: Field, windows: Sequence[Mismatch], now: datetime) -> None:
    """Takes in all windows of the field that do not match, none when every one does; called twice changes nothing."""
    with transaction.atomic():
        assay = Assay.objects.select_for_update().defer("message").get(pk=field.assay_id)
        ledger = Ledger(now)
        kept = ledger.load(acts.locked(field=field, kind=Kind.MISMATCH, ok_end=None))
        ordered = sorted(windows, key=lambda window: (window.end, window.start))
        if ordered:
            row = kept[0] if kept else None
            worth = _worth(assay, ordered[-1].end)
            ledger.put([Found(Kind.MISMATCH, assay, field, _spell(ordered), row, worth)])
            newest = ordered[-1]
            for row in ledger.rows():
                row.sentence = sentence.of_mismatch(newest.stored, newest.computed)
        else:
            for row in kept:
                row.ok_end = now
        ledger.close()


def _spell(windows: Sequence[Mismatch]) -> Spell:
    first, last = windows[0], windows[-1]
    return Spell(
        first_bad=micros(first.end),
        opened=micros(first.end),
        last_bad=micros(last.end),
        ok=None,
        count=len(windows),
        alerts=0,
        severity=int(State.WARNING),
        peak=None,
        peak_start=micros(last.start),
        peak_end=micros(last.end),
    )


def _worth(assay: Assay, newest: datetime) -> News:
    """What was stored before the assay was watched is history."""
    watch = Watch.objects.filter(assay=assay).first()
    return News.NOW if watch and newest > watch.since else News.NONE
