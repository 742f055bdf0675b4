"""Whether each stored score follows from the bins stored with it: recomputed in the background, newest first.

Only what does not match is kept. A pass looks at what was stored since the last one, a few hundred results at a time;
done twice it changes nothing, and what is stored meanwhile is looked at again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import F, QuerySet

from assays import series, wire
from assays.coverage import Span
from assays.drift.explain import Recomputed, recompute
from assays.drift.metrics import AGGREGATIONS, METRICS, Measure
from assays.incidents.mismatch import Mismatch, follow
from assays.incidents.models import Incident, Kind
from assays.insight.models import Discrepancy, Touched
from assays.insight.touched import shorten_verify
from assays.listing import fingerprint
from assays.models import Assay, Field, Result
from assays.schedule import MICROSECOND
from assays.states import State

AT_ONCE = 500
"""Results recomputed in one transaction."""

PATIENCE = timedelta(seconds=10)
"""After this a pass begins no further stretch."""


class Verdict(Enum):
    """What recomputing a stored score says."""

    MATCHES = "matches"
    DIFFERS = "differs"
    UNCHECKABLE = "cannot be checked"
    PENDING = "not checked yet"
    NO_SCORE = "no score"


@dataclass(frozen=True, slots=True)
class Checked:
    """A stored score, the one its bins give where they give one, and otherwise the reason."""

    verdict: Verdict
    stored: float | None = None
    recomputed: float | None = None
    reason: str = ""


def measure_of(assay: wire.Assay) -> Measure | None:
    rules = assay.summarizer.univariate
    return Measure(rules.metric, rules.aggregation, rules.bin_weights) if rules else None


def hindrance(assay: wire.Assay, key: str) -> str:
    """Why no score of this field can be checked, or nothing."""
    how = measure_of(assay)
    if how is None:
        return "the assay does not say how it summarizes a single field"
    if how.aggregation == "Edges":
        return "nobody has published how scores under Edges are made"
    if how.metric not in METRICS or how.aggregation not in AGGREGATIONS:
        return f"{how.metric} on {how.aggregation} is not known here"
    baseline = (assay.baseline.summary or {}).get(key)
    if baseline is None:
        return "upstream returns no baseline for this field"
    return "" if baseline.is_whole else "the baseline's bins have no values of their own"


def check(result: wire.Result, assay: wire.Assay, key: str) -> Checked:
    """Recompute one field's score of a result from the aggregated values it came with."""
    scored = (result.scores or {}).get(key)
    if not isinstance(scored, wire.FieldScore) or not result.summaries:
        return Checked(Verdict.NO_SCORE)
    reason = hindrance(assay, key) or _misfit(result, assay, key)
    if reason:
        return Checked(Verdict.UNCHECKABLE, scored.score, reason=reason)
    return _told(_recomputed(scored.score, result, assay, key))


def _misfit(result: wire.Result, assay: wire.Assay, key: str) -> str:
    window = (result.summaries or {}).get(key)
    if window is None:
        return "the result holds no bins for this field"
    before = (assay.baseline.summary or {})[key]
    fits = window.is_whole and window.bins.labels == before.bins.labels
    return "" if fits else "the window's bins are not those of the baseline"


def _recomputed(stored: float, result: wire.Result, assay: wire.Assay, key: str) -> Recomputed:
    before, window, how = (assay.baseline.summary or {})[key], (result.summaries or {})[key], measure_of(assay)
    assert how is not None
    return recompute(stored, before.aggregated_values, window.aggregated_values, how)


def _told(found: Recomputed) -> Checked:
    if found.score is None:
        return Checked(Verdict.UNCHECKABLE, found.stored, reason="the bins' values or weights give no score")
    verdict = Verdict.MATCHES if found.matches else Verdict.DIFFERS
    return Checked(verdict, found.stored, found.score)


def verify(patience: timedelta = PATIENCE) -> int:
    """One pass over what was stored since it was last checked, a stretch of each assay in turn; how many results."""
    stop = time.monotonic() + patience.total_seconds()
    _begin_anew_where_the_basis_moved()
    waiting = Touched.objects.filter(verify_last__isnull=False).order_by("verify_last")
    pending = list(waiting.values_list("pk", flat=True))
    done = 0
    while pending and time.monotonic() < stop:
        pk = pending.pop(0)
        many, is_done = _verify_stretch(pk)
        done += many
        pending += [] if is_done else [pk]
    return done


def _begin_anew_where_the_basis_moved() -> None:
    """An assay's message changes with every switch; only a new baseline or measure unsettles what was checked."""
    moved = Touched.objects.exclude(fingerprint=F("assay__fingerprint")).select_related("assay")
    for row in moved.iterator(chunk_size=200):
        assay = row.assay
        basis = _basis(assay.message)
        changed: dict[str, Any] = {"fingerprint": assay.fingerprint, "basis": basis}
        if row.basis not in (0, basis):
            changed |= {"verify_first": assay.read_from, "verify_last": assay.read_to}
        Touched.objects.filter(pk=row.pk, stamp=row.stamp).update(**changed)


def _basis(message: bytes) -> int:
    assay = _ASSAY.decode(message)
    return fingerprint(msgspec.json.encode([assay.baseline, assay.summarizer]))


_ASSAY = msgspec.json.Decoder(wire.Assay)


