"""The cache equals upstream's truth by value, whatever order, repetition or interruption brought it."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assays import wire
from assays.credentials import StaticToken
from assays.listing import apply_assays
from assays.models import Assay, Field, HourRollup, Result, ScopeRollup, Score, UpstreamError
from assays.states import State
from assays.sync import Report, run_pass, store, sweep_visit, visit
from assays.upstream import Client, Limits
from tests.support import messages
from tests.support.messages import START, Message, runs
from tests.support.upstream import RESULTS, Reply, Upstream, as_json, moment, serving, text

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NOW = START + 3 * DAY
FIELDS: dict[str, tuple[float | None, float | None]] = {"out.a": (0.1, 0.2), "in.b": (None, 0.3)}


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serving() as upstream:
        yield upstream


@pytest.fixture
def client(upstream: Upstream) -> Client:
    return Client(upstream.url, StaticToken())


def add(upstream: Upstream, assay: Message, ends: list[datetime], scores: list[Any], last: datetime) -> None:
    upstream.assays[assay["id"]] = assay
    upstream.results[assay["id"]] = messages.results(assay, ends, scores)
    period = timedelta(hours=assay["scheduling"]["run_frequency"]["SimpleRunFrequency"]["quantity"])
    upstream.runs[assay["id"]] = runs(last, last + period)


def hours(first: int, last: int) -> list[datetime]:
    return [START + HOUR * n for n in range(first, last)]


def read(client: Client, now: datetime = NOW) -> Report:
    """Lists the assays, then visits them until nothing is left to read."""
    apply_assays(client.assays(), now)
    for _ in range(100):
        report = store([visit(client, row, now) for row in Assay.objects.all()], now)
        if not report.unfinished:
            return report
    raise AssertionError("the reading never ends")


def sweep(client: Client, now: datetime = NOW) -> None:
    """One sweep of everything that has been read."""
    for row in Assay.objects.all():
        for _ in range(100):
            row.refresh_from_db()
            before = row.swept_at
            store([sweep_visit(client, row, now)], now)
            row.refresh_from_db()
            if row.swept_to is None and (row.swept_at == now or before is not None):
                break
            now += timedelta(seconds=1)


def expected_scores(upstream: Upstream) -> dict[tuple[str, str, datetime], tuple[int, float | None]]:
    """Slowly and obviously: each field's state in each window that upstream has."""
    truth = {}
    for key, found in upstream.results.items():
        paths = upstream.assays[key]["targeting"]["iopath"]
        for result in found:
            for path in paths:
                score = (result["scores"] or {}).get(path["field"])
                value = score["score"] if isinstance(score, dict) else None
                truth[key, path["field"], moment(result["window_end"])] = (_state(path["thresholds"], value), value)
    return truth


def _state(thresholds: Message, score: float | None) -> int:
    if score is None:
        return State.FAILED
    if thresholds["alert"] is not None and score >= thresholds["alert"]:
        return State.ALERT
    if thresholds["warning"] is not None and score >= thresholds["warning"]:
        return State.WARNING
    return State.OK


def expected_hours(upstream: Upstream) -> dict[tuple[str, str, datetime], Counter[int]]:
    counts: dict[tuple[str, str, datetime], Counter[int]] = defaultdict(Counter)
    scores = expected_scores(upstream)
    for (key, field, end), (state, _) in scores.items():
        counts[key, field, end.replace(minute=0, second=0)][state] += 1
    for key, assay in upstream.assays.items():
        last, end = upstream.runs[key]["last_run"], moment(assay["scheduling"]["first_run"])
        period = timedelta(hours=assay["scheduling"]["run_frequency"]["SimpleRunFrequency"]["quantity"])
        while last and end <= moment(last):
            for path in assay["targeting"]["iopath"]:
                if (key, path["field"], end) not in scores:
                    counts[key, path["field"], end.replace(minute=0, second=0)][State.NO_DATA] += 1
            end += period
    return dict(counts)


def assert_equals_truth(upstream: Upstream) -> None:
    kept = {
        (str(row.field.assay_id), row.field.key, row.window_end): (row.state, row.score)
        for row in Score.objects.select_related("field")
    }
    assert kept == expected_scores(upstream)
    raw = {(str(row.assay_id), text(row.window_end)): row.message for row in Result.objects.all()}
    assert {key: wire.read_result(message).updated_at for key, message in raw.items()} == {
        (key, result["window_end"]): moment(result["updated_at"])
        for key, found in upstream.results.items()
        for result in found
    }
    assert_rollups(upstream)


