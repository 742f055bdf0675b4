"""How far the past has been worked off: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import time

from django.core.management.base import OutputWrapper

WIDTH = 40
EVERY = 2.0


class Progress:
    """Counts windows up to `total`; afterwards it is silent."""

    def __init__(self, total: int, out: OutputWrapper) -> None:
        self._total, self._out = total, out
        self._done, self._said = 0, time.monotonic()

    def advance(self, windows: int) -> None:
        if self._done >= self._total:
            return
        self._done = min(self._total, self._done + windows)
        if self._out.isatty():
            self._draw()
        elif self._done == self._total or time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            self._out.write(f"{self._done:,} of {self._total:,} windows computed\n")
            self._out.flush()

    def _draw(self) -> None:
        full = WIDTH * self._done // self._total
        bar = "█" * full + "·" * (WIDTH - full)
        end = "\n" if self._done == self._total else ""
        self._out.write(f"\r{bar} {self._done:,} of {self._total:,} windows", ending=end)
        self._out.flush()
