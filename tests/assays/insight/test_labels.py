"""What a bad window is taken for, and how many false alarms a threshold costs."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import numpy as np
import pytest

from assays.drift import noise
from assays.insight.labels import (
    Expected,
    Label,
    Range,
    a_week,
    expect_of_noise,
    expect_of_ordinary,
    label,
)
from assays.schedule import EPOCH, Plan

BASELINE = noise.Sample((2_000,) * 5, (True,) * 5)


@pytest.mark.parametrize(
    ("score", "rows", "noise_limit", "ordinary_limit", "expected"),
    [
        (0.5, 29, 0.1, 0.2, Label.TOO_FEW_ROWS),
        (0.5, 30, 0.1, 0.2, Label.BEYOND_BOTH),
        (0.2, 500, 0.1, 0.2, Label.ORDINARY),
        (0.1, 500, 0.1, 0.2, Label.SAMPLING_NOISE),
        (0.1, 500, 0.1, None, Label.SAMPLING_NOISE),
        (0.3, 500, 0.1, None, Label.BEYOND_NOISE),
        (0.3, 500, None, 0.2, Label.BEYOND_ORDINARY),
        (0.1, 500, None, 0.2, Label.ORDINARY),
        (0.3, 500, None, None, Label.UNKNOWN),
        (0.3, None, 0.1, 0.2, Label.BEYOND_BOTH),
        (0.15, 500, 0.2, 0.1, Label.SAMPLING_NOISE),
    ],
)
def test_a_bad_window_has_one_label(
    score: float, rows: int | None, noise_limit: float | None, ordinary_limit: float | None, expected: Label
) -> None:
    assert label(score, rows, noise_limit, ordinary_limit) is expected


def plan(period: timedelta | None, width: timedelta) -> Plan:
    return Plan(EPOCH, period, width)


def test_windows_that_overlap_are_as_many_a_week_as_follow_one_another() -> None:
    hour, day = timedelta(hours=1), timedelta(days=1)
    assert a_week(plan(hour, hour)) == 168
    assert a_week(plan(hour, day)) == 7
    assert a_week(plan(day, hour)) == 7
    assert a_week(plan(None, hour)) is None


def test_noise_expects_by_the_rows_of_the_windows() -> None:
    rows = [100] * 50 + [1_000] * 50 + [0, -1]
    found = expect_of_noise(BASELINE, rows, 0.1, 168)
    assert found is not None
    assert found.low == pytest.approx(168 * noise.chance(BASELINE, 1_000, 0.1))
    assert found.high == pytest.approx(168 * noise.chance(BASELINE, 100, 0.1))
    assert found.low < found.high


def test_windows_without_rows_lead_to_no_expectation() -> None:
    assert expect_of_noise(BASELINE, [0, -1], 0.1, 168) is None


@pytest.mark.parametrize(
    ("reaching", "of", "low", "high"),
    [(0, 20, 0.0, 0.1611), (1, 10, 0.0179, 0.4042), (5, 50, 0.0435, 0.2136), (20, 20, 0.8389, 1.0)],
)
def test_ordinary_windows_expect_by_wilsons_published_interval(reaching: int, of: int, low: float, high: float) -> None:
    found = expect_of_ordinary(reaching, of, 1.0)
    assert found is not None
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-4)


def test_no_ordinary_windows_expect_nothing() -> None:
    assert expect_of_ordinary(0, 0, 168) is None


def test_wilsons_interval_holds_the_true_share_about_nineteen_times_in_twenty() -> None:
    """By the binomial distribution itself, in whole fractions."""
    share, of = Fraction(1, 10), 60
    held = sum(
        binomial(of, reaching, share)
        for reaching in range(of + 1)
        if (found := expect_of_ordinary(reaching, of, 1.0)) and found.low <= share <= found.high
    )
    assert 0.92 < float(held) < 0.98


def binomial(of: int, many: int, share: Fraction) -> Fraction:
    ways = Fraction(1)
    for k in range(many):
        ways *= Fraction(of - k, k + 1)
    return ways * share**many * (1 - share) ** (of - many)


def test_the_whole_range_is_from_the_lowest_to_the_highest() -> None:
    assert Expected(Range(0.1, 0.2), Range(0.15, 3.0)).whole == Range(0.1, 3.0)
    assert Expected(None, Range(1.0, 2.0)).whole == Range(1.0, 2.0)
    assert Expected(None, None).whole is None


def test_the_bands_order_what_they_expect_of_a_higher_threshold() -> None:
    lower = [expect_of_noise(BASELINE, [200], threshold, 168) for threshold in np.linspace(0.01, 0.2, 5)]
    highs = [found.high for found in lower if found is not None]
    assert highs == sorted(highs, reverse=True)
