"""Routes and maintenance by command, as an administrator without a page has them, and what of it is written down."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, time
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from assays.models import Assay, AuditEvent
from assays.notices import maintenances, outbox, routes, sending
from assays.notices.errors import Refused
from assays.notices.models import Delivery, Maintenance, Route
from tests.assays.notices.conftest import HOUR, add_route, make_incident, outcomes, send_all, tell
from tests.support.receivers import Receiver

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(*words: str, typed: str = "") -> str:
        out = io.StringIO()
        monkeypatch.setattr("sys.stdin", io.StringIO(typed + "\n"))
        call_command(*words, stdout=out)
        return out.getvalue().strip()

    return run


def test_a_route_is_added_with_all_its_conditions_and_shows_no_secret(run: Any, assay: Assay) -> None:
    run("route", "add", "boss", typed="slack://TokenA1234/TokenB/TokenC")
    words = "--workspace 1 --kind drift --kind late --alerts-only --quiet 22:00-07:00 --zone Europe/Vienna"
    said = run(
        "route",
        "add",
        "ops",
        *words.split(),
        "--escalate-to",
        "boss",
        "--escalate-after",
        "15",
        typed="slack://TokenA1234/B/C",
    )
    assert said == run("route", "list").splitlines()[1]
    assert said.split("\t")[:4] == [
        "ops",
        "on",
        "slack://…",
        "workspace 1, kinds drift late, quiet 22:00-07:00 Europe/Vienna, escalates to boss after 15 min, alerts only",
    ]
    route = Route.objects.get(name="ops")
    assert (route.quiet_from, route.quiet_until) == (time(22), time(7))
    assert route.address.open() == "slack://TokenA1234/B/C"


def test_neither_the_database_nor_the_audit_trail_holds_an_address(run: Any) -> None:
    run("route", "add", "ops", typed="slack://TokenA1234/TokenB/TokenC")
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM notices_route")
        assert "TokenA1234" not in repr(cursor.fetchall())
    event = AuditEvent.objects.get()
    assert (event.act, event.who, event.about) == ("route.add", "manage.py", "ops")
    assert "slack://…" in json.dumps(event.detail, ensure_ascii=False)
    assert "TokenA1234" not in repr(vars(event))


@pytest.mark.parametrize(
    ("typed", "words", "why"),
    [
        ("nonsense", "", "none of a service that is known"),
        ("slack://TokenA1234/B/C", "--zone Mars/Olympus", "Mars/Olympus is no time zone"),
        ("slack://TokenA1234/B/C", "--escalate-after 5", "a route and a number of minutes"),
        ("slack://TokenA1234/B/C", "--escalate-to nobody", "There is no route 'nobody'"),
        ("slack://TokenA1234/B/C", "--assay 00000000-0000-0000-0000-000000000009", "There is no assay"),
    ],
)
def test_what_cannot_work_is_refused_in_one_sentence(run: Any, typed: str, words: str, why: str) -> None:
    with pytest.raises(CommandError, match=why):
        run("route", "add", "ops", *words.split(), typed=typed)
    assert not Route.objects.exists()


def test_a_name_is_given_once(run: Any) -> None:
    run("route", "add", "ops", typed="slack://TokenA1234/B/C")
    with pytest.raises(CommandError, match="of this name already"):
        run("route", "add", "ops", typed="slack://TokenA1234/B/C")


def test_a_test_says_what_became_of_it(run: Any, receiver: Receiver) -> None:
    run("route", "add", "hook", typed=receiver.url)
    assert run("route", "test", "hook") == "The address has taken the test."
    receiver.status = 500
    with pytest.raises(CommandError, match="answers with status 500"):
        run("route", "test", "hook")
    assert [line.split("\t")[1:4] for line in run("route", "log", "hook").splitlines()] == [
        ["hook", "test", "failed"],
        ["hook", "test", "sent"],
    ]


def test_a_route_that_is_off_is_told_nothing_also_of_what_waits(run: Any, assay: Assay, receiver: Receiver) -> None:
    run("route", "add", "hook", typed=receiver.url)
    tell(make_incident(assay))
    run("route", "off", "hook")
    send_all()
    assert not receiver.calls
    assert outcomes() == [("opened", "skipped", "the route is switched off")]
    run("route", "on", "hook")
    tell(make_incident(assay))
    send_all()
    assert receiver.events == ["opened"]


def test_a_route_that_is_removed_goes_with_its_messages(run: Any, assay: Assay, receiver: Receiver) -> None:
    run("route", "add", "hook", typed=receiver.url)
    tell(make_incident(assay))
    run("route", "remove", "hook")
    assert not Delivery.objects.exists()
    assert AuditEvent.objects.order_by("pk").values_list("act", flat=True).last() == "route.remove"


def test_the_secret_of_a_webhook_can_be_read_and_that_is_written_down(run: Any, receiver: Receiver) -> None:
    run("route", "add", "hook", typed=receiver.url)
    run("route", "add", "slack", typed="slack://TokenA1234/B/C")
    assert run("route", "secret", "hook") == Route.objects.get(name="hook").secret.open()
    assert AuditEvent.objects.order_by("pk").values_list("act", flat=True).last() == "route.secret"
    with pytest.raises(CommandError, match="sent to a webhook"):
        run("route", "secret", "slack")


def test_keys_are_changed_without_losing_a_route(run: Any, settings: Settings) -> None:
    settings.NOTICE_KEYS = ["old"]
    run("route", "add", "ops", typed="slack://TokenA1234/B/C")
    settings.NOTICE_KEYS = ["new", "old"]
    assert run("route", "reseal") == "1 sealed"
    settings.NOTICE_KEYS = ["new"]
    assert Route.objects.get().address.open() == "slack://TokenA1234/B/C"


def test_a_route_whose_key_is_lost_says_so(assay: Assay, settings: Settings) -> None:
    route = add_route("slack://TokenA1234/B/C")
    tell(make_incident(assay))
    settings.NOTICE_KEYS = ["another"]
    send_all()
    route.refresh_from_db()
    assert route.last_error.endswith("no longer in DRIFTLINE_NOTICE_KEYS.")


def test_an_edit_without_an_address_keeps_it_and_ends_a_rest(receiver: Receiver) -> None:
    route = add_route(receiver.url)
    route.blocked_until = datetime.now(UTC) + HOUR
    routes.edit(route, "ada", name="renamed")
    route.refresh_from_db()
    assert (route.name, route.blocked_until, route.address.open()) == ("renamed", None, receiver.url)


def test_an_edit_leaves_alone_what_the_worker_does_meanwhile(receiver: Receiver) -> None:
    route = add_route(receiver.url)
    claimed_until = datetime.now(UTC) + HOUR
    Route.objects.update(leased_until=claimed_until, last_sent_at=claimed_until)
    routes.edit(route, "ada", name="renamed")
    route.refresh_from_db()
    assert (route.name, route.leased_until, route.last_sent_at) == ("renamed", claimed_until, claimed_until)


def test_what_waits_for_a_route_that_failed_is_tried_at_once_when_it_is_mended(
    assay: Assay, receiver: Receiver
) -> None:
    route = add_route("http://127.0.0.1:9/")
    tell(make_incident(assay))
    send_all()
    routes.edit(route, "ada", receiver.url)
    for pk in sending.claim(datetime.now(UTC)):
        sending.deliver(pk)
    assert receiver.events == ["opened"]


def test_a_route_does_not_escalate_to_itself(receiver: Receiver) -> None:
    route = add_route(receiver.url)
    with pytest.raises(Refused, match="escalates to another"):
        routes.edit(route, "ada", escalate_to=route, escalate_after=5)


def test_a_route_asks_only_for_kinds_that_exist(receiver: Receiver) -> None:
    with pytest.raises(Refused, match="weather is no kind of incident"):
        add_route(receiver.url, kinds=["weather"])


def test_maintenance_is_announced_listed_and_ended_and_then_what_it_held_is_told(
    run: Any, assay: Assay, receiver: Receiver
) -> None:
    add_route(receiver.url)
    run("maintenance", "add", "4", "--pipeline", str(assay.pipeline_id), "--why", "new cluster")
    tell(make_incident(assay))
    send_all()
    assert not receiver.calls
    [listed] = run("maintenance", "list").splitlines()
    number, *_, where, why = listed.split("\t")
    assert (where, why) == (f"pipeline {assay.pipeline_id}", "new cluster")
    run("maintenance", "end", number)
    send_all()
    assert receiver.events == ["opened"]
    assert run("maintenance", "list") == ""
    with pytest.raises(CommandError, match="No maintenance of this number"):
        run("maintenance", "end", number)


def test_maintenance_that_has_not_begun_can_be_called_off(db: None) -> None:
    now = datetime.now(UTC)
    maintenances.end(maintenances.add(now + HOUR, now + 2 * HOUR, "ada"), "ada")
    assert not Maintenance.objects.exists()
    assert AuditEvent.objects.order_by("pk").values_list("act", flat=True).last() == "maintenance.call_off"


def test_whoever_escalated_to_a_route_that_is_removed_escalates_no_more_and_can_be_changed(db: None) -> None:
    boss = add_route("slack://TokenA1234/B/C", "boss")
    night = add_route("slack://TokenA1234/B/C", "night", escalate_to=boss, escalate_after=15)
    routes.remove(boss, "test")
    night.refresh_from_db()
    assert (night.escalate_to, night.escalate_after) == (None, None)
    assert not routes.edit(night, "test", is_active=False).is_active


def test_a_new_secret_takes_the_place_of_the_old_one(receiver: Receiver) -> None:
    route = add_route(receiver.url)
    old = routes.secret(route, "test")
    new = routes.renew(route, "test")
    assert new != old
    assert Route.objects.get(pk=route.pk).secret.open() == new
    with pytest.raises(Refused, match="only what is sent to a webhook is signed"):
        routes.renew(add_route("slack://TokenA1234/B/C", "chat"), "test")


def test_what_was_not_taken_is_sent_again_at_once_by_hand(assay: Assay, receiver: Receiver) -> None:
    route = add_route(receiver.url)
    receiver.status = 500
    tell(make_incident(assay))
    send_all()
    receiver.status = 200
    row = Delivery.objects.get()
    assert row.due_at > datetime.now(UTC)
    assert outbox.again(row, "ada")
    for pk in sending.claim(datetime.now(UTC)):
        sending.deliver(pk)
    assert outcomes() == [("opened", "sent", "")]
    assert not outbox.again(row, "ada")
    assert AuditEvent.objects.get(act="route.again").about == route.name


def test_what_waits_for_its_first_try_is_not_sent_before_its_time(assay: Assay, receiver: Receiver) -> None:
    boss = add_route(receiver.url, "boss", kinds=["late"])
    add_route(receiver.url, escalate_to=boss, escalate_after=15)
    tell(make_incident(assay))
    late = Delivery.objects.get(event="escalated")
    assert not outbox.again(late, "ada")
    assert Delivery.objects.get(pk=late.pk).due_at == late.due_at


def test_a_test_is_not_sent_again(receiver: Receiver) -> None:
    receiver.status = 500
    assert not outbox.again(routes.try_out(add_route(receiver.url), "ada"), "ada")
