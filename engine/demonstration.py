"""The assays of the demonstration: what a team that predicts delays would watch, and when it would worry.

Times are the log's own; whoever schedules the assays adds the shift. Baselines are January's flights, from local
midnight to local midnight. A threshold is what January itself suggests: the warning about what one in ten of its own
windows of that width reaches, the alert about twice that, but never below the customary 0.1 and 0.25. Weights divide
a score by about the number of bins, and these thresholds with it.
The study behind them is docs/demonstration.md.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from assays.wire import (
    Baseline,
    BinMode,
    BinModeSpec,
    IoPath,
    SimpleRunFrequency,
    Thresholds,
    UnivariateContinuous,
)

LogTime = datetime
BeforeStart = timedelta

MODEL = "delay-gbm-2013-01"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
EVERY_MINUTE = SimpleRunFrequency(1, "Minute")
HOURLY = SimpleRunFrequency(1, "Hour")
DAILY = SimpleRunFrequency(1, "Day")
WEEKLY = SimpleRunFrequency(1, "Week")


def midnight(month: int, day: int) -> LogTime:
    """New York's in winter; in summer it is one in the morning, when nothing leaves either."""
    return datetime(2013, month, day, 5, tzinfo=UTC)


JANUARY = Baseline(static=(midnight(1, 1), midnight(2, 1)))
FIRST_DAY = midnight(2, 2)
FIRST_WEEK = midnight(2, 8)
FIRST_MONDAY = midnight(2, 11)

QUINTILES = BinModeSpec(quantile=5)
DELAY_BANDS = BinModeSpec(provided=[0.0, 15.0, 60.0])
"""Early, on time, late, an hour late; a cancelled flight counts as early."""

RAIN_BANDS = BinModeSpec(provided=[0.0, 0.01, 0.05, 0.1])
VISIBILITY_BANDS = BinModeSpec(provided=[1.0, 3.0, 5.0, 9.0])

