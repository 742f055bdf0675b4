"""`manage.py incidents rebuild` makes incidents from what is in the cache."""

from __future__ import annotations

from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from assays.incidents.models import Change, Incident
from tests.support.story import Story, incidents

pytestmark = pytest.mark.django_db


def test_incidents_are_made_of_the_cache_alone() -> None:
    Story(1).hourly(0, 0.3, 0.05)
    Story(2).hourly(0, 0.3)
    Incident.objects.all().delete()
    out = StringIO()
    call_command("incidents", "rebuild", stdout=out)
    assert out.getvalue() == "incidents of 2 assays rebuilt\n"
    assert [one.is_open for one in incidents()] == [False, True] or [one.is_open for one in incidents()] == [
        True,
        False,
    ]
    assert set(Change.objects.values_list("news", flat=True)) == {""}


def test_one_assay_can_be_named() -> None:
    story = Story(1)
    story.hourly(0, 0.3)
    Incident.objects.update(count=9)
    call_command("incidents", "rebuild", str(story.assay.pk), stdout=StringIO())
    assert Incident.objects.get().count == 1


def test_an_assay_that_is_not_known_is_named() -> None:
    with pytest.raises(CommandError, match="no assay 00000000-0000-0000-0000-000000000009 is known"):
        call_command("incidents", "rebuild", str(UUID(int=9)))
