"""pandas' way to the same answers: everything read from the database into a frame, then asked of it.

Arguments: the database's file, the field of the windows, the warning threshold. Prints wall and CPU milliseconds.
"""

import json
import sqlite3
import sys
import time

import pandas as pd


def main(path: str, field_id: str, warning: str) -> None:
    connection = sqlite3.connect(path)
    found = {
        "try": timed(
            lambda: pd.read_sql(WINDOWS, connection, params=[int(field_id)]), lambda f: tried(f, float(warning))
        ),
        "doctor": timed(lambda: pd.read_sql(HOURS, connection), examined),
    }
    print(json.dumps(found))


WINDOWS = "SELECT window_end, window_start, score FROM assays_score WHERE field_id = ? AND score IS NOT NULL ORDER BY 1"
HOURS = "SELECT field_id, ok, warning, alert, highest FROM assays_hourrollup"


def tried(frame: pd.DataFrame, warning: float) -> int:
    bad = frame["score"] >= warning
    return int((bad & ~bad.shift(fill_value=False)).sum())


def examined(frame: pd.DataFrame) -> int:
    return len(frame.groupby("field_id").agg({"ok": "sum", "warning": "sum", "alert": "sum", "highest": "max"}))


def timed(read, ask) -> dict[str, float]:
    began = time.perf_counter()
    frame = read()
    read_ms = 1000 * (time.perf_counter() - began)
    best = min(one(frame, ask) for _ in range(5))
    return {"read": read_ms, "ask": best, "answer": ask(frame)}


def one(frame, ask) -> float:
    began = time.perf_counter()
    ask(frame)
    return 1000 * (time.perf_counter() - began)


if __name__ == "__main__":
    main(*sys.argv[1:])
