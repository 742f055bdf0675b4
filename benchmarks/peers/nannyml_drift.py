"""NannyML's way: one calculator over the frame in memory, a chunk a day. Prints its own wall and CPU seconds.

Arguments: the log's folder, the first midnight, the number of days, the fields. Runs in an environment of its own.
"""

import sys
from pathlib import Path

import nannyml
import pandas as pd
from measure import Stopwatch


def main(log: str, start: str, days: str, *fields: str) -> None:
    watch = Stopwatch()
    frame = pd.read_parquet(sorted(map(str, Path(log).glob("*/*.parquet"))), columns=["time", *fields])
    watch.lap("read")
    calculator = nannyml.UnivariateDriftCalculator(
        column_names=list(fields),
        timestamp_column_name="time",
        continuous_methods=["jensen_shannon"],
        chunk_period="D",
    )
    midnights = pd.date_range(start, periods=int(days) + 1)
    calculator.fit(frame[frame["time"] < midnights[31]])
    result = calculator.calculate(frame[frame["time"] < midnights[-1]])
    scores = len(result.filter(period="analysis").to_df()) * len(fields)
    watch.lap("run")
    watch.report(scores)


if __name__ == "__main__":
    main(*sys.argv[1:])
