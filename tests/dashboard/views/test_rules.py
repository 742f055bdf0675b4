"""What people set of an assay here: who may, what comes of it, and how one goes back."""

from __future__ import annotations

import pytest
from django.test import Client

from assays.incidents import about, rules
from assays.incidents.models import Criticality, LocalThreshold, Rule
from assays.models import Assay, AuditEvent, Field
from dashboard.reads.alerts import care_of, with_care
from tests.dashboard.conftest import Fill, person


@pytest.fixture
def assay(fill: Fill) -> Assay:
    return fill([0.05, 0.05], 1, name="watched", pipeline=7, workspace=1)


@pytest.fixture
def responder(db: None) -> Client:
    browser = Client()
    browser.force_login(person("rae", "responder"))
    return browser


def page(browser: Client, assay: Assay, rest: str = "") -> str:
    return browser.get(f"/assays/{assay.pk}/{rest}").content.decode()


def test_thresholds_of_ones_own_need_a_reason_and_stand_beside_upstreams(operator: Client, assay: Assay) -> None:
    address = f"/assays/{assay.pk}/thresholds/"
    assert operator.post(address, {"warning": "0.02", "alert": "0.04"}).status_code == 422
    assert operator.post(address, {"warning": "0.4", "alert": "0.1", "reason": "x"}).status_code == 422
    operator.post(address, {"warning": "0.02", "alert": "0.04", "reason": "a stricter eye"})
    row = LocalThreshold.objects.get()
    assert (row.warning, row.alert, row.reason, row.who) == (0.02, 0.04, "a stricter eye", "ada")
    text = page(operator, assay)
    assert "Incidents follow Driftline's own thresholds, set by ada" in text
    assert "a stricter eye" in text
    assert "<dt>Alert</dt><dd>0.20</dd>" in text


def test_one_click_goes_back_to_upstreams(operator: Client, assay: Assay) -> None:
    rules.set_threshold(Field.objects.get(), 0.02, None, "a stricter eye", "test")
    assert 'name="back"' in page(operator, assay)
    operator.post(f"/assays/{assay.pk}/thresholds/", {"back": "1", "field": "out.score"})
    assert not LocalThreshold.objects.exists()
    assert AuditEvent.objects.filter(act="threshold.drop", who="ada").exists()


@pytest.mark.parametrize(
    ("of", "scope"),
    [("field", "field"), ("assay", "assay"), ("pipeline", "pipeline_id"), ("workspace", "workspace_id")],
)
def test_a_rule_is_set_for_its_scope_and_dropped_again(operator: Client, assay: Assay, of: str, scope: str) -> None:
    address = f"/assays/{assay.pk}/rule/"
    operator.post(address, {"of": of, "k": "2", "n": "3", "m": "2"})
    row = Rule.objects.get()
    assert getattr(row, scope) is not None
    assert "2 of 3, closes after 2 Ok" in page(operator, assay)
    operator.post(address, {"of": of, "back": "1"})
    assert not Rule.objects.exists()


@pytest.mark.parametrize("sent", [{"k": "3", "n": "2", "m": "1"}, {"k": "0", "n": "1", "m": "1"}, {"k": "1", "n": "1"}])
def test_a_rule_that_makes_no_sense_is_asked_again(operator: Client, assay: Assay, sent: dict[str, str]) -> None:
    assert operator.post(f"/assays/{assay.pk}/rule/", {"of": "field", **sent}).status_code == 422
    assert not Rule.objects.exists()


def test_whose_an_assay_is_stands_on_its_page_and_wins_over_the_pipelines(responder: Client, assay: Assay) -> None:
    address = f"/assays/{assay.pk}/whose/"
    responder.post(address, {"of": "pipeline", "owner": "flight ops", "runbook_url": "https://wiki.example.com/all"})
    responder.post(address, {"of": "assay", "owner": "delay team", "criticality": "high"})
    text = page(responder, assay)
    assert "delay team" in text
    assert "https://wiki.example.com/all" in text
    assert "flight ops" not in text
    assert responder.post(address, {"of": "assay", "runbook_url": "javascript:alert(1)"}).status_code == 422


def test_what_is_read_with_the_field_is_what_the_incidents_follow(operator: Client, assay: Assay) -> None:
    """Set from afar to near: each time the page and the derivation agree."""
    field = Field.objects.get()
    scopes: list[rules.Scope] = [{"workspace_id": 1}, {"pipeline_id": 7}, {"assay": assay}, {"field": field}]
    for k, scope in enumerate(scopes, start=2):
        rules.set_rule(scope, rules.derive.Rule(k, 9, 1), "test")
        about.say(7 if k % 2 else assay, about.Known(owner=f"owner {k}", criticality=Criticality.LOW), "test")
        care = care_of(with_care(Field.objects.all()).get())
        assert care.rule == rules.read().of(assay, field) == rules.derive.Rule(k, 9, 1)
        assert care.known == about.known([assay])[assay.pk]


@pytest.mark.parametrize("rest", ["thresholds/", "rule/"])
def test_who_only_responds_sets_neither_thresholds_nor_rules(responder: Client, assay: Assay, rest: str) -> None:
    assert responder.get(f"/assays/{assay.pk}/{rest}").status_code == 403
    assert "Set our own" not in page(responder, assay)


@pytest.mark.parametrize("rest", ["whose/", "markers/"])
def test_who_only_reads_says_nothing(viewer: Client, assay: Assay, rest: str) -> None:
    assert viewer.get(f"/assays/{assay.pk}/{rest}").status_code == 403
    assert f"/{rest}" not in page(viewer, assay)


def test_in_a_dialog_the_page_behind_is_drawn_anew(operator: Client, assay: Assay) -> None:
    sent = {"of": "assay", "owner": "ops"}
    response = operator.post(f"/assays/{assay.pk}/whose/", sent, headers={"HX-Request": "true"})
    assert response["HX-Refresh"] == "true"
