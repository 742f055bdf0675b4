"""Prometheus metrics, read from the database at each scrape: every web process tells the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache

from django.conf import settings
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from redis import Redis
from redis.exceptions import RedisError

from assays import answers
from assays.models import AnswerSlot
from dashboard.access import Access
from dashboard.context import upstream
from dashboard.reads import health
from dashboard.reads.now import AssayNow, FieldNow, assays_now

CONTENT_TYPE = CONTENT_TYPE_LATEST
QUEUES = ("driftline", "tick")
HOUR = timedelta(hours=1)

ASSAY = ("assay_id", "assay", "workspace", "pipeline")


def exposition(access: Access, now: datetime) -> bytes:
    """Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Scrape(access, now))
    return generate_latest(registry)


class _Scrape(Collector):
    def __init__(self, access: Access, now: datetime) -> None:
        self._access, self._now = access, now

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Nothing beforehand: registering must not query."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        assays = assays_now(self._access)
        yield from _of_assays(assays, self._now)
        yield from _of_fields(assays)
        yield from _of_upstream(self._now)
        yield from _of_queues(self._access, self._now)


def _of_assays(assays: list[AssayNow], now: datetime) -> Iterator[GaugeMetricFamily]:
    state = GaugeMetricFamily("driftline_assay_state", "1 for the state the assay is in.", labels=(*ASSAY, "state"))
    lag = GaugeMetricFamily(
        "driftline_poll_lag_seconds", "For how long a run that was due has been outstanding.", labels=ASSAY
    )
    for assay in assays:
        state.add_metric((*_labels(assay), assay.state), 1)
        if assay.active:
            lag.add_metric(_labels(assay), max(0.0, (now - assay.next_run).total_seconds()) if assay.next_run else 0)
    yield state
    yield lag


def _of_fields(assays: list[AssayNow]) -> Iterator[GaugeMetricFamily]:
    labels = (*ASSAY, "field")
    score = GaugeMetricFamily("driftline_score", "Score of the newest window; absent without one.", labels=labels)
    end = GaugeMetricFamily("driftline_window_end_timestamp_seconds", "End of the newest window.", labels=labels)
    limit = GaugeMetricFamily("driftline_threshold", "The assay's thresholds.", labels=(*labels, "level"))
    for assay, field in ((each, field) for each in assays for field in each.fields):
        named = (*_labels(assay), field.field)
        if field.score is not None:
            score.add_metric(named, field.score)
        if field.window_end is not None:
            end.add_metric(named, field.window_end.timestamp())
        for level, value in _thresholds(field):
            limit.add_metric((*named, level), value)
    yield from (score, end, limit)


def _thresholds(field: FieldNow) -> Iterator[tuple[str, float]]:
    if field.warning is not None:
        yield "warning", field.warning
    if field.alert is not None:
        yield "alert", field.alert


def _labels(assay: AssayNow) -> tuple[str, ...]:
    return str(assay.id), assay.name, assay.workspace_name, assay.pipeline_name


def _of_upstream(now: datetime) -> Iterator[GaugeMetricFamily]:
    row = upstream()
    up = 1 if row.reachable else 0
    yield GaugeMetricFamily("driftline_upstream_up", "Whether the assays API answers.", up)
    if row.last_answer_at:
        at = row.last_answer_at.timestamp()
        yield GaugeMetricFamily("driftline_upstream_last_answer_timestamp_seconds", "When it last answered.", at)
    if row.ticked_at:
        at = row.ticked_at.timestamp()
        yield GaugeMetricFamily("driftline_last_tick_timestamp_seconds", "When polling last looked what is due.", at)
    yield from _of_calls(list(AnswerSlot.objects.filter(began_at__gt=now - HOUR)))


def _of_calls(slots: list[AnswerSlot]) -> Iterator[GaugeMetricFamily]:
    calls = GaugeMetricFamily("driftline_upstream_calls_last_hour", "Calls to the assays API.", labels=("result",))
    timed_out = sum(slot.timeouts for slot in slots)
    calls.add_metric(("answered",), sum(slot.calls for slot in slots) - timed_out)
    calls.add_metric(("timed out",), timed_out)
    yield calls
    seconds = GaugeMetricFamily(
        "driftline_upstream_seconds_last_hour", "Seconds until the assays API answered.", labels=("quantile",)
    )
    for share in (0.5, 0.95, 0.99):
        if (value := answers.quantile(slots, share)) is not None:
            seconds.add_metric((str(share),), value)
    yield seconds


def _of_queues(access: Access, now: datetime) -> Iterator[GaugeMetricFamily]:
    waiting = health.queue(access, now)
    yield GaugeMetricFamily("driftline_polls_due", "Assays whose poll is due.", waiting.due)
    yield GaugeMetricFamily("driftline_polls_under_way", "Assays that are being polled.", waiting.under_way)
    yield GaugeMetricFamily("driftline_catching_up", "Assays whose past is still being read.", waiting.catching_up)
    depth = GaugeMetricFamily("driftline_queue_depth", "Tasks that wait in Redis.", labels=("queue",))
    try:
        for queue in QUEUES:
            depth.add_metric((queue,), float(_redis().llen(queue)))
    except (OSError, RedisError):
        return
    yield depth


@cache
def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL)
