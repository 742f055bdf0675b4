"""Acts of triage by their forms: one and many, undone, and never over another's head."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from assays.incidents import triage
from assays.incidents.models import Act, ActKind, Incident, Mark
from assays.incidents.triage import Seen
from assays.models import AuditEvent
from dashboard.models import Grant
from tests.dashboard.conftest import Fill, person

HTMX = {"HX-Request": "true"}


@pytest.fixture
def drifting(fill: Fill) -> Incident:
    fill([0.05, 0.3], 1, name="drifting")
    return Incident.objects.get()


def key(row: Incident) -> str:
    row.refresh_from_db()
    return f"{row.pk}:{row.version}"


@pytest.mark.parametrize(
    ("act", "said", "found"),
    [
        ("acknowledge", {"note": "on it"}, {"acknowledged_by": "ada", "acknowledged_note": "on it"}),
        ("snooze", {"until": "worse"}, {"snoozed_by": "ada", "until_worse": True, "snoozed_until": None}),
        ("resolve", {"note": "was a test"}, {"resolved_by": "ada", "closed_why": "by_hand"}),
        ("mark", {"mark": "false_alarm"}, {"mark": Mark.FALSE_ALARM}),
    ],
)
def test_an_act_is_done_told_and_audited(
    operator: Client, drifting: Incident, act: str, said: dict[str, str], found: dict[str, object]
) -> None:
    response = operator.post(f"/alerts/acts/{act}/", {"incident": key(drifting), "next": "/alerts/?q=x", **said})
    assert response["Location"] == "/alerts/?q=x"
    drifting.refresh_from_db()
    assert {name: getattr(drifting, name) for name in found} == found
    assert AuditEvent.objects.filter(act=f"incident.{act}", who="ada", about_id=str(drifting.pk)).count() == 1
    assert "data-undo" in operator.get("/alerts/").content.decode()


def test_a_note_needs_words(operator: Client, drifting: Incident) -> None:
    assert operator.post("/alerts/acts/note/", {"incident": key(drifting), "note": " "}).status_code == 422
    operator.post("/alerts/acts/note/", {"incident": key(drifting), "note": "looks like the feed"})
    assert Act.objects.get().note == "looks like the feed"


def test_one_may_give_it_to_those_who_triage_there_and_to_nobody_else(operator: Client, drifting: Incident) -> None:
    bo, vera, cy = person("bo", "responder"), person("vera", "viewer"), User.objects.create_user("cy")
    Grant.objects.create(person=cy, role="responder", workspace_id=99)
    text = operator.get(f"/alerts/acts/assign/?incident={key(drifting)}").content.decode()
    assert ">bo<" in text
    assert ">vera<" not in text
    assert ">cy<" not in text
    assert operator.post("/alerts/acts/assign/", {"incident": key(drifting), "to": vera.pk}).status_code == 422
    operator.post("/alerts/acts/assign/", {"incident": key(drifting), "to": bo.pk})
    drifting.refresh_from_db()
    assert drifting.assignee == bo


@pytest.mark.parametrize(("until", "hours"), [("1h", 1), ("4h", 4)])
def test_a_snooze_may_last_some_hours(operator: Client, drifting: Incident, until: str, hours: int) -> None:
    operator.post("/alerts/acts/snooze/", {"incident": key(drifting), "until": until})
    drifting.refresh_from_db()
    assert drifting.snoozed_until is not None
    assert abs(drifting.snoozed_until - datetime.now(UTC) - timedelta(hours=hours)) < timedelta(minutes=1)


def test_mornings_and_typed_times_are_the_readers(operator: Client, drifting: Incident) -> None:
    operator.cookies["zone"] = "Asia/Kolkata"
    operator.post("/alerts/acts/snooze/", {"incident": key(drifting), "until": "tomorrow"})
    drifting.refresh_from_db()
    assert drifting.snoozed_until is not None
    assert f"{drifting.snoozed_until:%H:%M}" == "03:30"
    sent = {"incident": key(drifting), "until": "time", "time": "2100-01-01T12:00"}
    operator.post("/alerts/acts/snooze/", sent)
    drifting.refresh_from_db()
    assert drifting.snoozed_until == datetime(2100, 1, 1, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "sent",
    [
        {"until": "time"},
        {"until": "time", "time": "2001-01-01T00:00"},
        {"until": "time", "time": "0001-01-01T00:00"},
        {"until": "time", "time": "9999-12-31T23:59"},
        {"until": "later"},
        {},
    ],
)
def test_a_snooze_ends_in_the_future(operator: Client, drifting: Incident, sent: dict[str, str]) -> None:
    assert operator.post("/alerts/acts/snooze/", {"incident": key(drifting), **sent}).status_code == 422
    assert not Act.objects.exists()


def test_until_it_gets_worse_comes_first_and_is_chosen(operator: Client, drifting: Incident) -> None:
    text = operator.get(f"/alerts/acts/snooze/?incident={key(drifting)}").content.decode()
    options = [part.split('"')[0] for part in text.split('name="until" value="')[1:]]
    assert options[0] == "worse"
    assert text.split('value="worse"')[1].startswith(" checked")


def test_many_are_acted_on_at_once_and_undone_together(operator: Client, fill: Fill) -> None:
    for number in (1, 2, 3):
        fill([0.05, 0.3], number, pipeline=number)
    rows = list(Incident.objects.all())
    response = operator.post("/alerts/acts/acknowledge/", {"incident": [key(row) for row in rows]}, headers=HTMX)
    assert "Acknowledged 3 incidents" in response.content.decode()
    assert response["HX-Trigger"] == "triaged"
    assert Incident.objects.filter(acknowledged_by="ada").count() == 3
    batch = Act.objects.values_list("batch", flat=True).distinct().get()
    operator.post("/alerts/undo/", {"batch": batch})
    assert not Incident.objects.filter(acknowledged_at__isnull=False).exists()
    assert Act.objects.filter(kind=ActKind.UNDO).count() == 3


def test_who_comes_second_is_shown_what_the_first_did_and_decides(operator: Client, drifting: Incident) -> None:
    old = key(drifting)
    triage.snooze([Seen(drifting.pk, drifting.version)], person("bo", "responder"), note="the feed is down")
    response = operator.post("/alerts/acts/acknowledge/", {"incident": old, "note": "mine"})
    text = response.content.decode()
    assert response.status_code == 409
    assert "bo snoozed it until it gets worse" in text
    assert "the feed is down" in text
    assert "Acknowledge all the same" in text
    assert ">mine</textarea>" in text
    drifting.refresh_from_db()
    assert drifting.acknowledged_at is None
    assert f'value="{key(drifting)}"' in text
    assert operator.post("/alerts/acts/acknowledge/", {"incident": key(drifting)}).status_code == 302


def test_of_many_those_that_others_changed_are_asked_about_and_the_rest_are_done(operator: Client, fill: Fill) -> None:
    fill([0.05, 0.3], 1, name="one", pipeline=1)
    fill([0.05, 0.3], 2, name="two", pipeline=2)
    rows = list(Incident.objects.order_by("assay__name"))
    sent = [key(row) for row in rows]
    triage.note([Seen(rows[0].pk, rows[0].version)], "bo", "wait")
    response = operator.post("/alerts/acts/resolve/", {"incident": sent}, headers=HTMX)
    text = response.content.decode()
    assert (response.status_code, response["HX-Retarget"]) == (409, "#dialog")
    assert "The other 1 are done." in text
    assert list(Incident.objects.filter(closed_why="by_hand").values_list("assay__name", flat=True)) == ["two"]


def test_one_that_has_closed_meanwhile_says_so(operator: Client, drifting: Incident) -> None:
    old = key(drifting)
    Incident.objects.update(closed_at=datetime.now(UTC), closed_why="ok")
    response = operator.post("/alerts/acts/acknowledge/", {"incident": old})
    assert response.status_code == 409
    assert "It has closed: Ok again" in response.content.decode()


@pytest.mark.parametrize("sent", [{}, {"incident": "nonsense"}, {"incident": "x:y"}, {"incident": f"{uuid4()}:-1:2"}])
def test_what_names_no_incident_is_refused(operator: Client, drifting: Incident, sent: dict[str, str]) -> None:
    for headers in ({}, HTMX):
        assert operator.post("/alerts/acts/acknowledge/", sent, headers=headers).status_code == 400
    assert not Act.objects.exists()


def test_viewers_and_those_of_other_workspaces_change_nothing(
    client: Client, viewer: Client, drifting: Incident
) -> None:
    cy, di = User.objects.create_user("cy"), User.objects.create_user("di")
    Grant.objects.create(person=cy, role="operator", workspace_id=99)
    Grant.objects.create(person=di, role="operator", workspace_id=99)
    Grant.objects.create(person=di, role="viewer", workspace_id=1)
    assert viewer.post("/alerts/acts/acknowledge/", {"incident": key(drifting)}).status_code == 403
    for user, status in ((cy, 404), (di, 403)):
        client.force_login(user)
        assert client.post("/alerts/acts/acknowledge/", {"incident": key(drifting)}).status_code == status
    batch = triage.note([Seen(drifting.pk, 0)], "bo", "wait").batch
    for user, status in ((cy, 404), (di, 403)):
        client.force_login(user)
        assert client.post("/alerts/undo/", {"batch": batch}).status_code == status
    assert Act.objects.count() == 1


def test_what_was_undone_or_never_done_is_not_undone(operator: Client, drifting: Incident) -> None:
    batch = triage.note([Seen(drifting.pk, 0)], "bo", "wait").batch
    assert operator.post("/alerts/undo/", {"batch": batch}).status_code == 302
    assert operator.post("/alerts/undo/", {"batch": batch}).status_code == 409
    assert operator.post("/alerts/undo/", {"batch": "x"}).status_code == 400
    assert operator.post("/alerts/undo/", {"batch": uuid4()}, headers=HTMX).status_code == 409


def test_nobody_is_led_to_another_site(operator: Client, drifting: Incident) -> None:
    sent = {"incident": key(drifting), "next": "https://evil.example/"}
    assert operator.post("/alerts/acts/acknowledge/", sent)["Location"] == "/alerts/"


def test_there_are_no_other_acts(operator: Client, drifting: Incident) -> None:
    assert operator.get(f"/alerts/acts/delete/?incident={key(drifting)}").status_code == 404
