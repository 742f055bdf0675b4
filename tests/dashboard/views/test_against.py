"""A window beside another window, by the address: the one before, the one of last week, several, and none."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.test import Client

from assays import wire
from assays.coverage import Span
from assays.insight import sayings
from tests.dashboard.conftest import HOUR, Fill, person
from tests.dashboard.views.test_assay import page

MOVED = 4.1648763041561505


def test_the_baseline_is_what_a_window_is_compared_with_at_first(operator: Client, fill: Fill) -> None:
    text = page(operator, fill([0.05, MOVED]))
    assert 'Compare with <span class="v">baseline</span>' in text
    assert "</span> Baseline <span" in text


@pytest.mark.parametrize(("asked", "back"), [("before", 1), ("day", 24), ("week", 168)])
def test_the_address_names_what_it_is_compared_with(
    operator: Client, fill: Fill, now: datetime, asked: str, back: int
) -> None:
    assay = fill([0.05] * 169 + [MOVED])
    text = page(operator, assay, f"?against={asked}")
    assert "</span> Before <span" in text
    assert re.search(r"against [^;<]*; 4\.16 against the baseline", text)
    other = page(operator, assay, f"?against={wire.rfc3339(now - back * HOUR)}")
    words = re.compile(r'Compare with <span class="v">([^<]*)')
    assert words.search(text)[1] == words.search(other)[1] != "baseline"  # type: ignore[index]


def test_several_windows_are_taken_together(operator: Client, fill: Fill, now: datetime) -> None:
    chosen = "&".join(f"against={wire.rfc3339(now - back * HOUR)}" for back in (1, 2, 3))
    text = page(operator, fill([0.05, 0.05, 0.05, MOVED]), f"?{chosen}")
    assert "the average of 3 windows" in text
    assert text.count(" checked>") == 3


def test_ordinary_windows_are_offered_once_they_are_known(operator: Client, fill: Fill, now: datetime) -> None:
    assay = fill([0.05] * 30 + [MOVED])
    assert "the average of ordinary windows" not in page(operator, assay)
    sayings.call_calm(assay, Span(now - timedelta(days=3), now - HOUR), person("cy"))
    assert "the average of 30 ordinary windows" in page(operator, assay, "?against=ordinary")


@pytest.mark.parametrize("asked", ["2020-01-01T00:00:00Z", "week"])
def test_a_window_that_is_not_there_is_told_and_the_baseline_stays(operator: Client, fill: Fill, asked: str) -> None:
    text = page(operator, fill([0.05, MOVED]), f"?against={asked}")
    assert "Not compared with" in text
    assert "</span> Baseline <span" in text


@pytest.mark.parametrize("asked", ["nonsense", "", "%00"])
def test_nonsense_is_the_baseline(operator: Client, fill: Fill, asked: str) -> None:
    assert 'class="v">baseline<' in page(operator, fill([0.05, MOVED]), f"?against={asked}")
