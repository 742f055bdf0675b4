"""Other thresholds tried over the history: counted, recommended, applied, taken away."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import orjson
import pytest
from django.test import Client

from assays.coverage import Span
from assays.incidents.models import LocalThreshold
from assays.insight import sayings
from assays.models import Assay
from tests.dashboard.conftest import HOUR, Fill, person

SCORES: list[float | str | None] = [0.05, 0.3, 0.05, 0.6, 0.7, 0.05, 0.9, 0.05]


def answer(browser: Client, assay: Assay, query: str = "") -> str:
    response = browser.get(f"/assays/{assay.pk}/what-if/{query}")
    assert response.status_code == 200
    return response.content.decode()


def counted(text: str) -> tuple[int, int]:
    """Windows in alert, and incidents, with what was tried."""
    alerts, incidents = re.search(r"data-alerts>(\d+)<", text), re.search(r"data-incidents>(\d+)<", text)
    assert alerts
    assert incidents
    return int(alerts[1]), int(incidents[1])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?warning=&alert=0.25", (4, 3)),
        ("?warning=&alert=0.65", (2, 2)),
        ("?warning=&alert=0.9", (1, 1)),
        ("?warning=0.25&alert=0.9", (1, 3)),
        ("?warning=&alert=", (0, 0)),
        ("?warning=&alert=0.25&k=2&n=2", (4, 1)),
    ],
)
def test_windows_and_incidents_are_counted_as_they_would_have_been(
    viewer: Client, fill: Fill, query: str, expected: tuple[int, int]
) -> None:
    assert counted(answer(viewer, fill(SCORES), query)) == expected


def test_a_number_that_changes_is_answered_with_the_answer_alone(viewer: Client, fill: Fill) -> None:
    headers = {"HX-Request": "true", "HX-Target": "whatif-answer"}
    response = viewer.get(f"/assays/{fill(SCORES).pk}/what-if/?alert=0.65&warning=", headers=headers)
    assert "<form" not in response.content.decode().split("whatif-acts")[0]
    assert counted(response.content.decode()) == (2, 2)


@pytest.mark.parametrize("query", ["?alert=x", "?alert=-1", "?alert=nan", "?warning=2&alert=1", "?k=3&n=2", "?k=0"])
def test_nonsense_is_told(viewer: Client, fill: Fill, query: str) -> None:
    assert 'class="form-error"' in answer(viewer, fill(SCORES), query)


def test_operators_use_the_thresholds_that_they_tried(operator: Client, fill: Fill) -> None:
    assay = fill(SCORES)
    text = answer(operator, assay, "?alert=0.65&warning=0.5")
    assert f'action="/assays/{assay.pk}/thresholds/"' in text
    operator.post(
        f"/assays/{assay.pk}/thresholds/",
        {"field": assay.fields.get().key, "warning": "0.5", "alert": "0.65", "reason": "tried"},
    )
    row = LocalThreshold.objects.get()
    assert (row.warning, row.alert, row.reason) == (0.5, 0.65, "tried")


def test_viewers_are_not_offered_to_use_them(viewer: Client, fill: Fill) -> None:
    assert "Use them here" not in answer(viewer, fill(SCORES))


def test_the_recommended_threshold_rests_on_ordinary_windows(operator: Client, fill: Fill, now: datetime) -> None:
    assay = fill([0.05, 0.15, 0.25] * 10 + [0.9])
    url = f"/assays/{assay.pk}/what-if/recommended/?target=0"
    assert "No ordinary windows are known" in operator.get(url).content.decode()
    sayings.call_calm(assay, Span(now - timedelta(days=3), now - HOUR), person("cy"))
    text = operator.get(url).content.decode()
    found = re.search(r"Alert at ([\d.]+)</b>", text)
    assert found
    assert 0.25 < float(found[1]) <= 0.9
    assert "30 ordinary windows" in text
    assert '<svg class="trade"' in text


@pytest.mark.parametrize("target", ["", "x", "-1", "inf"])
def test_a_target_that_is_none_is_told(operator: Client, fill: Fill, target: str) -> None:
    text = operator.get(f"/assays/{fill(SCORES).pk}/what-if/recommended/?target={target}").content.decode()
    assert 'class="form-error"' in text


def test_the_schedule_body_of_a_successor_carries_the_thresholds(viewer: Client, fill: Fill) -> None:
    assay = fill(SCORES)
    response = viewer.get(f"/assays/{assay.pk}/what-if/schedule.json?warning=0.5&alert=0.65")
    body = orjson.loads(response.content)
    assert body["targeting"]["iopath"][0]["thresholds"] == {"warning": 0.5, "alert": 0.65}
    assert body["name"] == f"{assay.name} (2)"
    assert "attachment" in response["Content-Disposition"]


def test_the_page_counts_a_few_thresholds_around_the_present_one(viewer: Client, fill: Fill) -> None:
    text = viewer.get(f"/assays/{fill(SCORES).pk}/").content.decode()
    assert '<span class="hint">now</span>' in text
    assert "What if…" in text
