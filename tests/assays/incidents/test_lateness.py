"""Late runs are one incident of the assay, unless it is upstream as a whole that does not answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assays import breaker
from assays.errors import Unavailable
from assays.incidents.models import Kind, Why
from assays.models import Assay, Upstream
from assays.states import State
from assays.sync import Visit, store
from assays.upstream import FEATURES
from tests.support.story import MINUTE, Story, at, incidents, told

pytestmark = pytest.mark.django_db

OK = 0.05


def test_a_run_that_does_not_come_is_late_until_it_does() -> None:
    story = Story()
    story.hourly(0, OK)
    story.arrives({}, now=at(1) + 10 * MINUTE, last=0, since=-1)
    (one,) = incidents()
    assert (one.kind, one.severity, one.onset, one.field) == (Kind.LATE, State.LATE, at(1), None)
    assert one.sentence == "The run due 1 Jun 2026 01:00 UTC has not come."
    story.arrives({}, now=at(3) + 10 * MINUTE, last=0, since=-1)
    (one,) = incidents()
    assert one.count == 3
    story.arrives({1: OK}, now=at(3) + 12 * MINUTE, last=3, since=0)
    (one,) = incidents()
    assert (one.closed_why, one.closed_at) == (Why.OK, at(3) + 12 * MINUTE)
    assert told() == [("opened", "now"), ("resolved", "now")]


def test_what_was_late_when_it_was_first_seen_is_no_news() -> None:
    story = Story(seen_at=at(5))
    story.arrives({0: OK}, now=at(5), last=0)
    assert [(one.kind, one.is_open) for one in incidents()] == [(Kind.LATE, True)]
    assert told() == [("opened", "")]


def test_pausing_a_late_assay_freezes_its_incident() -> None:
    story = Story()
    story.hourly(0, OK)
    story.arrives({}, now=at(1.5), last=0, since=-1)
    story.message |= {"active": False, "updated_at": "2026-06-01T01:35:00Z"}
    story.listed(at(1.6))
    story.arrives({}, now=at(1.7), last=0, since=-1)
    (one,) = incidents()
    assert (one.is_open, one.frozen_since) == (True, at(1))


def test_an_upstream_that_does_not_answer_is_one_incident_whatever_the_assays() -> None:
    stories = [Story(number) for number in range(1, 51)]
    for story in stories:
        story.hourly(0, OK)
    down(at(1))
    down(at(1) + MINUTE)
    error = Unavailable("next_run", "connection refused")
    store([Visit(row.pk, at(2), error=error) for row in Assay.objects.all()], at(2))
    assert [(one.kind, one.sentence) for one in incidents()] == [
        (Kind.UNREACHABLE, "The assays API does not answer: connection refused")
    ]
    assert told() == [("opened", "now")]


def down(when: object) -> None:
    breaker._unreachable(Unavailable(FEATURES, "connection refused"), when)  # type: ignore[arg-type]


def test_an_upstream_that_is_back_has_its_time_for_the_runs_it_has_missed() -> None:
    story = Story()
    story.hourly(0, OK)
    down(at(1))
    breaker.answered(at(5))
    (one,) = incidents()
    assert (one.closed_why, one.closed_at) == (Why.OK, at(5))
    story.arrives({}, now=at(5) + MINUTE, last=0, since=-1)
    assert [one.kind for one in incidents()] == [Kind.UNREACHABLE]
    story.arrives({}, now=at(5) + 10 * MINUTE, last=0, since=-1)
    assert {one.kind for one in incidents()} == {Kind.UNREACHABLE, Kind.LATE}
    assert Upstream.objects.get().since == at(5)


def test_an_outage_that_comes_again_is_another_incident() -> None:
    down(at(1))
    breaker.answered(at(2))
    down(at(2) + timedelta(minutes=1))
    assert [one.is_open for one in incidents()] == [False, True]