def _verify_stretch(pk: UUID) -> tuple[int, bool]:
    """The newest results still to be checked: how many, and whether none is left.

    The assay is locked first, as whoever stores results locks it. Incidents follow in the transaction that ends it.
    """
    row = Touched.objects.select_related("assay").get(pk=pk)
    if row.verify_first is None or row.verify_last is None:
        return 0, True
    results, first = _newest(row, AT_ONCE)
    found = list(_checked(results, row.assay))
    left = first - MICROSECOND if first and first > row.verify_first else None
    with transaction.atomic():
        Assay.objects.select_for_update().only("pk").get(pk=pk)
        if not shorten_verify(row, left):
            return 0, False
        _keep(found, row.assay, first or row.verify_first, row.verify_last)
        if left is None:
            _follow(row.assay)
    return len(results), left is None


def _follow(assay: Assay) -> None:
    """Tells the incidents of each field that has a score which differs, or had one, of all such windows."""
    differing = Discrepancy.objects.filter(field__assay=assay, recomputed__isnull=False)
    told = Incident.objects.filter(assay=assay, kind=Kind.MISMATCH, ok_end=None, field__isnull=False)
    fields = {*differing.values_list("field_id", flat=True).distinct(), *told.values_list("field_id", flat=True)}
    for field in Field.objects.filter(pk__in=fields):
        follow(field, [*_mismatches(differing.filter(field=field))], datetime.now(UTC))


def _mismatches(rows: QuerySet[Discrepancy]) -> Iterator[Mismatch]:
    for row in rows:
        if row.recomputed is not None:
            yield Mismatch(row.window_start, row.window_end, row.stored, row.recomputed)


def _newest(row: Touched, many: int) -> tuple[list[Result], datetime | None]:
    """The newest results of the stretch, and from which end on they are all there; None when none is older."""
    within = Result.objects.filter(assay=row.assay, window_end__range=(row.verify_first, row.verify_last))
    newest = within.order_by("-window_end")
    oldest = newest.values_list("window_end", flat=True)[many - 1 : many].first()
    return list(newest.filter(window_end__gte=oldest) if oldest else newest), oldest


def _checked(results: Iterable[Result], assay: Assay) -> Iterator[Discrepancy]:
    """What does not match, or cannot be told for this window alone."""
    message, fields = _ASSAY.decode(assay.message), list(assay.fields.all())
    checkable = [field for field in fields if not hindrance(message, field.key)]
    for row in results:
        if checkable and not row.problem:
            result = wire.read_result(row.message)
            yield from _discrepancies(row, ((field, check(result, message, field.key)) for field in checkable))


def _discrepancies(row: Result, checks: Iterable[tuple[Field, Checked]]) -> Iterator[Discrepancy]:
    for field, told in checks:
        if told.verdict in (Verdict.DIFFERS, Verdict.UNCHECKABLE) and told.stored is not None:
            yield Discrepancy(
                field=field,
                window_start=row.window_start,
                window_end=row.window_end,
                stored=told.stored,
                recomputed=told.recomputed,
                reason=told.reason,
            )


def _keep(found: Sequence[Discrepancy], assay: Assay, first: datetime, last: datetime) -> None:
    Discrepancy.objects.filter(field__assay=assay, window_end__range=(first, last)).delete()
    Discrepancy.objects.bulk_create(found, batch_size=500)


def told_of(field: Field, window: Result) -> Checked:
    """What the background has found of one window; `check` tells at once what it would find."""
    if _is_pending(window):
        return Checked(Verdict.PENDING)
    kept = Discrepancy.objects.filter(field=field, window_end=window.window_end, window_start=window.window_start)
    row = kept.first()
    if row is None:
        return Checked(Verdict.MATCHES)
    return Checked(
        Verdict.UNCHECKABLE if row.recomputed is None else Verdict.DIFFERS, row.stored, row.recomputed, row.reason
    )


def _is_pending(window: Result) -> bool:
    kept = Touched.objects.filter(assay=window.assay_id)
    return kept.filter(verify_first__lte=window.window_end, verify_last__gte=window.window_end).exists()


@dataclass(frozen=True, slots=True)
class Tally:
    """Of a field's scored windows in a span: how many match, differ, cannot be checked, and are still to be checked."""

    matches: int
    differs: int
    uncheckable: int
    pending: int
    hindrance: str = ""


def tally(field: Field, span: Span) -> Tally:
    """Counted from what was found; windows by the hour rollups, so that none is scanned."""
    scored = sum(many for state, many in series.counts(field.pk, span).items() if state in SCORED)
    if why := hindrance(_ASSAY.decode(field.assay.message), field.key):
        return Tally(0, 0, scored, 0, why)
    rows = Discrepancy.objects.filter(field=field, window_end__gt=span.after, window_end__lte=span.until)
    differs, uncheckable = rows.exclude(recomputed=None).count(), rows.filter(recomputed=None).count()
    pending = min(scored, _pending(field, span))
    return Tally(max(0, scored - differs - uncheckable - pending), differs, uncheckable, pending)


SCORED = (State.OK, State.WARNING, State.ALERT)


def _pending(field: Field, span: Span) -> int:
    row = Touched.objects.filter(assay=field.assay_id, verify_last__isnull=False).first()
    if row is None or row.verify_first is None or row.verify_last is None:
        return 0
    waiting = Span(max(span.after, row.verify_first - MICROSECOND), min(span.until, row.verify_last))
    return sum(many for state, many in series.counts(field.pk, waiting).items() if state in SCORED) if waiting else 0
