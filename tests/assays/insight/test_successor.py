"""A successor's body is its predecessor's definition with new thresholds, going on where it leaves off."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from assays import wire
from assays.insight.successor import successor
from assays.schedule import Plan
from tests.support import messages
from tests.support.messages import START, Message

HOUR = timedelta(hours=1)
FIELDS: dict[str, tuple[float | None, float | None]] = {"in.a": (0.1, 0.2), "out.b": (0.3, 0.4)}


def made(told: Message, after: Any = START + 5 * HOUR, width: timedelta = HOUR, **thresholds: Any) -> dict[str, Any]:
    plan = Plan(START, HOUR, width)
    by_key = {key.replace("_", "."): pair for key, pair in thresholds.items()}
    return successor(json.dumps(told).encode(), "second", by_key, plan, after)


def test_only_the_named_fields_thresholds_change() -> None:
    told = messages.assay(fields=FIELDS)
    body = made(told, out_b=(0.5, None))
    assert [path["thresholds"] for path in body["targeting"]["iopath"]] == [
        {"warning": 0.1, "alert": 0.2},
        {"warning": 0.5, "alert": None},
    ]
    assert body["name"] == "second"
    same = ("baseline", "summarizer", "window")
    assert {part: body[part] for part in same} == {part: told[part] for part in same}


def test_nothing_but_what_schedule_takes_is_in_it_and_unknown_parts_within_are_kept() -> None:
    told = messages.assay()
    told["window"]["early_access"] = "kept"
    body = made(told)
    assert set(body) == {"name", "baseline", "scheduling", "summarizer", "targeting", "window"}
    assert body["window"]["early_access"] == "kept"


def test_it_goes_on_with_the_next_window_of_the_same_schedule() -> None:
    """Stored is the posted time plus the width: the end of the first window, one after the last of before."""
    for width in (HOUR, 3 * HOUR):
        posted = made(messages.assay(), width=width)["scheduling"]["first_run"]
        assert msgspec.convert(posted, wire.Time) + width == START + 6 * HOUR


def test_before_the_first_run_it_begins_with_that() -> None:
    posted = made(messages.assay(), after=START - 9 * HOUR)["scheduling"]["first_run"]
    assert msgspec.convert(posted, wire.Time) == START - HOUR


def test_on_cron_the_time_stays() -> None:
    told = messages.assay()
    body = successor(json.dumps(told).encode(), "second", {}, Plan(START, None, HOUR), START + HOUR)
    assert body["scheduling"] == told["scheduling"]


def test_a_field_that_is_not_watched_is_refused() -> None:
    with pytest.raises(KeyError):
        made(messages.assay(fields=FIELDS), in_c=(0.1, 0.2))


def test_an_indexed_field_is_named_as_in_scores() -> None:
    told = messages.assay(fields={"out.list": (0.1, 0.2)})
    told["targeting"]["iopath"][0]["indexes"] = [2]
    body = successor(json.dumps(told).encode(), "second", {"out.list.2": (None, 0.9)}, Plan(START, HOUR, HOUR), START)
    assert body["targeting"]["iopath"][0]["thresholds"] == {"warning": None, "alert": 0.9}
