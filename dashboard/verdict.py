"""The sentence that heads the overview and the one under it: rules on counts, which say true things only. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from assays.states import State
from dashboard import formats

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
TOGETHER = timedelta(days=2)
"""Assays that went bad within so long of each other went bad together."""


@dataclass(frozen=True, slots=True)
class Bad:
    """One assay in alert: the pipeline it watches, and since when it is bad."""

    pipeline: str
    since: datetime | None


def word(many: int) -> str:
    return WORDS[many] if many < len(WORDS) else f"{many:,}"


def headline(states: Counter[State]) -> str:
    """`6 assays in alert, 3 in warning`; of a thousand and more it says of how many."""
    total = states.total()
    alert, warning = states[State.ALERT], states[State.WARNING]
    if alert:
        return _in_state(alert, total, "alert") + (f", {warning:,} in warning" if warning else "")
    if warning:
        return _in_state(warning, total, "warning") + ", none in alert"
    return _calm(states)


def _in_state(many: int, total: int, state: str) -> str:
    return (
        f"{many:,} of {total:,} assays in {state}" if total >= 1000 else f"{formats.plural(many, 'assay')} in {state}"
    )


def _calm(states: Counter[State]) -> str:
    ok, total = states[State.OK], states.total()
    if ok == total:
        return "The one assay is Ok" if total == 1 else f"All {total:,} assays are Ok"
    return f"No assay in alert or warning, {ok:,} of {total:,} Ok"


def together(bad: Sequence[Bad]) -> tuple[str, int, datetime, datetime] | None:
    """The largest set of one pipeline's alerts that began within two days: pipeline, size, first and last onset."""
    best: tuple[str, int, datetime, datetime] | None = None
    for pipeline in {one.pipeline for one in bad}:
        onsets = sorted(one.since for one in bad if one.pipeline == pipeline and one.since)
        for k, first in enumerate(onsets):
            within = [at for at in onsets[k:] if at - first <= TOGETHER]
            if len(within) >= 2 and (best is None or len(within) > best[1]):
                best = pipeline, len(within), first, within[-1]
    return best


def troubles(states: Counter[State]) -> str:
    """What is wrong beside drift: `One run failed, one is late`."""
    told = []
    if failed := states[State.FAILED]:
        told.append(f"{word(failed)} {'fails' if failed == 1 else 'fail'}")
    if late := states[State.LATE]:
        told.append(f"{word(late)} {'is' if late == 1 else 'are'} late")
    sentence = " and ".join(told)
    return f"{sentence[0].upper()}{sentence[1:]}." if sentence else ""


def spread(pipelines: Sequence[tuple[str, int]], of: int) -> str:
    """Where many alerts lie; `pipelines` with their alerts, most first."""
    if len(pipelines) < 2:
        return ""
    worst = sum(many for _, many in pipelines[:5])
    sentence = f"The alerts lie in {len(pipelines):,} of {of:,} pipelines."
    return sentence + (f" The five worst pipelines hold {worst:,} of them." if len(pipelines) > 5 else "")
