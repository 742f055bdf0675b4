"""A ping while all is well, and none when Driftline itself stands still."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django import Settings

from assays.models import Assay, Upstream
from assays.notices import heartbeat
from assays.notices.models import Delivery, Route
from tests.assays.notices.conftest import HOUR, add_route, make_incident, tell
from tests.support.receivers import Receiver

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _ticking(settings: Settings, receiver: Receiver) -> None:
    settings.HEARTBEAT_URL = f"{receiver.url}/ping/s3cr3t"
    settings.NOTICE_NETWORKS = []
    Upstream.objects.create(pk=1, reachable=True, ticked_at=datetime.now(UTC))


def beats(receiver: Receiver) -> bool:
    receiver.calls.clear()
    said = heartbeat.beat(datetime.now(UTC))
    assert said == bool(receiver.calls)
    return said


def test_a_healthy_pass_pings_also_into_a_private_network(receiver: Receiver) -> None:
    assert beats(receiver)
    assert [(call.method, call.path) for call in receiver.calls] == [("GET", "/ping/s3cr3t")]


def test_nothing_is_pinged_when_nothing_is_set(receiver: Receiver, settings: Settings) -> None:
    settings.HEARTBEAT_URL = ""
    assert not beats(receiver)


def test_no_tick_no_ping(receiver: Receiver) -> None:
    Upstream.objects.update(ticked_at=datetime.now(UTC) - HOUR)
    assert not beats(receiver)


def test_polls_that_do_not_happen_are_unhealthy_unless_upstream_is_away(assay: Assay, receiver: Receiver) -> None:
    Assay.objects.update(next_poll_at=datetime.now(UTC) - HOUR)
    assert not beats(receiver)
    Upstream.objects.update(reachable=False)
    assert beats(receiver)


def test_messages_that_nobody_tries_are_unhealthy_and_a_route_that_fails_is_not(
    assay: Assay, receiver: Receiver
) -> None:
    Assay.objects.update(next_poll_at=None)
    add_route("slack://TokenA1234/TokenB/TokenC")
    tell(make_incident(assay))
    assert beats(receiver)
    Delivery.objects.update(due_at=datetime.now(UTC) - HOUR)
    assert not beats(receiver)
    Route.objects.update(blocked_until=datetime.now(UTC) + timedelta(minutes=5))
    assert beats(receiver)


def test_a_ping_that_does_not_arrive_is_logged_without_its_address(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status = 404
    assert not heartbeat.beat(datetime.now(UTC))
    assert "the heartbeat does not arrive: 127.0.0.1 answers with status 404" in caplog.text
    assert "s3cr3t" not in caplog.text
