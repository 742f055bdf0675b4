"""Assays that serve nobody as they are: each finding with its evidence and the change it suggests. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from assays import wire
from assays.drift import noise
from assays.drift.explain import ceiling
from assays.drift.metrics import AGGREGATIONS, METRICS, Measure
from assays.insight.labels import LEAST_ROWS
from assays.insight.verify import measure_of
from assays.models import Assay, Field
from assays.states import State
from assays.wire import utc

ENOUGH_WINDOWS = 20
OFTEN, NEARLY_ALWAYS = 0.25, 0.8
"""Shares of bad windows from which an assay is noisy, and from which its baseline stands for nothing it sees."""

FAR_BELOW = 0.5
"""A highest score below this share of the lowest threshold never came near it."""

OLD = timedelta(days=180)
WHOLE_WEEK = timedelta(days=7)
STANDSTILL = timedelta(days=1)
FORGOTTEN = timedelta(days=90)
MANY_BINS = 8
FAR_ABOVE = 3
"""A threshold so many times what chance gives in large samples needs no simulation to be told apart from it."""


class Kind(Enum):
    """What is wrong, by the name it is dismissed under."""

    NOISY = "noisy"
    STALE = "stale"
    NEVER_FIRES = "never fires"
    CANNOT_WARN = "cannot warn"
    CANNOT_FIRE = "cannot fire"
    UNREPRESENTATIVE = "unrepresentative baseline"
    AGEING = "ageing baseline"
    SMALL_WINDOWS = "windows too small"
    OVERLAPPING = "overlapping windows"
    ORDER_IGNORED = "order of bins ignored"


OF_ASSAY = (Kind.STALE, Kind.OVERLAPPING)
"""Kinds that are found of an assay as a whole; all others of a field."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`field` is None where it is of the assay as a whole."""

    kind: Kind
    assay: Assay
    field: Field | None
    evidence: str
    change: str


@dataclass(frozen=True, slots=True)
class Year:
    """A field's scored windows of a year, the bad ones among them, and the highest score."""

    scored: int = 0
    bad: int = 0
    highest: float | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """All that is looked at of one field. `rows` are those of its newest windows on average."""

    assay: Assay
    message: wire.Assay
    field: Field
    year: Year
    rows: float | None
    now: datetime

    @property
    def baseline(self) -> wire.Summary | None:
        return (self.message.baseline.summary or {}).get(self.field.key)

    @property
    def lowest(self) -> float | None:
        """The threshold that fires first."""
        return min((value for value in (self.field.warning, self.field.alert) if value is not None), default=None)

    @property
    def measure(self) -> Measure | None:
        how = measure_of(self.message)
        return how if how and how.metric in METRICS and how.aggregation in AGGREGATIONS else None

    @property
    def bad_share(self) -> float:
        return self.year.bad / self.year.scored if self.year.scored >= ENOUGH_WINDOWS else 0.0


def diagnose(cases: Sequence[Case]) -> Iterator[Finding]:
    """Everything found of the fields of one assay."""
    if cases:
        yield from _stale(cases[0])
        yield from _overlapping(cases[0])
    for case in cases:
        for check in OF_FIELD:
            yield from check(case)


def _stale(case: Case) -> Iterator[Finding]:
    assay, now = case.assay, case.now
    if not assay.active:
        if assay.paused_since and now - assay.paused_since >= FORGOTTEN:
            days = (now - assay.paused_since).days
            yield _of_assay(Kind.STALE, case, f"paused for {days} days", "switch it on again, or let it end")
    elif assay.last_run is not None and assay.state != State.ENDED and now - assay.last_run >= _patience(assay):
        evidence = f"its last run was on {assay.last_run:%d %B %Y}, {(now - assay.last_run).days} days ago"
        yield _of_assay(Kind.STALE, case, evidence, "find out why upstream makes no runs, or switch it off")


def _patience(assay: Assay) -> timedelta:
    return max(STANDSTILL, 3 * (assay.plan.period or WHOLE_WEEK))


def _overlapping(case: Case) -> Iterator[Finding]:
    plan = case.assay.plan
    if plan.period is not None and plan.width > plan.period:
        many = plan.width / plan.period
        evidence = (
            f"a window is {_words(plan.width)} long, one begins every {_words(plan.period)}: {many:.3g} hold a row"
        )
        change = "count only windows that follow one another, or let runs be as far apart as windows are long"
        yield _of_assay(Kind.OVERLAPPING, case, evidence, change)


def _noisy(case: Case) -> Iterator[Finding]:
    if OFTEN <= case.bad_share < NEARLY_ALWAYS:
        evidence = f"{case.year.bad:,} of {case.year.scored:,} windows in a year reached a threshold"
        yield _of_field(Kind.NOISY, case, evidence, "try a higher threshold on its history, or ask for k of n windows")


def _never_fires(case: Case) -> Iterator[Finding]:
    year, lowest = case.year, case.lowest
    if lowest is None:
        yield _of_field(Kind.NEVER_FIRES, case, "it has neither threshold", "set a warning and an alert threshold")
    elif year.scored >= ENOUGH_WINDOWS and not year.bad and (year.highest or 0.0) < FAR_BELOW * lowest:
        highest = year.highest or 0.0
        evidence = f"in {year.scored:,} windows the highest score was {highest:.3g}, and it fires from {lowest:.3g} on"
        yield _of_field(Kind.NEVER_FIRES, case, evidence, "try a lower threshold on its history")


