"""The ready `schedule` body of an assay that takes another's place, since V2 cannot edit one. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from assays import wire
from assays.schedule import MICROSECOND, Plan, next_end

PARTS = ("baseline", "scheduling", "summarizer", "targeting", "window")
"""What `schedule` takes beside the name; unknown fields within these are kept as upstream sent them."""

Thresholds = Mapping[str, tuple[float | None, float | None]]
"""By a field's key, the new warning and alert; fields that are not named keep theirs."""


def successor(message: bytes, name: str, thresholds: Thresholds, plan: Plan, after: datetime) -> dict[str, Any]:
    """The body to post, from the assay's message as it came.

    The first window is the first of the same schedule that ends after `after`. Servers since December 2024 store the
    posted `first_run` plus the window's width (metrics.md, 7): posted is when that window starts. On Cron the posted
    time stays as it is. KeyError for a field that the assay does not watch.
    """
    body = {"name": name} | {part: told for part, told in msgspec.json.decode(message).items() if part in PARTS}
    paths = {_key(path): path for path in body["targeting"]["iopath"]}
    for key, (warning, alert) in thresholds.items():
        paths[key]["thresholds"] = {"warning": warning, "alert": alert}
    first = next_end(plan, max(after, plan.first_run - MICROSECOND))
    if first is not None:
        body["scheduling"]["first_run"] = wire.rfc3339(first - plan.width)
    return body


def _key(path: dict[str, Any]) -> str:
    return msgspec.convert(path, wire.IoPath).key
