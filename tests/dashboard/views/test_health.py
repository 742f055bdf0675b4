"""Health: the monitor's own verdict."""

from __future__ import annotations

from datetime import timedelta

import msgspec
from django.test import Client
from django.utils import timezone

from assays.answers import quarter
from assays.models import AnswerSlot, Upstream, UpstreamError
from tests.dashboard.conftest import Fill
from tests.support.messages import sample


def page(browser: Client) -> str:
    return browser.get("/health/").content.decode()


def ticking() -> None:
    Upstream.objects.update(ticked_at=timezone.now())


def test_a_monitor_that_keeps_up_says_so(viewer: Client, fill: Fill) -> None:
    fill([0.05])
    ticking()
    assert "The monitor keeps up. No assay needs a look." in page(viewer)


def test_failing_assays_are_named_with_their_error(viewer: Client, fill: Fill) -> None:
    fill(["<i>no such field</i>"], name="gust")
    ticking()
    text = page(viewer)
    assert "The monitor keeps up. One assay needs a look." in text
    assert "gust fails for" in text
    assert "&lt;i&gt;no such field" in text


def test_a_stalled_poll_is_told(viewer: Client, fill: Fill) -> None:
    fill([0.05])
    assert "Polling has not started yet." in page(viewer)
    Upstream.objects.update(ticked_at=timezone.now() - timedelta(minutes=5))
    assert "Polling stands still." in page(viewer)


def test_errors_are_told_in_their_own_words_and_counted(viewer: Client, fill: Fill) -> None:
    assay = fill([0.05])
    now = timezone.now()
    UpstreamError.objects.create(
        assay=assay, endpoint="get_results", text="ReadTimeout: no answer in 10 s", first_at=now, last_at=now, count=21
    )
    text = page(viewer)
    assert "ReadTimeout: no answer in 10 s" in text
    assert "21×" in text


def test_features_are_shown_as_upstream_reports_them(viewer: Client, fill: Fill) -> None:
    fill([0.05])
    Upstream.objects.update(features=msgspec.json.encode(sample("features")))
    text = page(viewer)
    assert "<dt>plateau</dt><dd>true</dd>" in text
    assert "Wallaroo Dev" in text


def test_features_that_cannot_be_read_break_nothing(viewer: Client, fill: Fill) -> None:
    fill([0.05])
    Upstream.objects.update(features=b'{"features": 3}')
    assert "Not read yet." in page(viewer)


def test_answer_times_stand_over_their_quarters(viewer: Client, fill: Fill) -> None:
    fill([0.05])
    histogram = msgspec.msgpack.encode([0] * 30 + [4] + [0] * 33)
    AnswerSlot.objects.create(began_at=quarter(timezone.now()), calls=4, timeouts=1, slowest=0.26, histogram=histogram)
    text = page(viewer)
    assert "median of 4 calls" in text
    assert "1 time-out in 24 h" in text
    assert "at most 260" in text
