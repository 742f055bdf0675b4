"""One message for each change and route, sent until it is taken, in a summary where there would be too many."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from threading import Thread

import pytest
from django.db import IntegrityError, connection, transaction

from assays.incidents import signals
from assays.incidents.models import Change, ChangeKind, Incident, Kind, News
from assays.incidents.triage import UNDONE_WITHIN
from assays.models import Assay
from assays.notices import maintenances, outbox, sending
from assays.notices.models import Delivery, Maintenance, Outcome, Route
from assays.schedule import back_off
from assays.states import State
from tests.assays.notices.conftest import (
    HOUR,
    MINUTE,
    NOW,
    add_route,
    close,
    make_assay,
    make_incident,
    outcomes,
    send_all,
    tell,
)
from tests.support.house import wait_until
from tests.support.receivers import Receiver

pytestmark = pytest.mark.django_db


def test_each_change_of_state_is_told_once_by_the_same_key(assay: Assay, receiver: Receiver) -> None:
    add_route(receiver.url)
    incident = make_incident(assay)
    tell(incident)
    send_all()
    tell(incident, ChangeKind.WORSE, severity=State.ALERT)
    send_all()
    close(incident)
    send_all()
    send_all()
    assert receiver.events == ["opened", "worse", "resolved"]
    assert {call.json["key"] for call in receiver.calls} == {str(incident.pk)}
    assert len({call.json["id"] for call in receiver.calls}) == 3


def test_a_change_that_is_told_of_twice_makes_one_message(assay: Assay, receiver: Receiver) -> None:
    add_route(receiver.url)
    change = tell(make_incident(assay))
    signals.changed.send(Change, changes=[change])
    send_all()
    assert receiver.events == ["opened"]


def test_the_database_itself_refuses_a_second_message_for_a_change(assay: Assay, receiver: Receiver) -> None:
    route = add_route(receiver.url)
    change = tell(make_incident(assay))
    now = datetime.now(UTC)
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(route=route, change=change, event="opened", created_at=now, due_at=now)


def test_a_change_that_is_not_kept_is_not_told(assay: Assay, receiver: Receiver) -> None:
    add_route(receiver.url)
    with transaction.atomic():
        tell(make_incident(assay))
        assert Delivery.objects.exists()
        transaction.set_rollback(True)
    send_all()
    assert not receiver.calls


def test_history_is_not_told(assay: Assay, receiver: Receiver) -> None:
    add_route(receiver.url)
    tell(make_incident(assay), news=News.NONE)
    assert not Delivery.objects.exists()


def test_what_a_route_does_not_take_is_tried_again_and_shows_why(assay: Assay, receiver: Receiver) -> None:
    route = add_route(receiver.url)
    receiver.status = 503
    tell(make_incident(assay))
    send_all()
    waiting, route = Delivery.objects.get(), Route.objects.get(pk=route.pk)
    assert (waiting.outcome, waiting.tries) == (Outcome.WAITING, 1)
    assert waiting.last_error == route.last_error == "127.0.0.1 answers with status 503"
    assert waiting.due_at > datetime.now(UTC)
    assert route.blocked_until
    assert not sending.claim(datetime.now(UTC)), "it waits"
    receiver.status = 200
    send_all(HOUR)
    assert [call.json["id"] for call in receiver.calls] == [str(waiting.pk)] * 2
    assert Delivery.objects.get().outcome == Outcome.SENT


def test_it_waits_longer_after_each_failure_and_gives_up_after_a_day(assay: Assay, receiver: Receiver) -> None:
    add_route(receiver.url)
    receiver.status = 500
    tell(make_incident(assay))
    waits = []
    for _ in range(3):
        send_all(HOUR)
        waits.append(round((Delivery.objects.get().due_at - datetime.now(UTC)).total_seconds()))
    assert waits == [10, 20, 40]
    Delivery.objects.update(tries=sending.MOST_TRIES - 1)
    send_all(HOUR)
    given_up = Delivery.objects.get()
    assert (given_up.outcome, given_up.why) == (Outcome.FAILED, "given up after a day")


def test_a_route_that_does_not_answer_holds_up_no_other(assay: Assay, receiver: Receiver) -> None:
    add_route("http://127.0.0.1:9/", name="nobody listens")
    add_route(receiver.url, name="listens")
    tell(make_incident(assay))
    send_all()
    assert receiver.events == ["opened"]


def test_a_route_is_worked_off_by_one_claimant(assay: Assay, receiver: Receiver) -> None:
    add_route(receiver.url)
    tell(make_incident(assay))
    now = datetime.now(UTC)
    assert len(sending.claim(now)) == 1
    assert not sending.claim(now)
    assert len(sending.claim(now + sending.LEASE + MINUTE)) == 1, "what is lost with its claimant is due again"


def test_what_is_over_before_it_was_told_is_told_to_nobody(assay: Assay, receiver: Receiver) -> None:
    add_route(receiver.url)
    incident = make_incident(assay)
    tell(incident)
    close(incident)
    send_all()
    assert not receiver.calls
    assert {outcome for _, outcome, _ in outcomes()} == {"skipped"}


def test_what_got_worse_before_it_was_told_is_told_once_as_it_is(assay: Assay, receiver: Receiver) -> None:
    add_route(receiver.url)
    incident = make_incident(assay)
    tell(incident)
    tell(incident, ChangeKind.WORSE, severity=State.ALERT)
    send_all()
    assert [(call.json["event"], call.json["severity"]) for call in receiver.calls] == [("opened", "alert")]


def test_a_route_hears_only_of_what_it_wants(assay: Assay, receiver: Receiver) -> None:
    other = make_assay(2, pipeline=8, workspace=2)
    add_route(f"{receiver.url}/workspace", "a", workspace_id=2)
    add_route(f"{receiver.url}/pipeline", "b", pipeline_id=8)
    add_route(f"{receiver.url}/assay", "c", assay=other)
    add_route(f"{receiver.url}/alerts", "d", alerts_only=True)
    add_route(f"{receiver.url}/failed", "e", kinds=["failed"])
    add_route(f"{receiver.url}/off", "f", is_active=False)

    def heard_of(kind: Kind, at: Assay | None, severity: State) -> set[str]:
        receiver.calls.clear()
        tell(make_incident(at, kind, severity=severity))
        send_all()
        return {call.path.strip("/") for call in receiver.calls}

    assert heard_of(Kind.DRIFT, assay, State.WARNING) == set()
    assert heard_of(Kind.DRIFT, assay, State.ALERT) == {"alerts"}
    assert heard_of(Kind.DRIFT, other, State.WARNING) == {"workspace", "pipeline", "assay"}
    assert heard_of(Kind.FAILED, assay, State.FAILED) == {"alerts", "failed"}
    assert heard_of(Kind.UNREACHABLE, None, State.LATE) == {"alerts"}


def test_a_route_for_alerts_first_hears_of_an_incident_when_it_becomes_one_and_then_of_its_end(
    assay: Assay, receiver: Receiver
) -> None:
    add_route(receiver.url, alerts_only=True)
    incident = make_incident(assay)
    tell(incident)
    tell(incident, ChangeKind.WORSE, severity=State.ALERT)
    send_all()
    close(incident)
    send_all()
    assert receiver.events == ["worse", "resolved"]


def test_quiet_hours_hold_a_message_and_let_it_go_when_all_is_over(assay: Assay, receiver: Receiver) -> None:
    now = datetime.now(UTC)
    quiet = {"quiet_from": (now - HOUR).time(), "quiet_until": (now + HOUR).time()}
    add_route(receiver.url, **quiet)
    lasting, passing = make_incident(assay), make_incident(assay)
    tell(lasting)
    tell(passing)
    send_all()
    assert not receiver.calls
    held = Delivery.objects.get(incident=lasting)
    assert held.why == "quiet hours"
    assert abs(held.due_at - now - HOUR) < MINUTE
    close(passing)
    Route.objects.update(quiet_from=None, quiet_until=None)
    send_all(2 * HOUR)
    assert [(call.json["event"], call.json["key"]) for call in receiver.calls] == [("opened", str(lasting.pk))]


def test_maintenance_mutes_and_what_lasts_longer_is_told_after_it(assay: Assay, receiver: Receiver) -> None:
    now = datetime.now(UTC)
    add_route(receiver.url)
    Maintenance.objects.create(starts_at=now - HOUR, ends_at=now + HOUR, pipeline_id=assay.pipeline_id, who="ada")
    tell(make_incident(assay))
    tell(make_incident(make_assay(2, pipeline=8)))
    send_all()
    assert len(receiver.calls) == 1
    held = Delivery.objects.get(incident__assay=assay)
    assert (held.why, held.due_at) == ("maintenance", now + HOUR)
    Maintenance.objects.all().delete()
    send_all(2 * HOUR)
    assert len(receiver.calls) == 2


def test_a_snoozed_incident_is_told_of_again_when_the_snooze_is_over(assay: Assay, receiver: Receiver) -> None:
    add_route(receiver.url)
    incident = make_incident(assay)
    tell(incident)
    send_all()
    snoozed_at = datetime.now(UTC) - 2 * UNDONE_WITHIN
    tell(incident, ChangeKind.WORSE, severity=State.ALERT, snoozed_at=snoozed_at, snoozed_by="ada")
    send_all()
    assert receiver.events == ["opened"]
    assert outcomes()[-1] == ("worse", "skipped", "snoozed by ada")
    tell(incident, ChangeKind.BACK, snoozed_at=None, snoozed_by="")
    send_all()
    assert receiver.events == ["opened", "back"]


def test_an_acknowledged_incident_that_gets_worse_is_told(assay: Assay, receiver: Receiver) -> None:
    add_route(receiver.url)
    incident = make_incident(assay)
    tell(incident)
    send_all()
    acknowledged = {"acknowledged_at": datetime.now(UTC), "acknowledged_by": "ada"}
    tell(incident, ChangeKind.WORSE, severity=State.ALERT, **acknowledged)
    send_all()
    assert receiver.events == ["opened", "worse"]
    assert "Acknowledged by ada." in receiver.calls[-1].json["text"]


def test_what_nobody_acknowledges_in_time_goes_to_the_second_route_which_then_hears_of_its_end(
    assay: Assay, receiver: Receiver
) -> None:
    second = add_route(f"{receiver.url}/second", "second", kinds=["late"])
    add_route(f"{receiver.url}/first", "first", escalate_to=second, escalate_after=15)
    unanswered, answered = make_incident(assay), make_incident(assay)
    tell(unanswered)
    tell(answered)
    send_all()
    assert {call.path for call in receiver.calls} == {"/first"}
    due = Delivery.objects.get(event="escalated", incident=unanswered).due_at
    assert abs(due - datetime.now(UTC) - 15 * MINUTE) < MINUTE
    answered.acknowledged_at, answered.acknowledged_by = datetime.now(UTC), "ada"
    answered.save()
    receiver.calls.clear()
    send_all(20 * MINUTE)
    heard = [(call.path, call.json["event"], call.json["key"]) for call in receiver.calls]
    assert heard == [("/second", "escalated", str(unanswered.pk))]
    receiver.calls.clear()
    close(unanswered)
    close(answered)
    send_all()
    assert sorted((call.path, call.json["key"]) for call in receiver.calls) == sorted(
        [("/first", str(unanswered.pk)), ("/first", str(answered.pk)), ("/second", str(unanswered.pk))]
    )


def test_what_a_route_for_alerts_hears_of_when_it_gets_worse_escalates_too(assay: Assay, receiver: Receiver) -> None:
    second = add_route(f"{receiver.url}/second", "second", kinds=["late"])
    add_route(f"{receiver.url}/first", "first", alerts_only=True, escalate_to=second, escalate_after=15)
    incident = make_incident(assay)
    tell(incident)
    tell(incident, ChangeKind.WORSE, severity=State.ALERT)
    send_all()
    send_all(20 * MINUTE)
    assert [(call.path, call.json["event"]) for call in receiver.calls] == [
        ("/first", "worse"),
        ("/second", "escalated"),
    ]


def test_what_gets_worse_before_anybody_acknowledges_it_escalates_once(assay: Assay, receiver: Receiver) -> None:
    second = add_route(f"{receiver.url}/second", "second", kinds=["late"])
    add_route(f"{receiver.url}/first", "first", escalate_to=second, escalate_after=15)
    incident = make_incident(assay)
    tell(incident)
    send_all()
    tell(incident, ChangeKind.WORSE, severity=State.ALERT)
    send_all()
    for _ in range(2):
        send_all(20 * MINUTE)
    heard = [call.json["event"] for call in receiver.calls if call.path == "/second"]
    assert heard == ["escalated"]


@pytest.mark.parametrize("column", ["acknowledged", "snoozed"])
def test_an_answer_that_is_taken_back_leaves_nobody_untold(assay: Assay, receiver: Receiver, column: str) -> None:
    second = add_route(f"{receiver.url}/second", "second", kinds=["late"])
    add_route(f"{receiver.url}/first", "first", escalate_to=second, escalate_after=15)
    incident = make_incident(assay)
    tell(incident)
    send_all()
    answered = {f"{column}_at": datetime.now(UTC), f"{column}_by": "ada"}
    Incident.objects.filter(pk=incident.pk).update(**answered)
    send_all(20 * MINUTE)
    waiting = Delivery.objects.get(event="escalated")
    assert (waiting.outcome, waiting.why) == (Outcome.WAITING, f"{column} by ada")
    Incident.objects.filter(pk=incident.pk).update(**{f"{column}_at": None, f"{column}_by": ""})
    send_all(20 * MINUTE)
    assert receiver.events == ["opened", "escalated"]


def test_an_answer_that_can_no_longer_be_taken_back_escalates_nothing(assay: Assay, receiver: Receiver) -> None:
    second = add_route(f"{receiver.url}/second", "second", kinds=["late"])
    add_route(f"{receiver.url}/first", "first", escalate_to=second, escalate_after=15)
    tell(make_incident(assay, acknowledged_at=datetime.now(UTC) - 2 * UNDONE_WITHIN, acknowledged_by="ada"))
    send_all(20 * MINUTE)
    assert ("escalated", "skipped", "acknowledged by ada") in outcomes()


def test_a_message_that_is_never_taken_holds_up_no_other(assay: Assay, receiver: Receiver) -> None:
    add_route(receiver.url)
    receiver.status = 400
    tell(make_incident(assay))
    send_all()
    tell(make_incident(assay))
    send_all(HOUR)
    refused, other = Delivery.objects.order_by("created_at")
    assert (refused.tries, other.tries) == (1, 1)


def test_a_storm_becomes_one_summary_and_its_end_one_message(assay: Assay, receiver: Receiver) -> None:
    add_route(receiver.url)
    incidents = [make_incident(assay) for _ in range(sending.BURST + 1)]
    for incident in incidents:
        tell(incident)
    send_all()
    assert receiver.events == ["summary"]
    summary = receiver.calls[0].json
    assert len(summary["incidents"]) == len(incidents)
    assert summary["subject"] == "11 incidents: 11 Warning"
    for incident in incidents[1:]:
        close(incident)
        send_all()
    assert receiver.events == ["summary"]
    close(incidents[0])
    send_all()
    assert receiver.events == ["summary", "resolved"]
    assert receiver.calls[1].json["key"] == summary["key"]
    assert receiver.calls[1].json["subject"] == "All 11 incidents are over"


def test_a_storm_that_goes_on_is_summed_up_every_ten_minutes(assay: Assay, receiver: Receiver) -> None:
    add_route(receiver.url)

    def storm() -> None:
        for _ in range(sending.BURST + 1):
            tell(make_incident(assay))
        send_all()

    storm()
    storm()
    assert receiver.events == ["summary"]
    held = Delivery.objects.filter(outcome="waiting")
    assert {row.why for row in held} == {"gathered for the next summary"}
    assert all(row.due_at > datetime.now(UTC) + 9 * MINUTE for row in held)
    Delivery.objects.filter(event="summary").update(sent_at=datetime.now(UTC) - sending.SPAN)
    send_all(HOUR)
    assert receiver.events == ["summary", "summary"]


def test_messages_one_after_another_become_a_summary_when_they_are_too_many(assay: Assay, receiver: Receiver) -> None:
    add_route(receiver.url)
    for _ in range(sending.BURST + 2):
        tell(make_incident(assay))
        send_all()
    assert receiver.events == ["opened"] * sending.BURST + ["summary"]


def test_in_a_storm_what_keeps_keys_hears_of_what_it_was_told_before_by_the_same_key(
    assay: Assay, receiver: Receiver
) -> None:
    add_route(receiver.url)
    first = make_incident(assay)
    tell(first)
    for _ in range(sending.BURST - 1):
        tell(make_incident(assay))
    send_all()
    tell(first, ChangeKind.WORSE, severity=State.ALERT)
    tell(make_incident(assay))
    send_all()
    assert receiver.events[sending.BURST :] == ["worse", "summary"]
    assert receiver.calls[sending.BURST].json["key"] == str(first.pk)


def test_what_a_summary_told_of_gets_worse_and_ends_under_the_summarys_key(assay: Assay, receiver: Receiver) -> None:
    add_route(receiver.url)
    incidents = [make_incident(assay) for _ in range(sending.BURST + 1)]
    for incident in incidents:
        tell(incident)
    send_all()
    tell(incidents[0], ChangeKind.WORSE, severity=State.ALERT)
    send_all()
    for incident in incidents:
        close(incident)
        send_all()
    assert receiver.events == ["summary", "summary", "resolved"]
    assert len({call.json["key"] for call in receiver.calls}) == 1


def test_what_a_catch_up_found_goes_out_once_as_a_summary(assay: Assay, receiver: Receiver) -> None:
    add_route(receiver.url)
    for _ in range(3):
        tell(make_incident(assay), news=News.SUMMARY)
        send_all()
    assert not receiver.calls, "it waits for more"
    send_all(5 * MINUTE)
    assert receiver.events == ["summary"]
    assert len(receiver.calls[0].json["incidents"]) == 3


def test_an_end_in_quiet_hours_waits_but_not_for_a_pager_which_would_go_on_ringing(
    assay: Assay, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assays.notices.pagers.PAGERDUTY", {"us": receiver.url})
    add_route(f"{receiver.url}/web", "web")
    add_route("pagerduty://0123456789abcdef", "pager")
    incident = make_incident(assay)
    tell(incident)
    send_all()
    receiver.calls.clear()
    Route.objects.update(quiet_from=time(0, 0), quiet_until=time(23, 59, 59))
    close(incident)
    send_all()
    assert [call.json["event_action"] for call in receiver.calls] == ["resolve"]


def test_the_end_of_a_storm_waits_for_quiet_hours_too(assay: Assay, receiver: Receiver) -> None:
    add_route(receiver.url)
    storm = [make_incident(assay) for _ in range(12)]
    for incident in storm:
        tell(incident)
    send_all()
    now = datetime.now(UTC)
    Route.objects.update(quiet_from=(now - HOUR).time(), quiet_until=(now + HOUR).time())
    for incident in storm:
        close(incident)
    send_all()
    assert receiver.events == ["summary"]
    Route.objects.update(quiet_from=None, quiet_until=None)
    send_all(2 * HOUR)
    assert receiver.events == ["summary", "resolved"]


def test_maintenance_mutes_the_end_of_what_was_told_before_it_too(assay: Assay, receiver: Receiver) -> None:
    add_route(receiver.url)
    incident = make_incident(assay)
    tell(incident)
    send_all()
    now = datetime.now(UTC)
    on = maintenances.add(now - MINUTE, now + HOUR, "ada", pipeline_id=assay.pipeline_id)
    close(incident)
    send_all()
    assert receiver.events == ["opened"]
    maintenances.end(on, "ada")
    send_all()
    assert receiver.events == ["opened", "resolved"]


def test_a_hundred_tries_are_about_a_day() -> None:
    at = NOW
    for tries in range(1, sending.MOST_TRIES):
        at = back_off(at, tries)
    assert timedelta(hours=23) < at - NOW < timedelta(hours=25)


def test_a_summary_that_failed_waits_for_quiet_hours_too(assay: Assay, receiver: Receiver) -> None:
    add_route(receiver.url)
    receiver.status = 500
    for _ in range(sending.BURST + 1):
        tell(make_incident(assay))
    send_all()
    receiver.status = 200
    Route.objects.update(quiet_from=time(0, 0), quiet_until=time(23, 59, 59))
    send_all(HOUR)
    assert receiver.events == ["summary"]
    assert Delivery.objects.get(event="summary").why == "quiet hours"


def test_a_test_is_sent_at_once_and_only_once(db: None, receiver: Receiver) -> None:
    route = add_route(receiver.url)
    assert sending.try_out(route).outcome == Outcome.SENT
    assert receiver.events == ["test"]
    receiver.status = 404
    failed = sending.try_out(route)
    assert (failed.outcome, failed.last_error) == (Outcome.FAILED, "127.0.0.1 answers with status 404")
    send_all(HOUR)
    assert receiver.events == ["test", "test"]


def test_old_messages_are_forgotten_except_those_that_wait_or_whose_incident_lasts(
    assay: Assay, receiver: Receiver
) -> None:
    add_route(receiver.url)
    lasting, over = make_incident(assay), make_incident(assay)
    tell(lasting)
    tell(over)
    send_all()
    close(over)
    send_all()
    waiting = make_incident(assay)
    tell(waiting)
    Delivery.objects.update(created_at=datetime.now(UTC) - timedelta(days=2))
    outbox.forget(datetime.now(UTC) - timedelta(days=1))
    assert set(Delivery.objects.values_list("incident", flat=True)) == {lasting.pk, waiting.pk}


@pytest.mark.django_db(transaction=True)
def test_what_gets_worse_while_others_are_being_told_is_told_once_as_it_is(receiver: Receiver) -> None:
    add_route(receiver.url)
    assay = make_assay(1)
    first, second = make_incident(assay), make_incident(assay)
    tell(first)
    tell(second)
    receiver.open.clear()
    sender = Thread(target=_send_and_close)
    sender.start()
    wait_until(lambda: receiver.calls, 10)
    tell(second, ChangeKind.WORSE, severity=State.ALERT)
    receiver.open.set()
    sender.join()
    send_all()
    assert [(call.json["event"], call.json["severity"]) for call in receiver.calls] == [
        ("opened", "warning"),
        ("opened", "alert"),
    ]
    assert outcomes()[-1] == ("worse", "skipped", "told with the message before it")


@pytest.mark.django_db(transaction=True)
def test_who_has_lost_the_lease_repeats_nothing_that_another_has_sent(receiver: Receiver) -> None:
    add_route(receiver.url)
    assay = make_assay(1)
    tell(make_incident(assay))
    tell(make_incident(assay))
    receiver.open.clear()
    slow = Thread(target=_send_and_close)
    slow.start()
    wait_until(lambda: receiver.calls, 10)
    Route.objects.update(leased_until=None)
    quick = Thread(target=_claim_and_close)
    quick.start()
    wait_until(lambda: len(receiver.calls) == 2, 10)
    receiver.open.set()
    slow.join()
    quick.join()
    assert len({call.json["id"] for call in receiver.calls}) == len(receiver.calls) == 2


def test_a_test_that_is_on_its_way_is_left_to_whoever_sends_it(db: None, receiver: Receiver) -> None:
    route = add_route(receiver.url)
    now = datetime.now(UTC)
    on_its_way = Delivery.objects.create(route=route, event="test", created_at=now, due_at=now)
    lost = Delivery.objects.create(route=route, event="test", created_at=now - HOUR, due_at=now)
    send_all()
    on_its_way.refresh_from_db()
    lost.refresh_from_db()
    assert (on_its_way.outcome, on_its_way.why) == (Outcome.WAITING, "")
    assert (lost.outcome, lost.why) == (Outcome.SKIPPED, "a test is tried once")
    assert not receiver.calls


def _claim_and_close() -> None:
    for pk in sending.claim(datetime.now(UTC)):
        sending.deliver(pk)
    connection.close()


def _send_and_close() -> None:
    send_all()
    connection.close()
