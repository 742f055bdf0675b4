"""Fields of different metrics on one axis, and those that moved most, by score over threshold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assays.coverage import Span
from assays.insight.packs import History
from assays.insight.together import highest, moved, together
from assays.models import Assay, Field
from assays.schedule import micros
from tests.assays.insight.conftest import HOUR, Filled
from tests.support.messages import START

WHOLE = Span(START - HOUR, START + 500 * HOUR)


def field(assay: Assay) -> Field:
    return assay.fields.get()


def test_each_line_is_scores_over_the_alert_threshold(filled: Filled) -> None:
    first = filled([0.1, 0.4], number=1)
    second = filled([0.3, 0.15], number=2, fields={"out.b": (0.3, None)})
    lines = together([field(first), field(second)], WHOLE)
    assert [line.ratio.tolist() for line in lines if line] == [[0.5, 2.0], [1.0, 0.5]]
    assert [line.against for line in lines if line] == [0.2, 0.3]
    assert lines[0] is not None
    assert lines[0].at.tolist() == [micros(START), micros(START + HOUR)]


def test_a_field_without_threshold_has_no_line(filled: Filled) -> None:
    assert together([field(filled([0.1], fields={"out.a": (None, None)}))], WHOLE) == [None]


def test_more_than_eight_are_refused(filled: Filled) -> None:
    with pytest.raises(ValueError, match="8 fields"):
        together([field(filled([0.1]))] * 9, WHOLE)


def test_of_many_windows_the_highest_are_kept_at_their_own_time(filled: Filled) -> None:
    scores = [k % 7 / 10 for k in range(100)]
    (line,) = together([field(filled(scores))], WHOLE, most=10)
    assert line is not None
    assert (len(line.at), line.merged) == (10, 10)
    for at, ratio in zip(line.at.tolist(), line.ratio.tolist(), strict=True):
        assert ratio == pytest.approx(scores[(at - micros(START)) // (HOUR.seconds * 1_000_000)] / 0.2)
    assert line.ratio.max() == pytest.approx(0.6 / 0.2)


@given(st.integers(1, 50))
def test_the_highest_of_all_is_never_lost(most: int) -> None:
    scores = np.random.default_rng(most).random(137)
    ends = np.arange(137)
    at, high, merged = highest(History(ends, ends - 1, scores), most)
    assert len(at) <= most
    assert high.max() == scores.max()
    assert merged * len(at) >= 137
    assert (scores[at] == high).all()


def test_what_moved_most_comes_first_with_its_first_bad_window(filled: Filled) -> None:
    calm = field(filled([0.05, 0.06, 0.05], number=1))
    far = field(filled([0.05, 0.15, 0.9], number=2))
    mute = field(filled([0.05, 0.7, 0.9], number=3, fields={"out.a": (None, None)}))
    found = moved([calm, mute, far], WHOLE)
    assert [one.field for one in found] == [far, calm, mute]
    assert [one.ratio for one in found] == [pytest.approx(4.5), pytest.approx(0.3), None]
    assert [one.first_bad for one in found] == [START + HOUR, None, None]


def test_only_the_stretch_counts(filled: Filled) -> None:
    far = field(filled([0.9, 0.05, 0.05, 0.15, 0.05]))
    (one,) = moved([far], Span(START + HOUR, START + 3 * HOUR))
    assert (one.score, one.first_bad) == (0.15, START + 3 * HOUR)
    (none,) = moved([far], Span(START - 50 * HOUR, START - 40 * HOUR))
    assert (none.score, none.ratio, none.first_bad) == (None, None, None)
