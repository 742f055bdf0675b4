"""The doctor's page: what is found, of whom, and what is answered."""

from __future__ import annotations

from django.test import Client

from assays.insight.models import Dismissal
from tests.dashboard.conftest import Fill


def test_findings_stand_with_their_evidence_and_the_change(viewer: Client, fill: Fill) -> None:
    fill([0.9, 0.05] * 15)
    text = viewer.get("/doctor/").content.decode()
    assert "Noisy" in text
    assert "15 of 30 windows in a year reached a threshold" in text
    assert "Try a higher threshold" in text


def test_a_finding_is_dismissed_with_a_reason_and_taken_up_again(operator: Client, fill: Fill) -> None:
    assay = fill([0.9, 0.05] * 15)
    url = f"/assays/{assay.pk}/findings/noisy/dismiss/"
    assert operator.post(url, {"reason": " "}).status_code == 422
    assert operator.post(url, {"reason": "a trial", "field": assay.fields.get().key}).status_code == 302
    assert "Noisy" not in operator.get("/doctor/").content.decode()
    assert "a trial" in operator.get("/doctor/?show=dismissed").content.decode()
    operator.post(f"/assays/{assay.pk}/findings/dismissed/{Dismissal.objects.get().pk}/take-up/")
    assert "Noisy" in operator.get("/doctor/").content.decode()


def test_one_kind_can_be_looked_at_alone(viewer: Client, fill: Fill) -> None:
    fill([0.9, 0.05] * 15)
    text = viewer.get("/doctor/?kind=stale").content.decode()
    assert "No assay is found stale" in text
    assert "Show all findings" in text


def test_viewers_are_shown_findings_and_offered_no_answer(viewer: Client, fill: Fill) -> None:
    assay = fill([0.9, 0.05] * 15)
    assert "data-dialog" not in viewer.get("/doctor/").content.decode()
    assert viewer.post(f"/assays/{assay.pk}/findings/noisy/dismiss/", {"reason": "x"}).status_code == 403


def test_a_kind_that_the_doctor_does_not_know_is_not_there(operator: Client, fill: Fill) -> None:
    assert operator.get(f"/assays/{fill([0.05]).pk}/findings/odd/dismiss/").status_code == 404


def test_health_and_overview_lead_to_the_doctor(viewer: Client, fill: Fill) -> None:
    fill([0.9, 0.05] * 15)
    assert 'href="/doctor/"' in viewer.get("/health/").content.decode()
    assert 'href="/doctor/"' in viewer.get("/").content.decode()
