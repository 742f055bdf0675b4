"""What went bad together on one pipeline."""

from __future__ import annotations

import pytest

from assays.incidents.groups import bad_with, groups, sizes
from assays.incidents.models import Incident
from tests.support.story import Story, at, incidents

pytestmark = pytest.mark.django_db

OK, ALERT = 0.05, 0.3


def test_incidents_of_one_pipeline_that_began_within_a_day_are_one_group() -> None:
    for number, hour in ((1, 0), (2, 20), (3, 60)):
        Story(number).hourly(hour, ALERT)
    Story(4, pipeline=8).hourly(0, ALERT)
    (group,) = groups(Incident.objects.all())
    assert (group.pipeline_id, group.since, group.assays) == (7, at(0), 2)
    assert sizes([7, 8]) == {7: 3, 8: 1}


def test_what_went_bad_with_an_incident_is_found_whether_it_is_over_or_not() -> None:
    Story(1).hourly(5, ALERT)
    Story(2).hourly(0, ALERT, OK)
    Story(3).hourly(40, ALERT)
    Story(4, pipeline=8).hourly(5, ALERT)
    one = Incident.objects.get(assay__name="assay 1")
    assert [other.assay.name for other in bad_with(one) if other.assay] == ["assay 2"]
    assert len(incidents()) == 4
