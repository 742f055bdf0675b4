"""Late runs of one assay: open while the run that was due has not come, though upstream answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from assays import standing
from assays.incidents import sentence
from assays.incidents.ledger import Ledger
from assays.incidents.models import Incident, Kind, News, Watch
from assays.models import Assay, Upstream
from assays.schedule import MICROSECOND, count, late_after, newest_end
from assays.states import State


def follow(assays: Iterable[Assay], watches: Mapping[UUID, Watch], ledger: Ledger, now: datetime) -> None:
    """Opens and closes the incidents of late runs; those that are open are in the ledger."""
    is_open = {row.assay_id: row for row in ledger.rows() if row.kind == Kind.LATE and row.ok_end is None}
    late = [assay for assay in assays if _is_late(assay, now)]
    for pk in is_open.keys() - {assay.pk for assay in late}:
        _close(is_open[pk], now)
    upstream = Upstream.objects.filter(pk=1).first() if late else None
    for assay in late:
        if assay.pk in is_open:
            _count(assay, is_open[assay.pk], now)
        elif _had_its_time(assay, upstream, now):
            _open(assay, watches[assay.pk], ledger)


def _is_late(assay: Assay, now: datetime) -> bool:
    runs = assay.active and assay.gone_since is None and not standing.has_ended(assay, now)
    return runs and assay.next_run is not None and standing.is_late(assay)


def _had_its_time(assay: Assay, upstream: Upstream | None, now: datetime) -> bool:
    """An upstream that is back gets as long for a run that was due meanwhile as if it were due now."""
    if upstream is None or upstream.reachable is None or upstream.since is None:
        return True
    return bool(upstream.reachable) and late_after(upstream.since, assay.plan.period) < now


def _open(assay: Assay, watch: Watch, ledger: Ledger) -> None:
    due = assay.next_run
    assert due is not None
    news = News.NOW if due > watch.since else News.NONE
    ledger.open(Kind.LATE, assay, due, State.LATE, sentence.of_late_run(due), news)


def _count(assay: Assay, row: Incident, now: datetime) -> None:
    """The runs that have not come, by the schedule."""
    newest = newest_end(assay.plan, now)
    if newest is not None and newest > row.first_bad_end:
        row.last_bad_end = newest
        row.count = count(assay.plan, row.first_bad_end - MICROSECOND, newest)


def _close(row: Incident, now: datetime) -> None:
    """A paused assay's incident is frozen: nothing tells whether the run would have come."""
    assay = row.assay
    if assay is not None and (assay.paused_since or assay.gone_since or standing.has_ended(assay, now)):
        return
    row.ok_end = now
