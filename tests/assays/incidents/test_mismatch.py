"""Scores that their bins do not give are one incident a field."""

from __future__ import annotations

import pytest

from assays.incidents import mismatch
from assays.incidents.mismatch import Mismatch
from assays.incidents.models import Kind, Why
from assays.states import State
from tests.support.story import Story, at, incidents, told

pytestmark = pytest.mark.django_db


def test_windows_that_do_not_match_are_one_incident_until_all_do() -> None:
    story = Story()
    story.hourly(0, 0.05, 0.05, 0.05)
    wrong = [Mismatch(at(hour - 1), at(hour), 0.05, 0.07) for hour in (1, 2)]
    for known in (wrong[:1], wrong, wrong):
        mismatch.follow(story.field, known, at(3))
    (one,) = incidents()
    assert (one.kind, one.severity, one.count, one.first_bad_end) == (Kind.MISMATCH, State.WARNING, 2, at(1))
    assert one.sentence == "Upstream stored 0.050000, but the bins of that window give 0.070000."
    mismatch.follow(story.field, [], at(4))
    (one,) = incidents()
    assert (one.closed_why, one.closed_at) == (Why.OK, at(4))
    assert told() == [("opened", "now"), ("resolved", "now")]


def test_what_was_stored_before_the_assay_was_watched_is_no_news() -> None:
    story = Story(seen_at=at(10))
    mismatch.follow(story.field, [Mismatch(at(0), at(1), 0.05, 0.07)], at(10))
    assert told() == [("opened", "")]