def assert_rollups(upstream: Upstream) -> None:
    truth = expected_hours(upstream)
    kept = {
        (str(row.field.assay_id), row.field.key, row.hour): _counter(row)
        for row in HourRollup.objects.select_related("field")
    }
    assert kept == truth
    scopes: dict[tuple[int, datetime], Counter[int]] = defaultdict(Counter)
    for (key, _, hour), counter in truth.items():
        scopes[upstream.assays[key]["targeting"]["data_origin"]["pipeline_id"], hour] += counter
    assert {(row.pipeline_id, row.hour): _counter(row) for row in ScopeRollup.objects.all()} == scopes


def _counter(row: Any) -> Counter[int]:
    counts = {
        State.OK: row.ok,
        State.WARNING: row.warning,
        State.ALERT: row.alert,
        State.FAILED: row.failed,
        State.NO_DATA: row.no_data,
    }
    return Counter({state: count for state, count in counts.items() if count})


def test_everything_upstream_has_is_read_once(upstream: Upstream, client: Client) -> None:
    add(upstream, messages.assay(1), hours(0, 50) + hours(55, 72), [0.05] * 60 + [0.3] * 7, START + 71 * HOUR)
    add(upstream, messages.assay(2, fields=FIELDS), hours(0, 72), [0.15] * 72, START + 71 * HOUR)
    read(client)
    assert_equals_truth(upstream)
    assert read(client).stored == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"out.a": (0.1, 0.2)},
        {"out.a": (0.1, 0.2), "in.b": (None, 0.1)},
        {"out.a": (None, None), "in.b": (0.1, 0.3), "in.c": (None, 0.1)},
    ],
    ids=["one is dropped", "a threshold moves", "one is added"],
)
def test_an_assay_that_watches_otherwise_is_judged_anew(
    upstream: Upstream, client: Client, fields: dict[str, tuple[float | None, float | None]]
) -> None:
    add(upstream, messages.assay(1, fields=FIELDS), [*hours(0, 30), *hours(32, 48)], [0.15] * 46, START + 47 * HOUR)
    read(client)
    add(upstream, messages.assay(1, fields=fields), [*hours(0, 30), *hours(32, 48)], [0.15] * 46, START + 47 * HOUR)
    read(client)
    assert_equals_truth(upstream)
    assert set(Field.objects.values_list("key", flat=True)) == set(fields)


def test_an_assay_with_another_schedule_has_its_hours_counted_anew(upstream: Upstream, client: Client) -> None:
    add(upstream, messages.assay(1), hours(0, 10), [0.05] * 10, START + 47 * HOUR)
    read(client)
    add(upstream, messages.assay(1, quantity=2), hours(0, 10), [0.05] * 10, START + 46 * HOUR)
    read(client)
    assert_rollups(upstream)


def test_a_last_run_that_lies_in_the_future_is_reported_and_hides_nothing(upstream: Upstream, client: Client) -> None:
    assay = messages.assay(1)
    add(upstream, assay, hours(0, 72), [0.05] * 72, START + 71 * HOUR)
    ahead = START + 73 * 365 * DAY
    upstream.results[assay["id"]].append(messages.result(assay, ahead))
    upstream.runs[assay["id"]] = runs(ahead, ahead + HOUR)
    read(client)
    row = Assay.objects.get()
    assert (Result.objects.count(), row.last_run) == (72, NOW)
    assert NOW < (row.next_poll_at or NOW) < NOW + 2 * HOUR
    assert "lies in the future" in UpstreamError.objects.get().text


def test_an_assay_with_years_between_its_runs_is_read(upstream: Upstream, client: Client) -> None:
    assay = messages.assay(1, unit="Week", quantity=520)
    add(upstream, assay, [START], [0.05], START)
    read(client)
    assert Assay.objects.get().last_success_at == NOW
    assert Result.objects.count() == 1


