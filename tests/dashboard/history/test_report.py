"""A history's numbers, worked out again from the windows and incidents one by one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from statistics import median
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from assays.incidents.models import About, Incident, Kind, Mark, Why
from assays.models import Assay, Field, Pause, Score
from assays.states import BAD, State
from dashboard.access import Access
from dashboard.history import report
from dashboard.history.choice import Choice
from dashboard.history.days import between
from dashboard.roles import Role
from tests.dashboard.history.conftest import DAY, HOUR, START, Watch

ALL = Access(Role.VIEWER)
NOW = datetime(2026, 4, 20, 12, tzinfo=UTC)
STATES = (State.OK, State.OK, State.OK, State.WARNING, State.ALERT, State.FAILED)
ZONES = ("UTC", "America/New_York", "Asia/Kolkata", "Pacific/Chatham")


def choice(first: date, last: date, zone: str = "UTC", **changes: Any) -> Choice:
    return Choice(between(first, last, ZoneInfo(zone)), **changes)


@pytest.fixture
def fleet(watch: Watch) -> list[Field]:
    """Six weeks of hourly, half-daily and daily assays in two pipelines, one of them of two fields."""
    chance = random.Random(7)
    fields = []
    for number, hours in enumerate((1, 12, 24, 24), start=1):
        ends = [START + k * hours * HOUR for k in range(42 * 24 // hours) if chance.random() < 0.9]
        windows = {end: chance.choice(STATES) for end in ends}
        place = {"pipeline_id": 7 + number % 2, "workspace_id": number % 2, "period_seconds": hours * 3600}
        fields.append(watch(windows, number, f"in.f{number % 3}", **place))
    second = dict.fromkeys((START + 9 * DAY, START + 30 * DAY), State.ALERT)
    return [*fields, watch(second, key="in.second", assay=fields[3].assay)]


def windows(zone: str, first: date, last: date) -> Iterator[tuple[Field, date, State]]:
    rows = Score.objects.select_related("field__assay")
    for row in rows:
        day = row.window_end.astimezone(ZoneInfo(zone)).date()
        if first <= day <= last:
            yield row.field, day, State(row.state)


@pytest.mark.parametrize("zone", ZONES)
def test_shares_and_days_in_drift_are_those_of_the_windows(fleet: list[Field], zone: str) -> None:
    first, last = date(2026, 3, 23), date(2026, 4, 5)
    told = report.history(ALL, choice(first, last, zone), NOW)
    for stretch, begin, end in ((told.now, first, last), (told.before, date(2026, 3, 9), date(2026, 3, 22))):
        found = list(windows(zone, begin, end))
        scored = [state for _, _, state in found if state != State.FAILED]
        assert stretch.total.share_ok == scored.count(State.OK) / len(scored)
        assert stretch.total.received == len(found)
        assert stretch.days_in_drift == len({(field.assay_id, day) for field, day, state in found if state in BAD})
        by_day = [
            sum(day.isocalendar().week == week for _, day, _ in found)
            for week in sorted({d.isocalendar().week for _, d, _ in found})
        ]
        assert [one.received for _, one in stretch.weeks] == by_day


def test_where_the_drift_was_adds_up_by_field_pipeline_and_workspace(fleet: list[Field]) -> None:
    told = report.history(ALL, choice(date(2026, 3, 2), date(2026, 4, 5)), NOW)
    bad = {(field.pk, day) for field, day, state in windows("UTC", date(2026, 3, 2), date(2026, 4, 5)) if state in BAD}
    keys = dict(Field.objects.values_list("pk", "key"))
    by_field = {line.name: line.now for line in report.lines(told, "field")}
    assert by_field == {key: sum(keys[pk] == key for pk, _ in bad) for key in set(keys.values())}
    for by in ("pipeline", "workspace"):
        assert sum(line.now for line in report.lines(told, by)) == told.now.days_in_drift


def test_only_what_is_chosen_and_may_be_seen_counts(fleet: list[Field]) -> None:
    days = between(date(2026, 3, 2), date(2026, 4, 5), UTC)
    whole = report.history(ALL, Choice(days), NOW)
    halves = [report.history(ALL, Choice(days, workspace=number), NOW) for number in (0, 1)]
    assert sum(one.now.days_in_drift for one in halves) == whole.now.days_in_drift
    mine = report.history(Access(places={1: Role.VIEWER}), Choice(days), NOW)
    assert mine.now.total == halves[1].now.total
    assert {assay.workspace_id for assay in mine.roster.assays} == {1}
    assert report.history(Access(places={1: Role.VIEWER}), Choice(days, workspace=0), NOW).now.total == (0, 0, 0, 0, 0)


def test_an_owner_has_the_assays_named_and_those_of_the_pipelines_named(fleet: list[Field]) -> None:
    About.objects.create(pipeline_id=8, owner="ops", who="ada", at=NOW)
    About.objects.create(assay=fleet[0].assay, owner="data", who="ada", at=NOW)
    About.objects.create(assay=fleet[1].assay, owner="ops", who="ada", at=NOW)
    told = report.history(ALL, choice(date(2026, 3, 2), date(2026, 4, 5), owner="ops"), NOW)
    assert {assay.name for assay in told.roster.assays} == {"assay 2", "assay 3"}


def test_a_weekly_assay_drifts_for_weeks(watch: Watch) -> None:
    monday = datetime(2026, 3, 2, 5, tzinfo=UTC)
    watch(
        {monday + 7 * k * DAY: State.ALERT if k % 2 else State.OK for k in range(6)},
        period_seconds=7 * 86_400,
        first_run=monday,
    )
    told = report.history(ALL, choice(date(2026, 3, 2), date(2026, 3, 29)), NOW)
    assert told.now.states[0].tolist() == ([State.ALERT] * 7 + [State.OK] * 7) * 2
    assert told.now.days_in_drift == 14


def test_pauses_and_lateness_stand_in_the_calendar(watch: Watch) -> None:
    field = watch({START + HOUR * k: State.OK for k in range(48)})
    Pause.objects.create(assay=field.assay, began_at=START + 47 * HOUR, ended_at=START + 96 * HOUR)
    incident(field.assay, Kind.LATE, START + 4 * DAY + HOUR, START + 5 * DAY + HOUR)
    told = report.history(ALL, choice(date(2026, 3, 1), date(2026, 3, 7)), NOW)
    paused, late = State.PAUSED, State.LATE
    assert told.now.states[0].tolist() == [State.OK, State.OK, paused, paused, late, late, 0]
    assert [(off.lasted, off.goes_on) for off in report.switched_off(told)] == [(49 * HOUR, False)]


def incident(assay: Assay, kind: Kind, opened: datetime, closed: datetime | None = None, **changes: Any) -> Incident:
    given = {
        "id": UUID(int=Incident.objects.count() + 1),
        "kind": kind,
        "workspace_id": assay.workspace_id,
        "pipeline_id": assay.pipeline_id,
        "seen_at": opened,
        "key_end": opened,
        "severity": State.ALERT,
        "onset": opened,
        "first_bad_end": opened,
        "opened_at": opened,
        "last_bad_end": opened,
        "count": 1,
        "closed_at": closed,
        "closed_why": Why.OK if closed else "",
    }
    return Incident.objects.create(assay=assay, **given | changes)


def test_incidents_are_counted_by_the_day_they_opened(watch: Watch) -> None:
    field = watch({START: State.OK})
    opened = [START + k * DAY + HOUR for k in range(-3, 12)]
    for k, at in enumerate(opened):
        kind = Kind.FAILED if k % 4 == 0 else Kind.DRIFT
        mark = (Mark.NONE, Mark.FALSE_ALARM, Mark.CONFIRMED)[k % 3]
        incident(
            field.assay, kind, at, at + (k + 1) * HOUR if k % 2 else None, mark=mark, field=field, field_key=field.key
        )
    incident(field.assay, Kind.DRIFT, opened[5], opened[6], closed_why=Why.JOINED)
    told = report.history(ALL, choice(date(2026, 3, 4), date(2026, 3, 8)), NOW)
    mine = [k for k, at in enumerate(opened) if date(2026, 3, 4) <= at.date() <= date(2026, 3, 8)]
    assert told.now.opened.sum() == len(mine) == 5
    assert told.now.causes[Kind.FAILED] == sum(k % 4 == 0 for k in mine)
    assert told.now.resolved_in == HOUR * median(k + 1 for k in mine if k % 2)
    judged = [k % 3 for k in mine if k % 3]
    assert told.now.false_alarms == judged.count(1) / len(judged)
    assert told.now.acknowledged_in is None


def test_an_answer_is_timed_from_when_an_incident_could_be_seen(watch: Watch) -> None:
    from assays.incidents import triage

    field = watch({START: State.OK})
    at = datetime.now(UTC) - DAY
    found = [incident(field.assay, Kind.DRIFT, at - k * HOUR, seen_at=at) for k in range(2)]
    triage.acknowledge([triage.Seen(one.pk, one.version) for one in found[:1]], "ada")
    today = datetime.now(UTC).date()
    told = report.history(ALL, choice(today - timedelta(days=3), today), datetime.now(UTC))
    assert told.now.acknowledged_in is not None
    assert DAY <= told.now.acknowledged_in < DAY + timedelta(minutes=1)


def test_the_ledger_says_what_did_not_come(watch: Watch) -> None:
    watch({START + HOUR * k: State.FAILED if k == 3 else State.OK for k in range(24) if k not in (5, 6)})
    watch({START + HOUR * k: State.OK for k in range(24)}, 2)
    told = report.history(ALL, choice(date(2026, 3, 1), date(2026, 3, 1)), NOW)
    (row,) = report.ledger(told)
    assert (row.assay.name, row.tally.scheduled, row.tally.received, row.tally.failed, row.tally.no_data) == (
        "assay 1",
        24,
        22,
        1,
        2,
    )
    assert told.now.total.coverage == 46 / 48


def test_an_empty_cache_has_an_empty_history(db: None) -> None:
    told = report.history(ALL, choice(date(2024, 2, 1), date(2024, 2, 29)), NOW)
    assert (told.now.total, told.now.days_in_drift, told.order) == ((0, 0, 0, 0, 0), 0, [])


def test_a_group_shows_the_worst_of_its_assays(fleet: list[Field]) -> None:
    told = report.history(ALL, choice(date(2026, 3, 2), date(2026, 4, 5), group="pipeline"), NOW)
    rows = {row.id: row for row in report.calendar_rows(told)}
    for key, row in rows.items():
        members = [k for k, assay in enumerate(told.roster.assays) if assay.pipeline_id == key]
        assert row.in_drift == sum(int(told.now.drift[k]) for k in members)
        for day in range(35):
            states = [int(told.now.states[k, day]) for k in members if told.now.states[k, day]]
            assert row.states[day] == min(states, default=0)
