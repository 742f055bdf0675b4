"""The demonstration's assays against the bundled log, by a plain reference that shares no code with the engine,
and the engine's own results against that reference.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path

import duckdb
import numpy as np
import pytest
from numpy.typing import NDArray

from assays.wire import UNIT_LENGTH, BinModeSpec, IoPath, UnivariateContinuous
from engine.demonstration import ASSAYS, DemonstrationAssay, midnight
from tests.support.engine import Engine, Json

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
YEAR_END = datetime(2014, 1, 1, 5, tzinfo=UTC)
FLOOR = 0.005
DAY = timedelta(days=1)

Floats = NDArray[np.float64]
Log = dict[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Scored:
    end: datetime
    score: float


@dataclass(frozen=True)
class Study:
    """One watched field over the year, as if nobody had held it or switched it off."""

    assay: DemonstrationAssay
    path: IoPath
    windows: list[Scored]

    @property
    def warning(self) -> float:
        assert self.path.thresholds is not None
        assert self.path.thresholds.warning is not None
        return self.path.thresholds.warning

    @property
    def alert(self) -> float:
        assert self.path.thresholds is not None
        assert self.path.thresholds.alert is not None
        return self.path.thresholds.alert

    @property
    def share_ok(self) -> float:
        return float(np.mean([window.score < self.warning for window in self.windows]))

    @property
    def longest_incident(self) -> timedelta:
        """From the end of the first bad window to the end of the last bad one in a row."""
        runs = groupby(self.windows, key=lambda window: window.score >= self.warning)
        spans = [list(run) for bad, run in runs if bad]
        return max((run[-1].end - run[0].end for run in spans), default=timedelta(0))

    def state(self, at: datetime) -> str:
        newest = [window for window in self.windows if window.end <= at][-1]
        return "Alert" if newest.score >= self.alert else "Warning" if newest.score >= self.warning else "Ok"

    @property
    def row(self) -> str:
        cells = [
            self.assay.name,
            f"`{self.path.field}`",
            f"{len(self.windows):,}",
            f"{self.warning:g}",
            f"{self.alert:g}",
            f"{self.share_ok:.1%}",
            f"{self.longest_incident / DAY:.1f}",
        ]
        return f"| {' | '.join(cells)} |"


def micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def inner_edges(sample: Floats, mode: object) -> Floats:
    """All right edges but the infinite one."""
    assert isinstance(mode, BinModeSpec)
    if mode.provided is not None:
        return np.array(mode.provided)
    if mode.equal is not None:
        return np.linspace(np.nanmin(sample), np.nanmax(sample), mode.equal + 1)
    assert mode.quantile is not None
    return np.quantile(np.where(np.isnan(sample), -np.inf, sample), np.arange(1, mode.quantile) / mode.quantile)


def counts(sample: Floats, edges: Floats, mode: object) -> NDArray[np.int64]:
    """Right-closed bins, nulls left-most; the minimum of an Equal baseline lies in the second bin."""
    values = np.where(np.isnan(sample), -np.inf, sample)
    bins = np.array([np.sum(values <= edge) for edge in edges] + [len(values)])
    if isinstance(mode, BinModeSpec) and mode.equal is not None:
        bins[0] -= np.sum(values == edges[0])
    return np.diff(bins, prepend=0)


def score(baseline: NDArray[np.int64], window: NDArray[np.int64], summarizer: UnivariateContinuous) -> float:
    p, q = baseline / baseline.sum(), window / window.sum()
    if summarizer.aggregation == "Cumulative":
        p, q = p.cumsum(), q.cumsum()
    per_bin = np.abs(q - p)
    if summarizer.metric == "PSI":
        p, q = np.where(p == 0, FLOOR, p), np.where(q == 0, FLOOR, q)
        per_bin = (q - p) * np.log(q / p)
    if summarizer.bin_weights is not None:
        per_bin = per_bin * np.array(summarizer.bin_weights) / sum(summarizer.bin_weights)
    return float({"PSI": per_bin.sum(), "SumDiff": per_bin.sum() / 2, "MaxDiff": per_bin.max()}[summarizer.metric])


def window_ends(assay: DemonstrationAssay) -> Iterator[datetime]:
    assert isinstance(assay.first_run, datetime)
    end = assay.first_run
    while end <= (assay.end or YEAR_END):
        yield end
        end += assay.frequency.quantity * UNIT_LENGTH[assay.frequency.unit]


def study(log: Log, assay: DemonstrationAssay, path: IoPath) -> Study:
    here = np.isin(log["partition"], assay.locations or ("EWR", "JFK", "LGA"))
    times, values = log["time"][here].astype(np.int64), log[path.field][here].astype(np.float64)

    def between(start: datetime, end: datetime) -> Floats:
        first, last = np.searchsorted(times, [micros(start), micros(end)], side="right")
        return values[first:last]

    assert assay.baseline.static is not None
    mode = assay.summarizer.bin_mode
    january = between(*assay.baseline.static)
    edges = inner_edges(january, mode)
    baseline = counts(january, edges, mode)
    windows = [(end, between(end - assay.width, end)) for end in window_ends(assay)]
    return Study(
        assay,
        path,
        [
            Scored(end, score(baseline, counts(sample, edges, mode), assay.summarizer))
            for end, sample in windows
            if len(sample)
        ],
    )


@pytest.fixture(scope="module")
def log() -> Log:
    with duckdb.connect() as connection:
        files = connection.read_parquet(f"{ROOT}/engine/data/log/*/*.parquet", hive_partitioning=False)
        columns = files.order("time").project("* REPLACE (epoch_us(time) AS time)").fetchnumpy()
    columns["partition"] = np.array(columns["partition"].tolist())
    return {
        name: np.ma.filled(column, np.nan) if name.startswith("in.") else column for name, column in columns.items()
    }


@pytest.fixture(scope="module")
def studies(log: Log) -> list[Study]:
    """All that can be known of the year beforehand: what starts with the demonstration and what fails is left out."""
    return [
        study(log, assay, path)
        for assay in ASSAYS
        if isinstance(assay.first_run, datetime)
        for path in assay.watched
        if path.field in log
    ]


def test_names_are_unique() -> None:
    assert len({assay.name for assay in ASSAYS}) == len(ASSAYS) >= 16


def test_every_kind_of_assay_is_there() -> None:
    summarizers = [assay.summarizer for assay in ASSAYS]
    modes = [mode for s in summarizers if isinstance(mode := s.bin_mode, BinModeSpec)]
    assert {s.metric for s in summarizers} == {"PSI", "MaxDiff", "SumDiff"}
    assert {s.aggregation for s in summarizers} == {"Density", "Cumulative"}
    assert {field for mode in modes for field in ("equal", "quantile", "provided") if getattr(mode, field)} == {
        "equal",
        "quantile",
        "provided",
    }
    assert {assay.frequency.unit for assay in ASSAYS} == {"Minute", "Hour", "Day", "Week"}
    assert {assay.locations for assay in ASSAYS if "out.delay_probability" in assay.watched[0].field} == {
        None,
        ("EWR",),
        ("JFK",),
        ("LGA",),
    }
    for special in ("end", "switched_off", "held"):
        assert sum(getattr(assay, special) is not None for assay in ASSAYS) == 1, special
    assert sum(s.bin_weights is not None for s in summarizers) == 1
    assert sum(len(assay.watched) > 1 for assay in ASSAYS) == 1


def test_one_assay_watches_a_field_that_the_log_does_not_have(log: Log) -> None:
    assert [assay.name for assay in ASSAYS if any(path.field not in log for path in assay.watched)] == ["Gust factor"]


def test_a_warning_comes_before_an_alert(studies: list[Study]) -> None:
    assert all(0 < study.warning < study.alert for study in studies)


def test_at_least_three_assays_are_ok_in_more_than_95_percent_of_their_windows(studies: list[Study]) -> None:
    assert len({study.assay.name for study in studies if study.share_ok > 0.95}) >= 3


def test_at_least_three_assays_show_an_incident_of_a_week_or_more(studies: list[Study]) -> None:
    assert len({study.assay.name for study in studies if study.longest_incident >= 7 * DAY}) >= 3


@pytest.mark.parametrize("day", range(10, 18))
def test_whatever_day_it_starts_on_something_alerts_something_warns_and_something_is_ok(
    studies: list[Study], day: int
) -> None:
    running = [study for study in studies if study.assay.end is None and study.assay.held is None]
    assert {study.state(midnight(12, day)) for study in running} == {"Alert", "Warning", "Ok"}


def test_the_nights_leave_hourly_windows_without_data(studies: list[Study]) -> None:
    hourly = next(study for study in studies if study.assay.frequency.unit == "Hour")
    assert len(hourly.windows) < len(list(window_ends(hourly.assay))) * 0.85


def test_the_documented_study_is_what_the_log_gives(studies: list[Study]) -> None:
    text = (ROOT / "docs" / "demonstration.md").read_text()
    documented = [
        line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| `") and "`" in line
    ]
    assert documented == [study.row for study in studies]


@dataclass(frozen=True)
class Demonstrated:
    """The engine with all of the past computed; times are the log's."""

    engine: Engine
    shift: timedelta
    assays: dict[str, Json]

    def results(self, name: str) -> dict[datetime, Json]:
        listed = self.engine.results(self.assays[name]["id"])
        return {datetime.fromisoformat(result["window_end"]) - self.shift: result for result in listed}

    def runs(self, name: str) -> tuple[datetime, datetime | None]:
        """Of the last and the next run."""
        told = self.engine.ask("/v2/api/assays/get_next_run", assay_id=self.assays[name]["id"])
        last, following = (told[key] and datetime.fromisoformat(told[key]) for key in ("last_run", "next_run"))
        return last - self.shift, following and following - self.shift


