"""Incidents as windows arrive: what opens, what closes, what is news, and that the order makes no difference."""

from __future__ import annotations

import random
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from assays.incidents import rules, store, triage
from assays.incidents.derive import Rule, derive
from assays.incidents.models import Act, Change, Incident, Kind, Why
from assays.incidents.reading import END, Source
from assays.incidents.signals import changed
from assays.models import Assay, Result, Score
from assays.schedule import micros
from assays.states import State
from assays.wording import NARROW
from tests.support.messages import START
from tests.support.story import MINUTE, Story, at, incidents, told
from tests.support.upstream import text

pytestmark = pytest.mark.django_db

OK, WARNING, ALERT = 0.05, 0.15, 0.3
DAY = timedelta(days=1)


def test_bad_windows_in_a_row_are_one_incident_that_an_ok_one_closes() -> None:
    Story().hourly(0, OK, WARNING, ALERT, WARNING, OK)
    (one,) = incidents()
    assert (one.kind, one.severity, one.count, one.alerts, one.peak) == (Kind.DRIFT, State.ALERT, 3, 1, ALERT)
    assert (one.onset, one.opened_at, one.last_bad_end) == (at(1), at(1), at(3))
    assert (one.ok_end, one.closed_at, one.closed_why) == (at(4), at(4), Why.OK)
    assert one.peak_ratio == pytest.approx(1.5)
    assert (one.peak_end, one.alert, one.is_local) == (at(2), 0.2, False)
    assert told() == [("opened", "now"), ("worse", "now"), ("resolved", "now")]


def test_the_sentence_tells_of_the_peak_window_and_its_bins() -> None:
    Story().hourly(0, WARNING, ALERT, WARNING)
    (one,) = incidents()
    assert one.top_bin is not None
    assert one.last_top == one.top_bin.label
    assert one.sentence.replace(NARROW, " ") == (
        "48 % of PSI 0.30 comes from two bins: ≤ 0.39 grew 20 % → 100 %, and 0.39 – 0.59 shrank 20 % → 0 %."
    )


def test_failed_runs_are_an_incident_of_their_own_that_says_why() -> None:
    Story().hourly(0, OK, "no such column", "it broke again", WARNING)
    failed, drift = incidents()
    assert (failed.kind, failed.severity, failed.count, failed.sentence) == (
        Kind.FAILED,
        State.FAILED,
        2,
        "it broke again",
    )
    assert (failed.ok_end, failed.peak) == (at(3), None)
    assert (drift.kind, drift.first_bad_end) == (Kind.DRIFT, at(3))


def test_a_failed_run_neither_counts_for_drift_nor_closes_it() -> None:
    Story().hourly(0, ALERT, "it broke", ALERT)
    (one,) = incidents(kind=Kind.DRIFT)
    assert (one.count, one.is_open) == (2, True)


def nightly(story: Story, days: int) -> None:
    """Data from six to twenty-two o'clock, each day."""
    scores: dict[int, float | str] = {24 * day + hour: OK for day in range(days) for hour in range(6, 23)}
    story.arrives(scores, last=24 * days - 1, since=-1)


def test_nights_that_are_always_empty_open_nothing() -> None:
    story = Story()
    nightly(story, 21)
    for hour in range(24 * 21, 24 * 22):
        story.arrives({hour: OK} if 6 <= hour % 24 <= 22 else {}, last=hour, since=hour - 1)
    assert incidents() == []


def test_a_day_without_the_data_that_used_to_come_is_one_incident() -> None:
    story = Story()
    nightly(story, 21)
    for hour in range(24 * 21, 24 * 22):
        story.arrives({}, last=hour, since=hour - 1)
    (one,) = incidents()
    assert (one.kind, one.severity, one.first_bad_end, one.count) == (Kind.NO_DATA, State.NO_DATA, at(24 * 21 + 7), 15)
    assert told() == [("opened", "now")]
    story.arrives({24 * 22: OK})
    (one,) = incidents()
    assert one.closed_why == Why.OK


