"""The verdict's sentences say what the counts say, and nothing else."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from assays.states import State
from dashboard.verdict import Bad, headline, spread, together, troubles

DAY = timedelta(days=1)
ONSET = datetime(2026, 6, 23, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        ({State.ALERT: 6, State.WARNING: 3, State.OK: 9}, "6 assays in alert, 3 in warning"),
        ({State.ALERT: 1, State.OK: 9}, "1 assay in alert"),
        ({State.WARNING: 2, State.OK: 9}, "2 assays in warning, none in alert"),
        ({State.OK: 18}, "All 18 assays are Ok"),
        ({State.OK: 1}, "The one assay is Ok"),
        ({State.OK: 16, State.FAILED: 1, State.PAUSED: 1}, "No assay in alert or warning, 16 of 18 Ok"),
        ({State.ALERT: 71, State.WARNING: 185, State.OK: 744}, "71 of 1,000 assays in alert, 185 in warning"),
    ],
)
def test_the_headline_counts_what_is_wrong(states: dict[State, int], sentence: str) -> None:
    assert headline(Counter(states)) == sentence


@pytest.mark.parametrize(
    ("states", "sentence"),
    [
        ({State.FAILED: 1, State.LATE: 1}, "One fails and one is late."),
        ({State.FAILED: 2}, "Two fail."),
        ({State.LATE: 12}, "12 are late."),
        ({State.ALERT: 3}, ""),
    ],
)
def test_failing_and_late_assays_are_told_apart_from_drift(states: dict[State, int], sentence: str) -> None:
    assert troubles(Counter(states)) == sentence


def test_alerts_of_one_pipeline_within_two_days_went_bad_together() -> None:
    bad = [Bad("flights", ONSET), Bad("flights", ONSET + DAY), Bad("flights", ONSET - 30 * DAY), Bad("weather", ONSET)]
    assert together(bad) == ("flights", 2, ONSET, ONSET + DAY)


def test_one_alert_alone_went_bad_with_nobody() -> None:
    assert together([Bad("flights", ONSET), Bad("weather", ONSET)]) is None
    assert together([Bad("flights", ONSET), Bad("flights", None)]) is None


def test_many_alerts_are_told_by_where_they_lie() -> None:
    assert spread([("a", 4), ("b", 3), ("c", 2), ("d", 2), ("e", 1), ("f", 1)], 125) == (
        "The alerts lie in 6 of 125 pipelines. The five worst pipelines hold 12 of them."
    )
    assert spread([("a", 4)], 125) == ""
