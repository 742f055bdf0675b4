"""The colours of the figures: the style sheet's own tokens, read from it, so that the two cannot differ."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Literal, cast

from django.conf import settings

Theme = Literal["light", "dark"]
Palette = Mapping[str, str]
"""Token without its `--dl-` to colour, `alert-ink` to `#ab2a10`."""

TOKENS = settings.BASE_DIR / "static" / "driftline" / "tokens.css"

_BLOCK = re.compile(r"\[data-bs-theme=(light|dark)\] \{(.*?)\}", re.DOTALL)
_COLOUR = re.compile(r"--dl-([\w-]+): (#[0-9a-f]{6})")


@cache
def palettes() -> Mapping[Theme, Palette]:
    blocks = _BLOCK.findall(TOKENS.read_text())
    return {cast(Theme, theme): dict(_COLOUR.findall(body)) for theme, body in blocks}


def palette(theme: Theme) -> Palette:
    return palettes()[theme]
