"""The messages of the Assays V2 API, typed: what upstream sends, what the engine answers. No HTTP and no Django here.

Required fields are those without which the vendor's client raises; unknown fields are ignored by the types, so whoever
stores or passes on a message keeps the bytes it came in (`Received.raw`). Times are aware; their offset is kept.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct, field

Time = Annotated[datetime, Meta(tz=True)]
Int64 = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""A whole number that a database can keep."""

Finite = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
"""JSON can write numbers beyond what a float holds, such as 1e999."""

Measured = Annotated[float, Meta(ge=-1e150, le=1e150)]
"""Beyond this a square overflows."""

Metric = Literal["PSI", "MaxDiff", "SumDiff"]
Aggregation = Literal["Density", "Cumulative", "Edges"]
Activity = Literal["ActiveOnly", "InactiveOnly", "All"]
Unit = Literal["Minute", "Hour", "Day", "Week"]

UNIT_LENGTH: dict[str, timedelta] = {
    "Minute": timedelta(minutes=1),
    "Hour": timedelta(hours=1),
    "Day": timedelta(days=1),
    "Week": timedelta(weeks=1),
}

LONGEST = timedelta(days=3660)
"""Of a window or a period: with more, arithmetic on dates leaves the calendar."""

EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
LAST_MOMENT = datetime.max.replace(tzinfo=UTC)


class Thresholds(Struct, frozen=True):
    """Of one field; a null threshold never fires."""

    warning: Finite | None = None
    alert: Finite | None = None


class IoPath(Struct, frozen=True):
    """One watched field: `in.*` or `out.*`, with at most one index into a list field."""

    field: str
    indexes: list[int] | None = None
    thresholds: Thresholds | None = None

    @property
    def key(self) -> str:
        """The field's key in scores and summaries: `field`, or `field.<index>`."""
        return f"{self.field}.{self.indexes[0]}" if self.indexes else self.field


class DataOrigin(Struct, frozen=True):
    """`model_id` is a model's name, `locations` its partitions; null means all of them."""

    pipeline_name: str
    pipeline_id: Int64
    workspace_name: str
    workspace_id: Int64
    model_id: str | None = None
    locations: list[str] | None = None


class Targeting(Struct, frozen=True):
    data_origin: DataOrigin
    iopath: Annotated[list[IoPath], Meta(min_length=1)]


class SimpleRunFrequency(Struct, frozen=True):
    quantity: Annotated[int, Meta(ge=1)]
    unit: Unit

    def __post_init__(self) -> None:
        if self.quantity > LONGEST // UNIT_LENGTH[self.unit]:
            raise ValueError("more than ten years lie between two runs")

    @property
    def period(self) -> timedelta:
        return self.quantity * UNIT_LENGTH[self.unit]


class RunFrequency(Struct, frozen=True, omit_defaults=True):
    """Exactly one of the two is set; a Cron expression has no fixed period."""

    simple: SimpleRunFrequency | None = field(default=None, name="SimpleRunFrequency")
    cron: str | None = field(default=None, name="Cron")

    @property
    def period(self) -> timedelta | None:
        return self.simple.period if self.simple else None


class Scheduling(Struct, frozen=True):
    first_run: Time
    run_frequency: RunFrequency
    end: Time | None = None

    def __post_init__(self) -> None:
        """An end may be the last moment there is, which some write for none."""
        _require_calendar(self.first_run)
        if self.end is not None:
            _require_calendar(self.end, LAST_MOMENT)