GUST_FACTORS = Baseline(vector=[1.25, 1.31, 1.37, 1.41, 1.46, 1.5, 1.58, 1.67, 1.75, 1.95])
"""January's gusts over its mean winds at the three airports, in ten equal parts; the log has no such column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemonstrationAssay:
    """`first_run` ends the first window. After `held` the engine's operator lets no run be made, after `switched_off`
    the assay is inactive.
    """

    name: str
    watched: tuple[IoPath, ...]
    summarizer: UnivariateContinuous
    baseline: Baseline = JANUARY
    frequency: SimpleRunFrequency = DAILY
    width: timedelta = DAY
    first_run: LogTime | BeforeStart = FIRST_DAY
    end: LogTime | None = None
    switched_off: LogTime | None = None
    held: LogTime | None = None
    pipeline: str = "flight-delay"
    workspace: str = "nyc-ops"
    model: str | None = None
    locations: tuple[str, ...] | None = None


def watch(field: str, warning: float, alert: float) -> IoPath:
    return IoPath(field, thresholds=Thresholds(warning, alert))


def psi(bins: BinMode = QUINTILES, weights: list[float] | None = None) -> UnivariateContinuous:
    return UnivariateContinuous(bins, "Density", "PSI", weights)


def max_diff(bins: BinMode) -> UnivariateContinuous:
    return UnivariateContinuous(bins, "Density", "MaxDiff")


def sum_diff(bins: BinMode) -> UnivariateContinuous:
    return UnivariateContinuous(bins, "Density", "SumDiff")


PREDICTIONS = (
    DemonstrationAssay(
        name="Delay probability",
        watched=(watch("out.delay_probability", 0.4, 0.8),),
        summarizer=psi(),
        model=MODEL,
    ),
    DemonstrationAssay(
        name="Delay probability · EWR",
        watched=(watch("out.delay_probability", 0.5, 1.0),),
        summarizer=psi(),
        locations=("EWR",),
    ),
    DemonstrationAssay(
        name="Delay probability · JFK",
        watched=(watch("out.delay_probability", 0.5, 1.0),),
        summarizer=psi(),
        locations=("JFK",),
    ),
    DemonstrationAssay(
        name="Delay probability · LGA",
        watched=(watch("out.delay_probability", 0.6, 1.2),),
        summarizer=psi(),
        locations=("LGA",),
    ),
    DemonstrationAssay(
        name="Delay probability · live",
        watched=(watch("out.delay_probability", 0.9, 1.8),),
        summarizer=psi(),
        frequency=EVERY_MINUTE,
        width=8 * HOUR,
        first_run=timedelta(hours=48),
    ),
    DemonstrationAssay(
        name="Delay probability, seven days",
        watched=(watch("out.delay_probability", 0.1, 0.25),),
        summarizer=psi(),
        width=WEEK,
        first_run=FIRST_WEEK,
    ),
    DemonstrationAssay(
        name="Delay probability, likely late",
        watched=(watch("out.delay_probability", 0.025, 0.05),),
        summarizer=psi(weights=[1.0, 1.0, 1.0, 2.0, 5.0]),
        frequency=WEEKLY,
        width=WEEK,
        first_run=FIRST_MONDAY,
    ),
    DemonstrationAssay(
        name="Delay probability, trial of deciles",
        watched=(watch("out.delay_probability", 0.12, 0.25),),
        summarizer=UnivariateContinuous(BinModeSpec(quantile=10), "Cumulative", "MaxDiff"),
        frequency=WEEKLY,
        width=WEEK,
        first_run=FIRST_MONDAY,
        end=midnight(5, 13),
    ),
)

FLIGHTS = (
    DemonstrationAssay(
        name="Departure delay",
        watched=(watch("in.dep_delay", 0.15, 0.3),),
        summarizer=psi(),
    ),
    DemonstrationAssay(
        name="Departure delay, hourly",
        watched=(watch("in.dep_delay", 0.4, 0.7),),
        summarizer=max_diff(DELAY_BANDS),
        frequency=HOURLY,
        width=HOUR,
        first_run=midnight(2, 1) + HOUR,
    ),
    DemonstrationAssay(
        name="Departure delay, weekly",
        watched=(watch("in.dep_delay", 0.1, 0.25),),
        summarizer=psi(),
        frequency=WEEKLY,
        width=WEEK,
        first_run=FIRST_MONDAY,
    ),
    DemonstrationAssay(
        name="Flight inputs",
        watched=(
            watch("in.dep_delay", 0.2, 0.35),
            watch("in.hour", 0.1, 0.25),
            watch("in.distance", 0.1, 0.25),
        ),
        summarizer=sum_diff(QUINTILES),
    ),
    DemonstrationAssay(
        name="Scheduled hour",
        watched=(watch("in.hour", 0.1, 0.25),),
        summarizer=psi(BinModeSpec(equal=6)),
    ),
    DemonstrationAssay(
        name="Scheduled hour · EWR",
        watched=(watch("in.hour", 0.1, 0.25),),
        summarizer=psi(),
        locations=("EWR",),
    ),
    DemonstrationAssay(
        name="Route distance",
        watched=(watch("in.distance", 0.1, 0.25),),
        summarizer=psi(),
    ),
    DemonstrationAssay(
        name="Route distance · JFK",
        watched=(watch("in.distance", 0.1, 0.25),),
        summarizer=max_diff(QUINTILES),
        locations=("JFK",),
    ),
    DemonstrationAssay(
        name="Route distance · LGA",
        watched=(watch("in.distance", 0.1, 0.25),),
        summarizer=psi(),
        locations=("LGA",),
        switched_off=midnight(11, 28),
    ),
)


def weather(name: str, watched: IoPath, summarizer: UnivariateContinuous) -> DemonstrationAssay:
    return DemonstrationAssay(
        name=name, watched=(watched,), summarizer=summarizer, pipeline="weather-feed", workspace="met-inputs"
    )


def over_weeks(assay: DemonstrationAssay, weeks: int) -> DemonstrationAssay:
    """Each Monday, over the weeks past: a day of weather is one regime and never looks like a month of it."""
    first_run = FIRST_MONDAY + (weeks - 1) * WEEK
    return replace(assay, frequency=WEEKLY, width=weeks * WEEK, first_run=first_run)


WEATHER = (
    over_weeks(weather("Temperature, four weeks", watch("in.temp", 0.1, 0.25), psi()), 4),
    over_weeks(weather("Humidity, two weeks", watch("in.humid", 0.15, 0.3), psi()), 2),
    over_weeks(weather("Pressure, weekly", watch("in.pressure", 0.55, 1.1), psi()), 1),
    over_weeks(weather("Wind speed, weekly", watch("in.wind_speed", 0.45, 0.9), psi()), 1),
    weather("Precipitation", watch("in.precip", 0.15, 0.3), sum_diff(RAIN_BANDS)),
    replace(
        weather("Visibility", watch("in.visib", 0.6, 0.8), max_diff(VISIBILITY_BANDS)),
        held=midnight(12, 8),
    ),
    replace(
        weather("Gust factor", watch("in.gust_factor", 0.1, 0.25), psi()),
        baseline=GUST_FACTORS,
        first_run=midnight(11, 18),
    ),
)

ASSAYS = PREDICTIONS + FLIGHTS + WEATHER
