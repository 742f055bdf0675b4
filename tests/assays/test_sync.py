"""The cache equals upstream's truth, whatever order, repetition or interruption brought it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from assays.credentials import StaticToken
from assays.listing import apply_assays
from assays.models import Assay, Field, Result
from assays.states import State
from assays.sync import store, visit
from assays.upstream import Client
from tests.support import messages
from tests.support.messages import START, runs
from tests.support.upstream import Upstream, serving

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
NOW = START + timedelta(days=3)


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serving() as upstream:
        yield upstream


@pytest.fixture
def client(upstream: Upstream) -> Client:
    return Client(upstream.url, StaticToken())


def read(client: Client, now: datetime = NOW) -> None:
    """A pass at `now`."""
    apply_assays(client.assays(), now)
    for _ in range(100):
        report = store([visit(client, row, now) for row in Assay.objects.all()], now)
        if not report.unfinished:
            return
    raise AssertionError("never finished")


def test_an_assay_and_its_results_are_read(upstream: Upstream, client: Client) -> None:
    assay = messages.assay()
    upstream.assays[assay["id"]] = assay
    ends = [START + HOUR * n for n in range(72)]
    upstream.results[assay["id"]] = messages.results(assay, ends[:50] + ends[55:], [0.05] * 60 + [0.3] * 7)
    upstream.runs[assay["id"]] = runs(ends[-1], NOW)
    read(client)
    row = Assay.objects.get()
    field = Field.objects.get()
    assert Result.objects.count() == 67
    assert row.state == State.ALERT
    assert field.streak == 7