def test_a_summary_with_fewer_labels_than_values_spoils_no_score(upstream: Upstream, client: Client) -> None:
    assay = messages.assay(1)
    add(upstream, assay, hours(0, 1), [0.3], START)
    upstream.results[assay["id"]][0]["summaries"]["out.score"]["bins"]["labels"] = []
    read(client)
    field = Field.objects.get()
    assert (field.score, field.top_bin) == (0.3, None)


def test_the_newest_is_read_first_and_the_past_in_steps(upstream: Upstream, client: Client) -> None:
    add(upstream, messages.assay(1), hours(0, 1200), [0.05] * 1200, START + 1199 * HOUR)
    now = START + 1200 * HOUR
    apply_assays(client.assays(), now)
    row = Assay.objects.get()
    store([visit(client, row, now)], now)
    row.refresh_from_db()
    assert (row.covered_to, row.caught_up_at) == (START + 1199 * HOUR, None)
    assert row.covered_from == START + 199 * HOUR
    read(client, now)
    row.refresh_from_db()
    assert row.caught_up_at == now
    assert Result.objects.count() == 1200


def test_nothing_older_than_the_retention_limit_is_asked_for(upstream: Upstream, client: Client, settings: Any) -> None:
    settings.RETENTION_DAYS = 2
    add(upstream, messages.assay(1), hours(0, 72), [0.05] * 72, START + 71 * HOUR)
    read(client)
    assert min(Result.objects.values_list("window_end", flat=True)) > NOW - 2 * DAY
    assert Assay.objects.get().caught_up_at == NOW


def test_an_older_message_that_arrives_later_changes_nothing(upstream: Upstream, client: Client) -> None:
    assay = messages.assay(1)
    add(upstream, assay, hours(0, 10), [0.05] * 10, START + 9 * HOUR)
    apply_assays(client.assays(), NOW)
    late = visit(client, Assay.objects.get(), NOW)
    upstream.results[assay["id"]][3] = messages.result(assay, START + 3 * HOUR, 0.9, updated_at=text(START + 5 * HOUR))
    read(client)
    assert store([late], NOW).stored == 0
    assert_equals_truth(upstream)


def test_of_two_messages_of_one_window_the_newer_is_kept(upstream: Upstream, client: Client) -> None:
    assay = messages.assay(1)
    add(upstream, assay, hours(0, 2), [0.05] * 2, START + HOUR)
    newer = messages.result(assay, START + HOUR, 0.9, updated_at=text(START + 9 * HOUR))
    upstream.misbehave.append(
        lambda path, _: as_json([newer, *upstream.results[assay["id"]]]) if path == RESULTS else None
    )
    read(client)
    assert Field.objects.get().score == 0.9


def test_a_window_scored_again_long_ago_is_found_by_the_sweep(upstream: Upstream, client: Client) -> None:
    assay = messages.assay(1)
    add(upstream, assay, hours(0, 72), [0.05] * 72, START + 71 * HOUR)
    read(client)
    upstream.results[assay["id"]][5] = messages.result(assay, START + 5 * HOUR, 0.9, updated_at=text(NOW))
    sweep(client)
    assert_equals_truth(upstream)


@pytest.mark.parametrize("score", [float("nan"), None, "no such field"])
def test_a_window_without_a_score_is_failed_and_says_why(upstream: Upstream, client: Client, score: Any) -> None:
    assay = messages.assay(1)
    add(upstream, assay, hours(0, 2), [0.05, 0.05], START + HOUR)
    upstream.results[assay["id"]][1]["scores"] = {"out.score": score if isinstance(score, str) else {"score": score}}
    read(client)
    field = Field.objects.get()
    assert (field.state, field.score) == (State.FAILED, None)
    assert field.error


def test_of_several_fields_one_may_fail_alone(upstream: Upstream, client: Client) -> None:
    assay = messages.assay(1, fields=FIELDS)
    add(upstream, assay, hours(0, 1), [0.25], START)
    upstream.results[assay["id"]][0]["scores"]["in.b"] = "field 'in.b' is not in the log"
    read(client, START + timedelta(minutes=1))
    states = dict(Field.objects.values_list("key", "state"))
    assert states == {"out.a": State.ALERT, "in.b": State.FAILED}
    assert Assay.objects.get().state == State.ALERT


