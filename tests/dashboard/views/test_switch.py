"""Switching: who may, what is sent, and what is shown of it."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import Settings

from assays import instance
from assays.credentials import StaticToken
from assays.models import Assay, Outcome, Switch
from assays.upstream import Client as Asking
from tests.dashboard.conftest import Fill
from tests.support.upstream import Upstream


@pytest.fixture(autouse=True)
def _real_upstream(served: Upstream, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """The client that `control` asks for reaches the upstream of this test."""
    monkeypatch.setattr(instance, "client", lambda: Asking(served.url, StaticToken()))


def address(assay: Assay) -> str:
    return f"/assays/{assay.pk}/switch/"


def test_the_form_asks_why_before_anything_happens(operator: Client, fill: Fill) -> None:
    assay = fill([0.05], name="JFK")
    text = operator.get(address(assay)).content.decode()
    assert "Switch JFK off?" in text
    assert Switch.objects.count() == 0


def test_an_operators_switch_is_confirmed_by_a_re_read_and_audited(operator: Client, fill: Fill) -> None:
    assay = fill([0.05])
    response = operator.post(address(assay), {"active": "no", "why": "runway works"})
    assert response["Location"] == f"/assays/{assay.pk}/"
    row = Switch.objects.get()
    assert (row.who, row.to_active, row.why, row.outcome) == ("ada", False, "runway works", Outcome.DONE)
    assert not Assay.objects.get().active
    text = operator.get(f"/assays/{assay.pk}/").content.decode()
    assert "runway works" in text
    assert "confirmed by a re-read" in text


def test_htmx_is_answered_with_what_is_known(operator: Client, fill: Fill) -> None:
    response = operator.post(address(fill([0.05])), {"active": "no"}, headers={"HX-Request": "true"})
    assert "is off" in response.content.decode()
    assert "hx-trigger" not in response.content.decode()


def test_viewers_and_the_anonymous_are_refused(viewer: Client, fill: Fill) -> None:
    assay = fill([0.05])
    assert viewer.post(address(assay), {"active": "no"}).status_code == 403
    assert Client().post(address(assay), {"active": "no"}).status_code == 302
    assert Switch.objects.count() == 0


def test_a_form_without_its_token_is_refused(operator: Client, fill: Fill) -> None:
    assay = fill([0.05])
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = operator.cookies
    response = strict.post(address(assay), {"active": "no"})
    assert response.status_code == 403
    assert "grown stale" in response.content.decode()
    assert Switch.objects.count() == 0


@pytest.mark.parametrize("sent", [{}, {"active": "maybe"}, {"active": "no", "why": "x" * 501}])
def test_a_form_that_makes_no_sense_changes_nothing(operator: Client, fill: Fill, sent: dict[str, str]) -> None:
    assert operator.post(address(fill([0.05])), sent).status_code == 200
    assert Switch.objects.count() == 0


def test_an_open_switch_locks_the_next_one_and_keeps_asking(operator: Client, fill: Fill) -> None:
    assay = fill([0.05])
    Switch.objects.create(
        assay=assay, who="bo", asked_at=assay.updated_at, was_active=True, to_active=False, outcome=Outcome.UNKNOWN
    )
    locked = operator.post(address(assay), {"active": "no"})
    assert locked.status_code == 409
    assert "its outcome is not known yet" in locked.content.decode()
    told = operator.get(f"{address(assay)}outcome/", headers={"HX-Request": "true"}).content.decode()
    assert "Outcome unknown" in told
    assert 'hx-trigger="load delay:2s"' in told
