"""What an overview row says of an assay: late, paused, ended, gone, or as its worst field stands."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from assays.credentials import StaticToken
from assays.listing import apply_assays
from assays.models import Assay, Field, Pause
from assays.states import State
from assays.sync import store, visit
from assays.upstream import Client
from tests.support import messages
from tests.support.messages import START, runs
from tests.support.upstream import Upstream, serving, text

pytestmark = pytest.mark.django_db

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class Watch:
    """One assay with a run each hour, visited at times of the test's choice."""

    def __init__(self, upstream: Upstream, **assay: Any) -> None:
        self.upstream = upstream
        self.message = messages.assay(**assay)
        self.key = self.message["id"]
        upstream.assays[self.key] = self.message

    def windows(self, *scores: Any) -> None:
        """One window an hour from START on; None is one without data."""
        pairs = [(START + HOUR * n, score) for n, score in enumerate(scores)]
        self.upstream.results[self.key] = [
            messages.result(self.message, end, score) for end, score in pairs if score is not None
        ]
        last = pairs[-1][0]
        self.upstream.runs[self.key] = runs(last, last + HOUR if self.message["active"] else None)

    def seen_at(self, now: datetime) -> Assay:
        client = Client(self.upstream.url, StaticToken())
        apply_assays(client.assays(), now)
        store([visit(client, Assay.objects.get(), now)], now)
        return Assay.objects.get()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serving() as upstream:
        yield upstream


def test_an_assay_stands_as_its_newest_window(upstream: Upstream) -> None:
    watch = Watch(upstream)
    watch.windows(0.05, 0.3, 0.25)
    row = watch.seen_at(START + 2 * HOUR + MINUTE)
    assert (row.state, row.state_since, row.ratio) == (State.ALERT, START + HOUR, pytest.approx(1.25))
    field = Field.objects.get()
    assert (field.streak, field.peak, field.rows) == (2, 0.3, 256)
    top = field.top_bin
    assert top is not None
    assert (top.label, top.before, top.after, top.part) == ("< 20%", 0.2, 1.0, 1.0)


def test_the_worst_field_speaks_for_its_assay(upstream: Upstream) -> None:
    watch = Watch(upstream, fields={"out.a": (0.2, 0.4), "in.b": (0.1, 0.2)})
    watch.windows(0.3)
    row = watch.seen_at(START + MINUTE)
    assert row.worst_field is not None
    assert (row.state, row.worst_field.key) == (State.ALERT, "in.b")


def test_failed_windows_do_not_break_a_bad_run_and_are_not_counted(upstream: Upstream) -> None:
    watch = Watch(upstream)
    watch.windows(0.05, 0.15, "no such column", None, 0.3)
    watch.seen_at(START + 4 * HOUR + MINUTE)
    field = Field.objects.get()
    assert (field.since, field.streak, field.peak) == (START + HOUR, 2, 0.3)


def test_windows_without_data_say_since_when(upstream: Upstream) -> None:
    watch = Watch(upstream)
    watch.windows(0.3, None, None)
    row = watch.seen_at(START + 2 * HOUR + MINUTE)
    field = Field.objects.get()
    assert (row.state, field.since, field.streak) == (State.NO_DATA, START + HOUR, 2)
    assert (field.score, field.ratio, field.top_bin) == (None, None, None)


def test_an_assay_is_late_once_upstream_was_asked_after_the_grace_and_is_not_when_the_run_comes(
    upstream: Upstream,
) -> None:
    watch = Watch(upstream)
    watch.windows(0.05)
    assert watch.seen_at(START + HOUR + 5 * MINUTE).state == State.OK
    row = watch.seen_at(START + HOUR + 7 * MINUTE)
    assert (row.state, row.state_since) == (State.LATE, START + HOUR)
    watch.windows(0.05, 0.05)
    assert watch.seen_at(START + HOUR + 8 * MINUTE).state == State.OK


def test_an_assay_that_works_off_its_past_is_not_late(upstream: Upstream) -> None:
    watch = Watch(upstream)
    watch.windows(0.05)
    assert watch.seen_at(START + 9 * HOUR).state == State.LATE
    watch.windows(0.05, 0.05)
    assert watch.seen_at(START + 9 * HOUR + MINUTE).state == State.OK, "its runs keep coming"
    assert watch.seen_at(START + 9 * HOUR + 10 * MINUTE).state == State.LATE, "and now they do not"


def test_a_failing_upstream_makes_no_assay_late(upstream: Upstream) -> None:
    watch = Watch(upstream)
    watch.windows(0.05)
    watch.seen_at(START + MINUTE)
    down = Client("http://127.0.0.1:9", StaticToken())
    store([visit(down, Assay.objects.get(), START + 9 * HOUR)], START + 9 * HOUR)
    row = Assay.objects.get()
    assert row.state == State.OK, "it is stale, and keeps its last state"
    assert row.last_error


def test_a_paused_assay_is_paused_since_the_first_run_it_missed(upstream: Upstream) -> None:
    watch = Watch(upstream, active=False)
    watch.message["updated_at"] = text(START + 30 * HOUR)
    watch.windows(0.05, 0.05)
    row = watch.seen_at(START + 31 * HOUR)
    assert (row.state, row.state_since) == (State.PAUSED, START + 2 * HOUR)
    assert Pause.objects.get().began_at == START + 2 * HOUR
    slots = Field.objects.get().recent_windows()
    assert [slot.state for slot in slots[:3]] == [State.OK, State.OK, State.PAUSED]
    assert len(slots) == 14, "a pause takes a quarter of the slots at most"


def test_a_pause_did_not_begin_before_a_run_that_came_later_than_it_seemed_to(upstream: Upstream) -> None:
    watch = Watch(upstream, active=False)
    watch.message["updated_at"] = text(START + 30 * HOUR)
    watch.windows(0.05, 0.05)
    watch.seen_at(START + 31 * HOUR)
    watch.windows(*[0.05] * 20)
    assert watch.seen_at(START + 32 * HOUR).paused_since == START + 20 * HOUR
    assert Pause.objects.get().began_at == START + 20 * HOUR


def test_an_assay_has_ended_when_its_last_run_has_come(upstream: Upstream) -> None:
    watch = Watch(upstream, end=START + 2 * HOUR + 30 * MINUTE)
    watch.windows(0.05, 0.05)
    assert watch.seen_at(START + 9 * HOUR).state == State.LATE
    watch.windows(0.05, 0.05, 0.05)
    row = watch.seen_at(START + 9 * HOUR + MINUTE)
    assert (row.state, row.state_since) == (State.ENDED, START + 2 * HOUR + 30 * MINUTE)


def test_an_assay_without_a_window_is_new(upstream: Upstream) -> None:
    watch = Watch(upstream)
    upstream.runs[watch.key] = runs(None, START + HOUR)
    assert watch.seen_at(START).state == State.NEW


def test_an_assay_on_cron_stands_by_the_windows_there_are(upstream: Upstream) -> None:
    watch = Watch(upstream)
    watch.message["scheduling"]["run_frequency"] = {"Cron": "5 4 * * *"}
    watch.windows(*[0.05] * 60, 0.3)
    row = watch.seen_at(START + 61 * HOUR)
    assert row.state == State.ALERT
    assert len(Field.objects.get().recent_windows()) == 48