def test_no_data_during_a_pause_is_no_trouble() -> None:
    story = Story()
    nightly(story, 21)
    story.message |= {"active": False, "updated_at": text(at(24 * 21 + 6.5))}
    story.listed(at(24 * 21 + 6.5))
    story.message |= {"active": True, "updated_at": text(at(24 * 21 + 12.5))}
    story.listed(at(24 * 21 + 12.5))
    story.arrives({24 * 21 + hour: OK for hour in range(13, 20)}, since=24 * 21 - 1)
    assert incidents() == []


def test_the_first_backfill_is_history() -> None:
    story = Story(seen_at=at(100))
    story.arrives({hour: ALERT if hour % 10 == 0 or hour > 95 else OK for hour in range(101)}, now=at(100) + MINUTE)
    assert len(incidents()) == 11
    assert {news for _, news in told()} == {""}
    story.hourly(101, ALERT, OK)
    assert {news for _, news in told()} == {""}, "what nobody was told of ends in silence"
    story.hourly(103, WARNING, ALERT)
    assert told()[-2:] == [("opened", "now"), ("worse", "now")]


def test_what_got_worse_live_is_news_even_of_an_incident_from_history() -> None:
    story = Story(seen_at=at(5))
    story.arrives(dict.fromkeys(range(6), WARNING), now=at(5) + MINUTE)
    story.hourly(6, WARNING, ALERT, OK)
    assert told() == [("opened", ""), ("worse", "now"), ("resolved", "now")]


def test_what_opened_during_downtime_and_is_still_open_goes_out_once_in_a_summary() -> None:
    story = Story()
    story.hourly(0, OK)
    story.arrives({1: ALERT, 2: OK, 3: ALERT}, now=at(30), last=30, since=0, told_at=at(3))
    assert told() == [("opened", ""), ("resolved", ""), ("opened", "summary")]
    story.hourly(31, ALERT, OK)
    assert told()[3:] == [("resolved", "now")]


def test_a_summary_waits_until_everything_has_been_read() -> None:
    story = Story()
    story.hourly(0, OK)
    story.arrives({1: ALERT}, now=at(40), last=40, since=0, read_to=20, told_at=at(1), next_run=41)
    (one,) = incidents()
    assert (one.is_open, one.announced, told()) == (True, False, [])
    story.arrives({21: ALERT}, now=at(40), last=40, since=20, told_at=at(21), next_run=41)
    assert told() == [("opened", "summary")]


def test_what_closes_before_its_summary_is_history() -> None:
    story = Story()
    story.hourly(0, OK)
    story.arrives({1: ALERT}, now=at(40), last=40, since=0, read_to=20, told_at=at(1), next_run=41)
    story.arrives({21: OK}, now=at(40), last=40, since=20, told_at=at(21), next_run=41)
    assert told() == [("opened", ""), ("resolved", "")]


def test_scores_of_old_windows_that_change_are_no_news() -> None:
    story = Story()
    story.hourly(0, OK, OK, OK, OK)
    story.arrives({1: ALERT}, now=at(4), last=3, since=0, told_at=at(4))
    (one,) = incidents()
    assert (one.first_bad_end, one.ok_end) == (at(1), at(2))
    assert told() == [("opened", ""), ("resolved", "")]


def test_the_newest_window_scored_anew_is_news() -> None:
    story = Story()
    story.hourly(0, OK, OK)
    story.arrives({1: ALERT}, now=at(1) + 5 * MINUTE, last=1, since=0, told_at=at(1) + 4 * MINUTE)
    assert told() == [("opened", "now")]


