"""What a message says: one line that tells most, the sentence, the numbers by the route's clock, and the links."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from django.urls import resolve

from assays.incidents.models import About, Incident, Kind
from assays.models import Assay
from assays.notices import compose
from assays.notices.models import Delivery, Event, Route
from assays.notices.notice import Notice
from assays.states import State
from tests.assays.notices.conftest import HOUR, NOW, add_route, make_incident

pytestmark = pytest.mark.django_db


@pytest.fixture
def route(db: None) -> Route:
    return add_route("slack://TokenA1234/B/C", zone="Europe/Vienna")


def composed(route: Route, incident: Incident, event: Event = Event.OPENED) -> Notice:
    delivery = Delivery(route=route, incident=incident, event=event, created_at=NOW, due_at=NOW)
    return compose.single(delivery, incident, NOW)


def drifting(assay: Assay, **columns: Any) -> Incident:
    peak = {"peak": 0.3142, "peak_ratio": 1.571, "peak_start": NOW - 2 * HOUR, "peak_end": NOW - HOUR}
    return make_incident(assay, severity=State.ALERT, **peak | columns)


def test_a_message_tells_what_since_when_how_much_of_what_and_where_to_look(route: Route, assay: Assay) -> None:
    said = {"owner": "team flights", "runbook_url": "https://wiki/run", "criticality": "high"}
    About.objects.create(assay=assay, who="ada", at=NOW, **said)
    incident = drifting(assay)
    told = composed(route, incident)
    assert told.subject == "Alert: drift in out.score of assay 1"
    assert told.text.splitlines() == [
        "Late flights grew from 20% to 31%.",
        "",
        "Since 23 Jun 2026 13:05 CEST, 3 bad windows.",
        "Highest score 0.314, 1.6 times the alert threshold in the window that ends 23 Jun 2026 15:05 CEST.",
        f"Pipeline {assay.pipeline_name}, workspace {assay.workspace_name}.",
        "Owner: team flights.",
        "Criticality: high.",
        "",
        f"Incident: https://drift.example.org/alerts/{incident.pk}/",
        f"Assay: https://drift.example.org/assays/{assay.pk}/",
        "Runbook: https://wiki/run",
    ]


def test_what_an_assay_does_not_say_its_pipeline_may(route: Route, assay: Assay) -> None:
    About.objects.create(assay=assay, owner="team flights", who="ada", at=NOW)
    About.objects.create(
        pipeline_id=assay.pipeline_id, owner="platform", runbook_url="https://wiki/all", who="ada", at=NOW
    )
    about = composed(route, make_incident(assay)).incidents[0]
    assert about.owner == "team flights"
    assert about.links[-1].href == "https://wiki/all"


@pytest.mark.parametrize(
    ("event", "beginning", "severity"),
    [
        (Event.WORSE, "Worse: Alert: ", "alert"),
        (Event.BACK, "Still: Alert: ", "alert"),
        (Event.ESCALATED, "Not acknowledged: Alert: ", "alert"),
        (Event.RESOLVED, "Over: drift in ", "ok"),
    ],
)
def test_the_subject_begins_with_what_happened(
    event: Event, beginning: str, severity: str, route: Route, assay: Assay
) -> None:
    told = composed(route, drifting(assay), event)
    assert told.subject.startswith(beginning)
    assert told.severity == severity


@pytest.mark.parametrize(
    ("kind", "severity", "subject"),
    [
        (Kind.FAILED, State.FAILED, "Failed runs in out.score of assay 1"),
        (Kind.NO_DATA, State.NO_DATA, "No data in out.score of assay 1"),
        (Kind.LATE, State.LATE, "Late runs of assay 1"),
        (Kind.MISMATCH, State.WARNING, "Warning: a score that cannot be confirmed in out.score of assay 1"),
    ],
)
def test_each_kind_has_its_words(kind: Kind, severity: State, subject: str, route: Route, assay: Assay) -> None:
    assert composed(route, make_incident(assay, kind, severity=severity)).subject == subject


def test_an_outage_of_the_whole_has_no_assay(route: Route) -> None:
    told = composed(route, make_incident(None, Kind.UNREACHABLE, severity=State.LATE, sentence=""))
    assert told.subject == "The assays API does not answer"
    assert told.incidents[0].assay is None
    assert [link.rel for link in told.links] == ["incident"]


def test_the_end_says_from_when_to_when_and_why(route: Route, assay: Assay) -> None:
    over = make_incident(assay, closed_at=NOW, closed_why="ok")
    text = composed(route, over, Event.RESOLVED).text
    assert "From 23 Jun 2026 13:05 CEST to 23 Jun 2026 16:05 CEST, 3 bad windows; Ok again." in text


def test_no_name_from_upstream_makes_a_line_or_a_header_of_its_own(route: Route, assay: Assay) -> None:
    assay.name = "delays\r\nBcc: all@example.org"
    told = composed(route, make_incident(assay, sentence="a\nb"))
    assert told.subject == "Warning: drift in out.score of delays Bcc: all@example.org"


def test_a_summary_names_the_worst_first_and_says_how_many_more_there_are(route: Route, assay: Assay) -> None:
    many = [make_incident(assay, sentence=f"Warned {n}.") for n in range(24)]
    worst = make_incident(assay, severity=State.ALERT, sentence="Alerted.")
    summary = Delivery(route=route, event=Event.SUMMARY, created_at=NOW, due_at=NOW)
    told = compose.summary(summary, [*many, worst], NOW)
    lines = told.text.splitlines()
    assert told.subject == lines[0].rstrip(".") == "25 incidents: 1 Alert, 24 Warning"
    assert lines[2] == "- Alert: Alerted."
    assert lines[-3] == "- and 5 more"
    assert lines[-1] == "Alerts: https://drift.example.org/alerts/"
    assert len(told.incidents) == 25
    assert told.severity == "alert"


def test_every_link_into_driftline_is_a_page_of_it(route: Route, assay: Assay) -> None:
    incident = make_incident(assay)
    summary = Delivery(route=route, event=Event.SUMMARY, created_at=NOW, due_at=NOW)
    told = [composed(route, incident), compose.summary(summary, [incident, incident], NOW)]
    pages = {link.rel: resolve(urlsplit(link.href).path) for one in told for link in one.links}
    assert {rel: page.url_name for rel, page in pages.items()} == {
        "incident": "incident",
        "assay": "assay",
        "alerts": "alerts",
    }
    assert (pages["incident"].kwargs, pages["assay"].kwargs) == ({"pk": incident.pk}, {"pk": assay.pk})


def test_a_message_is_the_same_read_back_from_json(route: Route, assay: Assay) -> None:
    told = composed(route, drifting(assay, closed_at=datetime(2026, 6, 24, tzinfo=UTC), closed_why="by_hand"))
    assert msgspec.json.decode(msgspec.json.encode(told), type=Notice) == told
