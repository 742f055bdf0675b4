"""A reading process that is killed at any moment leaves a cache that the next reading completes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import timedelta

import pytest

from assays.credentials import StaticToken
from assays.models import Result
from assays.upstream import Client
from tests.assays.test_polling import database_url
from tests.assays.test_sync import HOUR, add, assert_equals_truth, hours, read
from tests.support import messages
from tests.support.messages import START
from tests.support.upstream import RESULTS, Upstream, serving

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

WINDOWS = 5_000
NOW = START + WINDOWS * HOUR
READER = """
import sys
from datetime import datetime
import django
django.setup()
from assays.credentials import StaticToken
from assays.listing import apply_assays
from assays.models import Assay
from assays.sync import store, visit
from assays.upstream import Client
client, now = Client(sys.argv[1], StaticToken()), datetime.fromisoformat(sys.argv[2])
apply_assays(client.assays(), now)
while True:
    store([visit(client, assay, now) for assay in Assay.objects.all()], now)
"""


def kill_a_reader(upstream: Upstream, asks: int, after: timedelta) -> None:
    """SIGKILL so long after the process has asked for results so many times, while it reads or stores them."""
    environment = os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
    enough = upstream.calls[RESULTS] + asks
    process = subprocess.Popen([sys.executable, "-c", READER, upstream.url, NOW.isoformat()], env=environment)
    deadline = time.monotonic() + 30
    while upstream.calls[RESULTS] < enough:
        assert process.poll() is None, "the reader ended by itself"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    time.sleep(after.total_seconds())
    process.kill()
    assert process.wait() == -9


def test_readers_killed_while_they_read_and_store_lose_and_double_nothing() -> None:
    with serving() as upstream:
        add(upstream, messages.assay(1), hours(0, WINDOWS), [0.05, 0.15, 0.3, 0.05] * (WINDOWS // 4), NOW - HOUR)
        kill_a_reader(upstream, 2, timedelta(0))
        assert 0 < Result.objects.count() < WINDOWS, "it was killed between two steps"
        for milliseconds in (0, 40, 80, 160):
            kill_a_reader(upstream, 1, timedelta(milliseconds=milliseconds))
        read(Client(upstream.url, StaticToken()), NOW)
        assert_equals_truth(upstream)
        assert Result.objects.count() == WINDOWS
