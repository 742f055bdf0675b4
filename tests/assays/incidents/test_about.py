"""Owners, runbooks and markers: an assay's own first, its pipeline's otherwise."""

from __future__ import annotations

import pytest

from assays.coverage import Span
from assays.incidents import about
from assays.incidents.about import Known, Scope
from assays.incidents.models import Criticality, Event
from assays.models import AuditEvent
from tests.support.story import Story, at

pytestmark = pytest.mark.django_db


def test_an_assay_says_what_its_pipeline_says_but_for_what_it_says_itself() -> None:
    one, other = Story(1).assay, Story(2).assay
    about.say(7, Known("payments", "https://wiki.example.com/run", Criticality.LOW), "ann")
    about.say(one, Known(criticality=Criticality.HIGH), "ann")
    found = about.known([one, other])
    assert found[one.pk] == Known("payments", "https://wiki.example.com/run", Criticality.HIGH)
    assert found[other.pk].criticality == Criticality.LOW
    about.say(one, Known("risk"), "ben")
    assert about.known([one])[one.pk].owner == "risk"
    assert AuditEvent.objects.filter(act="about.say").count() == 3


@pytest.mark.parametrize("link", ["javascript:alert(1)", "wiki/page", "https://"])
def test_a_link_that_is_none_is_refused(link: str) -> None:
    assay = Story().assay
    with pytest.raises(ValueError, match="no http or https address"):
        about.say(assay, Known(runbook_url=link), "ann")
    with pytest.raises(ValueError, match="no http or https address"):
        about.add_marker(Event.OTHER, at(0), "a day", "ann", Scope(), link)


def test_markers_of_an_assay_are_its_own_and_those_around_it() -> None:
    one, other = Story(1).assay, Story(2, pipeline=8).assay
    scopes = [Scope(), Scope(workspace_id=1), Scope(pipeline_id=7), Scope(assay=one), Scope(assay=other)]
    rows = [about.add_marker(Event.DEPLOYMENT, at(hour), f"v{hour}", "ann", scope) for hour, scope in enumerate(scopes)]
    span = Span(at(-1), at(10))
    assert [row.text for row in about.markers(one, span)] == ["v0", "v1", "v2", "v3"]
    assert [row.text for row in about.markers(other, span)] == ["v0", "v1", "v4"]
    about.remove_marker(rows[0], "ann")
    assert [row.text for row in about.markers(one, Span(at(1), at(2)))] == ["v2"]
    with pytest.raises(ValueError, match="needs a text"):
        about.add_marker(Event.OTHER, at(0), " ", "ann", Scope())
