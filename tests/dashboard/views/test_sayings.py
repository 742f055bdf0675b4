"""Calm periods and remarks: who may say them, in whose zone, and what nonsense is answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from assays.insight.models import Annotation, CalmPeriod
from tests.dashboard.conftest import Fill


def test_a_calm_period_makes_known_what_is_ordinary(operator: Client, fill: Fill, now: datetime) -> None:
    assay = fill([0.05, 0.15, 0.25] * 10 + [0.9])
    assert "What is ordinary is not known" in operator.get(f"/assays/{assay.pk}/").content.decode()
    spoken = [f"{at:%Y-%m-%dT%H:%M}" for at in (now - timedelta(days=3), now - timedelta(hours=1))]
    answer = operator.post(f"/assays/{assay.pk}/calm/", {"after": spoken[0], "until": spoken[1], "note": "quiet"})
    assert answer.status_code == 302
    text = operator.get(f"/assays/{assay.pk}/").content.decode()
    assert "What is ordinary is not known" not in text
    assert "Ordinary, of 30 windows" in text
    assert "Ordinary windows stay under 0.250 in 95 % of 30" in text


def test_a_calm_period_that_ends_before_it_begins_is_refused(operator: Client, fill: Fill) -> None:
    assay = fill([0.05])
    told = {"after": "2026-06-02T00:00", "until": "2026-06-01T00:00"}
    answer = operator.post(f"/assays/{assay.pk}/calm/", told)
    assert answer.status_code == 422
    assert "ends after it begins" in answer.content.decode()
    assert not CalmPeriod.objects.exists()


def test_times_are_those_of_the_reader(operator: Client, fill: Fill) -> None:
    assay = fill([0.05])
    operator.cookies["zone"] = "Asia/Tokyo"
    operator.post(f"/assays/{assay.pk}/remarks/", {"at": "2026-06-02T09:00", "text": "a storm"})
    zone = "Asia/Tokyo" if Annotation.objects.get().at == datetime(2026, 6, 2, 0, tzinfo=UTC) else "another"
    assert zone == "Asia/Tokyo"


@pytest.mark.parametrize(
    "told",
    [
        {"at": "2026-06-02T09:00", "text": " "},
        {"at": "2026-06-02T09:00", "text": "a storm", "until": "2026-06-01T09:00"},
        {"at": "2026-06-02T09:00", "text": "a storm", "link": "javascript:alert(1)"},
    ],
)
def test_a_remark_without_words_or_sense_is_refused(operator: Client, fill: Fill, told: dict[str, str]) -> None:
    assay = fill([0.05])
    assert operator.post(f"/assays/{assay.pk}/remarks/", told).status_code == 422
    assert not Annotation.objects.exists()


def test_a_viewer_says_nothing_of_the_time_axis(viewer: Client, fill: Fill) -> None:
    assay = fill([0.05])
    assert viewer.get(f"/assays/{assay.pk}/calm/").status_code == 403
    assert "Mark a calm period" not in viewer.get(f"/assays/{assay.pk}/").content.decode()


def test_what_is_written_on_the_time_axis_is_shown_to_everybody(
    operator: Client, viewer: Client, fill: Fill, now: datetime
) -> None:
    assay = fill([0.05] * 30)
    spoken = f"{now - timedelta(hours=9):%Y-%m-%dT%H:%M}"
    told = {"at": spoken, "text": "<b>a storm</b>", "link": "https://wiki.example/storm"}
    operator.post(f"/assays/{assay.pk}/remarks/", told)
    text = viewer.get(f"/assays/{assay.pk}/").content.decode()
    assert '<a href="https://wiki.example/storm" rel="noreferrer">&lt;b&gt;a storm&lt;/b&gt;</a>' in text
    figure = viewer.get(f"/assays/{assay.pk}/figure.json").json()
    assert "&lt;b&gt;a storm&lt;/b&gt;" in [note["text"] for note in figure["layout"]["annotations"]]


def test_the_overviews_tooltip_says_how_many_false_alarms_to_expect(viewer: Client, fill: Fill) -> None:
    text = viewer.get(f"/assays/{fill([0.05] * 30).pk}/expected/").content.decode()
    assert text.endswith("false alarms a week to be expected at 0.10") or "is not known" in text
