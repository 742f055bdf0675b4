"""Windows by local day, against the windows themselves taken one by one."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from assays.models import Assay, Field, Pause, Score
from assays.schedule import moment, window_ends
from assays.states import State
from dashboard.history.counting import count
from dashboard.history.days import Days
from tests.dashboard.history.conftest import DAY, HOUR, START, Watch, recount

ORDER = (State.OK, State.WARNING, State.ALERT, State.FAILED)
CALENDARS = [
    ("UTC", date(2026, 3, 1), 30),
    ("America/New_York", date(2026, 3, 3), 20),  # clocks go forward on the 8th
    ("Europe/Berlin", date(2026, 3, 20), 20),
    ("Asia/Kolkata", date(2026, 3, 2), 21),
    ("Asia/Kathmandu", date(2026, 3, 2), 21),
    ("Australia/Lord_Howe", date(2026, 3, 25), 20),  # by half an hour, on 5 April
    ("Asia/Beirut", date(2026, 3, 20), 20),  # at midnight
    ("Pacific/Chatham", date(2026, 3, 20), 25),
]


def by_hand(field: Field, days: Days) -> list[list[int]]:
    """Each window asked for its local date, and each scheduled one that is not there and not in a pause."""
    told: dict[date, Counter[State]] = {days.day(k): Counter() for k in range(days.many)}
    there = set()
    for end, state in Score.objects.filter(field=field).values_list("window_end", "state"):
        there.add(end)
        told.get(end.astimezone(days.zone).date(), Counter())[State(state)] += 1
    assay = Assay.objects.get(pk=field.assay_id)
    assert assay.read_from is not None
    assert assay.read_to is not None
    pauses = list(Pause.objects.filter(assay=assay))
    for value in window_ends(assay.plan, assay.read_from, assay.read_to):
        end = moment(value)
        paused = any(p.began_at < end and (p.ended_at is None or end <= p.ended_at) for p in pauses)
        if end not in there and not paused:
            told.get(end.astimezone(days.zone).date(), Counter())[State.NO_DATA] += 1
    return [[told[days.day(k)][state] for state in (*ORDER, State.NO_DATA)] for k in range(days.many)]


def some_windows(chance: random.Random, step: timedelta, many: int) -> dict[datetime, State]:
    return {START + k * step: chance.choice(ORDER) for k in range(many) if chance.random() < 0.8}


@pytest.mark.parametrize(("zone", "first", "many"), CALENDARS)
@pytest.mark.parametrize("minutes", [20, 60, 24 * 60, 7 * 24 * 60])
def test_every_day_holds_the_windows_that_end_on_it(
    watch: Watch, zone: str, first: date, many: int, minutes: int
) -> None:
    step = timedelta(minutes=minutes)
    windows = some_windows(random.Random(minutes), step, 45 * 24 * 60 // minutes)
    field = watch(windows, period_seconds=minutes * 60)
    days = Days(first, many, ZoneInfo(zone))
    counted = count(np.array([field.pk]), days)
    assert counted[0].tolist() == by_hand(field, days)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata"])
def test_nothing_is_missing_of_an_assay_that_is_switched_off(watch: Watch, zone: str) -> None:
    ends = [START + HOUR * k for k in range(240)]
    field = watch({end: State.OK for end in ends if not ends[50] < end <= ends[120] or end == ends[70]})
    Pause.objects.create(assay=field.assay, began_at=ends[60] + HOUR / 3, ended_at=ends[100])
    Pause.objects.create(assay=field.assay, began_at=ends[230] + HOUR / 3)
    days = Days(date(2026, 3, 1), 12, ZoneInfo(zone))
    counted = count(np.array([field.pk]), days)
    assert counted[0].tolist() == by_hand(field, days)
    assert counted[0, :, 4].sum() == 30


def test_windows_off_the_schedule_and_on_cron_are_counted_too(watch: Watch) -> None:
    ends = {START + timedelta(minutes=97 * k): State.ALERT for k in range(200)}
    hourly, cron = watch(ends, 1), watch(ends, 2, period_seconds=None)
    days = Days(date(2026, 3, 1), 12, ZoneInfo("Asia/Kolkata"))
    counted = count(np.array([hourly.pk, cron.pk]), days)
    assert counted[0].tolist() == by_hand(hourly, days)
    assert counted[1].tolist() == by_hand(cron, days)
    assert counted[1, :, 4].sum() == 0


def test_what_has_not_been_read_is_not_missing(watch: Watch) -> None:
    field = watch({START + 5 * DAY: State.OK})
    recount(field.assay, START + 4 * DAY + HOUR / 2, START + 6 * DAY)
    days = Days(date(2026, 3, 1), 10, UTC)
    assert count(np.array([field.pk]), days)[0, :, 4].tolist() == [0, 0, 0, 0, 23, 23, 1, 0, 0, 0]


def test_a_leap_day_is_a_day(watch: Watch) -> None:
    leap = datetime(2024, 2, 28, tzinfo=UTC)
    field = watch({leap + HOUR * k: State.WARNING for k in range(72)}, first_run=leap)
    counted = count(np.array([field.pk]), Days(date(2024, 2, 28), 3, UTC))
    assert counted[0, :, 1].tolist() == [24, 24, 24]


def test_no_field_and_no_day_count_nothing(watch: Watch) -> None:
    field = watch({})
    assert count(np.array([], dtype=np.int64), Days(date(2026, 3, 1), 5, UTC)).shape == (0, 5, 5)
    assert count(np.array([field.pk]), Days(date(2026, 3, 1), 0, UTC)).shape == (1, 0, 5)
    assert not count(np.array([field.pk]), Days(date(2026, 3, 1), 5, UTC)).any()
