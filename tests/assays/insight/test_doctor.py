"""Each finding is made where its evidence holds, and not a hair earlier."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest

from assays import wire
from assays.insight.doctor import Case, Finding, Kind, Year, diagnose
from assays.models import Assay, Field
from assays.states import State
from tests.support import messages
from tests.support.messages import START

NOW = START + timedelta(days=30)
HOUR = timedelta(hours=1)


def healthy(**changes: Any) -> Case:
    """An hourly assay against 5,000 rows of ten days, with 1,000 rows a window and a bad one in a hundred."""
    told = messages.assay()
    told["baseline"]["Summary"]["out.score"] |= {"start": "2026-05-20T00:00:00Z", "end": "2026-05-30T00:00:00Z"}
    told["baseline"]["Summary"]["out.score"]["statistics"]["count"] = 5_000
    assay = Assay(
        id=UUID(int=1),
        active=True,
        created_at=START,
        first_run=START,
        period_seconds=3_600,
        width_seconds=3_600,
        last_run=NOW,
        state=State.OK,
    )
    field = Field(assay=assay, key="out.score", position=0, warning=0.1, alert=0.2)
    case = Case(assay, msgspec.convert(told, wire.Assay), field, Year(700, 7, 0.3), 1_000.0, NOW)
    return replace(case, **changes)


def with_message(case: Case, *, rules: dict[str, Any] | None = None, **summary: Any) -> Case:
    told = msgspec.to_builtins(case.message)
    told["summarizer"]["UnivariateContinuous"] |= rules or {}
    told["baseline"]["Summary"]["out.score"] |= summary
    return replace(case, message=msgspec.convert(told, wire.Assay))


def of(case: Case) -> dict[Kind, Finding]:
    return {found.kind: found for found in diagnose([case])}


def only(case: Case) -> Finding:
    (found,) = diagnose([case])
    return found


def thresholds(warning: float | None, alert: float | None) -> Case:
    case = healthy()
    case.field.warning, case.field.alert = warning, alert
    return case


def test_nothing_is_found_of_a_healthy_assay() -> None:
    assert of(healthy()) == {}


def test_a_quarter_of_bad_windows_is_noisy() -> None:
    found = only(healthy(year=Year(700, 175, 0.3)))
    assert found.kind is Kind.NOISY
    assert found.evidence == "175 of 700 windows in a year reached a threshold"
    assert of(healthy(year=Year(700, 174, 0.3))) == {}
    assert of(healthy(year=Year(19, 10, 0.3))) == {}


def test_nearly_only_bad_windows_speak_against_the_baseline() -> None:
    found = only(healthy(year=Year(700, 560, 3.0)))
    assert found.kind is Kind.UNREPRESENTATIVE
    assert found.evidence.startswith("560 of 700 windows")


def test_a_threshold_that_nothing_came_near_never_fires() -> None:
    found = only(healthy(year=Year(700, 0, 0.049)))
    assert found.kind is Kind.NEVER_FIRES
    assert "the highest score was 0.049, and it fires from 0.1 on" in found.evidence
    assert of(healthy(year=Year(700, 0, 0.05))) == {}


def test_without_any_threshold_it_never_fires_either() -> None:
    assert of(thresholds(None, None))[Kind.NEVER_FIRES].evidence == "it has neither threshold"


@pytest.mark.parametrize(("warning", "alert"), [(0.2, 0.2), (0.3, 0.2), (None, 0.2)])
def test_a_warning_that_comes_no_earlier_than_the_alert_cannot_warn(warning: float | None, alert: float) -> None:
    assert only(thresholds(warning, alert)).kind is Kind.CANNOT_WARN


def test_a_warning_alone_is_well() -> None:
    assert of(thresholds(0.1, None)) == {}


def test_an_alert_above_what_the_bins_allow_cannot_fire() -> None:
    found = of(thresholds(0.1, 60.0))
    assert [*found] == [Kind.CANNOT_FIRE]
    assert "it alerts at 60" in found[Kind.CANNOT_FIRE].evidence


def test_a_run_long_gone_is_stale() -> None:
    case = healthy()
    case.assay.last_run = NOW - timedelta(days=5)
    assert "5 days ago" in of(case)[Kind.STALE].evidence
    case.assay.last_run = NOW - timedelta(hours=23)
    assert of(case) == {}


def test_a_weekly_assay_is_given_three_weeks() -> None:
    case = healthy()
    case.assay.period_seconds = 7 * 86_400
    case.assay.last_run = NOW - timedelta(days=20)
    assert of(case) == {}


def test_a_pause_that_everybody_has_forgotten_is_stale() -> None:
    case = healthy()
    case.assay.active, case.assay.paused_since = False, NOW - timedelta(days=91)
    assert of(case)[Kind.STALE].evidence == "paused for 91 days"
    case.assay.paused_since = NOW - timedelta(days=89)
    assert of(case) == {}


def test_windows_longer_than_their_distance_overlap() -> None:
    case = healthy()
    case.assay.width_seconds = 8 * 3_600
    assert of(case)[Kind.OVERLAPPING].evidence == "a window is 8 hours long, one begins every 1 hour: 8 hold a row"


def test_a_baseline_of_less_than_a_week_has_not_every_weekday() -> None:
    case = with_message(healthy(), end="2026-05-26T00:00:00Z")
    assert "6 days" in of(case)[Kind.UNREPRESENTATIVE].evidence


def test_a_baseline_of_fewer_rows_than_a_window_is_no_measure() -> None:
    assert "it has 5,000 rows, a window 5,001" in of(healthy(rows=5_001.0))[Kind.UNREPRESENTATIVE].evidence


def test_a_baseline_ages_from_its_end_or_else_from_the_assays_making() -> None:
    aged = with_message(healthy(), start="2025-11-01T00:00:00Z", end="2025-12-01T00:00:00Z")
    assert "it ends on 01 December 2025, 212 days ago" in of(aged)[Kind.AGEING].evidence
    unknown = with_message(healthy(), start=None, end=None)
    assert of(unknown) == {}
    unknown.assay.created_at = NOW - timedelta(days=180)
    assert of(unknown)[Kind.AGEING].evidence == "it is 180 days old"


def test_fewer_rows_than_can_be_judged_are_told() -> None:
    assert "29 rows on average" in of(healthy(rows=29.0))[Kind.SMALL_WINDOWS].evidence


def test_windows_in_which_chance_alone_fires_are_too_small() -> None:
    found = of(healthy(rows=60.0))[Kind.SMALL_WINDOWS]
    assert "with 60 rows chance alone reaches 0.1" in found.evidence
    assert Kind.SMALL_WINDOWS not in of(healthy(rows=200.0))


def test_many_bins_in_a_row_whose_order_counts_for_nothing_are_told() -> None:
    edges: list[Any] = [*map(float, range(9)), "INFINITY"]
    ten = {"bins": {"mode": {"Quantile": 10}, "edges": edges, "labels": [*map(str, range(10))]}}
    case = with_message(healthy(), aggregated_values=[0.1] * 10, **ten)
    assert "of its 10 bins" in of(case)[Kind.ORDER_IGNORED].evidence
    assert of(with_message(case, rules={"aggregation": "Cumulative", "metric": "MaxDiff"})) == {}


def test_what_cannot_be_understood_is_left_alone() -> None:
    assert of(with_message(healthy(), rules={"metric": "KL"})) == {}
    assert of(with_message(healthy(), rules={"bin_weights": [1.0]})) == {}
    assert of(with_message(healthy(), aggregated_values=[0.5])) == {}
    assert [*diagnose([])] == []
