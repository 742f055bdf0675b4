"""Results by blocks are the results, whatever is on the shelf and whatever has changed since it was put there."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from assays.models import Assay, Result
from assays.schedule import micros
from dashboard.pieces import Packed, pack, plain
from dashboard.reads import blocks
from dashboard.reads.blocks import Shelf, State
from tests.dashboard.conftest import Fill

HOURS = 300
HOUR = 3_600_000_000


@pytest.fixture
def hourly(fill: Fill, monkeypatch: pytest.MonkeyPatch) -> Assay:
    monkeypatch.setattr(blocks, "WINDOWS", 48)
    return fill([0.01 * (hour % 30) for hour in range(HOURS)])


def told(assay: Assay, start: int = blocks.FIRST, end: int = blocks.LAST) -> list[object]:
    found: list[object] = json.loads(b"".join(plain(blocks.listed(assay, start, end))))
    return found


def stored(assay: Assay, start: int = blocks.FIRST, end: int = blocks.LAST) -> list[object]:
    rows = Result.objects.filter(assay=assay).order_by("-window_end", "-window_start")
    return [json.loads(row.message) for row in rows if start <= micros(row.window_end) < end]


def packed(assay: Assay) -> int:
    """How many pieces come from the shelf."""
    return sum(isinstance(piece, Packed) for piece in blocks.listed(assay, blocks.FIRST, blocks.LAST))


def test_any_range_is_answered_the_same_the_first_the_second_and_the_third_time(hourly: Assay) -> None:
    newest = micros(hourly.last_run) if hourly.last_run else 0
    bounds = [
        blocks.FIRST,
        *(newest - hours * HOUR for hours in (299, 250, 101, 100, 48, 1, 0)),
        newest + 1,
        blocks.LAST,
    ]
    for start, end in [(start, end) for start in bounds for end in bounds]:
        for _ in range(3):
            assert told(hourly, start, end) == stored(hourly, start, end)


def test_blocks_asked_for_again_come_from_the_shelf(hourly: Assay) -> None:
    assert [packed(hourly) for _ in range(3)] == [0, 0, len(blocks.shelf._blocks)]
    assert len(blocks.shelf._blocks) >= HOURS // 48


def test_a_result_scored_anew_is_answered_at_once(hourly: Assay) -> None:
    for _ in range(3):
        told(hourly)
    row = Result.objects.filter(assay=hourly).order_by("window_end")[100]
    row.message, row.updated_at = b'{"scored": "anew"}', row.updated_at + timedelta(microseconds=1)
    row.save()
    assert told(hourly) == stored(hourly)
    assert {"scored": "anew"} in told(hourly)


def test_a_result_that_is_gone_is_not_answered(hourly: Assay) -> None:
    for _ in range(3):
        told(hourly)
    Result.objects.filter(assay=hourly).order_by("window_end")[7].delete()
    assert len(told(hourly)) == HOURS - 1


def test_a_long_range_keeps_nothing(hourly: Assay, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MOST_BLOCKS", 3)
    for _ in range(3):
        assert told(hourly) == stored(hourly)
    assert not blocks.shelf._blocks


def test_a_block_of_far_too_many_results_is_read_a_page_at_a_time(
    hourly: Assay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "LARGEST", 10)
    for _ in range(3):
        assert told(hourly) == stored(hourly)
    assert not blocks.shelf._blocks


def test_windows_before_1970_are_answered(hourly: Assay) -> None:
    row = Result.objects.filter(assay=hourly).order_by("window_end")[0]
    shift = row.window_end.replace(year=1969) - row.window_end
    Result.objects.filter(pk=row.pk).update(window_end=row.window_end + shift, window_start=row.window_start + shift)
    assert told(hourly) == stored(hourly)


def test_the_shelf_drops_what_was_used_longest_ago(hourly: Assay) -> None:
    one, state = pack(b"x" * 100), State(1, 1)
    shelf = Shelf(3 * len(one.deflated))
    keys = [(hourly.pk, number, number + 1) for number in range(4)]
    for key in keys[:3]:
        shelf.put(key, state, one)
    shelf.take(keys[0], state)
    shelf.put(keys[3], state, one)
    assert [shelf.take(key, state) is not None for key in keys] == [True, False, True, True]


def test_the_shelf_takes_no_block_of_another_state(hourly: Assay) -> None:
    shelf, key = Shelf(1000), (hourly.pk, 0, 1)
    assert not shelf.is_asked_again(key, State(1, 1))
    assert not shelf.is_asked_again(key, State(1, 2))
    assert shelf.is_asked_again(key, State(1, 2))
    shelf.put(key, State(1, 2), pack(b"x"))
    assert shelf.take(key, State(2, 2)) is None