def test_an_incident_whose_windows_all_become_ok_is_withdrawn() -> None:
    story = Story()
    story.hourly(0, OK, ALERT)
    story.arrives({1: OK}, now=at(1) + 5 * MINUTE, last=1, since=0, told_at=at(1) + 4 * MINUTE)
    (one,) = incidents()
    assert (one.closed_why, one.count) == (Why.WITHDRAWN, 0)
    assert told() == [("opened", "now"), ("resolved", "now")]
    story.arrives({1: ALERT}, now=at(1) + 9 * MINUTE, last=1, since=0, told_at=at(1) + 8 * MINUTE)
    (again,) = incidents()
    assert (again.pk, again.is_open, again.count) == (one.pk, True, 1)
    assert told()[-1] == ("reopened", "now")


def test_late_data_joins_two_incidents_and_the_older_inherits() -> None:
    story = Story()
    story.hourly(0, ALERT, OK, ALERT)
    first, second = incidents()
    triage.acknowledge([triage.Seen(second.pk, 0)], "ann", "mine")
    story.arrives({1: WARNING}, now=at(2) + 5 * MINUTE, last=2, since=0, told_at=at(2) + 4 * MINUTE)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.count, first.is_open, first.acknowledged_by) == (3, True, "ann")
    assert (second.merged_into_id, second.closed_why) == (first.pk, Why.JOINED)
    assert sorted(told()[-2:]) == [("reopened", "now"), ("resolved", "now")]


def test_what_was_joined_by_mistake_goes_its_own_way_again_with_what_was_done_about_it() -> None:
    story = Story()
    story.hourly(0, ALERT, OK, ALERT)
    first, second = incidents()
    triage.acknowledge([triage.Seen(second.pk, 0)], "ann")
    for score, minute in ((WARNING, 4), (OK, 6)):
        now = at(2) + minute * MINUTE
        story.arrives({1: score}, now=now + MINUTE, last=2, since=0, told_at=now)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.count, first.is_open, first.acknowledged_by) == (1, False, "")
    assert (second.count, second.is_open, second.merged_into, second.acknowledged_by) == (1, True, None, "ann")


def test_an_incident_that_late_data_splits_keeps_its_id_where_it_began() -> None:
    story = Story()
    story.hourly(0, ALERT, ALERT, ALERT)
    (whole,) = incidents()
    story.arrives({1: OK}, now=at(2) + 5 * MINUTE, last=2, since=0, told_at=at(2) + 4 * MINUTE)
    first, second = incidents()
    assert first.pk == whole.pk
    assert (first.count, second.count, second.is_open) == (1, 1, True)


def test_pausing_freezes_and_says_so() -> None:
    story = Story()
    story.hourly(0, ALERT)
    story.message |= {"active": False, "updated_at": text(at(0.5))}
    story.listed(at(0.6))
    (one,) = incidents()
    assert (one.is_open, one.frozen_since) == (True, at(0.5))
    story.message |= {"active": True, "updated_at": text(at(5))}
    story.listed(at(5.1))
    (one,) = incidents()
    assert (one.is_open, one.frozen_since) == (True, None)


def test_an_assay_that_is_gone_closes_its_incidents_and_opens_them_when_it_is_back() -> None:
    story = Story()
    story.hourly(0, ALERT)
    story.listed(at(1), gone=True)
    (one,) = incidents()
    assert (one.closed_why, one.closed_at) == (Why.GONE, at(1))
    story.listed(at(2))
    (one,) = incidents()
    assert one.is_open
    assert told() == [("opened", "now"), ("resolved", "now"), ("reopened", "now")]


def test_an_assay_that_has_ended_closes_its_incidents_as_such() -> None:
    story = Story(end=at(1))
    story.hourly(0, OK, ALERT)
    story.arrives({}, now=at(1) + 20 * MINUTE, last=1, since=0)
    (one,) = incidents()
    assert one.closed_why == Why.ENDED


def test_a_field_that_is_watched_no_more_closes_its_incidents() -> None:
    story = Story()
    story.hourly(0, ALERT)
    story.message["targeting"]["iopath"][0]["field"] = "out.other"
    story.listed(at(1))
    (one,) = incidents()
    assert (one.field_id, one.field_key, one.closed_why) == (None, "out.score", Why.GONE)