@pytest.fixture(scope="module")
def demonstrated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstrated]:
    with Engine(tmp_path_factory.mktemp("demonstration")) as engine:
        engine.migrate()
        engine.manage("demonstrate")
        engine.work_off()
        engine.serve()
        shift = timedelta(seconds=json.loads(engine.manage("replay").stdout)["shift_seconds"])
        assays = {assay["name"]: assay for assay in engine.ask("/v2/api/assays/get", active="All")}
        yield Demonstrated(engine, shift, assays)


def test_the_engine_stores_the_scores_of_the_study(studies: list[Study], demonstrated: Demonstrated) -> None:
    for study in studies:
        found = demonstrated.results(study.assay.name)
        due = {window.end: window.score for window in study.windows if window.end <= max(found)}
        scores = {end: result["scores"][study.path.field]["score"] for end, result in found.items()}
        assert scores == pytest.approx(due, rel=1e-9, abs=1e-12), study.row


def test_it_begins_with_most_of_the_year_past_and_windows_still_to_come(demonstrated: Demonstrated) -> None:
    last, _ = demonstrated.runs("Delay probability · live")
    assert midnight(12, 10) <= last <= midnight(12, 17)
    assert last - min(demonstrated.results("Delay probability · live")) >= timedelta(hours=47)


def test_one_assay_fails_and_says_why(demonstrated: Demonstrated) -> None:
    found = demonstrated.results("Gust factor")
    assert len(found) >= 22
    assert all("in.gust_factor" in result["scores"]["in.gust_factor"] for result in found.values())


def test_one_is_late_one_switched_off_and_one_ended(demonstrated: Demonstrated) -> None:
    assert demonstrated.runs("Visibility") == (midnight(12, 8), midnight(12, 9))
    assert demonstrated.runs("Route distance · LGA") == (midnight(11, 28), None)
    assert not demonstrated.assays["Route distance · LGA"]["active"]
    assert max(demonstrated.results("Delay probability, trial of deciles")) == midnight(5, 13)
    assert demonstrated.assays["Delay probability, trial of deciles"]["scheduling"]["end"]
