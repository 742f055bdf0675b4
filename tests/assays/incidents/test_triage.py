"""What people do: it is kept, it can be taken back, and nobody overwrites another in silence."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection

from assays.incidents import triage
from assays.incidents.lists import List, counted, listed
from assays.incidents.models import Act, ActKind, Change, Incident, Mark, Why
from assays.incidents.triage import Seen
from assays.models import AuditEvent
from tests.support.story import Story, at, incidents, told

pytestmark = pytest.mark.django_db

OK, WARNING, ALERT = 0.05, 0.15, 0.3


@pytest.fixture
def incident() -> Incident:
    Story().hourly(0, WARNING)
    (one,) = incidents()
    return one


@pytest.fixture
def ann() -> User:
    return User.objects.create(username="ann")


def seen(*rows: Incident) -> list[Seen]:
    return [Seen(row.pk, row.version) for row in rows]


def now(incident: Incident) -> Incident:
    incident.refresh_from_db()
    return incident


def in_list(which: List, person: User | None = None) -> int:
    return listed(Incident.objects.all(), which, person.pk if person else None).count()


def test_an_acknowledgement_says_who_when_and_why(incident: Incident, ann: User) -> None:
    triage.acknowledge(seen(incident), ann, "looking")
    row = now(incident)
    assert (row.acknowledged_by, row.acknowledged_note, row.version) == ("ann", "looking", 1)
    assert row.acknowledged_at is not None
    assert row.acknowledged_until == row.acknowledged_at + timedelta(hours=72)
    assert (in_list(List.OPEN), in_list(List.ACKNOWLEDGED)) == (0, 1)
    event = AuditEvent.objects.get()
    assert (event.act, event.who, event.about_id) == ("incident.acknowledge", "ann", str(row.pk))


def test_an_acknowledgement_expires_when_nothing_happens_and_lasts_when_something_does(
    incident: Incident, ann: User
) -> None:
    triage.acknowledge(seen(incident), ann)
    Act.objects.update(at=datetime.now(UTC) - timedelta(hours=71))
    triage.note(seen(now(incident)), ann, "still at it")
    assert triage.expire(datetime.now(UTC) + timedelta(hours=2)) == 0
    assert triage.expire(datetime.now(UTC) + timedelta(hours=73)) == 1
    assert (now(incident).acknowledged_at, in_list(List.OPEN)) == (None, 1)
    assert told() == [("opened", "now"), ("back", "now")]


def test_a_snooze_ends_at_its_time(incident: Incident) -> None:
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    triage.snooze(seen(incident), "ann", tomorrow)
    assert (in_list(List.SNOOZED), in_list(List.OPEN)) == (1, 0)
    assert triage.expire(tomorrow) == 1
    assert (in_list(List.SNOOZED), in_list(List.OPEN)) == (0, 1)


def test_a_snooze_that_has_passed_is_refused(incident: Incident) -> None:
    with pytest.raises(ValueError, match="future"):
        triage.snooze(seen(incident), "ann", datetime.now(UTC) - timedelta(minutes=1))


@pytest.mark.parametrize(("score", "why"), [(ALERT, "from Warning to Alert"), (0.19, "peak 0.19, above the 0.15")])
def test_a_snooze_until_it_gets_worse_ends_when_it_does(score: float, why: str) -> None:
    story = Story()
    story.hourly(0, WARNING)
    (incident,) = incidents()
    triage.acknowledge(seen(incident), "ann")
    triage.snooze(seen(now(incident)), "ann")
    story.hourly(1, WARNING, 0.12)
    assert now(incident).until_worse
    story.hourly(3, score)
    row = now(incident)
    assert (row.until_worse, row.snoozed_at, row.acknowledged_at) == (False, None, None)
    change = Change.objects.latest("pk")
    assert (change.kind, change.news) == ("worse", "now")
    assert change.why.startswith(why)
    assert Change.objects.count() == 2


def test_a_snooze_until_it_gets_worse_ends_when_another_bin_adds_most() -> None:
    story = Story()
    story.hourly(0, WARNING)
    (incident,) = incidents()
    triage.snooze(seen(incident), "ann")
    scores = {"out.score": {"score": 0.11, "scores": [0.0, 0.0, 0.0, 0.0, 0.11], "bin_index": None}}
    story.arrives({1: 0.11}, whole={"scores": scores})
    assert now(incident).snoozed_at is None
    assert Change.objects.latest("pk").why.startswith("another bin adds most")


def test_assigning_gives_it_to_a_person(incident: Incident, ann: User) -> None:
    triage.assign(seen(incident), "ben", ann)
    assert (in_list(List.MINE, ann), in_list(List.OPEN)) == (1, 1)
    assert counted(Incident.objects.all(), ann.pk)[List.MINE] == 1
    triage.assign(seen(now(incident)), "ben", None)
    assert in_list(List.MINE, ann) == 0


def test_marks_can_be_set_of_what_has_closed(incident: Incident) -> None:
    triage.resolve(seen(incident), "ann", "deployed a fix")
    row = now(incident)
    assert (row.closed_why, row.resolved_by, in_list(List.RESOLVED)) == (Why.BY_HAND, "ann", 1)
    triage.mark(seen(row), "ann", Mark.FALSE_ALARM)
    assert now(incident).mark == Mark.FALSE_ALARM


def test_two_people_at_once_never_overwrite_one_another_in_silence(incident: Incident) -> None:
    both = seen(incident)
    assert triage.acknowledge(both, "ann").refused == ()
    (refused,) = triage.snooze(both, "ben").refused
    assert refused.since[0].who == "ann"
    assert str(refused).startswith("ann acknowledged it at ")
    assert now(incident).snoozed_at is None
    assert triage.snooze(seen(refused.incident), "ben").refused == ()


def test_what_has_closed_by_itself_is_not_acknowledged() -> None:
    story = Story()
    story.hourly(0, ALERT)
    (incident,) = incidents()
    stale = seen(incident)
    story.hourly(1, OK)
    (refused,) = triage.acknowledge(stale, "ann").refused
    assert str(refused) == "It has closed: Ok again"


def test_many_at_once_are_done_but_for_those_that_somebody_else_had() -> None:
    for number in (1, 2, 3):
        Story(number).hourly(0, ALERT)
    rows = incidents()
    all_of_them = seen(*rows)
    triage.note(seen(rows[1]), "ben", "mine")
    done = triage.acknowledge(all_of_them, "ann")
    assert ({act.incident_id for act in done.acts}, [one.incident.pk for one in done.refused]) == (
        {rows[0].pk, rows[2].pk},
        [rows[1].pk],
    )
    triage.undo(done.batch, "ann")
    assert in_list(List.OPEN) == 3


def test_undoing_takes_back_one_act_and_leaves_what_others_did(incident: Incident, ann: User) -> None:
    done = triage.acknowledge(seen(incident), ann)
    triage.assign(seen(now(incident)), "ben", ann)
    triage.undo(done.batch, ann)
    row = now(incident)
    assert (row.acknowledged_at, row.assignee) == (None, ann)
    assert triage.undo(done.batch, ann).acts == ()
    assert list(Act.objects.order_by("pk").values_list("kind", flat=True)) == ["acknowledge", "assign", "undo"]


def test_undoing_a_resolution_opens_it_again(incident: Incident) -> None:
    done = triage.resolve(seen(incident), "ann")
    triage.undo(done.batch, "ann")
    assert now(incident).is_open
    assert told() == [("opened", "now"), ("resolved", "now"), ("reopened", "now")]


def test_taking_back_the_resolution_of_what_nobody_was_told_of_tells_nobody() -> None:
    story = Story(seen_at=at(5))
    story.arrives({0: WARNING}, now=at(6))
    (history,) = incidents(kind="drift")
    triage.undo(triage.resolve(seen(history), "ann").batch, "ann")
    assert now(history).is_open
    assert list(history.changes.order_by("pk").values_list("kind", "news")) == [
        ("opened", ""),
        ("resolved", ""),
        ("reopened", ""),
    ]


def test_after_ten_minutes_nothing_is_undone(incident: Incident) -> None:
    done = triage.acknowledge(seen(incident), "ann")
    Act.objects.update(at=datetime.now(UTC) - timedelta(minutes=11))
    assert triage.undo(done.batch, "ann").acts == ()
    assert triage.undo(uuid4(), "ann").acts == ()


def test_an_acknowledgement_ends_with_the_incident() -> None:
    story = Story()
    story.hourly(0, ALERT)
    (incident,) = incidents()
    triage.acknowledge(seen(incident), "ann")
    story.hourly(1, OK)
    story.arrives({1: WARNING}, now=at(1.5), last=1, since=0, told_at=at(1.4))
    row = now(incident)
    assert (row.is_open, row.acknowledged_at) == (True, None)
    assert Act.objects.latest("pk").kind == ActKind.REOPEN


@pytest.mark.django_db(transaction=True)
def test_of_many_who_act_at_the_same_moment_one_is_first_and_the_others_are_told(incident: Incident) -> None:
    both, outcomes, start = seen(incident), [], threading.Barrier(4)

    def act(who: str) -> None:
        start.wait()
        outcomes.append(triage.acknowledge(both, who))
        connection.close()

    people = [threading.Thread(target=act, args=(who,)) for who in ("ann", "ben", "cem", "dot")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(len(done.acts) for done in outcomes) == [0, 0, 0, 1]
    assert (Act.objects.count(), now(incident).version) == (1, 1)
