"""Answer times by quarters of an hour."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assays import answers
from assays.answers import Recorder, bucket, quantile
from assays.models import AnswerSlot
from assays.upstream import LIST, Answered
from tests.support.messages import START

pytestmark = pytest.mark.django_db


def record(recorder: Recorder, *seconds: float, minute: int = 0, timed_out: bool = False) -> None:
    for length in seconds:
        recorder(Answered(LIST, START + timedelta(minutes=minute), length, timed_out))


def test_calls_are_kept_by_the_quarter_and_added_up() -> None:
    recorder = Recorder()
    record(recorder, 0.1, 0.2)
    record(recorder, 10.0, minute=16, timed_out=True)
    recorder.keep()
    record(recorder, 0.4, minute=14)
    recorder.keep()
    first, second = AnswerSlot.objects.order_by("began_at")
    assert (first.began_at, first.calls, first.timeouts, first.slowest) == (START, 3, 0, 0.4)
    assert (second.began_at, second.timeouts) == (START + timedelta(minutes=15), 1)


def test_quantiles_are_right_to_the_edge_of_a_bucket() -> None:
    recorder = Recorder()
    record(recorder, *[0.1] * 95, *[2.0] * 5)
    recorder.keep()
    slots = list(AnswerSlot.objects.all())
    assert quantile(slots, 0.5) == pytest.approx(0.1, rel=0.2)
    assert quantile(slots, 0.95) == pytest.approx(0.1, rel=0.2)
    assert quantile(slots, 0.99) == pytest.approx(2.0, rel=0.2)


def test_without_calls_there_is_no_quantile() -> None:
    assert quantile([], 0.5) is None


@pytest.mark.parametrize("seconds", [0.0, 0.001, 0.05, 1.0, 60.0, 1e9])
def test_a_bucket_holds_its_time(seconds: float) -> None:
    edge = 2 ** ((bucket(seconds) + 1) / 4) / 1000
    assert seconds < edge or bucket(seconds) == answers.BUCKETS - 1


def test_old_quarters_are_forgotten() -> None:
    AnswerSlot.objects.create(began_at=START)
    answers.forget(START + answers.KEPT)
    assert AnswerSlot.objects.count() == 1
    answers.forget(START + answers.KEPT + timedelta(minutes=1))
    assert AnswerSlot.objects.count() == 0
