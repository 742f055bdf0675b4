"""The overview: what it shows, to whom, at what cost, and what its URL says."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from assays.incidents import triage
from assays.incidents.models import Incident
from assays.incidents.triage import Seen
from assays.models import Assay, Switch, Upstream
from assays.states import State
from tests.dashboard.conftest import Fill

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\N{RIGHT-TO-LEFT OVERRIDE}"


def page(browser: Client, address: str = "/", **headers: str) -> str:
    response = browser.get(address, headers=headers or None)
    assert response.status_code == 200, response.content[:300]
    return response.content.decode()


def names(text: str) -> list[str]:
    return re.findall(r'class="as-name[^"]*"[^>]*title="([^"]*)"', text)


def test_the_anonymous_are_sent_to_the_sign_in(db: None, client: Client) -> None:
    response = client.get("/")
    assert (response.status_code, response["Location"]) == (302, "/sign-in/?next=/")


def test_an_account_without_a_group_is_refused_with_the_reason(
    db: None, client: Client, django_user_model: type
) -> None:
    client.force_login(django_user_model.objects.create_user("nobody"))  # type: ignore[attr-defined]
    response = client.get("/")
    assert response.status_code == 403
    assert "has been given no role yet" in response.content.decode()


def test_the_verdict_heads_the_page_and_the_worst_assay_the_table(operator: Client, fill: Fill) -> None:
    fill([0.05, 0.05], 1, name="calm")
    fill([0.05, 0.9], 2, name="drifting")
    fill([0.15], 3, name="wavering")
    fill(["no such field"], 4, name="broken")
    text = page(operator)
    assert re.search(r"<h1[^>]*>1 assay in alert, 1 in warning</h1>", text)
    assert "One fails." in text
    assert names(text) == ["drifting", "wavering", "broken", "calm"]


@pytest.mark.parametrize("address", ["/", "/health/"])
def test_no_proxy_may_keep_a_page(operator: Client, fill: Fill, address: str) -> None:
    fill([0.05], 1)
    assert "private" in operator.get(address)["Cache-Control"]


def test_a_calm_cache_says_so(operator: Client, fill: Fill) -> None:
    fill([0.05])
    assert "The one assay is Ok" in page(operator)


def test_a_tab_shows_its_state_alone_and_counts_what_the_filters_leave(operator: Client, fill: Fill) -> None:
    fill([0.05], 1, name="calm one")
    fill([0.05], 2, name="calm two")
    fill([0.9], 3, name="drifting")
    assert names(page(operator, "/?state=ok")) == ["calm one", "calm two"]
    assert "Ok <b>1</b>" in page(operator, "/?q=two")


def test_a_search_finds_names_and_fields(operator: Client, fill: Fill) -> None:
    fill([0.05], 1, name="one", fields={"in.humid": (0.1, 0.2)})
    fill([0.05], 2, name="two", fields={"in.temp": (0.1, 0.2)})
    assert names(page(operator, "/?q=HUMID")) == ["one"]
    assert names(page(operator, "/?q=two")) == ["two"]


def test_nothing_that_matches_names_the_filter_and_offers_to_drop_it(operator: Client, fill: Fill) -> None:
    fill([0.05])
    text = page(operator, "/?state=alert&q=assay")
    assert "No assay in <b>Alert</b> with <b>assay</b>" in text
    assert "Drop the state filter" in text


@pytest.mark.parametrize(
    "query",
    [
        "state=nonsense",
        "page=99999",
        "page=-1",
        "group=x&sort=y&days=3",
        "pipeline=abc",
        "open=;drop",
        "tz=Nowhere/Land",
        "q=%00",
    ],
)
def test_nonsense_in_the_url_falls_back_to_the_usual_view(operator: Client, fill: Fill, query: str) -> None:
    fill([0.05])
    page(operator, f"/?{query}")


def test_groups_name_their_worst_assay_and_fold_the_calm(operator: Client, fill: Fill) -> None:
    fill([0.05], 1, name="calm", pipeline=7)
    fill([0.9], 2, name="drifting", pipeline=7)
    text = page(operator, "/?group=pipeline")
    assert names(text) == ["drifting"]
    assert "1 more are Ok" in text
    assert names(page(operator, "/?group=pipeline&open=none")) == []
    assert "drifting <b" in page(operator, "/?group=pipeline&open=none")


def test_the_page_costs_at_most_ten_queries(
    operator: Client, fill: Fill, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(1, 6):
        fill([0.05, 0.9], number, active=number % 2 == 0)
    page(operator)
    for address in ("/", "/?q=assay&state=alert", "/?group=pipeline", "/?group=workspace&q=assay"):
        with django_assert_max_num_queries(10):
            page(operator, address)


def test_hostile_names_are_only_ever_text(operator: Client, fill: Fill) -> None:
    fill([0.9], 1, name=HOSTILE, fields={HOSTILE: (0.1, 0.2)})
    fill(["<b>error</b>"], 2, name="x" * 10_000)
    for address in ("/", "/?group=pipeline", "/?q=%3Cscript%3E"):
        text = page(operator, address)
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "<b>error" not in text


def test_no_page_has_a_style_attribute_or_an_inline_script(operator: Client, fill: Fill) -> None:
    assay = fill([0.05, 0.9, "failed"])
    for address in ("/", "/?group=pipeline", f"/assays/{assay.pk}/", "/health/", f"/assays/{assay.pk}/switch/"):
        text = page(operator, address)
        assert not re.search(r"\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|<style", text)


def test_a_refresh_is_answered_with_the_board_and_with_nothing_when_nothing_changed(
    operator: Client, fill: Fill
) -> None:
    fill([0.05])
    first = operator.get("/", headers={"HX-Request": "true"})
    assert first.status_code == 200
    assert b"<html" not in first.content
    again = operator.get("/", headers={"HX-Request": "true", "X-Seen": first["X-Version"]})
    assert (again.status_code, again.content) == (204, b"")
    assert "As%20of" in again["X-As-Of"]


def test_a_refresh_after_a_new_window_brings_it(operator: Client, fill: Fill) -> None:
    fill([0.05])
    first = operator.get("/", headers={"HX-Request": "true"})
    fill([0.9], 2)
    again = operator.get("/", headers={"HX-Request": "true", "X-Seen": first["X-Version"]})
    assert "1 assay in alert" in again.content.decode()


def test_viewers_see_switches_locked_with_the_reason(viewer: Client, operator: Client, fill: Fill) -> None:
    fill([0.05])
    assert "your role only reads" in page(viewer)
    assert 'role="switch"' not in page(viewer)
    assert 'role="switch"' in page(operator)


def test_an_open_switch_shows_that_its_outcome_is_unknown(operator: Client, fill: Fill) -> None:
    assay = fill([0.05])
    Switch.objects.create(
        assay=assay, who="ada", asked_at=assay.updated_at, was_active=True, to_active=False, outcome="unknown"
    )
    assert "outcome unknown, asked again until upstream tells" in page(operator)


def test_an_unreachable_upstream_is_told_with_its_error_and_locks_the_switches(operator: Client, fill: Fill) -> None:
    fill([0.05])
    Upstream.objects.update(reachable=False, last_error="ConnectTimeout after 5 s")
    text = page(operator)
    assert "The assays API has not answered since" in text
    assert "ConnectTimeout after 5 s" in text
    assert 'role="switch"' not in text
    assert "Cache as of" in text


def test_an_empty_cache_says_what_works_already(operator: Client, db: None) -> None:
    assert "Reading the assays for the first time" in page(operator)


def test_a_connection_without_assays_says_so(operator: Client, served: object, fill: Fill) -> None:
    fill([0.05])
    Assay.objects.all().delete()
    assert "Connected, and nothing to watch yet" in page(operator)


def test_a_multi_field_assay_stands_by_its_worst_field(operator: Client, fill: Fill) -> None:
    fill([0.25], 1, fields={"in.a": (0.5, 0.9), "in.b": (0.1, 0.2), "in.c": (None, None)})
    text = page(operator)
    assert "in.b" in text
    assert "+2 more" in text
    assert Assay.objects.get().state == State.ALERT


def test_times_follow_the_zone_of_the_url(operator: Client, fill: Fill) -> None:
    fill([0.05])
    assert "Last, next run (IST)" in page(operator, "/?tz=Asia/Kolkata")
    assert "Last, next run (UTC)" in page(operator)


def test_trouble_that_somebody_has_answered_stands_below_that_which_waits(operator: Client, fill: Fill) -> None:
    fill([0.05, 0.9], 1, name="taken")
    fill([0.05, 0.15], 2, name="waiting")
    fill([0.05, 0.05], 3, name="calm")
    assert names(page(operator)) == ["taken", "waiting", "calm"]
    incident = Incident.objects.get(assay__name="taken")
    triage.acknowledge([Seen(incident.pk, incident.version)], "ada")
    text = page(operator)
    assert names(text) == ["waiting", "taken", "calm"]
    assert f'href="/alerts/{incident.pk}/"' in text
    assert "answered" in text
    assert names(page(operator, "/?group=pipeline")) == ["waiting", "taken"]
