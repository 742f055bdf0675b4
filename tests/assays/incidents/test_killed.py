"""A process that is killed at any moment while it stores windows loses no incident and doubles none."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from assays.credentials import StaticToken
from assays.incidents import store
from assays.incidents.models import Change, Incident
from assays.models import Assay
from assays.upstream import Client
from tests.assays.incidents.test_store import facts
from tests.assays.test_killed import NOW, WINDOWS, kill_a_reader
from tests.assays.test_sync import HOUR, add, hours, read
from tests.support import messages
from tests.support.upstream import serving

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_readers_killed_while_they_store_lose_and_double_no_incident() -> None:
    with serving() as upstream:
        add(upstream, messages.assay(1), hours(0, WINDOWS), [0.05, 0.15, 0.3, 0.05] * (WINDOWS // 4), NOW - HOUR)
        for milliseconds in (0, 40, 80, 160):
            kill_a_reader(upstream, 1, timedelta(milliseconds=milliseconds))
        read(Client(upstream.url, StaticToken()), NOW)
    store.redo(NOW)
    came = facts()
    assert Incident.objects.count() == len(came) == WINDOWS // 4
    assert set(Counter(Change.objects.values_list("incident", "kind")).values()) == {1}
    store.rebuild(Assay.objects.get().pk, NOW)
    assert facts() == came
