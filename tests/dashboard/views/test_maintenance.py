"""Maintenance on its page: announced, seen by those whom it concerns, ended by those who may."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client as Browser

from assays.notices import maintenances
from assays.notices.models import Maintenance
from dashboard.roles import Role
from dashboard.views.maintenance import headline
from dashboard.views.routes import Names
from tests.dashboard.views.test_routes import errors_of, signed_in, text_of
from tests.support.places import ELSEWHERE, HERE, Places

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
NOW = datetime(2026, 6, 23, 14, 5, tzinfo=UTC)
FORM = {"workspace": HERE, "ends_at": "2199-01-01T00:00", "why": "new cluster"}
ANNOUNCE = "/messages/maintenance/announce/"
NAMES = Names({HERE: "flights"}, {5: "delays"})


@pytest.fixture
def hers(db: None) -> Browser:
    """Of an operator of one workspace."""
    return signed_in("opal", Role.OPERATOR, HERE)


def stretch(begins: int, ends: int, **columns: Any) -> Maintenance:
    return Maintenance(starts_at=NOW + begins * HOUR, ends_at=NOW + ends * HOUR, **columns)


@pytest.mark.parametrize(
    ("going", "said"),
    [
        ([], "No maintenance is on or announced."),
        ([stretch(2, 3)], "No maintenance is on; the next begins 16:05."),
        ([stretch(-1, 1)], "Nobody is told of incidents in all workspaces until 15:05 UTC."),
        ([stretch(-1, 1, workspace_id=HERE, pipeline_id=5)], "Nobody is told of incidents in delays in flights until"),
        ([stretch(-1, 1), stretch(-1, 2)], "2 stretches of maintenance hold messages up."),
    ],
)
def test_the_verdict_says_what_holds_messages_up(going: list[Maintenance], said: str) -> None:
    assert headline(going, NAMES, UTC, NOW).startswith(said)


def test_maintenance_begins_now_unless_another_time_is_given(hers: Browser, places: Places) -> None:
    assert hers.post(ANNOUNCE, FORM)["Location"] == "/messages/maintenance/"
    made = Maintenance.objects.get(why="new cluster")
    assert abs(made.starts_at - datetime.now(UTC)) < HOUR
    assert (made.workspace_id, made.who) == (HERE, "opal")
    assert "Maintenance until" in text_of(hers.get("/messages/"))


def test_times_are_of_the_readers_zone(hers: Browser, places: Places) -> None:
    hers.cookies["zone"] = "Asia/Tokyo"
    hers.post(ANNOUNCE, FORM | {"starts_at": "2198-01-01T09:00"})
    assert Maintenance.objects.get(why="new cluster").starts_at == datetime(2198, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"ends_at": "2001-01-01T00:00"}, "It ends before it begins."),
        ({"starts_at": "2001-01-01T00:00", "ends_at": "2001-01-02T00:00"}, "That is over already."),
        ({"ends_at": "soon"}, "Enter a valid date/time."),
        ({"ends_at": "9999-12-31T23:59"}, "The year lies between 1900 and 2999."),
        ({"why": ""}, "This field is required."),
        ({"workspace": ELSEWHERE}, "Select a valid choice."),
        ({"workspace": ""}, "This field is required."),
        ({"assay": "okapi assay"}, "There is no assay of this name there."),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    hers: Browser, places: Places, wrong: dict[str, Any], why: str
) -> None:
    answer = hers.post(ANNOUNCE, FORM | wrong)
    assert [error for error in errors_of(answer) if why in error], errors_of(answer)
    assert not Maintenance.objects.filter(why="new cluster").exists()


def test_readers_see_what_concerns_them_and_change_nothing(places: Places) -> None:
    now = datetime.now(UTC)
    maintenances.add(now, now + HOUR, "root", why="all of it")
    viewer = signed_in("vera", Role.VIEWER, HERE)
    text = viewer.get("/messages/maintenance/").content.decode()
    assert "all of it" in text
    assert "quagga moves" in text
    for words in ("okapi", "Announce", "Call off"):
        assert words not in text
    assert viewer.post(ANNOUNCE, FORM).status_code == 403


def test_what_is_on_is_ended_and_what_comes_is_called_off(hers: Browser, places: Places) -> None:
    coming, now = Maintenance.objects.get(workspace_id=HERE), datetime.now(UTC)
    going = maintenances.add(now - HOUR, now + HOUR, "opal", workspace_id=HERE)
    assert "End maintenance of quagga workspace now?" in text_of(hers.get(f"/messages/maintenance/{going.pk}/end/"))
    assert "Call off maintenance" in text_of(hers.get(f"/messages/maintenance/{coming.pk}/end/"))
    for row in (going, coming):
        assert hers.post(f"/messages/maintenance/{row.pk}/end/")["Location"] == "/messages/maintenance/"
    going.refresh_from_db()
    assert going.ends_at <= datetime.now(UTC)
    assert not Maintenance.objects.filter(pk=coming.pk).exists()
    assert hers.post(f"/messages/maintenance/{going.pk}/end/").status_code == 404
    assert re.search("Over", text_of(hers.get("/messages/maintenance/")))


def test_maintenance_of_everything_is_administrators_to_announce_and_end(places: Places) -> None:
    everywhere, now = signed_in("olga", Role.OPERATOR, None), datetime.now(UTC)
    whole = maintenances.add(now, now + HOUR, "root")
    assert everywhere.post(f"/messages/maintenance/{whole.pk}/end/").status_code == 403
    assert errors_of(everywhere.post(ANNOUNCE, FORM | {"workspace": ""}))
    root = signed_in("root", Role.ADMIN, None)
    assert root.post(ANNOUNCE, FORM | {"workspace": ""}).status_code == 302
    assert root.post(f"/messages/maintenance/{whole.pk}/end/").status_code == 302
