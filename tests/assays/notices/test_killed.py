"""A sender that is killed at any moment loses nothing, and repeats only what nobody can know to have arrived."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from assays.models import Assay
from assays.notices import sending
from assays.notices.models import Delivery, Outcome, Route
from tests.assays.notices.conftest import add_route, make_incident, send_all, tell
from tests.assays.test_polling import database_url
from tests.support.receivers import Receiver

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SENDER = """
import sys, time
from datetime import UTC, datetime
import django
django.setup()
from django.conf import settings
from assays.notices import sending
settings.NOTICE_NETWORKS = ["127.0.0.0/8"]
sending.BURST = 1_000
claimed = sending.claim(datetime.now(UTC))
print("claimed", flush=True)
time.sleep(float(sys.argv[1]))
for pk in claimed:
    sending.deliver(pk)
"""


@pytest.fixture(autouse=True)
def _no_summaries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "BURST", 1_000)


def sender(rest: float = 0.0) -> subprocess.Popen[bytes]:
    """One that has claimed its routes, and rests before it begins to send."""
    environment = os.environ | {"DATABASE_URL": database_url(), "DJANGO_SETTINGS_MODULE": "dashboard.settings"}
    process = subprocess.Popen([sys.executable, "-c", SENDER, str(rest)], env=environment, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"claimed\n"
    return process


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def wait(until: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def let_the_lease_end() -> None:
    Route.objects.update(leased_until=datetime.now(UTC) - timedelta(seconds=1))


def test_killed_after_the_claim_it_is_sent_once_by_the_next(assay: Assay, receiver: Receiver) -> None:
    add_route(receiver.url)
    tell(make_incident(assay))
    kill(sender(rest=60))
    send_all()
    assert not receiver.calls, "the lease of the one that died lasts"
    let_the_lease_end()
    send_all()
    assert receiver.events == ["opened"]


def test_killed_between_the_providers_yes_and_its_own_note_it_repeats_the_message_with_the_same_ids(
    assay: Assay, receiver: Receiver
) -> None:
    add_route(receiver.url)
    tell(make_incident(assay))
    receiver.open.clear()
    process = sender()
    wait(lambda: receiver.calls)
    kill(process)
    receiver.open.set()
    row = Delivery.objects.get()
    assert (row.outcome, row.tries) == (Outcome.WAITING, 1)
    let_the_lease_end()
    send_all(timedelta(minutes=1))
    first, second = (call.json for call in receiver.calls)
    assert (first["id"], first["key"], first["event"]) == (second["id"], second["key"], second["event"])
    assert Delivery.objects.get().outcome == Outcome.SENT


def test_killed_again_and_again_it_loses_nothing_and_repeats_at_most_one_message_a_death(
    assay: Assay, receiver: Receiver
) -> None:
    add_route(receiver.url)
    for _ in range(60):
        tell(make_incident(assay))
    chance = random.Random(5)
    deaths = 0
    while Delivery.objects.filter(outcome=Outcome.WAITING).count() > 20:
        enough = len(receiver.calls) + chance.randint(1, 8)
        process = sender()
        wait(lambda enough=enough: len(receiver.calls) >= enough)  # type: ignore[misc]
        kill(process)
        deaths += 1
        let_the_lease_end()
        Delivery.objects.filter(outcome=Outcome.WAITING).update(due_at=datetime.now(UTC))
    assert deaths > 2, "it was killed while it worked"
    send_all(timedelta(hours=1))
    arrived = Counter(call.json["id"] for call in receiver.calls)
    assert set(arrived) == {str(pk) for pk in Delivery.objects.values_list("pk", flat=True)}
    assert sum(arrived.values()) - len(arrived) <= deaths
