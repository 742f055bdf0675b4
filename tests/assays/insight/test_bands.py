"""A field's two bands, the reasons where it has none, and what they make of windows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from assays import wire
from assays.drift import noise
from assays.insight.bands import FieldBands, bands_of
from assays.insight.labels import Label
from assays.insight.models import CalmPeriod
from assays.models import Assay
from assays.schedule import Plan
from tests.assays.insight.conftest import HOUR, Filled
from tests.support.messages import START


def told(assay: Assay, **rules: Any) -> wire.Assay:
    changed = msgspec.json.decode(assay.message)
    changed["summarizer"]["UnivariateContinuous"] |= rules
    return msgspec.convert(changed, wire.Assay)


@pytest.fixture
def calm(filled: Filled) -> Assay:
    """Sixty hours, of which the first fifty are calm."""
    assay = filled([k % 10 / 100 for k in range(60)])
    CalmPeriod.objects.create(assay=assay, after=START - HOUR, until=START + 49 * HOUR, who="ada", said_at=START)
    return assay


def found(assay: Assay, **rules: Any) -> FieldBands:
    return bands_of(assay.fields.get(), told(assay, **rules))


def test_both_bands_judge_a_window(calm: Assay) -> None:
    bands = found(calm)
    assert bands.sample == noise.Sample((20,) * 5, (True,) * 5)
    assert bands.ordinary is not None
    assert bands.ordinary.windows == 50
    assert bands.ordinary.high == pytest.approx(0.09)
    assert bands.noise_limit(256) == pytest.approx(0.136, abs=0.006)
    assert bands.label(0.5, 256) is Label.BEYOND_BOTH
    assert bands.label(0.13, 256) is Label.SAMPLING_NOISE
    assert bands.label(0.085, 1_000_000) is Label.SAMPLING_NOISE
    assert bands.label(0.5, 3) is Label.TOO_FEW_ROWS


def test_both_bands_expect_false_alarms(calm: Assay) -> None:
    expected = found(calm).expected(Plan(START, HOUR, HOUR), [256] * 9, 0.1)
    assert expected.noise is not None
    assert expected.noise.low == pytest.approx(168 * 0.135, rel=0.15)
    assert expected.ordinary is not None
    assert (expected.ordinary.low, expected.ordinary.high) == pytest.approx((0.0, 168 * 0.0714), abs=0.05)


def test_on_cron_no_week_is_known(calm: Assay) -> None:
    assert found(calm).expected(Plan(START, None, HOUR), [256], 0.1).whole is None


def test_a_metric_without_a_band_of_chance_says_so(calm: Assay) -> None:
    bands = found(calm, metric="SumDiff")
    assert bands.sample is None
    assert "only a PSI on Density" in bands.why_no_noise
    assert bands.label(0.5, 256) is Label.BEYOND_ORDINARY


def test_without_a_baseline_there_is_no_band_of_chance(calm: Assay) -> None:
    message = told(calm)
    (message.baseline.summary or {}).clear()
    assert "no baseline" in bands_of(calm.fields.get(), message).why_no_noise


def test_too_short_a_calm_period_says_how_many_windows_it_has(filled: Filled) -> None:
    assay = filled([0.1] * 30)
    CalmPeriod.objects.create(assay=assay, after=START - HOUR, until=START + 9 * HOUR, who="ada", said_at=START)
    assert found(assay).why_not_ordinary.startswith("10 windows lie in a period marked calm, 20 are the least")
    assert found(assay).label(0.5, 256) is Label.BEYOND_NOISE


def test_the_width_of_windows_matters_to_what_is_expected(calm: Assay) -> None:
    hourly = found(calm).expected(Plan(START, HOUR, HOUR), [256], 0.1).noise
    overlapping = found(calm).expected(Plan(START, HOUR, timedelta(hours=24)), [256], 0.1).noise
    assert hourly is not None
    assert overlapping is not None
    assert hourly.high == pytest.approx(24 * overlapping.high)