def test_what_is_resolved_by_hand_opens_again_with_the_next_bad_window() -> None:
    story = Story()
    story.hourly(0, ALERT)
    (one,) = incidents()
    triage.resolve([triage.Seen(one.pk, 0)], "ann")
    (one,) = incidents()
    assert one.closed_why == Why.BY_HAND
    Incident.objects.update(resolved_at=at(0.5))
    Act.objects.update(at=at(0.5))
    story.hourly(1, ALERT)
    (one,) = incidents()
    assert (one.is_open, one.resolved_at, one.count) == (True, None, 2)
    assert told() == [("opened", "now"), ("resolved", "now"), ("reopened", "now")]


def test_local_thresholds_make_the_incident_and_going_back_is_one_step() -> None:
    story = Story()
    story.hourly(0, WARNING, WARNING, WARNING)
    rules.set_threshold(story.field, 0.4, 0.5, "noisy by nature", "ann")
    redo(story)
    assert incidents(closed_at=None) == []
    rules.set_threshold(story.field, 0.05, 0.1, "must not move", "ann")
    redo(story)
    (one,) = incidents(closed_at=None)
    assert (one.severity, one.is_local, one.alert, one.count) == (State.ALERT, True, 0.1, 3)
    rules.drop_threshold(story.field, "ann")
    redo(story)
    (one,) = incidents(closed_at=None)
    assert (one.severity, one.is_local, one.alert) == (State.WARNING, False, 0.2)


def redo(story: Story) -> None:
    """As the task does once everything has been read."""
    Assay.objects.update(caught_up_at=START)
    assert store.redo(at(1000)) == 1


def test_a_rule_of_the_nearest_scope_decides() -> None:
    story = Story()
    story.hourly(0, ALERT, OK, ALERT, ALERT, OK, OK)
    rules.set_rule({"workspace_id": 1}, Rule(3, 3, 1), "ann")
    rules.set_rule({"assay": story.assay}, Rule(2, 2, 2), "ann")
    redo(story)
    (one,) = incidents(count__gt=0)
    assert (one.first_bad_end, one.opened_at, one.ok_end) == (at(2), at(3), at(5))
    rules.drop_rule({"assay": story.assay}, "ann")
    redo(story)
    assert incidents(count__gt=0) == []


def test_whoever_listens_and_fails_undoes_the_windows_too() -> None:
    story = Story()

    def failing(**_: Any) -> None:
        raise RuntimeError("the outbox is full")

    changed.connect(failing)
    try:
        with pytest.raises(RuntimeError):
            story.hourly(0, ALERT)
    finally:
        changed.disconnect(failing)
    assert (Result.objects.count(), Incident.objects.count(), Change.objects.count()) == (0, 0, 0)
    story.hourly(0, ALERT)
    assert told() == [("opened", "now")]


def facts() -> list[tuple[Any, ...]]:
    found = Incident.objects.filter(count__gt=0, merged_into=None).order_by("kind", "first_bad_end")
    return list(found.values_list(*FACTS))


FACTS = (
    *("kind", "severity", "first_bad_end", "opened_at", "last_bad_end", "ok_end", "count", "alerts"),
    *("peak", "peak_end", "sentence", "last_top", "alert", "closed_at"),
)


NO_SHRINKING = (Phase.explicit, Phase.reuse, Phase.generate)
SCORES = st.lists(st.sampled_from([OK, OK, WARNING, ALERT, "it broke", None]), min_size=1, max_size=24)


