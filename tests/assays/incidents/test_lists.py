"""The lists people work through, in the order in which they do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assays.incidents import triage
from assays.incidents.lists import List, counted, listed
from assays.incidents.models import Incident
from assays.incidents.triage import Seen
from tests.support.story import Story, at

pytestmark = pytest.mark.django_db

OK, WARNING, ALERT = 0.05, 0.15, 0.3


def names(which: List, person: User | None = None) -> list[str]:
    rows = listed(Incident.objects.select_related("assay"), which, person.pk if person else None)
    return [row.assay.name for row in rows if row.assay]


def test_each_incident_is_where_it_is_looked_for() -> None:
    ann = User.objects.create(username="ann")
    for number, score in ((1, WARNING), (2, ALERT), (3, ALERT), (4, ALERT), (5, ALERT), (6, ALERT)):
        Story(number).hourly(number, score)
    seen = {row.assay.name[-1]: [Seen(row.pk, 0)] for row in Incident.objects.select_related("assay") if row.assay}
    triage.acknowledge(seen["3"], ann)
    triage.snooze(seen["4"], ann, datetime.now(UTC) + timedelta(hours=1))
    triage.resolve(seen["5"], ann)
    triage.assign(seen["6"], ann, ann)
    assert names(List.OPEN) == ["assay 2", "assay 6", "assay 1"]
    assert names(List.MINE, ann) == ["assay 6"]
    assert names(List.MINE) == []
    assert names(List.ACKNOWLEDGED) == ["assay 3"]
    assert names(List.SNOOZED) == ["assay 4"]
    assert names(List.RESOLVED) == ["assay 5"]


def test_counting_the_lists_is_one_query() -> None:
    Story(1).hourly(0, ALERT)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        counts = counted(Incident.objects.all())
    assert counts == {List.OPEN: 1, List.MINE: 0, List.ACKNOWLEDGED: 0, List.SNOOZED: 0}
    assert len(queries) == 1


def test_what_another_took_in_and_what_was_withdrawn_are_no_incidents_of_their_own() -> None:
    story = Story()
    story.hourly(0, ALERT, OK, ALERT)
    story.arrives({1: ALERT}, last=2, since=0, told_at=at(3))
    story.arrives({0: OK, 1: OK, 2: OK}, last=2, since=-1, told_at=at(4))
    assert [names(which) for which in List] == [[], [], [], [], []]
