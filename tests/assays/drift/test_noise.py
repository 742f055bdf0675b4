"""The band of chance: chi-squared against published tables, and the band against samples binned anew."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from assays.drift import bins, noise
from assays.drift.bins import Bins, Floats
from assays.drift.metrics import Measure, score

FIFTHS = noise.Sample((20,) * 5, (True,) * 5)
RICH = noise.Sample((2_000,) * 5, (True,) * 5)


@pytest.mark.parametrize(
    ("level", "degrees", "published"),
    [
        (0.95, 1, 3.841),
        (0.95, 2, 5.991),
        (0.95, 4, 9.488),
        (0.95, 9, 16.919),
        (0.95, 30, 43.773),
        (0.95, 100, 124.342),
        (0.99, 1, 6.635),
        (0.99, 4, 13.277),
        (0.99, 19, 36.191),
        (0.999, 10, 29.588),
        (0.90, 5, 9.236),
        (0.05, 6, 1.635),
    ],
)
def test_quantiles_are_those_of_the_nist_tables(level: float, degrees: int, published: float) -> None:
    assert noise.chi2_quantile(level, degrees) == pytest.approx(published, abs=6e-4)


@pytest.mark.parametrize("degrees", [1, 2, 3, 8, 9, 50, 1_999, 2_000])
def test_the_tail_is_the_integral_of_the_density(degrees: int) -> None:
    at = degrees + 1.5 * math.sqrt(2 * degrees)
    grid = np.linspace(at, at + 40 * math.sqrt(2 * degrees) + 60, 400_001)
    power = degrees / 2
    density = np.exp((power - 1) * np.log(grid) - grid / 2 - power * math.log(2) - math.lgamma(power))
    assert noise.chi2_tail(at, degrees) == pytest.approx(float(np.trapezoid(density, grid)), rel=1e-6)


def test_the_band_is_the_published_one_where_counts_are_large() -> None:
    """Yurdakul's 95 % point: chi-squared's times the sum of the samples' reciprocals."""
    band = noise.bands(RICH, [1_000, 100_000])
    assert band.upper == pytest.approx([9.487729 * (1 / 10_000 + 1 / 1_000), 9.487729 * (1 / 10_000 + 1 / 100_000)])
    assert not band.corrected.any()


def test_a_small_sample_reaches_a_customary_threshold_by_chance() -> None:
    """Five bins, 100 and 256 rows: a threshold of 0.1 fires in about 13.5 % of windows, the 95 % point is 0.136."""
    assert noise.limit(FIFTHS, 256) == pytest.approx(0.136, abs=0.006)
    assert noise.chance(FIFTHS, 256, 0.1) == pytest.approx(0.135, abs=0.02)


def test_few_rows_are_simulated_and_said_to_be() -> None:
    band = noise.bands(RICH, [30, 99, 100])
    assert band.corrected.tolist() == [True, True, False]
    assert band.upper[0] > band.upper[1] > band.upper[2]


def test_a_window_without_rows_has_no_band() -> None:
    assert np.isnan(noise.bands(FIFTHS, [0]).upper).all()
    assert np.isnan(noise.chances(FIFTHS, [0], 0.1)).all()


def test_the_same_question_has_the_same_answer() -> None:
    before = noise.limit(FIFTHS, 33)
    for kept in (noise._drawn, noise._drawn_limit, noise._true_shares):
        kept.cache_clear()
    assert noise.limit(FIFTHS, 33) == before


def test_limits_fall_with_every_row_more() -> None:
    limits = [noise.limit(RICH, rows) for rows in range(20, 400)]
    falls = sum(after < before for before, after in pairwise(limits))
    assert falls > 0.9 * len(limits)
    assert all(after < 1.06 * before for before, after in pairwise(limits))


def test_chance_and_limit_answer_one_another() -> None:
    for rows in (40, 400, 40_000):
        assert noise.chance(RICH, rows, noise.limit(RICH, rows)) == pytest.approx(0.05, abs=0.002)


@pytest.mark.parametrize(
    ("measure", "has"),
    [
        (Measure("PSI"), True),
        (Measure("PSI", "Cumulative"), False),
        (Measure("PSI", weights=[1.0] * 5), False),
        (Measure("SumDiff"), False),
        (Measure("MaxDiff"), False),
    ],
)
def test_only_a_psi_on_density_without_weights_has_a_band(measure: Measure, has: bool) -> None:
    assert noise.has_band(measure) is has


def test_a_sample_is_told_by_shares_and_rows() -> None:
    found = noise.sample([0.2, 0.3, 0.5], 10, [1.0, 2.0, math.inf])
    assert found == noise.Sample((2, 3, 5), (True, True, True))


def test_the_later_twin_of_two_edges_cannot_be_reached() -> None:
    found = noise.sample([0.6, 0.0, 0.4], 10, [1.0, 1.0, math.inf])
    assert found is not None
    assert found.reachable == (True, False, True)
    assert (found.degrees, found.least) == (1, 4)


@pytest.mark.parametrize(
    ("shares", "rows", "edges"),
    [
        ([0.5, 0.5], 0, [1.0, math.inf]),
        ([0.5, 0.6], 10, [1.0, math.inf]),
        ([0.5, 0.5], 10, [math.inf]),
        ([1.0], 10, [math.inf]),
        ([], 10, []),
    ],
)
def test_what_tells_no_counts_has_no_band(shares: list[float], rows: int, edges: list[float]) -> None:
    assert noise.sample(shares, rows, edges) is None


MODES: dict[str, tuple[str, Callable[[Floats], Bins]]] = {
    "quantile 5": ("normal", lambda values: bins.quantile(values, 5)),
    "quantile 20": ("normal", lambda values: bins.quantile(values, 20)),
    "equal 5": ("lognormal", lambda values: bins.equal(values, 5)),
    "outliers 5": ("normal", lambda values: bins.quantile_with_explicit_outliers(values, 5)),
    "provided 7": ("normal", lambda _: bins.provided([-2, -1, 0, 1, 2, 3])),
}
SIZES = [(100, 100), (100, 1_000), (500, 50), (1_000, 5_000), (20_000, 300)]
BASELINES, WINDOWS = 400, 8


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("before", "rows"), SIZES)
def test_one_window_in_twenty_lies_beyond_the_band_when_nothing_changes(mode: str, before: int, rows: int) -> None:
    """Values are drawn, binned and scored as in earnest, from one distribution: 400 baselines of 8 windows each.

    It lets least pass where provided edges leave a bin of the baseline empty by chance: its true share is not known.
    """
    distribution, make = MODES[mode]
    draw = getattr(np.random.default_rng(7), distribution)
    beyond = [_share_beyond(draw, make, before, rows) for _ in range(BASELINES)]
    assert 0.015 < np.mean(beyond) < 0.085


def _share_beyond(draw: Callable[..., Floats], make: Callable[[Floats], Bins], before: int, rows: int) -> float:
    values = draw(size=before)
    cut = make(values)
    shares = bins.counts(values, cut) / before
    windows = np.array([bins.counts(draw(size=rows), cut) for _ in range(WINDOWS)]) / rows
    baseline = noise.sample(list(shares), before, cut.edges)
    assert baseline is not None
    return float(np.mean(score(shares, windows, Measure("PSI")).score > noise.limit(baseline, rows)))