def test_a_result_that_cannot_be_read_is_shown_and_not_passed(upstream: Upstream, client: Client) -> None:
    assay = messages.assay(1)
    add(upstream, assay, hours(0, 10), [0.05] * 10, START + 9 * HOUR)
    upstream.results[assay["id"]][4]["status"] = "Splendid"
    read(client)
    row = Assay.objects.get()
    assert row.covered_from == START + 4 * HOUR, "nothing older than the bad one counts as covered"
    assert row.covered_to == START + 9 * HOUR
    assert row.read_from is not None
    assert row.read_from < START
    assert Score.objects.filter(state=State.OK).count() == 9, "the others are stored"
    assert Result.objects.get(window_end=START + 4 * HOUR).problem.startswith("status")
    assert UpstreamError.objects.get().text.startswith("status")
    upstream.results[assay["id"]][4]["status"] = "Ok"
    sweep(client)
    row.refresh_from_db()
    assert row.covered_from == row.read_from
    assert_equals_truth(upstream)


def test_a_result_that_cannot_be_read_replaces_none_that_could(upstream: Upstream, client: Client) -> None:
    assay = messages.assay(1)
    add(upstream, assay, hours(0, 2), [0.05, 0.05], START + HOUR)
    read(client)
    upstream.results[assay["id"]][1] |= {"status": "Splendid", "updated_at": text(NOW)}
    sweep(client)
    assert Score.objects.filter(state=State.OK).count() == 2


def test_a_window_in_the_future_is_reported_and_hides_nothing(upstream: Upstream, client: Client) -> None:
    assay = messages.assay(1)
    add(upstream, assay, hours(0, 5), [0.05] * 5, START + 4 * HOUR)
    far = messages.result(assay, datetime(2099, 1, 1, tzinfo=UTC), 0.9)
    upstream.misbehave.append(
        lambda path, _: as_json([far, *upstream.results[assay["id"]]]) if path == RESULTS else None
    )
    read(client)
    assert_equals_truth(upstream)
    assert "future" in UpstreamError.objects.get().text
    assert Assay.objects.get().covered_to == START + 4 * HOUR


@pytest.mark.slow
def test_steps_shrink_when_an_answer_is_too_large(upstream: Upstream) -> None:
    add(upstream, messages.assay(1), hours(0, 300), [0.05] * 300, START + 299 * HOUR)
    now = START + 300 * HOUR
    client = Client(upstream.url, StaticToken(), limits=Limits(size=150_000))
    apply_assays(client.assays(), now)
    for _ in range(60):
        store([visit(client, row, now) for row in Assay.objects.all()], now)
    assert_equals_truth(upstream)


def test_an_interrupted_backfill_goes_on_where_it_was(upstream: Upstream, client: Client) -> None:
    add(upstream, messages.assay(1), hours(0, 1200), [0.05] * 1200, START + 1199 * HOUR)
    now = START + 1200 * HOUR
    apply_assays(client.assays(), now)
    store([visit(client, Assay.objects.get(), now)], now)
    asked = len(upstream.bodies)
    read(client, now)
    starts = [body["start"] for path, body in upstream.bodies[asked:] if path == RESULTS]
    assert all(moment(start) < START + 200 * HOUR for start in starts), "what was read is not read again"


def test_an_error_keeps_what_came_before_it(upstream: Upstream, client: Client) -> None:
    add(upstream, messages.assay(1), hours(0, 1200), [0.05] * 1200, START + 1199 * HOUR)
    now = START + 1200 * HOUR
    apply_assays(client.assays(), now)
    store([visit(client, Assay.objects.get(), now)], now)
    upstream.misbehave.append(lambda path, _: Reply(status=500) if path == RESULTS else None)
    report = store([visit(client, Assay.objects.get(), now)], now)
    row = Assay.objects.get()
    assert report.errors
    assert (row.tries, row.covered_to) == (1, START + 1199 * HOUR)
    assert "status 500" in row.last_error


def test_one_pass_by_hand_reads_it_all(upstream: Upstream, client: Client) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    first = now - 1200 * HOUR
    for n in (1, 2):
        add(upstream, messages.assay(n, first_run=first), [first + HOUR * k for k in range(1200)], [0.05] * 1200, now)
    apply_assays(client.assays(), now)
    ids = list(Assay.objects.values_list("pk", flat=True))
    assert sum(report.stored for report in run_pass(client, ids, concurrency=2)) == 2400


