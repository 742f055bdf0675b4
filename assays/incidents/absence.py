"""Which of the windows without data are trouble: only those where data used to be. Pure."""

from __future__ import annotations

import numpy as np

from assays.incidents.derive import Flags, Ints
from assays.schedule import MICROSECOND, Plan

WEEK = 7 * 24 * 3600 * 1_000_000


def lag(plan: Plan) -> int:
    """How far back the window to compare with lies: the whole number of periods nearest to a week, at least one."""
    assert plan.period is not None
    period = plan.period // MICROSECOND
    return max(1, round(WEEK / period)) * period


def is_unusual(missing: Ints, with_data: Ints, plan: Plan) -> Flags:
    """Of each window without data (its end), whether there was data at the same time of the week before.

    A week before means the same hour of the same weekday, so that a night or a weekend that is regularly empty is no
    trouble. To be sure that data used to come then, and did not by chance, the windows beside that one must have had
    data too. What lies before all data is unknown, and no trouble.
    """
    assert plan.period is not None
    before, period = missing - lag(plan), plan.period // MICROSECOND
    return np.isin(before, with_data) & np.isin(before - period, with_data) & np.isin(before + period, with_data)
