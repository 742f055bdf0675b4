"""Missing windows are trouble only where data used to come at the same time of the week before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from assays.incidents.absence import is_unusual, lag
from assays.schedule import Plan

HOUR = 3_600_000_000
START = datetime(1970, 1, 1, tzinfo=UTC)


def plan(period: timedelta) -> Plan:
    return Plan(START, period, period)


@pytest.mark.parametrize(
    ("period", "back"),
    [
        (timedelta(minutes=1), timedelta(days=7)),
        (timedelta(hours=5), timedelta(hours=170)),
        (timedelta(days=1), timedelta(days=7)),
        (timedelta(weeks=1), timedelta(weeks=1)),
        (timedelta(weeks=4), timedelta(weeks=4)),
    ],
)
def test_the_window_compared_with_is_the_scheduled_one_nearest_to_a_week_before(
    period: timedelta, back: timedelta
) -> None:
    assert lag(plan(period)) == back // timedelta(microseconds=1)


def test_only_hours_in_the_midst_of_data_a_week_before_are_missed() -> None:
    missing = np.arange(168, 192, dtype=np.int64) * HOUR
    with_data = np.arange(6, 11, dtype=np.int64) * HOUR
    unusual = missing[is_unusual(missing, with_data, plan(timedelta(hours=1)))]
    assert [int(end) // HOUR - 168 for end in unusual] == [7, 8, 9]


def test_before_any_data_nothing_is_known_to_be_missing() -> None:
    missing = np.arange(24, dtype=np.int64) * HOUR
    assert not is_unusual(missing, np.empty(0, dtype=np.int64), plan(timedelta(hours=1))).any()
