"""What one window says: the vendor's sample, explained."""

from __future__ import annotations

import msgspec
import pytest

from assays import wire
from assays.states import State
from dashboard import window
from tests.support.messages import sample

KEY = "out.Model_Confidence_Level"
UNEVEN = [0.1, 0.15, 0.2, 0.25, 0.3]


class Watched(msgspec.Struct):
    key: str = KEY
    warning: float | None = 0.1
    alert: float | None = 0.1


@pytest.fixture
def assay() -> wire.Assay:
    return msgspec.convert(sample("assay"), wire.Assay)


@pytest.fixture
def result() -> wire.Result:
    return msgspec.convert(sample("assay_result"), wire.Result)


def test_the_vendors_sample_is_explained(assay: wire.Assay, result: wire.Result) -> None:
    judged = window.judge(result, [Watched()], KEY, assay)
    compared = judged.comparison
    assert compared is not None
    assert judged.verdict.state == State.ALERT
    assert [round(row.adds or 0, 3) for row in compared.bins] == [1.288, 0.719, 0.719, 0.719, 0.719]
    assert sum(row.adds or 0 for row in compared.bins) == pytest.approx(4.1648763041561505, abs=1e-12)
    assert [(one.span, one.verb) for one in compared.movers] == [("≤ 0.39", "grew"), ("0.39 – 0.59", "shrank")]
    assert [row.is_top for row in compared.bins] == [True, False, False, False, False]


def test_bins_are_aligned_by_their_labels(assay: wire.Assay, result: wire.Result) -> None:
    summary = (result.summaries or {})[KEY]
    turned = msgspec.structs.replace(
        summary,
        bins=msgspec.structs.replace(summary.bins, labels=[*summary.bins.labels[:4], "elsewhere"]),
    )
    judged = window.judge(msgspec.structs.replace(result, summaries={KEY: turned}), [Watched()], KEY, assay)
    assert judged.comparison is not None
    assert judged.comparison.bins[-1].before is None
    assert judged.comparison.bins[-1].change == "—"
    assert judged.comparison.movers == []


def test_bins_of_the_same_label_are_aligned_by_their_place(assay: wire.Assay, result: wire.Result) -> None:
    """Labels of close edges coincide: two digits do not tell them apart."""

    def alike(summary: wire.Summary) -> wire.Summary:
        return msgspec.structs.replace(summary, bins=msgspec.structs.replace(summary.bins, labels=["1.00e0"] * 5))

    summaries, (baseline,) = {KEY: alike((result.summaries or {})[KEY])}, (assay.baseline.summary or {}).values()
    told = wire.Baseline(summary={KEY: alike(msgspec.structs.replace(baseline, aggregated_values=UNEVEN))})
    judged = window.judge(
        msgspec.structs.replace(result, summaries=summaries),
        [Watched()],
        KEY,
        msgspec.structs.replace(assay, baseline=told),
    )
    assert judged.comparison is not None
    assert [row.before for row in judged.comparison.bins] == UNEVEN


@pytest.mark.parametrize("labels", [[], ["one"] * 4, ["one"] * 6])
def test_a_summary_whose_lists_do_not_fit_is_not_compared(
    assay: wire.Assay, result: wire.Result, labels: list[str]
) -> None:
    summary = (result.summaries or {})[KEY]
    torn = msgspec.structs.replace(summary, bins=msgspec.structs.replace(summary.bins, labels=labels))
    judged = window.judge(msgspec.structs.replace(result, summaries={KEY: torn}), [Watched()], KEY, assay)
    assert judged.comparison is None
    assert judged.verdict.score is not None


def test_a_failed_run_has_no_comparison_and_its_error(assay: wire.Assay, result: wire.Result) -> None:
    failed = msgspec.structs.replace(result, scores={KEY: "no such field"}, summaries={})
    judged = window.judge(failed, [Watched()], KEY, assay)
    assert judged.comparison is None
    assert judged.verdict.error == "no such field"


def test_upstreams_other_opinion_is_told(assay: wire.Assay, result: wire.Result) -> None:
    assert not window.judge(result, [Watched()], KEY, assay).disagrees
    assert window.judge(msgspec.structs.replace(result, status="Ok"), [Watched()], KEY, assay).disagrees


def test_half_of_what_a_sum_of_differences_stores_adds_up_to_it(assay: wire.Assay, result: wire.Result) -> None:
    rules = msgspec.structs.replace(assay.summarizer.univariate, metric="SumDiff")
    halved = msgspec.structs.replace(assay, summarizer=wire.Summarizer(univariate=rules))
    scored = wire.FieldScore(0.8, [0.8, 0.2, 0.2, 0.2, 0.2])
    judged = window.judge(msgspec.structs.replace(result, scores={KEY: scored}), [Watched()], KEY, halved)
    assert judged.comparison is not None
    assert sum(row.adds or 0 for row in judged.comparison.bins) == pytest.approx(0.8)


def test_statistics_stand_side_by_side(assay: wire.Assay, result: wire.Result) -> None:
    rows = {row.name: row for row in window.judge(result, [Watched()], KEY, assay).statistics}
    assert (rows["Mean"].before, rows["Mean"].after, rows["Mean"].change) == ("0.735", "0.000", "−0.735")
    assert (rows["Rows"].before, rows["Rows"].after) == ("100", "256")