def _cannot_warn(case: Case) -> Iterator[Finding]:
    warning, alert = case.field.warning, case.field.alert
    if alert is None or (warning is not None and warning < alert):
        return
    evidence = "it has no warning threshold" if warning is None else f"it warns at {warning:.3g}, alerts at {alert:.3g}"
    yield _of_field(Kind.CANNOT_WARN, case, evidence, f"warn below the alert threshold of {alert:.3g}")


def _cannot_fire(case: Case) -> Iterator[Finding]:
    baseline, how, alert = case.baseline, case.measure, case.field.alert
    if baseline is None or not baseline.is_whole or how is None or alert is None or not case.rows:
        return
    highest = _ceiling(baseline, int(case.rows), how)
    if highest is not None and highest < alert:
        evidence = f"no window can score above {highest:.3g} with these bins, and it alerts at {alert:.3g}"
        yield _of_field(Kind.CANNOT_FIRE, case, evidence, f"alert below {highest:.3g}")


def _ceiling(baseline: wire.Summary, rows: int, how: Measure) -> float | None:
    try:
        return ceiling(baseline.aggregated_values, rows, how)
    except ValueError:
        return None


def _unrepresentative(case: Case) -> Iterator[Finding]:
    for evidence in (_always_bad(case), _short(case), _fewer_rows(case)):
        if evidence:
            yield _of_field(
                Kind.UNREPRESENTATIVE, case, evidence, "take a baseline from a stretch like what it watches"
            )
            return


def _always_bad(case: Case) -> str:
    if case.bad_share < NEARLY_ALWAYS:
        return ""
    return f"{case.year.bad:,} of {case.year.scored:,} windows in a year reached a threshold: it is no measure of them"


def _short(case: Case) -> str:
    told = case.baseline
    if told is None or told.start is None or told.end is None or case.assay.plan.width > STANDSTILL:
        return ""
    length = told.end - told.start
    return f"it covers {_words(length)}, so that not every weekday is in it" if length < WHOLE_WEEK else ""


def _fewer_rows(case: Case) -> str:
    told = case.baseline
    if told is None or not case.rows or told.statistics.count >= case.rows:
        return ""
    return f"it has {told.statistics.count:,} rows, a window {case.rows:,.0f}"


def _ageing(case: Case) -> Iterator[Finding]:
    told = case.baseline
    until = utc(told.end) if told and told.end else case.assay.created_at
    age = case.now - until
    if told is not None and age >= OLD:
        evidence = f"it ends on {until:%d %B %Y}, {age.days} days ago" if told.end else f"it is {age.days} days old"
        yield _of_field(Kind.AGEING, case, evidence, "schedule a successor with a newer baseline")


def _small_windows(case: Case) -> Iterator[Finding]:
    evidence = _too_few(case) or _within_noise(case)
    if evidence:
        yield _of_field(Kind.SMALL_WINDOWS, case, evidence, "make windows longer, or bins fewer")


def _too_few(case: Case) -> str:
    if case.rows is None or case.rows >= LEAST_ROWS:
        return ""
    return f"its newest windows have {case.rows:.0f} rows on average, {LEAST_ROWS} are the least to judge by"


def _within_noise(case: Case) -> str:
    told, how, lowest = case.baseline, case.measure, case.lowest
    if told is None or how is None or lowest is None or not case.rows or not noise.has_band(how):
        return ""
    sample = noise.sample(told.aggregated_values, told.statistics.count, [*wire.edge_values(told.bins.edges)])
    rows = int(case.rows)
    if (
        sample is None
        or noise.large_sample_limit(sample, rows) < lowest / FAR_ABOVE
        or noise.limit(sample, rows) < lowest
    ):
        return ""
    share = noise.chance(sample, rows, lowest)
    return f"with {rows:,} rows chance alone reaches {lowest:.3g} in {share:.0%} of windows"


def _order_ignored(case: Case) -> Iterator[Finding]:
    told, how = case.baseline, case.measure
    if told is None or how is None or how.aggregation != "Density" or len(told.bins.edges) < MANY_BINS:
        return
    evidence = (
        f"of its {len(told.bins.edges)} bins in a row, {how.metric} on Density counts a move to the next"
        " as much as one to the far end"
    )
    yield _of_field(Kind.ORDER_IGNORED, case, evidence, "measure MaxDiff on Cumulative, or take fewer bins")


OF_FIELD = (
    _noisy,
    _never_fires,
    _cannot_warn,
    _cannot_fire,
    _unrepresentative,
    _ageing,
    _small_windows,
    _order_ignored,
)


def _of_assay(kind: Kind, case: Case, evidence: str, change: str) -> Finding:
    return Finding(kind, case.assay, None, evidence, change)


def _of_field(kind: Kind, case: Case, evidence: str, change: str) -> Finding:
    return Finding(kind, case.assay, case.field, evidence, change)


def _words(length: timedelta) -> str:
    """In the largest unit of which it holds one or more: `7 days`, `1 hour`, `1.5 minutes`."""
    units = {"day": timedelta(days=1), "hour": timedelta(hours=1), "minute": timedelta(minutes=1)}
    name, unit = next(
        ((name, unit) for name, unit in units.items() if length >= unit), ("second", timedelta(seconds=1))
    )
    many = length / unit
    return f"{many:.3g} {name}{'' if many == 1 else 's'}"
