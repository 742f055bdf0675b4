"""The doors that beat knocks at: what each hands out, and what none does while upstream is silent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from pytest_django import Settings

from assays import breaker, tasks
from assays.credentials import StaticToken
from assays.models import Assay, UpstreamError
from assays.models import Upstream as Row
from assays.notices import routes
from assays.upstream import Client
from dashboard.celery import app
from tests.assays.notices.conftest import make_assay, make_incident, tell
from tests.support import messages
from tests.support.receivers import receiving
from tests.support.upstream import FEATURES, LIST, Reply, Upstream, as_json, serving

pytestmark = pytest.mark.django_db


class Sent(list[tuple[str, tuple[Any, ...]]]):
    """What was handed to Celery, by task."""

    def of(self, task: str) -> list[tuple[Any, ...]]:
        return [arguments for name, arguments in self if name == f"assays.tasks.{task}"]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    sent = Sent()
    for task in (tasks.poll, tasks.sweep, tasks.probe, tasks.deliver_notices):
        monkeypatch.setattr(task, "delay", lambda *args, name=task.name: sent.append((name, args)))
    return sent


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    with serving() as upstream:
        client = Client(upstream.url, StaticToken())
        monkeypatch.setattr(tasks, "_client", lambda: client)
        for n in range(1, 121):
            assay = messages.assay(n)
            upstream.assays[assay["id"]] = assay
        yield upstream


def test_a_tick_hands_out_what_is_due_in_batches(upstream: Upstream, sent: Sent) -> None:
    tasks.refresh_list()
    tasks.tick()
    assert sorted(len(ids) for (ids,) in sent.of("poll")) == [20, 50, 50]
    tasks.tick()
    assert len(sent.of("poll")) == 3, "what is leased is not handed out again"
    assert Row.objects.get().ticked_at is not None


def test_odd_features_are_told_and_stop_nothing(upstream: Upstream) -> None:
    odd = as_json({"features": {"plateau": True}, "name": "early", "is_auth_enabled": True})
    upstream.misbehave.append(lambda path, _: odd if path == FEATURES else None)
    tasks.refresh_features()
    assert Row.objects.get().reachable
    assert "Expected `str`" in UpstreamError.objects.get().text


def test_the_list_is_kept_and_says_when(upstream: Upstream) -> None:
    tasks.refresh_list()
    assert Assay.objects.count() == 120
    row = Row.objects.get()
    assert (row.reachable, row.last_listed_at is not None) == (True, True)


def test_a_list_that_does_not_come_has_a_probe_find_out_why(upstream: Upstream, sent: Sent) -> None:
    upstream.misbehave.append(lambda path, _: Reply(b"<html>", 500) if path in (LIST, FEATURES) else None)
    tasks.refresh_list()
    assert breaker.is_open()
    assert {row.endpoint for row in UpstreamError.objects.all()} == {LIST, FEATURES}
    asked = upstream.calls.total()
    tasks.refresh_list()
    tasks.refresh_features()
    tasks.tick()
    assert upstream.calls.total() == asked, "while the breaker is open nothing is asked"
    assert sent == []
    Row.objects.update(probe_at=datetime.now(UTC) - timedelta(seconds=1))
    tasks.tick()
    tasks.tick()
    assert len(sent.of("probe")) == 1


def test_features_are_kept_as_they_came(upstream: Upstream) -> None:
    tasks.refresh_features()
    assert b'"plateau"' in Row.objects.get().features


def test_each_route_with_something_due_is_handed_out_once(sent: Sent, settings: Settings) -> None:
    settings.NOTICE_NETWORKS = ["127.0.0.0/8"]
    with receiving() as receiver:
        route = routes.add("hook", receiver.url, "test")
        tell(make_incident(make_assay(1)))
        tasks.send_notices()
        tasks.send_notices()
        assert sent.of("deliver_notices") == [(route.pk,)]
        tasks.deliver_notices(route.pk)
        assert receiver.events == ["opened"]


def test_every_scheduled_task_exists_and_expires_before_its_next_knock() -> None:
    app.loader.import_default_modules()  # as a worker does
    for entry in settings.CELERY_BEAT_SCHEDULE.values():
        assert entry["task"] in app.tasks
        assert entry["options"]["expires"] <= entry["schedule"]


def test_the_tick_has_a_queue_of_its_own() -> None:
    assert settings.CELERY_TASK_ROUTES["assays.tasks.tick"] == {"queue": "tick"}
    assert settings.CELERY_TASK_DEFAULT_QUEUE == "driftline"
