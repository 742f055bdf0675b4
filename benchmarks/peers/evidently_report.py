"""Evidently's way: a report of PSI for each daily window, the frame in memory. Prints its own wall and CPU seconds.

Arguments: the log's folder, the first midnight, the number of days, the fields. Runs in an environment of its own.
"""

import sys
from itertools import pairwise
from pathlib import Path

import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.metrics import ValueDrift
from measure import Stopwatch


def main(log: str, start: str, days: str, *fields: str) -> None:
    watch = Stopwatch()
    frame = pd.read_parquet(sorted(map(str, Path(log).glob("*/*.parquet"))), columns=["time", *fields])
    watch.lap("read")
    definition = DataDefinition(numerical_columns=list(fields))
    midnights = pd.date_range(start, periods=int(days) + 1)
    baseline = Dataset.from_pandas(frame.loc[frame["time"] < midnights[31], list(fields)], definition)
    scores = 0
    for since, until in pairwise(midnights):
        rows = frame.loc[(frame["time"] >= since) & (frame["time"] < until), list(fields)]
        scores += len(report(rows).run(Dataset.from_pandas(rows, definition), baseline).dict()["metrics"])
    watch.lap("run")
    watch.report(scores)


def report(rows: pd.DataFrame) -> Report:
    """Of the fields that have a value: Evidently refuses an empty one."""
    return Report([ValueDrift(column=field, method="psi") for field in rows if rows[field].notna().any()])


if __name__ == "__main__":
    main(*sys.argv[1:])
