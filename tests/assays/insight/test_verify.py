"""Every stored score is recomputed once, again when it is re-scored, and what differs is kept with both numbers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.db import connections

from assays import wire
from assays.coverage import Span
from assays.credentials import StaticToken
from assays.incidents.models import Incident, Kind
from assays.insight import verify
from assays.insight.models import Discrepancy, Touched
from assays.insight.touched import shorten_verify
from assays.insight.verify import Verdict
from assays.models import Assay, Field, Result
from assays.sync import store, sweep_visit
from assays.upstream import Client
from tests.assays.insight.conftest import HOUR, TRUE_SCORE, Filled, sync
from tests.support import messages
from tests.support.messages import START
from tests.support.upstream import Upstream

WHOLE = Span(START - HOUR, START + 100 * HOUR)


def checked(change: dict[str, Any] | None = None, **rules: Any) -> verify.Checked:
    assay = messages.assay()
    assay["summarizer"]["UnivariateContinuous"] |= rules
    result = messages.result(assay, START, TRUE_SCORE, **(change or {}))
    decoded = msgspec.convert(assay, wire.Assay)
    return verify.check(wire.read_result(msgspec.json.encode(result)), decoded, "out.score")


def test_the_vendors_sample_follows_from_its_bins() -> None:
    assert checked() == verify.Checked(Verdict.MATCHES, TRUE_SCORE, TRUE_SCORE)


def test_another_metric_than_it_was_made_with_differs_and_both_numbers_are_told() -> None:
    found = checked(metric="SumDiff")
    assert found.verdict == Verdict.DIFFERS
    assert (found.stored, found.recomputed) == pytest.approx((TRUE_SCORE, 0.8))


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ({"aggregation": "Edges"}, "Edges"),
        ({"metric": "KL"}, "KL on Density"),
        ({"bin_weights": [1.0]}, "weights"),
    ],
)
def test_what_cannot_be_checked_says_why(rules: dict[str, Any], why: str) -> None:
    found = checked(**rules)
    assert found.verdict == Verdict.UNCHECKABLE
    assert why in found.reason


def test_without_a_baseline_or_bins_nothing_can_be_checked() -> None:
    assay = messages.assay()
    result = wire.read_result(msgspec.json.encode(messages.result(assay, START, TRUE_SCORE)))
    assay["baseline"]["Summary"] = {}
    found = verify.check(result, msgspec.convert(assay, wire.Assay), "out.score")
    assert (found.verdict, found.reason) == (Verdict.UNCHECKABLE, "upstream returns no baseline for this field")


def test_a_failed_run_has_no_score_to_check() -> None:
    assert checked({"summaries": {}}).verdict == Verdict.NO_SCORE


def test_what_differs_is_kept_and_the_rest_counted_as_matching(filled: Filled) -> None:
    assay = filled([TRUE_SCORE, 0.05, "no rows", TRUE_SCORE])
    field = assay.fields.get()
    assert verify.tally(field, WHOLE) == verify.Tally(0, 0, 0, 3)
    assert verify.verify() == 4
    row = Discrepancy.objects.get()
    assert (row.window_end, row.stored, row.recomputed) == (START + HOUR, 0.05, TRUE_SCORE)
    assert verify.tally(field, WHOLE) == verify.Tally(2, 1, 0, 0)


def test_a_second_pass_has_nothing_to_do(filled: Filled) -> None:
    filled([TRUE_SCORE, 0.05])
    verify.verify()
    kept = list(Discrepancy.objects.values())
    assert verify.verify() == 0
    assert list(Discrepancy.objects.values()) == kept


def test_a_pass_over_many_results_takes_them_a_stretch_at_a_time(
    filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "AT_ONCE", 3)
    filled([TRUE_SCORE, 0.05] * 5)
    assert verify.verify() == 10
    assert Discrepancy.objects.count() == 5
    assert Touched.objects.get().verify_last is None


def test_a_pass_without_time_leaves_everything_for_the_next(filled: Filled) -> None:
    filled([0.05])
    assert verify.verify(timedelta(0)) == 0
    assert verify.verify() == 1


def test_a_re_scored_window_is_checked_again(filled: Filled, upstream: Upstream) -> None:
    assay = filled([0.05, TRUE_SCORE])
    verify.verify()
    told = messages.assay()
    later = messages.result(told, START, TRUE_SCORE)
    later["updated_at"] = "2027-01-01T00:00:00Z"
    rest = [messages.result(told, START + HOUR * k, TRUE_SCORE) for k in (1, 2)]
    sync(upstream, told, [later, *rest], START + 2 * HOUR)
    assert told_of(assay) == [Verdict.PENDING] * 3
    assert verify.verify() == 3
    assert told_of(assay) == [Verdict.MATCHES] * 3
    assert not Discrepancy.objects.exists()


def test_what_is_stored_while_a_stretch_is_checked_keeps_it_to_be_done(filled: Filled) -> None:
    filled([0.05])
    seen = Touched.objects.get()
    Touched.objects.update(stamp=seen.stamp + 1)
    assert not shorten_verify(seen, None)
    assert Touched.objects.get().verify_last == START


def test_a_new_baseline_unsettles_all_and_a_mere_switch_nothing(filled: Filled, upstream: Upstream) -> None:
    filled([TRUE_SCORE, TRUE_SCORE])
    verify.verify()
    told, results = messages.assay(active=False), upstream.results[messages.assay()["id"]]
    sync(upstream, told, results, START + HOUR)
    assert verify.verify() == 0
    told["baseline"]["Summary"]["out.score"]["aggregated_values"] = [0.1, 0.3, 0.2, 0.2, 0.2]
    sync(upstream, told, results, START + HOUR)
    assert verify.verify() == 2
    assert Discrepancy.objects.count() == 2


def test_a_field_that_cannot_be_checked_keeps_no_rows_and_says_so_at_once(filled: Filled, upstream: Upstream) -> None:
    told = messages.assay()
    told["summarizer"]["UnivariateContinuous"]["aggregation"] = "Edges"
    assay = sync(upstream, told, [messages.result(told, START, 0.3)], START)
    verify.verify()
    found = verify.tally(assay.fields.get(), WHOLE)
    assert (found.uncheckable, found.matches) == (1, 0)
    assert "Edges" in found.hindrance
    assert not Discrepancy.objects.exists()


def test_scores_that_differ_are_one_incident_until_all_match(filled: Filled, upstream: Upstream) -> None:
    filled([0.05, TRUE_SCORE, 0.05])
    verify.verify()
    incident = Incident.objects.get(kind=Kind.MISMATCH)
    assert (incident.first_bad_end, incident.last_bad_end, incident.count) == (START, START + 2 * HOUR, 2)
    assert incident.closed_at is None
    told = messages.assay()
    again = [messages.result(told, START + HOUR * k, TRUE_SCORE, updated_at="2027-01-01T00:00:00Z") for k in range(4)]
    sync(upstream, told, again, START + 3 * HOUR)
    sync_all(upstream)
    verify.verify()
    assert not Discrepancy.objects.exists()
    assert Incident.objects.get(kind=Kind.MISMATCH).closed_at is not None


def sync_all(upstream: Upstream) -> None:
    """As the slow second reading of everything kept does."""
    client = Client(upstream.url, StaticToken())
    now = START + 3 * HOUR
    store([sweep_visit(client, Assay.objects.get(), now)], now)


def test_an_incident_waits_until_the_whole_backlog_is_checked(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "AT_ONCE", 2)
    filled([0.05] * 5)
    verify.verify()
    assert Incident.objects.get(kind=Kind.MISMATCH).count == 5


@pytest.mark.django_db(transaction=True)
def test_passes_at_the_same_time_while_results_are_stored_lose_and_double_nothing(
    filled: Filled, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "AT_ONCE", 3)
    filled([0.05] * 30)
    told = messages.assay()
    results = [messages.result(told, START + HOUR * k, 0.05) for k in range(36)]

    def store_more() -> int:
        return len([sync(upstream, told, results[: 30 + k], START + HOUR * (29 + k)) for k in range(1, 7)])

    with ThreadPoolExecutor(3) as pool:
        for running in [pool.submit(closing, work) for work in (verify.verify, verify.verify, store_more)]:
            running.result()
    verify.verify()
    assert Discrepancy.objects.count() == 36
    assert Touched.objects.get().verify_last is None


def closing(work: Callable[[], int]) -> int:
    """A thread has database connections of its own."""
    try:
        return work()
    finally:
        connections.close_all()


def told_of(assay: Assay) -> list[Verdict]:
    field: Field = assay.fields.get()
    return [verify.told_of(field, row).verdict for row in Result.objects.order_by("window_end")]
