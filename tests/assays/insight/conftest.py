"""A cache filled through sync from an upstream on a real socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from assays.credentials import StaticToken
from assays.listing import apply_assays
from assays.models import Assay
from assays.sync import store, visit
from assays.upstream import Client
from tests.support import messages
from tests.support.messages import START, Message
from tests.support.upstream import Upstream, serving

HOUR = timedelta(hours=1)
TRUE_SCORE = 4.1648763041561505
"""What the sample's bins give."""

Filled = Callable[..., Assay]


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serving() as running:
        yield running


@pytest.fixture
def filled(db: None, upstream: Upstream) -> Filled:
    """Keeps hourly windows of the given scores; called again it replaces upstream's results, and syncs."""

    def fill(scores: list[Any], now: datetime | None = None, **changes: Any) -> Assay:
        assay = messages.assay(**changes)
        ends = [START + HOUR * k for k in range(len(scores))]
        return sync(upstream, assay, messages.results(assay, ends, scores), now or ends[-1])

    return fill


def sync(upstream: Upstream, assay: Message, results: list[Message], now: datetime) -> Assay:
    upstream.assays[assay["id"]] = assay
    upstream.results[assay["id"]] = results
    upstream.runs[assay["id"]] = messages.runs(now, now + HOUR)
    client = Client(upstream.url, StaticToken())
    apply_assays(client.assays(), now)
    row = Assay.objects.get(pk=assay["id"])
    store([visit(client, row, now)], now)
    return Assay.objects.get(pk=assay["id"])
