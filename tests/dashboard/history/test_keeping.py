"""Kept days: the same as counting them, right again as soon as the past changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.core.cache import cache
from pytest_django import DjangoAssertNumQueries, Settings

from assays import rollups
from assays.models import HourRollup, Pause, Score
from assays.schedule import micros
from assays.states import State
from dashboard.history import keeping
from dashboard.history.counting import count
from dashboard.history.days import Days
from dashboard.history.models import Revision
from tests.dashboard.conftest import Fill
from tests.dashboard.history.conftest import HOUR, START, Watch, recount

NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
QUERIES_OF_A_STAMP = 2


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_what_is_kept_is_what_counting_finds(watch: Watch, zone: str) -> None:
    states = (State.OK, State.ALERT, State.WARNING, State.FAILED)
    fields = [watch({START + HOUR * k: states[k * n % 4] for k in range(0, 1250, n)}, n) for n in (1, 2, 3)]
    ids = np.array([field.pk for field in fields])
    days = Days(date(2026, 3, 5), 46, ZoneInfo(zone))
    counted = count(ids, days)
    assert np.array_equal(keeping.counts(ids, days, NOW), counted)
    assert np.array_equal(keeping.counts(ids, days, NOW), counted)
    some = ids[[0, 2]]
    assert np.array_equal(keeping.counts(some, days, NOW), counted[[0, 2]])


def test_days_that_are_kept_ask_the_database_for_nothing_but_their_stamp(
    watch: Watch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ids = np.array([watch({START: State.OK}).pk])
    days = Days(date(2026, 2, 1), 79, UTC)
    keeping.counts(ids, days, NOW)
    with django_assert_num_queries(QUERIES_OF_A_STAMP):
        keeping.counts(ids, days, NOW)


def test_a_day_to_come_has_no_window(watch: Watch) -> None:
    ids = np.array([watch({START: State.OK}).pk])
    counted = keeping.counts(ids, Days(date(2026, 3, 1), 90, UTC), NOW)
    assert counted.shape == (1, 90, 5)
    assert counted.sum() == 1


def test_the_past_is_counted_again_when_it_changes(watch: Watch) -> None:
    field = watch({START + HOUR * k: State.OK for k in range(24)})
    ids, days = np.array([field.pk]), Days(date(2026, 3, 1), 1, UTC)
    assert keeping.counts(ids, days, NOW)[0, 0].tolist() == [24, 0, 0, 0, 0]
    Score.objects.filter(field=field, window_end=START).update(state=State.ALERT)
    recount(field.assay, START, START + 23 * HOUR)
    keeping.note({field.assay_id: {micros(START)}})
    assert keeping.counts(ids, days, NOW)[0, 0].tolist() == [23, 0, 1, 0, 0]


def test_a_pause_that_becomes_known_changes_what_is_missing(watch: Watch) -> None:
    field = watch({START + HOUR * k: State.OK for k in (0, 23)})
    ids, days = np.array([field.pk]), Days(date(2026, 3, 1), 1, UTC)
    assert keeping.counts(ids, days, NOW)[0, 0].tolist() == [2, 0, 0, 0, 22]
    Pause.objects.create(assay=field.assay, began_at=START + HOUR, ended_at=START + 22 * HOUR)
    assert keeping.counts(ids, days, NOW)[0, 0].tolist() == [2, 0, 0, 0, 1]


def test_news_of_the_day_change_nothing_that_is_kept(db: None) -> None:
    now = datetime.now(UTC)
    keeping.note({UUID(int=1): {rollups.hour_of(micros(now - 20 * HOUR))}, UUID(int=2): set()})
    assert not Revision.objects.exists()
    keeping.note({UUID(int=1): {micros(now - 30 * HOUR)}, UUID(int=2): {micros(now - 25 * HOUR)}})
    keeping.note({UUID(int=1): {micros(now), micros(now - 50 * HOUR)}})
    assert dict(Revision.objects.values_list("assay_id", "number")) == {UUID(int=1): 2, UUID(int=2): 1}


def test_reading_the_past_from_upstream_is_noted(fill: Fill, now: datetime) -> None:
    assay = fill([0.05] * 60)
    assert Revision.objects.get().assay_id == assay.pk


def test_without_a_cache_days_are_counted_each_time(watch: Watch, settings: Settings) -> None:
    backend = "django.core.cache.backends.redis.RedisCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": "redis://127.0.0.1:1/0"}}
    ids = np.array([watch({START: State.OK}).pk])
    assert keeping.counts(ids, Days(date(2026, 3, 1), 10, UTC), NOW).sum() == 1


def test_the_last_day_is_asked_for_again(watch: Watch) -> None:
    field = watch({NOW - HOUR: State.OK}, first_run=NOW - 2 * HOUR)
    ids, days = np.array([field.pk]), Days(date(2026, 4, 20), 1, UTC)
    assert keeping.counts(ids, days, NOW).sum() == 1
    HourRollup.objects.update(ok=5)
    cache.clear()
    assert keeping.counts(ids, days, NOW + timedelta(seconds=40)).sum() == 5
