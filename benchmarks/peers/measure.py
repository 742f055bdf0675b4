"""Wall, CPU and peak memory of this process as a line of JSON; the standard library alone, for every environment."""

import json
import resource
import time
from pathlib import Path


def cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def peak_mib() -> float:
    """The kernel's high-water mark of this program; ru_maxrss would count what the parent held when it forked."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) / 1024


class Stopwatch:
    """Laps of wall and CPU seconds, imports not counted."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._wall, self._cpu = time.perf_counter(), cpu_seconds()

    def lap(self, name: str) -> None:
        wall, cpu = time.perf_counter(), cpu_seconds()
        self.laps |= {f"{name}_wall": wall - self._wall, f"{name}_cpu": cpu - self._cpu}
        self._wall, self._cpu = wall, cpu

    def report(self, scores: int) -> None:
        print(json.dumps({**self.laps, "peak_mib": peak_mib(), "scores": scores}))
