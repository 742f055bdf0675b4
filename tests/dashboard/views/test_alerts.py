"""The alerts page: which incidents it lists to whom, in which order, and what its URL says."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from assays.incidents import triage
from assays.incidents.models import Incident
from assays.incidents.triage import Seen
from dashboard.models import Grant
from tests.dashboard.conftest import Fill

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"


def page(browser: Client, address: str = "/alerts/") -> str:
    response = browser.get(address)
    assert response.status_code == 200, response.content[:300]
    return response.content.decode()


def titles(text: str) -> list[str]:
    return re.findall(r'class="inc-link[^>]*><span class="trunc">([^<]*)</span>', text)


def the_one(name: str) -> Incident:
    return Incident.objects.get(assay__name=name, closed_at=None)


def seen(name: str) -> list[Seen]:
    row = the_one(name)
    return [Seen(row.pk, row.version)]


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    cache.clear()


def test_what_is_bad_is_an_incident_that_needs_someone(operator: Client, fill: Fill) -> None:
    fill([0.05, 0.3], 1, name="drifting")
    fill([0.05, 0.05], 2, name="calm")
    text = page(operator)
    assert "1 incident needs someone" in text
    assert titles(text) == ["drifting"]


def test_a_calm_list_says_so_and_what_would_open_an_incident(operator: Client, fill: Fill) -> None:
    fill([0.05])
    text = page(operator)
    assert "No incident needs anyone" in text
    assert "One opens when a window is bad" in text


def test_the_worst_stand_first_and_then_the_oldest(operator: Client, fill: Fill) -> None:
    fill([0.05, 0.15], 1, name="wavering", pipeline=1)
    fill([0.05, 0.3], 2, name="drifting", pipeline=2)
    fill([0.05, 0.3, 0.3], 3, name="drifting for longer", pipeline=3)
    assert titles(page(operator)) == ["drifting for longer", "drifting", "wavering"]


def test_what_went_bad_together_on_a_pipeline_is_one_event(operator: Client, fill: Fill) -> None:
    fill([0.05, 0.3], 1, name="one", pipeline=7)
    fill([0.05, 0.15], 2, name="two", pipeline=7)
    fill([0.05, 0.05], 3, name="calm", pipeline=7)
    fill([0.05, 0.3], 4, name="alone", pipeline=8)
    text = page(operator)
    assert "2 of 3 assays since" in text
    assert "Acknowledge all" in text
    assert "Two are one event on" in text
    assert titles(text) == ["one", "two", "alone"]


def test_each_list_holds_its_own_and_counts_it(operator: Client, fill: Fill) -> None:
    for number, name in enumerate(["open", "taken", "resting", "given", "done"], start=1):
        fill([0.05, 0.3], number, name=name, pipeline=number)
    ada = User.objects.get(username="ada")
    triage.acknowledge(seen("taken"), ada)
    triage.snooze(seen("resting"), ada)
    triage.assign(seen("given"), ada, ada)
    triage.resolve(seen("done"), ada)
    found = {
        which: titles(page(operator, f"/alerts/?list={which}"))
        for which in ("mine", "acknowledged", "snoozed", "resolved")
    }
    assert found == {"mine": ["given"], "acknowledged": ["taken"], "snoozed": ["resting"], "resolved": ["done"]}
    text = page(operator)
    *unanswered, last = titles(text)
    assert (sorted(unanswered), last) == (["given", "open"], "taken")
    assert "Acknowledged, oldest first" in text
    assert re.findall(r"(Open|Mine|Acknowledged|Snoozed) <b>(\d)</b>", text) == [
        ("Open", "2"),
        ("Mine", "1"),
        ("Acknowledged", "1"),
        ("Snoozed", "1"),
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("severity=alert", ["drifting"]),
        ("severity=warning", ["wavering"]),
        ("kind=failed", ["broken"]),
        ("pipeline=2", ["wavering"]),
        ("assay=00000000-0000-0000-0000-000000000003", ["broken"]),
        ("assay=00000000-0000-0000-0000-000000000009", []),
        ("q=DRIFT", ["drifting"]),
        ("q=out.score&severity=warning", ["wavering"]),
        ("owner=ada", ["drifting"]),
        ("workspace=1", ["drifting", "wavering", "broken"]),
        ("workspace=2", []),
    ],
)
def test_filters_stand_in_the_address(operator: Client, fill: Fill, query: str, expected: list[str]) -> None:
    fill([0.05, 0.3], 1, name="drifting", pipeline=1)
    fill([0.05, 0.15], 2, name="wavering", pipeline=2)
    fill([0.05, "no such field"], 3, name="broken", pipeline=3)
    triage.assign(seen("drifting"), "test", User.objects.get(username="ada"))
    text = page(operator, f"/alerts/?{query}")
    assert sorted(titles(text)) == sorted(expected)
    assert expected or "Drop the filters" in text


@pytest.mark.parametrize(
    "query",
    [
        "list=x",
        "severity=x&kind=y",
        "page=99999",
        "page=-1",
        "pipeline=abc",
        "assay=abc",
        "q=%00",
        "owner=%3Cb%3E",
        "tz=No/Where",
    ],
)
def test_nonsense_in_the_url_falls_back_to_the_usual_view(operator: Client, fill: Fill, query: str) -> None:
    fill([0.05, 0.3])
    page(operator, f"/alerts/?{query}")


def test_long_lists_are_paged(operator: Client, fill: Fill) -> None:
    for number in range(1, 53):
        fill([0.3], number, name=f"assay {number:02}", pipeline=number)
    first, second = page(operator), page(operator, "/alerts/?page=2")
    assert (len(titles(first)), len(titles(second))) == (50, 2)
    assert "1–50 of 52" in first


def test_only_incidents_of_ones_workspaces_are_shown(client: Client, operator: Client, fill: Fill) -> None:
    fill([0.05, 0.3], 1, name="here", workspace=1, pipeline=1)
    fill([0.05, 0.3], 2, name="there", workspace=2, pipeline=2)
    cy = User.objects.create_user("cy")
    Grant.objects.create(person=cy, role="responder", workspace_id=1)
    client.force_login(cy)
    assert titles(page(client)) == ["here"]
    assert client.get(f"/alerts/{the_one('there').pk}/").status_code == 404
    assert operator.get(f"/alerts/{the_one('there').pk}/").status_code == 200


def test_viewers_see_incidents_and_nothing_to_do_about_them(viewer: Client, fill: Fill) -> None:
    fill([0.05, 0.3], 1, name="drifting")
    text = page(viewer, f"/alerts/{the_one('drifting').pk}/")
    assert titles(text) == ["drifting"]
    assert "Acknowledge" not in text.replace("Acknowledged", "")


def test_every_page_counts_the_unanswered_in_its_frame(operator: Client, fill: Fill) -> None:
    fill([0.05, 0.3], 1)
    assert "data-count>1</span>" in page(operator, "/")


def test_the_page_costs_at_most_ten_queries(
    operator: Client, fill: Fill, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(1, 6):
        fill([0.05, 0.9], number)
    page(operator)
    for address in ("/alerts/", "/alerts/?q=assay&severity=alert", "/alerts/?list=resolved"):
        cache.clear()
        with django_assert_max_num_queries(10):
            page(operator, address)


def test_hostile_names_are_only_ever_text(operator: Client, fill: Fill) -> None:
    fill([0.05, 0.9], 1, name=HOSTILE, fields={HOSTILE: (0.1, 0.2)})
    triage.note([Seen(row.pk, row.version) for row in Incident.objects.all()], HOSTILE, HOSTILE)
    for address in ("/alerts/", f"/alerts/{Incident.objects.get().pk}/", "/alerts/?q=%3Cscript%3E"):
        text = page(operator, address)
        assert "<script>alert" not in text
        assert "<img src=x" not in text


def test_no_page_has_a_style_attribute_or_an_inline_script(operator: Client, fill: Fill) -> None:
    fill([0.05, 0.3])
    row = Incident.objects.get()
    acts = [f"/alerts/acts/{name}/?incident={row.pk}:0" for name in ("snooze", "assign", "mark")]
    for address in ("/alerts/", f"/alerts/{row.pk}/", *acts):
        assert not re.search(r"\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|<style", page(operator, address))


def test_a_refresh_is_answered_with_the_board_and_with_nothing_when_nothing_changed(
    operator: Client, fill: Fill
) -> None:
    fill([0.05, 0.3])
    for address in ("/alerts/", f"/alerts/{Incident.objects.get().pk}/"):
        first = operator.get(address, headers={"HX-Request": "true"})
        assert b"<html" not in first.content
        again = operator.get(address, headers={"HX-Request": "true", "X-Seen": first["X-Version"]})
        assert (again.status_code, again.content) == (204, b"")


def test_the_acknowledged_say_by_whom_and_since_when(operator: Client, fill: Fill) -> None:
    fill([0.3], 1, name="taken")
    triage.acknowledge(seen("taken"), "bo")
    Incident.objects.update(acknowledged_at=datetime.now(UTC) - timedelta(hours=5))
    assert re.search(r"</span>bo, 5\s?h<", page(operator, "/alerts/?list=acknowledged"))
