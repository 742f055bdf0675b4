"""Ordinary windows: whose they are, which of them count, and from how many on they say anything."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import numpy as np
import pytest

from assays import wire
from assays.coverage import Span
from assays.insight.models import CalmPeriod
from assays.insight.ordinary import Period, Source, exceeding, independent, ordinary, period, windows, within
from assays.insight.packs import NOTHING, History
from assays.models import Assay
from tests.assays.insight.conftest import HOUR, Filled
from tests.support.messages import START

HOURS = 3_600_000_000


def overlapping(many: int, width: int) -> History:
    ends = np.arange(1, many + 1) * HOURS
    return History(ends, ends - width * HOURS, np.arange(many) / many)


def message(assay: Assay) -> wire.Assay:
    return msgspec.json.decode(assay.message, type=wire.Assay)


def calm(assay: Assay, first: int, last: int) -> CalmPeriod:
    return CalmPeriod.objects.create(
        assay=assay, after=START + first * HOUR, until=START + last * HOUR, who="ada", said_at=START
    )


def told(assay: Assay, start: str | None, end: str | None) -> wire.Assay:
    """The assay's message with these times of its baseline."""
    changed = msgspec.json.decode(assay.message)
    changed["baseline"]["Summary"]["out.score"] |= {"start": start, "end": end}
    return msgspec.convert(changed, wire.Assay)


def test_the_baselines_own_period_is_ordinary(filled: Filled) -> None:
    assay = filled([0.1])
    found = period(assay.fields.get(), told(assay, "2026-06-01T02:00:00+02:00", "2026-06-02T00:00:00Z"))
    assert found == Period(Source.BASELINE, (Span(START, START + 24 * HOUR),))


def test_without_its_times_a_baseline_names_no_period(filled: Filled) -> None:
    assay = filled([0.1])
    assert period(assay.fields.get(), told(assay, None, None)) is None


def test_a_period_that_a_person_calls_calm_comes_first(filled: Filled) -> None:
    assay = filled([0.1])
    calm(assay, 5, 9)
    calm(assay, 0, 3)
    found = period(assay.fields.get(), message(assay))
    assert found == Period(Source.CALM, (Span(START, START + 3 * HOUR), Span(START + 5 * HOUR, START + 9 * HOUR)))


def test_only_windows_wholly_within_count_and_each_once(filled: Filled) -> None:
    assay = filled([k / 100 for k in range(12)])
    calm(assay, 0, 3)
    calm(assay, 2, 5)
    calm(assay, 8, 9)
    found = period(assay.fields.get(), message(assay))
    assert found is not None
    assert windows(assay.fields.get(), found).score.tolist() == [0.01, 0.02, 0.03, 0.04, 0.05, 0.09]


def test_a_window_that_began_before_the_period_is_not_in_it() -> None:
    span = Span(START, START + 4 * HOUR)
    moved = overlapping(6, 2)
    base = int(START.timestamp() * 1_000_000)
    placed = History(moved.end + base, moved.start + base, moved.score)
    assert len(within(placed, span)) == 3


WHERE = Period(Source.CALM, (Span(START, START + timedelta(days=9)),))


def test_quantiles_rest_on_a_number_of_windows_that_is_told() -> None:
    found = ordinary(overlapping(101, 4), WHERE)
    assert found is not None
    assert (found.windows, found.independent) == (101, 26)
    assert (found.low, found.middle, found.high) == pytest.approx((5 / 101, 50 / 101, 95 / 101))


def test_few_windows_say_nothing() -> None:
    assert ordinary(overlapping(19, 1), WHERE) is None
    assert ordinary(NOTHING, WHERE) is None


def test_windows_that_overlap_are_counted_back_from_the_newest() -> None:
    assert independent(overlapping(10, 4)).tolist() == [1, 5, 9]
    assert independent(overlapping(3, 1)).tolist() == [0, 1, 2]
    assert independent(NOTHING).tolist() == []


def test_a_threshold_is_reached_by_so_many_of_the_independent_ones() -> None:
    assert exceeding(overlapping(10, 4), 0.5) == (2, 3)