@pytest.mark.slow
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), phases=NO_SHRINKING)
@given(SCORES, st.sampled_from([Rule(), Rule(2, 3, 2)]), st.integers(0, 10_000))
def test_any_order_of_arrival_with_repeats_and_rescores_gives_the_same_incidents(
    scores: list[Any], rule: Rule, seed: int
) -> None:
    for model in (Act, Change, Incident):
        model.objects.all().delete()
    Assay.objects.all().delete()
    chance = random.Random(seed)
    story = Story(seed)
    rules.set_rule({"workspace_id": 1}, rule, "ann")
    arrive_in_disorder(story, scores, chance)
    came = facts()
    store.rebuild(story.assay.pk, at(100))
    assert came == facts()
    assert [row[2:6] for row in came if row[0] == Kind.DRIFT] == [
        (at_micros(one.first_bad), at_micros(one.opened), at_micros(one.last_bad), one.ok and at_micros(one.ok))
        for one in derive(Source(story.assay, story.field, Kind.DRIFT).between(0, END), rule)
    ]


def at_micros(value: int) -> Any:
    return START + timedelta(microseconds=value - micros(START))


def arrive_in_disorder(story: Story, scores: list[Any], chance: random.Random) -> None:
    """Each window comes once, or twice with another score before; the first reading knows of all hours."""
    story.arrives({0: OK}, last=0, since=-1)
    last = len(scores)
    coming = [(hour, score) for hour, score in enumerate(scores, 1) if score is not None]
    first = [(hour, chance.choice([OK, ALERT])) for hour, _ in coming if chance.random() < 0.3]
    chance.shuffle(coming)
    chance.shuffle(first)
    for step, (hour, score) in enumerate([*first, *coming]):
        now = at(last) + step * MINUTE
        story.arrives({hour: score}, now=now, last=last, since=0, told_at=now)


def test_thirty_bad_windows_in_any_order_are_one_incident_told_of_once() -> None:
    for seed in range(5):
        story = Story(seed + 1)
        hours = list(range(1, 31))
        random.Random(seed).shuffle(hours)
        story.arrives({0: OK}, last=0, since=-1)
        for step, hour in enumerate(hours):
            now = at(31) + step * MINUTE
            story.arrives({hour: ALERT}, now=now, last=30, since=0, told_at=now, next_run=40)
        one = Incident.objects.get(assay=story.assay, merged_into=None)
        assert (one.count, one.first_bad_end, one.is_open) == (30, at(1), True)
        news = Change.objects.filter(incident__assay=story.assay).exclude(news="")
        assert list(news.values_list("kind", flat=True)) == ["opened"]


@pytest.mark.django_db(transaction=True)
def test_workers_that_store_the_same_windows_at_once_make_one_incident() -> None:
    story, start = Story(), threading.Barrier(4)
    story.hourly(0, OK)
    failures: list[Exception] = []

    def work() -> None:
        start.wait()
        try:
            story.arrives({1: WARNING, 2: ALERT}, since=0)
        except Exception as error:
            failures.append(error)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert failures == []
    (one,) = incidents()
    assert (one.count, told()) == (2, [("opened", "now")])


def test_rebuilding_keeps_what_people_did() -> None:
    story = Story()
    story.hourly(0, OK, ALERT, ALERT, OK, WARNING)
    first, second = incidents()
    triage.note([triage.Seen(first.pk, 0)], "ann", "a new supplier")
    triage.acknowledge([triage.Seen(second.pk, 0)], "ben")
    before = facts(), told(), list(Act.objects.values_list("kind", "who", "note"))
    Incident.objects.update(count=7, peak=99.0, sentence="", severity=State.WARNING)
    assert store.rebuild(story.assay.pk, at(100))
    after = facts(), told(), list(Act.objects.values_list("kind", "who", "note"))
    assert after[0] == before[0]
    assert after[2] == before[2]
    second.refresh_from_db()
    assert second.acknowledged_by == "ben"


def test_what_was_forgotten_is_not_taken_back() -> None:
    story = Story()
    story.hourly(0, ALERT, OK, ALERT, ALERT, ALERT)
    Score.objects.filter(window_end__lte=at(2)).delete()
    Result.objects.filter(window_end__lte=at(2)).delete()
    Assay.objects.update(read_from=at(2))
    before = facts()
    store.rebuild(story.assay.pk, at(100))
    assert facts() == before
