"""From an upstream on a real socket to a mailbox and a webhook: what people hear, and what they are spared."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assays import breaker, polling
from assays.credentials import StaticToken
from assays.incidents import store as incidents
from assays.incidents.models import Incident, Kind
from assays.listing import apply_assays
from assays.models import Assay
from assays.notices.models import Delivery
from assays.polling import Poller
from assays.sync import run_pass
from assays.upstream import Client, Limits
from tests.assays.notices.conftest import add_route, send_all
from tests.support import messages
from tests.support.messages import runs
from tests.support.receivers import Mailbox, Receiver
from tests.support.story import MINUTE, Story, at
from tests.support.upstream import Reply, Upstream, serving

pytestmark = pytest.mark.slow

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
BAD, OK = 0.3, 0.05


@pytest.fixture(autouse=True)
def _routes(db: None, receiver: Receiver, mailbox: Mailbox) -> None:
    add_route(receiver.url, "webhook")
    add_route(mailbox.address, "mail")


def read_all(upstream: Upstream) -> None:
    client, now = Client(upstream.url, StaticToken()), datetime.now(UTC)
    apply_assays(client.assays(), now)
    for _ in run_pass(client, list(Assay.objects.values_list("pk", flat=True)), 2):
        pass
    incidents.redo(datetime.now(UTC))


@pytest.mark.django_db
def test_a_fresh_start_with_a_year_of_history_sends_nothing(receiver: Receiver, mailbox: Mailbox) -> None:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    ends = [midnight - DAY * n for n in range(365)][::-1]
    chance = random.Random(3)
    with serving() as upstream:
        for number in range(1, 5):
            assay = messages.assay(number, first_run=ends[0], unit="Day", width=DAY)
            upstream.assays[assay["id"]] = assay
            scores = [chance.choice([OK, OK, OK, 0.15, BAD, "it failed"]) for _ in ends[:-1]] + [BAD]
            upstream.results[assay["id"]] = messages.results(assay, ends, scores)
            upstream.runs[assay["id"]] = runs(midnight, midnight + DAY)
        read_all(upstream)
    send_all(HOUR)
    assert Incident.objects.count() > 100
    assert Incident.objects.filter(closed_at=None).count() >= 4
    assert not receiver.calls
    assert not mailbox.mails


@pytest.mark.django_db
@pytest.mark.parametrize("order", range(5))
def test_thirty_bad_windows_in_any_order_are_one_incident_and_one_message_each_way(
    order: int, receiver: Receiver, mailbox: Mailbox
) -> None:
    story = Story(unit="Minute", quantity=30, width=30 * MINUTE)
    story.hourly(0, OK)
    hours = [number / 2 for number in range(1, 31)]
    random.Random(order).shuffle(hours)
    newest = 0.0
    for hour in hours:
        newest = max(newest, hour)
        told = {"now": at(15) + MINUTE, "told_at": at(15), "last": newest, "since": hour - 0.5}
        story.arrives({hour: BAD}, **told)
        send_all()
    assert [(row.kind, row.count, row.closed_at) for row in Incident.objects.all()] == [(Kind.DRIFT, 30, None)]
    assert receiver.events == ["opened"]
    assert len(mailbox.mails) == 1
    story.arrives({15.5: OK}, since=15)
    send_all()
    assert receiver.events == ["opened", "resolved"]
    assert [mail["Subject"].split(":")[0] for mail in mailbox.mails] == ["Alert", "Over"]
    assert len({call.json["key"] for call in receiver.calls}) == 1


@pytest.mark.django_db
def test_what_opened_during_a_downtime_and_lasts_is_told_once_as_a_summary(
    receiver: Receiver, mailbox: Mailbox
) -> None:
    lasting, passing = Story(1), Story(2)
    for story, ending in ((lasting, BAD), (passing, OK)):
        story.hourly(0, OK)
        story.arrives({**dict.fromkeys(range(1, 9), BAD), 9: ending}, now=at(9) + HOUR, since=0)
    send_all()
    assert not receiver.calls, "it waits for more"
    send_all(HOUR)
    assert receiver.events == ["summary"]
    assert [told["assay"]["name"] for told in receiver.calls[0].json["incidents"]] == ["assay 1"]
    assert [mail["Subject"] for mail in mailbox.mails] == ["Alert: drift in out.score of assay 1"]
    lasting.arrives({10: OK}, now=at(10) + MINUTE)
    send_all()
    assert receiver.events == ["summary", "resolved"]
    assert receiver.calls[0].json["key"] == receiver.calls[1].json["key"]


@pytest.mark.django_db(transaction=True)
def test_an_upstream_that_is_down_for_500_assays_is_one_incident_and_one_message(
    receiver: Receiver, mailbox: Mailbox
) -> None:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    with serving() as upstream:
        for number in range(1, 501):
            assay = messages.assay(number, first_run=now - HOUR, unit="Minute", width=MINUTE)
            upstream.assays[assay["id"]] = assay
            upstream.runs[assay["id"]] = runs(None, now + MINUTE)
        client = Client(upstream.url, StaticToken(), limits=Limits(connect=1, read=5))
        apply_assays(client.assays(), now)
        upstream.misbehave.append(hang_up)
        poll_everything(client)
        send_all()
        assert [row.kind for row in Incident.objects.all()] == [Kind.UNREACHABLE]
        assert receiver.events == ["opened"]
        assert [mail["Subject"] for mail in mailbox.mails] == ["The assays API does not answer"]
        upstream.misbehave.clear()
        breaker.probe(client)
    send_all()
    assert receiver.events == ["opened", "resolved"]
    assert len(mailbox.mails) == 2
    assert Delivery.objects.count() == 4


def hang_up(path: str, body: dict[str, Any]) -> Reply:
    return Reply(hang_up=True)


def poll_everything(client: Client) -> None:
    """Until the breaker opens."""
    poller = Poller(client, threads=16)
    for ids in polling.batches(polling.claim(datetime.now(UTC) + 2 * MINUTE)):
        poller.poll(ids)
    deadline = time.monotonic() + 60
    while not (breaker.is_open() and poller.idle()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    poller.close()