class World:
    """An upstream that lives on while it is read: what may happen to the cache between two looks at the truth."""

    def __init__(self, upstream: Upstream, client: Client, seed: int) -> None:
        self.upstream, self.client = upstream, client
        self.random = random.Random(seed)
        self.last = 0
        self.visits: list[Any] = []
        for n, fields in ((1, {"out.score": (0.1, 0.2)}), (2, FIELDS)):
            add(upstream, messages.assay(n, fields=fields), [], [], START)
        self.pass_time()

    @property
    def now(self) -> datetime:
        return START + self.last * HOUR + timedelta(minutes=1)

    def pass_time(self) -> None:
        """New windows come, some of them without data, some failed."""
        for n in range(self.last, self.last + self.random.randint(1, 30)):
            for key, assay in self.upstream.assays.items():
                if (score := self.random.choice([0.05, 0.15, 0.25, 0.35, "failed", None])) is not None:
                    self.upstream.results[key].append(messages.result(assay, START + n * HOUR, score))
            self.last = n
        self.last += 1
        for key in self.upstream.runs:
            self.upstream.runs[key] = runs(START + (self.last - 1) * HOUR, START + self.last * HOUR)

    def score_again(self) -> None:
        key = self.random.choice(list(self.upstream.assays))
        if found := self.upstream.results[key]:
            index = self.random.randrange(len(found))
            end = moment(found[index]["window_end"])
            found[index] = messages.result(self.upstream.assays[key], end, 0.5, updated_at=text(self.now))

    def ask(self) -> None:
        rows = list(Assay.objects.all())
        self.visits += [visit(self.client, row, self.now) for row in rows]

    def keep(self) -> None:
        """Stores some of what was asked, in any order; the rest is lost, or comes later, or twice."""
        self.random.shuffle(self.visits)
        store(self.visits[: self.random.randint(0, len(self.visits))], self.now)

    def lose(self) -> None:
        self.visits.clear()

    def list(self) -> None:
        apply_assays(self.client.assays(), self.now)


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 2**32),
    steps=st.lists(st.sampled_from(["list", "pass_time", "score_again", "ask", "keep", "lose"]), max_size=14),
)
def test_whatever_happened_a_read_and_a_sweep_make_the_cache_equal(
    upstream: Upstream, client: Client, seed: int, steps: list[str]
) -> None:
    for model in (Assay, ScopeRollup):
        model.objects.all().delete()
    upstream.assays.clear()
    upstream.results.clear()
    world = World(upstream, client, seed)
    for step in steps:
        getattr(world, step)()
    read(client, world.now)
    sweep(client, world.now)
    assert_equals_truth(upstream)
    assert_standing(upstream)


def assert_standing(upstream: Upstream) -> None:
    """The columns that an overview shows, found slowly from the truth."""
    scores = expected_scores(upstream)
    for field in Field.objects.select_related("assay"):
        key, plan = str(field.assay_id), field.assay.plan
        assert plan.period is not None
        ends = sorted(end for assay, name, end in scores if (assay, name) == (key, field.key))
        newest = moment(upstream.runs[key]["last_run"])
        told = [scores[key, field.key, end] for end in ends]
        expected = told[-1] if ends and ends[-1] == newest else (State.NO_DATA, None)
        assert (field.state, field.score) == expected
        slots = {slot.end: (slot.state, slot.score) for slot in field.recent_windows()}
        scheduled = [newest - plan.period * n for n in range(48)]
        wanted = [end for end in scheduled if end >= START]
        assert slots == {end: scores.get((key, field.key, end), (State.NO_DATA, None)) for end in wanted}
        if expected[0] in (State.ALERT, State.WARNING):
            assert (field.since, field.streak, field.peak) == bad_run(ends, told)


def bad_run(ends: list[datetime], told: list[tuple[int, float | None]]) -> tuple[datetime, int, float | None]:
    run: list[tuple[datetime, float | None]] = []
    for end, (state, score) in zip(reversed(ends), reversed(told), strict=True):
        if state == State.OK:
            break
        if state != State.FAILED:
            run.append((end, score))
    return run[-1][0], len(run), max(score for _, score in run if score is not None)
