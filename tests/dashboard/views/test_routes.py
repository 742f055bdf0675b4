"""The messages page: who sees and changes which route, what its forms refuse, a test, and what became of messages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client as Browser
from pytest_django import Settings

from assays.models import Assay, AuditEvent
from assays.notices import routes, sending
from assays.notices.models import Delivery, Event, Outcome, Route
from dashboard import people
from dashboard.roles import Role
from dashboard.views.routes import headline, tells
from tests.dashboard.conftest import person
from tests.support.places import ELSEWHERE, HERE, Places
from tests.support.receivers import Receiver, receiving

pytestmark = pytest.mark.django_db

SLACK = "slack://TokenA1234/TokenB5678/TokenC9012"
FORM = {"name": "on call", "address": SLACK, "workspace": HERE, "zone": "Europe/Vienna"}
NOW = datetime(2026, 6, 23, 14, 5, tzinfo=UTC)


@pytest.fixture
def admin(db: None) -> Browser:
    return signed_in("root", Role.ADMIN, None)


@pytest.fixture
def hers(db: None) -> Browser:
    """Of an operator of one workspace."""
    return signed_in("opal", Role.OPERATOR, HERE)


@pytest.fixture
def receiver(settings: Settings) -> Iterator[Receiver]:
    settings.NOTICE_NETWORKS = ["127.0.0.0/8"]
    with receiving() as receiver:
        yield receiver


def signed_in(name: str, role: Role, workspace: int | None) -> Browser:
    user, browser = person(name), Browser()
    people.grant(user, role, workspace, "test")
    browser.force_login(user)
    return browser


def text_of(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", answer.content.decode()))


def errors_of(answer: Any) -> list[str]:
    assert answer.status_code == 422
    return re.findall(r'<p class="(?:field|form)-error"[^>]*>([^<]+)<', answer.content.decode())


def the_route(name: str = "on call") -> Route:
    return Route.objects.get(name=name)


# what the page says


def route(**columns: Any) -> Route:
    return Route(**{"name": "on call", **columns})


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "Nobody hears of incidents yet."),
        ([route(is_active=False)], "Nobody hears of incidents: the route is paused."),
        ([route(is_active=False)] * 2, "Nobody hears of incidents: all two routes are paused."),
        ([route()], "One route; nothing has been told yet."),
        (
            [route(), route(last_sent_at=NOW - timedelta(minutes=4)), route(last_sent_at=NOW - timedelta(hours=4))],
            "Three routes; the last message was taken 4\u202fmin ago.",
        ),
        ([route(failures=1)], "The route on call takes no message."),
        ([route(failures=1), route()], "on call, one of two routes, takes no message."),
        ([route(failures=1), route(failures=3), route()], "Two of three routes take no message."),
        ([route()] * 13, "13 routes; nothing has been told yet."),
    ],
)
def test_the_verdict_says_what_is_wrong_first(rows: list[Route], said: str) -> None:
    assert headline(rows, NOW, of_all=True) == said


def test_who_sees_a_part_is_not_told_of_the_whole() -> None:
    assert headline([], NOW, of_all=False) == "Your workspaces have no route of their own yet."


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({}, "Every kind of incident"),
        ({"alerts_only": True}, "Every kind of incident, of drift alerts alone"),
        ({"kinds": ["drift", "late"], "alerts_only": True}, "Drift at alert, Late"),
        ({"kinds": ["failed"]}, "Failed runs"),
    ],
)
def test_a_route_says_in_words_what_it_tells_of(columns: dict[str, Any], said: str) -> None:
    assert tells(route(**columns)) == said


def test_the_page_shows_routes_and_messages_with_where_they_lead(admin: Browser, places: Places) -> None:
    answer = admin.get("/messages/")
    text = text_of(answer)
    for words in ("quagga route", "https://quagga.example.com/…", "quagga workspace", "okapi route"):
        assert words in text
    for words in ("not taken yet", "quagga is down", "quagga assay", "opened", "Send again"):
        assert words in text
    assert "quagga-token" not in answer.content.decode()


def test_readers_see_neither_addresses_nor_errors_nor_what_changes_a_route(places: Places) -> None:
    for role in (Role.VIEWER, Role.RESPONDER):
        answer = signed_in(role.value + "-x", role, HERE).get("/messages/")
        text = answer.content.decode()
        assert "quagga route" in text
        for words in ("quagga.example.com", "quagga is down", "Send again", "New route", "okapi"):
            assert words not in text
        assert not re.search(r"/messages/routes/", text)


def test_an_operator_of_one_workspace_sees_no_route_or_message_of_another(hers: Browser, places: Places) -> None:
    routes.add("whole", SLACK, "test")
    text = hers.get("/messages/").content.decode()
    assert "quagga route" in text
    assert "okapi" not in text
    assert "whole" not in text
    theirs = Route.objects.get(workspace_id=ELSEWHERE)
    assert hers.get(f"/messages/routes/{theirs.pk}/").status_code == 404
    assert hers.post(f"/messages/{theirs.deliveries.get().pk}/again/").status_code == 404


def test_what_an_escalation_has_brought_from_elsewhere_stays_out_of_sight(hers: Browser, places: Places) -> None:
    mine = Route.objects.get(workspace_id=HERE)
    Delivery.objects.filter(route__workspace_id=ELSEWHERE).update(route=mine)
    assert mine.deliveries.count() == 2
    for path in ("/messages/", f"/messages/routes/{mine.pk}/"):
        text = hers.get(path).content.decode()
        assert "quagga assay" in text
        assert "okapi" not in text


def test_routes_of_the_whole_are_administrators_to_change(places: Places, admin: Browser) -> None:
    everywhere = signed_in("olga", Role.OPERATOR, None)
    whole = routes.add("whole", SLACK, "test")
    assert "whole" in everywhere.get("/messages/").content.decode()
    assert everywhere.get(f"/messages/routes/{whole.pk}/").status_code == 403
    assert everywhere.get(f"/messages/routes/{the_route('quagga route').pk}/").status_code == 200
    assert errors_of(everywhere.post("/messages/routes/new/", FORM | {"workspace": ""}))
    assert admin.get(f"/messages/routes/{whole.pk}/").status_code == 200


def test_a_long_list_has_pages_and_costs_no_query_a_row(
    admin: Browser, places: Places, django_assert_max_num_queries: Any
) -> None:
    mine = the_route("quagga route")
    now = datetime.now(UTC)
    Delivery.objects.bulk_create(
        Delivery(id=uuid4(), route=mine, event=Event.TEST, created_at=now, due_at=now, outcome=Outcome.SENT, tries=1)
        for _ in range(120)
    )
    for number in range(40):
        routes.add(f"route {number}", SLACK, "test")
    with django_assert_max_num_queries(25):
        text = text_of(admin.get("/messages/?page=2"))
    assert "51–100 of 122 messages" in text


@pytest.mark.parametrize(
    ("query", "many"),
    [("state=not-taken", 2), ("state=sent", 0), ("state=waiting", 2), ("state=nonsense", 2), ("route=-1&page=x", 2)],
)
def test_messages_are_narrowed_down_and_nonsense_is_left_out(
    admin: Browser, places: Places, query: str, many: int
) -> None:
    text = text_of(admin.get(f"/messages/?{query}"))
    assert ("No message is like this." in text) == (many == 0)
    assert text.count("not taken yet") == many + 2  # those of the routes' own lines


def test_messages_of_one_route_are_shown_alone(admin: Browser, places: Places) -> None:
    text = text_of(admin.get(f"/messages/?route={the_route('quagga route').pk}"))
    assert "quagga assay" in text
    assert "okapi assay" not in text


# making one


def test_a_route_is_made_with_all_its_conditions(admin: Browser, places: Places) -> None:
    boss = routes.add("boss", SLACK, "test")
    more = {
        "assay": "quagga assay", "kinds": ["drift", "late"], "alerts_only": "on", "quiet_from": "22:00",
        "quiet_until": "07:00", "escalate_to": boss.pk, "escalate_after": "15",
    }  # fmt: skip
    answer = admin.post("/messages/routes/new/", FORM | more)
    made = the_route()
    assert answer["Location"] == f"/messages/routes/{made.pk}/"
    assert (made.workspace_id, made.assay, made.kinds) == (HERE, places.here.assay, ["drift", "late"])
    assert (made.quiet_from, made.quiet_until, made.zone) == (time(22), time(7), "Europe/Vienna")
    assert (made.alerts_only, made.escalate_to, made.escalate_after) == (True, boss, 15)
    assert made.address.open() == SLACK
    text = text_of(admin.get("/messages/"))
    assert "Drift at alert, Late" in text
    assert "quagga assay in quagga workspace" in text
    assert "quiet 22:00–07:00 Europe/Vienna" in text
    assert "boss after 15 min" in text


@pytest.mark.parametrize("typed", ["quagga pipeline", str(HERE + 1)])
def test_a_pipeline_is_named_or_numbered_and_brings_its_workspace(admin: Browser, places: Places, typed: str) -> None:
    admin.post("/messages/routes/new/", FORM | {"workspace": "", "pipeline": typed})
    made = the_route()
    assert (made.workspace_id, made.pipeline_id, made.assay) == (HERE, HERE + 1, None)


def test_an_assay_is_found_by_its_id_too(hers: Browser, places: Places) -> None:
    hers.post("/messages/routes/new/", FORM | {"assay": str(places.here.assay.pk)})
    assert the_route().assay == places.here.assay


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"address": "nonsense"}, "The address is none of a service that is known"),
        ({"address": ""}, "This field is required."),
        ({"address": "https://10.1.2.3/hook"}, "lies in a private network"),
        ({"address": "https://localhost/hook"}, "lies in a private network"),
        ({"address": "http://[169.254.169.254/"}, "The address cannot be read."),
        ({"name": "  "}, "This field is required."),
        ({"name": "quagga route"}, "There is a route of this name already."),
        ({"zone": "Mars/Olympus"}, "There is no such time zone."),
        ({"quiet_from": "22:00"}, "Quiet hours have a beginning and an end."),
        ({"quiet_from": "22:00", "quiet_until": "22:00"}, "A whole day is no quiet hour"),
        ({"escalate_after": "5"}, "It takes both: a route, and a number of minutes."),
        ({"kinds": ["weather"]}, "Select a valid choice."),
        ({"assay": "okapi assay"}, "There is no assay of this name there."),
        ({"pipeline": "nothing"}, "There is no pipeline of this name there."),
        ({"pipeline": "9" * 30}, "There is no pipeline of this name there."),
        ({"workspace": ELSEWHERE}, "Select a valid choice."),
        ({"workspace": ""}, "This field is required."),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(
    hers: Browser, places: Places, wrong: dict[str, Any], why: str
) -> None:
    many = Route.objects.count()
    answer = hers.post("/messages/routes/new/", FORM | wrong)
    assert [error for error in errors_of(answer) if why in error], errors_of(answer)
    assert Route.objects.count() == many
    for secret in ("TokenB5678", "10.1.2.3/hook"):
        assert secret not in answer.content.decode()


def test_a_route_escalates_to_none_that_one_does_not_see(hers: Browser, places: Places) -> None:
    theirs = Route.objects.get(workspace_id=ELSEWHERE)
    assert "okapi" not in hers.get("/messages/routes/new/").content.decode()
    answer = hers.post("/messages/routes/new/", FORM | {"escalate_to": theirs.pk, "escalate_after": "5"})
    assert "Select a valid choice" in errors_of(answer)[0]


def test_the_secret_of_a_webhook_is_shown_once(admin: Browser, places: Places, receiver: Receiver) -> None:
    answer = admin.post("/messages/routes/new/", FORM | {"address": f"{receiver.url}/hook?token=abcdef"})
    made = the_route()
    assert made.secret.open() in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    for path in (f"/messages/routes/{made.pk}/", "/messages/", f"/messages/routes/{made.pk}/secret/", "/audit/"):
        text = admin.get(path).content.decode()
        assert made.secret.open() not in text
        assert "abcdef" not in text
    assert AuditEvent.objects.filter(act="route.secret").exists()


def test_a_new_secret_takes_the_place_of_one_that_was_lost(admin: Browser, places: Places, receiver: Receiver) -> None:
    made = routes.add("on call", receiver.url, "test")
    old = made.secret.open()
    shown = admin.post(f"/messages/routes/{made.pk}/secret/").content.decode()
    assert the_route().secret.open() in shown
    assert the_route().secret.open() != old


def test_what_is_not_signed_has_no_secret(admin: Browser, places: Places) -> None:
    made = routes.add("on call", SLACK, "test")
    assert admin.get(f"/messages/routes/{made.pk}/secret/").status_code == 404
    assert "New signing secret" not in admin.get(f"/messages/routes/{made.pk}/").content.decode()


# changing one


def test_a_route_is_changed_and_keeps_its_address_unless_another_is_given(hers: Browser, places: Places) -> None:
    made = routes.add("on call", SLACK, "test", workspace_id=HERE, zone="UTC")
    path = f"/messages/routes/{made.pk}/"
    assert hers.post(path, FORM | {"name": "night", "address": ""})["Location"] == path
    assert the_route("night").address.open() == SLACK
    assert hers.post(path, FORM | {"name": "night", "address": SLACK + "9"}).status_code == 302
    assert the_route("night").address.open() == SLACK + "9"


def test_the_form_of_a_route_sent_back_as_it_came_changes_nothing(admin: Browser, places: Places) -> None:
    boss = routes.add("boss", SLACK, "test")
    made = routes.add(
        "on call", SLACK, "test", workspace_id=HERE, pipeline_id=HERE + 1, assay=places.here.assay, kinds=["late"],
        quiet_from=time(22), quiet_until=time(7), zone="Asia/Tokyo", escalate_to=boss, escalate_after=9,
    )  # fmt: skip
    form = admin.get(f"/messages/routes/{made.pk}/").context["form"]
    sent = {name: value for name, value in form.initial.items() if value not in (None, False)}
    before = Route.objects.filter(pk=made.pk).values().get()
    assert admin.post(f"/messages/routes/{made.pk}/", sent).status_code == 302
    after = Route.objects.filter(pk=made.pk).values().get()
    sealed = ("address", "secret")
    assert {k: v for k, v in after.items() if k not in sealed} == {k: v for k, v in before.items() if k not in sealed}


@pytest.mark.parametrize("name", ["okapi assay", " two  spaces ", "x" * 10_000], ids=["shared", "spaces", "endless"])
def test_an_assay_whose_name_does_not_tell_it_stands_in_the_form_by_its_id(
    admin: Browser, places: Places, name: str
) -> None:
    Assay.objects.filter(pk=places.here.assay.pk).update(name=name)
    made = routes.add("on call", SLACK, "test", workspace_id=HERE, assay_id=places.here.assay.pk)
    answer = admin.get(f"/messages/routes/{made.pk}/")
    assert answer.context["form"].initial["assay"] == str(places.here.assay.pk)
    assert "x" * 200 not in text_of(answer)


def test_an_escalation_that_an_administrator_has_set_is_kept_without_its_name(hers: Browser, places: Places) -> None:
    theirs = Route.objects.get(workspace_id=ELSEWHERE)
    made = routes.add("on call", SLACK, "test", workspace_id=HERE, escalate_to=theirs, escalate_after=9)
    for path in (f"/messages/routes/{made.pk}/", "/messages/"):
        assert "okapi" not in hers.get(path).content.decode()
    kept = {"escalate_to": theirs.pk, "escalate_after": "10", "address": ""}
    assert hers.post(f"/messages/routes/{made.pk}/", FORM | kept).status_code == 302
    assert (the_route().escalate_to, the_route().escalate_after) == (theirs, 10)


def test_an_operator_takes_no_route_out_of_their_workspace(hers: Browser, places: Places) -> None:
    made = routes.add("on call", SLACK, "test", workspace_id=HERE)
    for place in ("", ELSEWHERE):
        assert errors_of(hers.post(f"/messages/routes/{made.pk}/", FORM | {"workspace": place}))
    assert the_route().workspace_id == HERE


def test_a_route_is_paused_and_resumed(hers: Browser, places: Places) -> None:
    made = the_route("quagga route")
    path = f"/messages/routes/{made.pk}/active/"
    assert hers.post(path, {"active": "no", "from": "list"})["Location"] == "/messages/"
    assert "quagga route is paused." in text_of(hers.get(f"/messages/routes/{made.pk}/"))
    assert hers.post(path, {"active": "yes"})["Location"] == f"/messages/routes/{made.pk}/"
    assert the_route("quagga route").is_active
    assert hers.post(path, {"active": "perhaps"}).status_code == 302
    assert the_route("quagga route").is_active


def test_a_route_is_removed_after_a_question(hers: Browser, places: Places) -> None:
    made = the_route("quagga route")
    text = text_of(hers.get(f"/messages/routes/{made.pk}/remove/"))
    assert "Remove quagga route?" in text
    assert "1 message, is not sent" in text
    assert hers.post(f"/messages/routes/{made.pk}/remove/")["Location"] == "/messages/"
    assert not Route.objects.filter(pk=made.pk).exists()


@pytest.mark.parametrize("pk", ["0", "99999999999999999999999"])
def test_a_route_that_is_none_is_not_found(admin: Browser, pk: str) -> None:
    assert admin.get(f"/messages/routes/{pk}/").status_code == 404


# tests, and messages sent again


def test_a_test_says_that_it_was_taken(admin: Browser, places: Places, receiver: Receiver) -> None:
    made = routes.add("on call", f"{receiver.url}/hook", "test")
    answer = admin.post(f"/messages/routes/{made.pk}/test/", follow=True)
    assert receiver.events == ["test"]
    assert "The test was taken" in text_of(answer)
    assert "The test was taken" not in text_of(admin.get(f"/messages/routes/{made.pk}/"))


def test_a_test_says_what_the_provider_said_and_nothing_secret(
    admin: Browser, places: Places, receiver: Receiver
) -> None:
    receiver.status = 403
    made = routes.add("on call", f"{receiver.url}/hook?token=abcdef", "test")
    answer = admin.post(f"/messages/routes/{made.pk}/test/", follow=True)
    assert "The test was not taken: 127.0.0.1 answers with status 403." in text_of(answer)
    assert "abcdef" not in answer.content.decode()


@pytest.mark.parametrize("query", ["nonsense", "6f0cb5ad-6b52-4a4f-9d7b-3c5a2f4f0001", "%00"])
def test_a_test_that_is_none_tells_nothing(admin: Browser, places: Places, query: str) -> None:
    made = the_route("quagga route")
    assert "The test" not in text_of(admin.get(f"/messages/routes/{made.pk}/?test={query}"))


def test_a_message_that_was_not_taken_is_sent_again(hers: Browser, places: Places, receiver: Receiver) -> None:
    made = the_route("quagga route")
    routes.edit(made, "test", receiver.url)
    row = made.deliveries.get()
    assert hers.post(f"/messages/{row.pk}/again/", {"from": "list"})["Location"] == "/messages/"
    for pk in sending.claim(datetime.now(UTC)):
        sending.deliver(pk)
    assert Delivery.objects.get(pk=row.pk).outcome == Outcome.SENT
    assert "Send again" not in text_of(hers.get(f"/messages/routes/{made.pk}/"))


def test_an_address_that_no_key_opens_is_said_and_not_shown(admin: Browser, places: Places, settings: Settings) -> None:
    made = the_route("quagga route")
    settings.NOTICE_KEYS = ["another"]
    answer = admin.post(f"/messages/routes/{made.pk}/secret/")
    assert answer.status_code == 409
    assert "sealed with a key that is no longer in DRIFTLINE_NOTICE_KEYS" in text_of(answer)
    answer = admin.post(f"/messages/routes/{made.pk}/test/", follow=True)
    assert "sealed with a key that is no longer in DRIFTLINE_NOTICE_KEYS" in text_of(answer)


def test_names_are_text(admin: Browser, places: Places) -> None:
    routes.add("<b>bold</b>", SLACK, "test")
    text = admin.get("/messages/").content.decode()
    assert "&lt;b&gt;bold" in text
    assert "<b>bold" not in text
