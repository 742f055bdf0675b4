"""What is older than the retention limit is forgotten, and counts as not read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assays import audit
from assays.coverage import TICK
from assays.credentials import StaticToken
from assays.listing import apply_assays
from assays.models import Assay, AuditEvent, HourRollup, Result, ScopeRollup, Score
from assays.retention import prune
from assays.sync import store, visit
from assays.upstream import Client
from tests.support import messages
from tests.support.messages import START, runs
from tests.support.upstream import serving

pytestmark = pytest.mark.django_db

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_what_is_too_old_goes_with_its_rollups_and_is_not_read_again(settings: Any) -> None:
    ends = [START + HOUR * n for n in range(72)]
    now = ends[-1]
    with serving() as upstream:
        assay = messages.assay()
        upstream.assays[assay["id"]] = assay
        upstream.results[assay["id"]] = messages.results(assay, ends, [0.05] * 72)
        upstream.runs[assay["id"]] = runs(now, now + HOUR)
        client = Client(upstream.url, StaticToken())
        apply_assays(client.assays(), now)
        store([visit(client, Assay.objects.get(), now)], now)
        settings.RETENTION_DAYS = 1
        prune(now)
        kept = [end for end in ends if end >= now - DAY]
        assert list(Score.objects.order_by("window_end").values_list("window_end", flat=True)) == kept
        assert Result.objects.count() == HourRollup.objects.count() == ScopeRollup.objects.count() == len(kept)
        row = Assay.objects.get()
        assert row.read_from == row.covered_from == now - DAY - TICK
        store([visit(client, row, now)], now)
        assert Result.objects.count() == len(kept)


def test_the_audit_trail_has_a_limit_of_its_own(settings: Any) -> None:
    settings.AUDIT_DAYS, settings.RETENTION_DAYS = 30, 1
    now = audit.record("x", "new").at
    for who, age in (("old", 31 * DAY), ("within", 29 * DAY)):
        AuditEvent.objects.create(at=now - age, who=who, act="x")
    prune(now)
    assert set(AuditEvent.objects.values_list("who", flat=True)) == {"new", "within"}
