"""Links that show a history without a sign-in: what they show, to whom, for how long; and the wall."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from assays.incidents.models import Marker
from assays.models import Assay, AuditEvent
from assays.states import State
from dashboard.models import Grant
from dashboard.reports import shares
from dashboard.reports.models import Form, Share
from tests.dashboard.history.conftest import DAY, HOUR, Watch
from tests.dashboard.reports.conftest import reader

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


@pytest.fixture
def two_places(watch: Watch) -> None:
    for number, mark in ((1, "quagga"), (2, "okapi")):
        ends = {TODAY - 3 * DAY + k * HOUR: State.ALERT for k in range(24)}
        watch(
            ends,
            number,
            f"in.{mark}",
            name=f"{mark} assay",
            workspace_id=number,
            workspace_name=f"{mark} workspace",
            pipeline_id=10 + number,
            pipeline_name=f"{mark} pipeline",
            state=State.ALERT,
        )


@pytest.fixture
def rita(client: Client, db: None) -> Client:
    client.force_login(reader())
    return client


def made(browser: Client, query: str = "?range=7d", **told: str) -> str:
    """The path of a new link."""
    answer = browser.post(f"/history/links/{query}", {"name": "board", "form": "page", "days": "30"} | told)
    found = re.search(r'value="https?://[^/]+(/shared/[^"]+)"', answer.content.decode())
    assert found
    return found[1]


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def test_a_link_shows_the_history_to_whoever_has_it(rita: Client, two_places: None) -> None:
    path = made(rita)
    answer = Client().get(path)
    assert answer.status_code == 200
    assert "quagga assay" in text_of(answer)
    assert "okapi assay" in text_of(answer)
    assert "board, read-only until" in text_of(answer)


def test_it_leads_nowhere_into_the_pages(rita: Client, two_places: None) -> None:
    for form in ("page", "wall"):
        text = text_of(Client().get(made(rita, form=form)))
        assert re.findall(r'<a [^>]*href="(?!#main)[^"]*"', text) == []
        assert "<form" not in text
        for pk in Assay.objects.values_list("pk", flat=True):
            assert str(pk) not in text


def test_neither_the_next_site_nor_a_search_engine_learns_it(rita: Client, two_places: None) -> None:
    path = made(rita)
    for address in (path, "/shared/none/"):
        answer = Client().get(address)
        assert answer["Referrer-Policy"] == "no-referrer"
        assert answer["X-Robots-Tag"] == "noindex, nofollow"
        assert "no-store" in answer["Cache-Control"]
        assert '<meta name="robots" content="noindex, nofollow">' in text_of(answer)


def test_the_token_is_kept_nowhere_and_shown_once(rita: Client, two_places: None) -> None:
    token = made(rita).split("/")[2]
    assert token not in str(list(Share.objects.values()))
    assert token not in str(list(AuditEvent.objects.values()))
    assert token not in text_of(rita.get("/history/links/"))


def test_its_filters_are_frozen(rita: Client, two_places: None) -> None:
    path = made(rita, "?range=7d&pipeline=12")
    for query in ("", "?pipeline=11", "?pipeline=", "?workspace=1&range=1y", "?from=2020-01-01&to=2030-01-01"):
        text = text_of(Client().get(path + query))
        assert "okapi assay" in text
        assert "quagga" not in text


def test_a_workspace_that_its_maker_gets_later_is_not_shown(client: Client, two_places: None) -> None:
    person = reader(workspace=1)
    client.force_login(person)
    path = made(client)
    Grant.objects.create(person=person, role="admin", workspace_id=None)
    text = text_of(Client().get(path))
    assert "quagga assay" in text
    assert "okapi" not in text


def test_what_its_maker_may_see_no_longer_is_not_shown(client: Client, two_places: None) -> None:
    person = reader()
    client.force_login(person)
    path = made(client)
    Grant.objects.filter(person=person).update(workspace_id=2)
    text = text_of(Client().get(path))
    assert "okapi assay" in text
    assert "quagga" not in text


@pytest.mark.parametrize("form", ["page", "wall"])
@pytest.mark.parametrize("end", ["revoked", "expired", "closed", "role", "deleted"])
def test_a_link_ends(client: Client, two_places: None, form: str, end: str) -> None:
    person = reader()
    client.force_login(person)
    path = made(client, form=form)
    assert Client().get(path).status_code == 200
    row = Share.objects.get()
    if end == "revoked":
        client.post(f"/history/links/{row.pk}/revoke/")
    elif end == "expired":
        Share.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    elif end == "closed":
        User.objects.filter(pk=person.pk).update(is_active=False)
    elif end == "role":
        Grant.objects.all().delete()
    else:
        person.delete()
    answer = Client().get(path)
    assert answer.status_code == 404
    assert "quagga" not in text_of(answer)


def test_a_link_that_has_ended_and_one_that_never_was_are_told_alike(rita: Client, two_places: None) -> None:
    path = made(rita)
    Share.objects.update(revoked_at=datetime.now(UTC))
    assert text_of(Client().get(path)) == text_of(Client().get("/shared/none/"))


def test_nobody_revokes_the_link_of_another_but_an_administrator(client: Client, two_places: None) -> None:
    row, _ = shares.make(reader("bo"), "board", Form.PAGE, 30, {}, "UTC", [1])
    client.force_login(reader())
    assert client.post(f"/history/links/{row.pk}/revoke/").status_code == 404
    boss = User.objects.create_user("ada")
    Grant.objects.create(person=boss, role="admin", workspace_id=None)
    client.force_login(boss)
    client.post(f"/history/links/{row.pk}/revoke/")
    row.refresh_from_db()
    assert row.revoked_at is not None


def test_links_are_listed_with_what_they_show_and_when_they_were_opened(rita: Client, two_places: None) -> None:
    path = made(rita, "?range=30d&workspace=2")
    text = text_of(rita.get("/history/links/"))
    for told in ("One link shows a history to others.", "okapi workspace", "30 days", "never opened"):
        assert told in text
    Client().get(path)
    assert "last opened" in text_of(rita.get("/history/links/"))


def test_days_of_a_link_are_those_of_its_making(rita: Client, watch: Watch) -> None:
    watch({TODAY - 2 * DAY + 20 * HOUR: State.ALERT})
    path = made(rita, "?range=7d&tz=Asia/Kolkata")
    day = (TODAY - DAY).date()
    assert f"{day.day} {day:%b}: Alert" in text_of(Client().get(f"{path}?tz=UTC"))


def test_the_wall_tells_how_things_stand_now(rita: Client, two_places: None) -> None:
    text = text_of(rita.get("/wall/"))
    assert '<h1 class="wall-h">2 assays in alert</h1>' in text
    assert text.index("okapi assay") < text.index("quagga assay")
    assert "data-refresh" in text


def test_the_wall_keeps_to_what_is_chosen(rita: Client, two_places: None) -> None:
    for text in (
        text_of(rita.get("/wall/?pipeline=11")),
        text_of(Client().get(made(rita, "?pipeline=11", form="wall"))),
    ):
        assert "1 assay in alert" in text
        assert "okapi" not in text


def test_the_walls_refresh_answers_with_nothing_when_nothing_is_new(rita: Client, two_places: None) -> None:
    path = made(rita, form="wall")
    first = Client().get(path, headers={"HX-Request": "true"})
    assert first.status_code == 200
    assert "<html" not in text_of(first)
    again = Client().get(path, headers={"HX-Request": "true", "X-Seen": first["X-Version"]})
    assert again.status_code == 204


def test_a_wall_without_assays_says_so(rita: Client) -> None:
    assert "No assay is watched here" in text_of(rita.get("/wall/"))


@pytest.mark.parametrize("address", ["page", "wall", "/wall/"])
def test_few_questions_are_asked(
    rita: Client, watch: Watch, django_assert_max_num_queries: DjangoAssertNumQueries, address: str
) -> None:
    for number in range(1, 8):
        watch({TODAY - number * DAY: State.ALERT}, number, state=State.ALERT)
    browser, path = (rita, address) if address.startswith("/") else (Client(), made(rita, form=address))
    browser.get(path)
    with django_assert_max_num_queries(15):
        browser.get(path)


def test_every_link_of_the_histories_menu_is_there(rita: Client) -> None:
    text = text_of(rita.get("/history/?pipeline=7"))
    for name in ("mails", "links", "wall"):
        assert f'href="{reverse(name)}?pipeline=7"' in text


def test_a_link_since_a_marker_begins_with_its_day(rita: Client, watch: Watch) -> None:
    watch({TODAY - 2 * DAY: State.ALERT})
    at = TODAY - 5 * DAY
    marker = Marker.objects.create(event="deployment", at=at, text="model v2", who="ada", added_at=at)
    path = made(rita, f"?since={marker.pk}")
    assert "since a marker" in text_of(rita.get("/history/links/"))
    assert f"{at.day} {at:%b}" in text_of(Client().get(path))
