"""One incident: what moved, what went bad with it, and its timeline."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from assays.incidents import about, rules, store, triage
from assays.incidents.lists import List, listed
from assays.incidents.models import Criticality, Event, Incident, Mark
from assays.incidents.triage import Seen
from assays.models import Assay, Field
from assays.notices import routes
from assays.notices.models import Delivery, Outcome
from tests.dashboard.conftest import Fill


def story(browser: Client, row: Incident, **headers: str) -> str:
    response = browser.get(f"/alerts/{row.pk}/", headers=headers or None)
    assert response.status_code == 200, response.content[:300]
    return response.content.decode()


@pytest.fixture
def drifting(fill: Fill) -> Incident:
    fill([0.05, 0.05, 0.15, 0.3], 1, name="drifting", pipeline=7)
    return Incident.objects.get()


def seen(row: Incident) -> list[Seen]:
    row.refresh_from_db()
    return [Seen(row.pk, row.version)]


def test_it_says_what_moved_since_when_and_how_high(operator: Client, drifting: Incident) -> None:
    text = story(operator, drifting)
    assert "What moved" in text
    assert "0.30" in text
    assert "1 alert, 1 warning" in text
    assert "Opened as Alert" in text


def test_the_chart_has_its_words_and_its_thresholds(operator: Client, drifting: Incident) -> None:
    text = story(operator, drifting)
    assert "Scores of the windows around the incident, bad since" in text
    assert '<tspan class="word">Alert </tspan>0.20' in text
    assert text.count('href="#g-alert" class="s-alert"') == 1


def test_what_went_bad_with_it_is_a_link_away(operator: Client, drifting: Incident, fill: Fill) -> None:
    fill([0.05, 0.05, 0.05, 0.9], 2, name="companion", pipeline=7)
    other = Incident.objects.get(assay__name="companion")
    assert f'href="/alerts/{other.pk}/' in story(operator, drifting).split("Went bad with it")[1]


def test_a_failed_run_shows_upstreams_words(operator: Client, fill: Fill) -> None:
    fill([0.05, "no such field"], 1)
    text = story(operator, Incident.objects.get())
    assert "Upstream says" in text
    assert "no such field" in text


def test_the_timeline_tells_who_did_what_newest_first(operator: Client, drifting: Incident) -> None:
    bo = User.objects.create_user("bo")
    triage.note(seen(drifting), bo, "looks like the feed")
    triage.snooze(seen(drifting), bo)
    triage.assign(seen(drifting), bo, bo)
    triage.mark(seen(drifting), bo, Mark.CONFIRMED)
    timeline = story(operator, drifting).split('id="timeline-title"')[1]
    told = ["bo marked it: confirmed", "bo gave it to bo", "bo snoozed it until it gets worse", "bo noted", "Opened as"]
    places = [timeline.index(words) for words in told]
    assert places == sorted(places)
    assert "looks like the feed" in timeline


def test_what_was_just_done_can_be_undone_from_the_timeline_and_stays_in_it(
    operator: Client, drifting: Incident
) -> None:
    batch = triage.acknowledge(seen(drifting), "bo").batch
    assert f'value="{batch}"' in story(operator, drifting)
    triage.undo(batch, "bo")
    text = story(operator, drifting)
    assert f'value="{batch}"' not in text
    assert "bo took back: acknowledged" in text
    assert 'class="undone"' in text


def test_owner_runbook_and_criticality_stand_where_one_decides(operator: Client, drifting: Incident) -> None:
    about.say(Assay.objects.get(), about.Known("ops", "https://wiki.example.com/delay", Criticality.HIGH), "test")
    text = story(operator, drifting)
    for words in ("ops", "https://wiki.example.com/delay", "high"):
        assert words in text


def test_markers_near_it_are_in_its_timeline(operator: Client, drifting: Incident, now: datetime) -> None:
    about.add_marker(Event.DEPLOYMENT, now - timedelta(hours=1), "model 2.1", "ci", about.Scope(pipeline_id=7))
    about.add_marker(Event.DEPLOYMENT, now - timedelta(hours=1), "elsewhere", "ci", about.Scope(pipeline_id=8))
    text = story(operator, drifting)
    assert "Deployment: model 2.1" in text
    assert "elsewhere" not in text


def test_it_says_when_its_thresholds_are_driftlines_own(operator: Client, fill: Fill, drifting: Incident) -> None:
    assert "Driftline's own" not in story(operator, drifting)
    fill([0.05, 0.05], 2, name="strict")
    rules.set_threshold(Field.objects.get(assay__name="strict"), 0.02, 0.04, "a stricter eye", "test")
    store.redo(timezone.now())
    text = story(operator, Incident.objects.get(assay__name="strict"))
    assert "Made by Driftline's own thresholds, warning 0.02 and alert 0.04; upstream's are 0.10 and 0.20" in text


def test_it_is_held_against_what_chance_alone_reaches(operator: Client, drifting: Incident) -> None:
    assert "Against noise" in story(operator, drifting)


def test_the_timeline_says_who_has_heard_of_it(operator: Client, drifting: Incident) -> None:
    route = routes.add("on-call", "json://93.184.216.34/hook", "test")
    change = drifting.changes.get()
    for event, outcome in (("opened", Outcome.SENT), ("worse", Outcome.FAILED), ("back", Outcome.WAITING)):
        at = timezone.now()
        Delivery.objects.create(
            route=route, incident=drifting, change=change, event=event, outcome=outcome, created_at=at, due_at=at
        )
    text = story(operator, drifting)
    assert "on-call told: opened" in text
    assert "on-call could not be told: got worse" in text
    assert "no longer snoozed" not in text
    assert "93.184.216.34" not in text


def test_alone_it_is_answered_for_the_place_beside_the_list(operator: Client, drifting: Incident) -> None:
    response = operator.get(f"/alerts/{drifting.pk}/?list=open", headers={"HX-Request": "1", "HX-Target": "incident"})
    assert response["HX-Push-Url"] == f"/alerts/{drifting.pk}/?list=open"
    assert response.content.decode().lstrip().startswith('<section class="card-d inc-pane"')


def test_one_that_was_taken_in_leads_to_the_older(operator: Client, drifting: Incident, fill: Fill) -> None:
    fill([0.05, 0.05, 0.05, 0.9], 2, name="companion", pipeline=7)
    other = Incident.objects.get(assay__name="companion")
    Incident.objects.filter(pk=other.pk).update(merged_into=drifting)
    assert operator.get(f"/alerts/{other.pk}/")["Location"] == f"/alerts/{drifting.pk}/"


def test_an_unknown_one_is_not_found(operator: Client) -> None:
    assert operator.get("/alerts/00000000-0000-0000-0000-000000000000/").status_code == 404


def test_its_place_in_the_list_and_its_neighbours_are_told(operator: Client, drifting: Incident, fill: Fill) -> None:
    fill([0.05, 0.05, 0.05, 0.15], 2, name="wavering", pipeline=8)
    first = listed(Incident.objects.all(), List.OPEN).first()
    assert first is not None
    text = story(operator, first)
    assert "1 of 2" in text
    assert 'aria-label="Next incident"' in text
    assert 'aria-label="Incident before"' not in text
