"""How scores, shares and bins are written wherever a sentence tells of them. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

NARROW = "\N{NARROW NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
NONE = "\N{EM DASH}"
EN_DASH = "\N{EN DASH}"


def score(value: float | None, digits: int = 2) -> str:
    """Two digits in lists, three in detail, six when verifying. No score is a dash, never a zero."""
    if value is None:
        return NONE
    smallest = 10.0**-digits
    if 0 <= value < smallest / 2:
        return f"<{smallest:.{digits}f}"
    return f"{value:.3e}" if value >= 1e6 else f"{value:,.{digits}f}".replace("-", MINUS)


def share(value: float | None) -> str:
    return NONE if value is None else f"{value * 100:.0f}{NARROW}%"


def edges(values: Sequence[float]) -> list[str]:
    """Right edges of bins with as few digits as tell them apart; infinities as ∞."""
    finite = sorted({value for value in values if math.isfinite(value)})
    digits = next((n for n in (2, 3, 4, 5) if len({_edge(value, n) for value in finite}) == len(finite)), 6)
    return [_edge(value, digits) for value in values]


def _edge(value: float, digits: int) -> str:
    if math.isnan(value):
        return NONE
    if not math.isfinite(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    size = abs(value)
    if size and not 1e-4 <= size < 1e7:
        return f"{value:.{digits - 1}e}".replace("-", MINUS)
    decimals = max(0, digits - 1 - math.floor(math.log10(size))) if size else 0
    text = f"{value:,.{decimals}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text).replace("-", MINUS)


def ranges(values: Sequence[float]) -> list[str]:
    """Bins in words, by their right edges: `≤ 0.024`, `0.024 – 0.044`, `> 0.26`; one bin alone is `all`."""
    if len(values) == 1:
        return ["all"]
    texts = edges(values)
    inner = [f"{low} {EN_DASH} {high}" for low, high in pairwise(texts[:-1])]
    return [f"≤ {texts[0]}", *inner, f"> {texts[-2]}"]
