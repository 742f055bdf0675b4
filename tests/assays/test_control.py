"""Switching: one post, an audit row before it, and only a re-read says what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from assays import breaker, control, instance
from assays.credentials import StaticToken
from assays.errors import Rejected
from assays.listing import apply_assays
from assays.models import Assay, Outcome, Pause, Switch
from assays.states import State
from assays.upstream import Client, Limits
from tests.support import messages
from tests.support.messages import START, runs
from tests.support.upstream import FEATURES, GET, SET_ACTIVE, Message, Reply, Upstream, as_json, serving

pytestmark = pytest.mark.django_db(transaction=True)

ASSAY = messages.assay()


@pytest.fixture
def upstream(monkeypatch: pytest.MonkeyPatch) -> Iterator[Upstream]:
    with serving() as upstream:
        upstream.assays[ASSAY["id"]] = dict(ASSAY)
        client = Client(upstream.url, StaticToken(), limits=Limits(connect=1, read=0.4))
        monkeypatch.setattr(instance, "client", lambda: client)
        apply_assays(client.assays(), datetime.now(UTC))
        yield upstream


@pytest.fixture
def operator() -> Any:
    return get_user_model().objects.create_user("ada")


def turn_off(operator: Any, why: str = "timetable change") -> Switch:
    return control.switch(Assay.objects.get(), False, operator, why)


def later(row: Switch) -> Switch:
    """The same change, as if asked long ago and due to be confirmed."""
    Switch.objects.filter(pk=row.pk).update(
        asked_at=row.asked_at - control.CONTRADICTED_AFTER - timedelta(minutes=1), asks_again_at=row.asked_at
    )
    control.settle_open()
    row.refresh_from_db()
    return row


def test_a_switch_is_done_when_a_re_read_confirms_it(upstream: Upstream, operator: Any) -> None:
    row = turn_off(operator)
    assert (row.outcome, row.who, row.why, row.was_active, row.to_active) == (
        Outcome.DONE,
        "ada",
        "timetable change",
        True,
        False,
    )
    assert row.settled_at is not None
    assay = Assay.objects.get()
    assert (assay.active, assay.state) == (False, State.PAUSED)
    assert Pause.objects.get().ended_at is None
    assert control.switch(assay, True, operator).outcome == Outcome.DONE
    assert Pause.objects.get().ended_at is not None


def test_a_time_out_leaves_the_outcome_unknown_and_nothing_is_posted_again(upstream: Upstream, operator: Any) -> None:
    upstream.misbehave.append(lambda path, _: Reply(delay=1) if path == SET_ACTIVE else None)
    row = turn_off(operator)
    assert row.outcome == Outcome.UNKNOWN
    assert "ReadTimeout" in row.detail
    Switch.objects.update(asks_again_at=row.asked_at)
    control.settle_open()
    row.refresh_from_db()
    assert row.outcome == Outcome.UNKNOWN, "upstream may still be at it"
    upstream.switch(ASSAY["id"], False)
    Switch.objects.update(asks_again_at=row.asked_at)
    control.settle_open()
    row.refresh_from_db()
    assert row.outcome == Outcome.DONE
    assert upstream.calls[SET_ACTIVE] == 1


def test_a_change_that_never_shows_is_contradicted_in_the_end(upstream: Upstream, operator: Any) -> None:
    upstream.misbehave.append(lambda path, _: Reply() if path == SET_ACTIVE else None)
    row = turn_off(operator)
    assert row.outcome == Outcome.PENDING
    assert later(row).outcome == Outcome.CONTRADICTED
    assert Assay.objects.get().active


def test_while_nothing_can_be_read_the_outcome_stays_unknown(upstream: Upstream, operator: Any) -> None:
    upstream.misbehave.append(lambda path, _: Reply(status=500) if path in (GET, SET_ACTIVE) else None)
    row = turn_off(operator)
    assert later(row).outcome == Outcome.UNKNOWN
    assert row.asks_again_at is not None


def test_a_change_of_an_assay_that_has_vanished_since_is_not_asked_about_for_ever(
    upstream: Upstream, operator: Any
) -> None:
    upstream.misbehave.append(lambda path, _: Reply(delay=1) if path == SET_ACTIVE else None)
    row = turn_off(operator)
    del upstream.assays[ASSAY["id"]]
    assert (later(row).outcome, row.asks_again_at) == (Outcome.CONTRADICTED, None)
    assert "no longer has" in row.detail


def test_a_refusal_is_kept_with_its_text(upstream: Upstream, operator: Any) -> None:
    upstream.misbehave.append(
        lambda path, _: as_json({"error": "not your workspace"}, 403) if path == SET_ACTIVE else None
    )
    row = turn_off(operator)
    assert (row.outcome, row.asks_again_at) == (Outcome.REFUSED, None)
    assert "not your workspace" in row.detail


@pytest.mark.parametrize("status", [204, 408])
def test_an_odd_answer_is_no_refusal(upstream: Upstream, operator: Any, status: int) -> None:
    upstream.misbehave.append(lambda path, _: Reply(b"", status) if path == SET_ACTIVE else None)
    row = turn_off(operator)
    assert row.outcome == Outcome.UNKNOWN
    upstream.switch(ASSAY["id"], False)
    assert later(row).outcome == Outcome.DONE
    assert upstream.calls[SET_ACTIVE] == 1


def test_only_one_change_of_an_assay_is_under_way(upstream: Upstream, operator: Any) -> None:
    upstream.misbehave.append(lambda path, _: Reply(delay=1) if path == SET_ACTIVE else None)
    turn_off(operator)
    with pytest.raises(control.Locked, match="under way"):
        turn_off(operator)
    assert upstream.calls[SET_ACTIVE] == 1


def test_the_audit_is_written_before_anything_is_sent(upstream: Upstream, operator: Any) -> None:
    upstream.misbehave.append(_dies_at_the_post)
    with pytest.raises(KeyboardInterrupt):
        _interrupted(operator)
    row = Switch.objects.get()
    assert row.outcome == Outcome.PENDING
    assert later(row).outcome == Outcome.CONTRADICTED


def _dies_at_the_post(path: str, _: Message) -> Reply | None:
    return Reply(hang_up=True) if path == SET_ACTIVE else None


def _interrupted(operator: Any) -> None:
    client = instance.client()

    class Dying:
        def set_active(self, *_: Any) -> None:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(instance, "client", Dying)
        turn_off(operator)
    assert client


def test_switches_are_locked_while_upstream_does_not_answer(upstream: Upstream, operator: Any) -> None:
    upstream.misbehave.append(lambda path, _: Reply(status=500) if path == FEATURES else None)
    assert not breaker.probe(instance.client())
    with pytest.raises(control.Locked, match="does not answer"):
        turn_off(operator)
    assert not Switch.objects.exists()


def test_an_assay_that_is_gone_is_not_switched(upstream: Upstream, operator: Any) -> None:
    Assay.objects.update(gone_since=datetime.now(UTC))
    with pytest.raises(control.Locked, match="no longer lists"):
        turn_off(operator)


def test_a_re_read_brings_the_assay_and_its_results(upstream: Upstream) -> None:
    upstream.results[ASSAY["id"]] = [messages.result(ASSAY, START, 0.3)]
    upstream.runs[ASSAY["id"]] = runs(START, None)
    control.reread(Assay.objects.get())
    assert Assay.objects.get().fields.get().score == 0.3


def test_a_re_read_that_fails_says_so(upstream: Upstream) -> None:
    row = Assay.objects.get()
    upstream.assays.clear()
    with pytest.raises(Rejected, match="404"):
        control.reread(row)
