"""Both bands on January of the bundled log: what docs/demonstration.md says of its days, counted anew and plainly."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import duckdb
import numpy as np
import pytest

from assays.drift import noise
from assays.drift.bins import Floats
from assays.insight.ordinary import Period, Source, ordinary
from assays.insight.packs import History

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
JANUARY = datetime(2013, 1, 1, 5), datetime(2013, 2, 1, 5)  # noqa: DTZ001 - the log's times carry no zone
DAYS = 31
CHI2_95_OF_4 = 9.488
TOLD = re.findall(
    r"^\| `(\S+)` \| (\d+) of 31 \| ([\d.]+) to ([\d.]+) \| (\d+) of 31 \| ([\d.]+) \|$",
    (ROOT / "docs" / "demonstration.md").read_text(),
    re.MULTILINE,
)


@cache
def january(field: str) -> list[Floats]:
    """The field's values day by day, from New York's midnight to the next; a null is the lowest of all."""
    rows = duckdb.read_parquet(f"{ROOT}/engine/data/log/*/*.parquet", hive_partitioning=False)
    found = rows.filter(f"time >= '{JANUARY[0]}' AND time < '{JANUARY[1]}'").project(f'time, "{field}" AS value')
    table = found.fetchnumpy()
    values = np.ma.filled(table["value"].astype(np.float64), -np.inf)
    day = (table["time"] - np.datetime64(JANUARY[0])) // np.timedelta64(1, "D")
    return [values[day == number] for number in range(DAYS)]


def counts(field: str) -> tuple[Floats, Floats]:
    """Rows in each fifth: of the month (5,), and of its days (31, 5)."""
    days = january(field)
    edges = np.quantile(np.concatenate(days), [0.2, 0.4, 0.6, 0.8])
    by_day = np.array([[np.sum(np.searchsorted(edges, day, side="left") == k) for k in range(5)] for day in days])
    return by_day.sum(axis=0), by_day


def scores(field: str) -> Floats:
    month, days = counts(field)
    p = month / month.sum()
    q = days / days.sum(axis=1, keepdims=True)
    return np.asarray(np.where(q == 0, (0.005 - p) * np.log(0.005 / p), (q - p) * np.log(np.where(q, q, 1) / p)).sum(1))


@pytest.mark.parametrize(("field", "beyond_noise", "lowest", "highest", "beyond_ordinary", "limit"), TOLD)
def test_januarys_days_lie_beyond_the_bands_as_documented(
    field: str, beyond_noise: str, lowest: str, highest: str, beyond_ordinary: str, limit: str
) -> None:
    month, days = counts(field)
    sample = noise.Sample(tuple(month.tolist()), (True,) * 5)
    band = noise.bands(sample, days.sum(axis=1))
    assert band.upper == pytest.approx(CHI2_95_OF_4 * (1 / month.sum() + 1 / days.sum(axis=1)), rel=1e-4)
    assert int(np.sum(scores(field) > band.upper)) == int(beyond_noise)
    assert (f"{band.upper.min():.3f}", f"{band.upper.max():.3f}") == (lowest, highest)
    usual = ordinary(history(scores(field)), Period(Source.BASELINE, ()))
    assert usual is not None
    assert f"{usual.high:.3f}" == limit
    assert int(np.sum(scores(field) > usual.high)) == int(beyond_ordinary)


def history(found: Floats) -> History:
    day = timedelta(days=1) // timedelta(microseconds=1)
    ends = np.arange(1, len(found) + 1) * day
    return History(ends, ends - day, found)


def test_five_fields_are_documented() -> None:
    assert len(TOLD) == 5