class Width(Struct, frozen=True):
    seconds: Annotated[int, Meta(ge=1, le=LONGEST // timedelta(seconds=1))]


class Window(Struct, frozen=True):
    width: Width


class BinModeSpec(Struct, frozen=True, omit_defaults=True, gc=False):
    """Exactly one is set: a number of bins, or the right edges of `Provided`."""

    equal: int | None = field(default=None, name="Equal")
    quantile: int | None = field(default=None, name="Quantile")
    quantile_with_explicit_outliers: int | None = field(default=None, name="QuantileWithExplicitOutliers")
    provided: list[float] | None = field(default=None, name="Provided")


BinMode = str | BinModeSpec
"""The string `"None"` (one bin), or a spec; other strings are kept, not understood."""


class UnivariateContinuous(Struct, frozen=True):
    bin_mode: BinMode
    aggregation: str
    metric: str
    bin_weights: list[float] | None = None


class Summarizer(Struct, frozen=True, omit_defaults=True):
    univariate: UnivariateContinuous | None = field(default=None, name="UnivariateContinuous")
    multivariate: dict[str, Any] | None = field(default=None, name="MultivariateContinuous")


Edge = float | str
"""A right edge: a number, or `"INFINITY"`, `"NEG_INFINITY"`, `"NAN"`."""


class Bins(Struct, frozen=True, gc=False):
    mode: BinMode
    edges: list[Edge]
    labels: list[str]


class Statistics(Struct, frozen=True, gc=False):
    """`count` includes NaN; the others leave NaN out. `std` divides by N."""

    count: Int64
    min: float
    max: float
    mean: float
    median: float
    std: float


class Summary(Struct, frozen=True, gc=False):
    """How a sample fell into bins: edges, labels and aggregated values have one length."""

    bins: Bins
    aggregated_values: list[Measured]
    statistics: Statistics
    name: str | None = None
    aggregation: str | None = None
    start: Time | None = None
    end: Time | None = None

    @property
    def is_whole(self) -> bool:
        return len(self.bins.edges) == len(self.bins.labels) == len(self.aggregated_values) > 0


class Rolling(Struct, frozen=True):
    start: Time
    width: Width


class Baseline(Struct, frozen=True, omit_defaults=True):
    """Upstream answers with a Summary; the others are accepted in requests."""

    summary: dict[str, Summary] | None = field(default=None, name="Summary")
    static: tuple[Time, Time] | None = field(default=None, name="Static")
    rolling: Rolling | None = field(default=None, name="Rolling")
    vector: list[float | None] | None = field(default=None, name="Vector")


class Assay(Struct, frozen=True):
    id: str
    name: str
    active: bool
    created_at: Time
    updated_at: Time
    scheduling: Scheduling
    baseline: Baseline
    window: Window
    summarizer: Summarizer
    targeting: Targeting

    def __post_init__(self) -> None:
        _require_calendar(self.created_at)
        _require_calendar(self.updated_at)


class FieldScore(Struct, frozen=True, gc=False):
    """`scores` holds what each bin adds, weighted but not halved; `bin_index` is MaxDiff's bin, from 0."""

    score: Measured
    scores: list[Measured]
    bin_index: int | None = None


class Result(Struct, frozen=True, gc=False):
    """One window's result. A score that is a string is an error text; empty summaries are a failed run."""

    id: Int64
    assay_id: str
    analyzed_at: Time
    elapsed_millis: Int64
    status: str
    window_start: Time
    window_end: Time
    created_at: Time
    updated_at: Time
    workspace_id: Int64
    workspace_name: str
    pipeline_id: Int64
    scores: dict[str, FieldScore | str] | None = None
    summaries: dict[str, Summary] | None = None
    warning_threshold: Finite | None = None
    alert_threshold: Finite | None = None


class NextRun(Struct, frozen=True):
    last_run: Time | None = None
    next_run: Time | None = None

    def __post_init__(self) -> None:
        for moment in filter(None, (self.last_run, self.next_run)):
            _require_calendar(moment)


class Features(Struct, frozen=True):
    features: dict[str, str]
    name: str
    is_auth_enabled: bool


class Token(Struct, frozen=True):
    """Keycloak's answer; times are seconds from now."""

    access_token: str
    expires_in: float
    refresh_token: str | None = None
    refresh_expires_in: float | None = None


def _require_calendar(moment: datetime, latest: datetime = LATEST) -> None:
    """Near the calendar's ends a moment cannot be told in another zone, nor can any be reckoned from it."""
    if not EARLIEST <= moment <= latest:
        raise ValueError(f"{moment.isoformat()} is outside of what can be reckoned with")


class ListRequest(Struct, frozen=True):
    active: Activity
    pipeline_name: str | None = None
    workspace_id: int | None = None


class GetRequest(Struct, frozen=True):
    id: str


class ResultsRequest(Struct, frozen=True):
    """`start <= window_end < end`; `debug` adds runs that had no rows."""

    id: str
    workspace_id: int | None = None
    start: Time | None = None
    end: Time | None = None
    debug: bool | None = None


class NextRunRequest(Struct, frozen=True):
    assay_id: str


class SetActiveRequest(Struct, frozen=True):
    assay_id: str
    active: bool


T = TypeVar("T")


class _Envelope(Result, frozen=True):
    """A result whose fields are not yet looked into."""

    scores: dict[str, msgspec.Raw] | None = None  # type: ignore[assignment]
    summaries: dict[str, msgspec.Raw] | None = None  # type: ignore[assignment]


_strict = msgspec.json.Decoder(Result)
_envelope = msgspec.json.Decoder(_Envelope)
_score: msgspec.json.Decoder[FieldScore | str] = msgspec.json.Decoder(FieldScore | str)
_summary = msgspec.json.Decoder(Summary)


def read_result(raw: bytes) -> Result:
    """A result as understood: one field that cannot be read spoils no other.

    Such a field's score becomes an error text, and where a summary cannot be read too.
    Raises msgspec.ValidationError when the result itself, its window or its status cannot be read.
    """
    try:
        result = _strict.decode(raw)
    except msgspec.ValidationError:
        result = _by_field(raw)
    if result.status.lower() not in _STATUSES:
        raise msgspec.ValidationError(f"status is {result.status[:40]!r} - at `$.status`")
    if result.window_start >= result.window_end:
        raise msgspec.ValidationError("window ends before it starts - at `$.window_end`")
    for moment in (result.window_start, result.window_end, result.updated_at, result.analyzed_at):
        if not EARLIEST <= moment <= LATEST:
            raise msgspec.ValidationError(f"{moment.isoformat()} is outside of what can be reckoned with")
    return result


_STATUSES = ("ok", "warning", "alert")


def _by_field(raw: bytes) -> Result:
    envelope = _envelope.decode(raw)
    parts = {name: getattr(envelope, name) for name in Result.__struct_fields__}
    scores = {key: _read_score(part) for key, part in (envelope.scores or {}).items()}
    summaries = {key: _read_summary(part) for key, part in (envelope.summaries or {}).items()}
    scores |= {key: told for key, told in summaries.items() if isinstance(told, str)}
    readable = {key: told for key, told in summaries.items() if isinstance(told, Summary)}
    return Result(**(parts | {"scores": scores, "summaries": readable}))


def _read_score(raw: msgspec.Raw) -> FieldScore | str:
    try:
        return _score.decode(raw)
    except msgspec.ValidationError as error:
        return f"the score cannot be read: {error}"


def _read_summary(raw: msgspec.Raw) -> Summary | str:
    try:
        return _summary.decode(raw)
    except msgspec.ValidationError as error:
        return f"the summary cannot be read: {error}"


@dataclass(frozen=True, slots=True)
class Received(Generic[T]):
    """A message as understood, beside the JSON bytes it came in, unknown fields included."""

    message: T
    raw: bytes


def rfc3339(moment: datetime) -> str:
    """The API's way to write a time: `Z` for UTC, up to six decimals, trailing zeros cut."""
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError(f"{moment!r} has no zone")
    text = moment.replace(tzinfo=None).isoformat(timespec="microseconds")
    text = text.rstrip("0") if moment.microsecond else text[:19]
    return text + _offset(offset)


def _offset(offset: timedelta) -> str:
    if not offset:
        return "Z"
    sign = "-" if offset < timedelta(0) else "+"
    minutes = abs(offset) // timedelta(minutes=1)
    return f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"


def encode(message: Any) -> bytes:
    """A message as JSON, with times as `rfc3339` writes them."""
    return msgspec.json.encode(_with_times(msgspec.to_builtins(message, builtin_types=(datetime,))))


def _with_times(node: Any) -> Any:
    if isinstance(node, datetime):
        return rfc3339(node)
    if isinstance(node, dict):
        return {key: _with_times(value) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_with_times(value) for value in node]
    return node


def edge_values(edges: list[Edge]) -> Iterator[float]:
    """The right edges as floats, infinities included; NaN where a text tells no number."""
    for edge in edges:
        yield _told_edge(edge) if isinstance(edge, str) else edge


def _told_edge(text: str) -> float:
    try:
        return _NAMED_EDGES[text] if text in _NAMED_EDGES else float(text)
    except ValueError:
        return float("nan")


_NAMED_EDGES = {"INFINITY": float("inf"), "NEG_INFINITY": float("-inf"), "NAN": float("nan")}


def utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
