"""Packed arrays are always what the rows say, whatever was packed, re-scored or forgotten since."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assays.coverage import Span
from assays.insight import packs
from assays.insight.models import Pack, Touched
from assays.models import Assay, Score
from assays.schedule import micros
from tests.assays.insight.conftest import HOUR, Filled, sync
from tests.support import messages
from tests.support.messages import START
from tests.support.upstream import Upstream

MANY = 30 * 24
WHOLE = Span(START - HOUR, START + MANY * HOUR)


def scores_of(assay: Assay, span: Span = WHOLE) -> list[float]:
    return list(packs.history(assay.fields.get(), span).score)


def rows_of(assay: Assay) -> list[tuple[int, int, float]]:
    kept = Score.objects.filter(field__assay=assay, score__isnull=False).order_by("window_end")
    return [(micros(row.window_end), micros(row.window_start), row.score) for row in kept if row.score is not None]


@given(
    st.lists(st.tuples(st.integers(-(2**62), 2**62), st.integers(1, 2**50), st.floats(allow_nan=False)), max_size=50)
)
def test_what_is_packed_is_unpacked_to_the_last_bit(windows: list[tuple[int, int, float]]) -> None:
    ordered = sorted(windows)
    end = np.array([end for end, _, _ in ordered], dtype=np.int64)
    width = np.array([width for _, width, _ in ordered], dtype=np.int64)
    score = np.array([score for _, _, score in ordered], dtype=np.float64)
    found = packs.unpack(packs.pack(packs.History(end, end - width, score)))
    assert found.end.tolist() == end.tolist()
    assert found.start.tolist() == (end - width).tolist()
    assert found.score.tobytes() == score.tobytes()


@pytest.fixture
def month(filled: Filled) -> Assay:
    return filled([k / 1000 if k % 10 else "no rows" for k in range(MANY)])


def test_before_anything_is_packed_the_rows_are_read(month: Assay) -> None:
    assert not Pack.objects.exists()
    assert scores_of(month) == [score for _, _, score in rows_of(month)]


def test_packed_windows_are_the_rows(month: Assay) -> None:
    assert packs.pack_touched() == 2
    assert Touched.objects.get().pack_last is None
    found = packs.history(month.fields.get(), WHOLE)
    assert list(zip(found.end.tolist(), found.start.tolist(), found.score.tolist(), strict=True)) == rows_of(month)


def test_a_part_is_cut_out_to_the_window(month: Assay) -> None:
    packs.pack_touched()
    assert scores_of(month, Span(START + 2 * HOUR, START + 5 * HOUR)) == [0.003, 0.004, 0.005]


def test_a_window_re_scored_since_is_read_from_its_row(month: Assay, upstream: Upstream) -> None:
    packs.pack_touched()
    told, last = messages.assay(), START + (MANY - 1) * HOUR
    later = messages.result(told, last, 0.5, updated_at="2027-01-01T00:00:00Z")
    newer = messages.result(told, last + HOUR, 0.6)
    sync(upstream, told, [later, newer], last + HOUR)
    assert packs.pack_touched() == 0, "two hours are not worth it"
    assert scores_of(month)[-2:] == [0.5, 0.6]
    assert scores_of(month)[:-2] == [score for _, _, score in rows_of(month)][:-2]


def test_packing_twice_changes_nothing(month: Assay) -> None:
    packs.pack_touched()
    kept = list(Pack.objects.values_list("number", "data"))
    assert packs.pack_touched() == 0
    Touched.objects.update(pack_first=START, pack_last=START + MANY * HOUR)
    packs.pack_touched()
    assert [(number, bytes(data)) for number, data in Pack.objects.values_list("number", "data")] == [
        (number, bytes(data)) for number, data in kept
    ]


def test_a_pass_without_time_packs_nothing(month: Assay) -> None:
    assert packs.pack_touched(timedelta(0)) == 0


def test_packs_are_forgotten_when_all_their_windows_are(month: Assay) -> None:
    packs.pack_touched()
    oldest = min(Pack.objects.values_list("number", flat=True))
    packs.prune(START)
    assert Pack.objects.count() == 2
    packs.prune(START + timedelta(days=30))
    assert list(Pack.objects.values_list("number", flat=True)) == [oldest + 1]
