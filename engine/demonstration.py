"""The assays of the demonstration: what a team that predicts delays would watch, and when it would worry.

Times are the log's own, or lengths of time before the demonstration's first start; whoever schedules the assays adds
the shift. Baselines are January's flights, from local midnight to local midnight.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from assays.wire import BinModeSpec, IoPath, SimpleRunFrequency, Thresholds, UnivariateContinuous

JANUARY = (datetime(2013, 1, 1, 5, tzinfo=UTC), datetime(2013, 2, 1, 5, tzinfo=UTC))

DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
DAILY = SimpleRunFrequency(1, "Day")
WEEKLY = SimpleRunFrequency(1, "Week")

QUINTILES = UnivariateContinuous(BinModeSpec(quantile=5), "Density", "PSI")

LogTime = datetime
BeforeStart = timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class DemonstrationAssay:
    """`first_run` is the end of the first window. `switched_off` and `held` are acts of people since when no run is made."""

    name: str
    watched: tuple[IoPath, ...]
    summarizer: UnivariateContinuous = QUINTILES
    frequency: SimpleRunFrequency = DAILY
    width: timedelta = DAY
    first_run: LogTime | BeforeStart = field(default=JANUARY[1] + DAY)
    end: LogTime | BeforeStart | None = None
    switched_off: BeforeStart | None = None
    held: BeforeStart | None = None
    pipeline: str = "flight-delay"
    workspace: str = "nyc-ops"
    model: str | None = None
    locations: tuple[str, ...] | None = None


def watch(name: str, warning: float, alert: float) -> tuple[IoPath]:
    return (IoPath(name, thresholds=Thresholds(warning, alert)),)


ASSAYS = (
    DemonstrationAssay(name="Delay probability", watched=watch("out.delay_probability", 0.25, 0.5)),
    DemonstrationAssay(name="Scheduled hour", watched=watch("in.hour", 0.1, 0.25)),
    DemonstrationAssay(
        name="Temperature, weekly",
        watched=watch("in.temp", 1.0, 2.5),
        frequency=WEEKLY,
        width=WEEK,
        first_run=datetime(2013, 2, 11, 5, tzinfo=UTC),
        pipeline="weather-feed",
        workspace="met-inputs",
    ),
)
