"""Which times of the log the present is made of."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assays.schedule import micros
from engine.replay import WEEK, Piece, Replay, begin

START = datetime(2013, 1, 1, 5, tzinfo=UTC)
LAST = datetime(2014, 1, 1, 4, 59, tzinfo=UTC)
DAY = timedelta(days=1)

replays = st.builds(Replay, st.integers(0, 1000), st.integers(1, 50), st.integers(-100, 100))


@given(st.timedeltas(timedelta(days=400), timedelta(days=30_000)))
def test_a_year_begins_so_that_now_is_the_tenth_to_the_seventeenth_of_december(since: timedelta) -> None:
    now = START + since
    replay = begin(micros(START), micros(LAST), micros(now))
    assert replay.length == 52 * WEEK
    assert replay.shift % WEEK == 0
    assert START.replace(month=12, day=10) <= now - replay.moved < START.replace(month=12, day=17)


def test_a_log_shorter_than_a_week_is_replayed_as_one() -> None:
    assert begin(0, WEEK // 2, 10 * WEEK).length == WEEK


def test_a_log_that_is_not_replayed_is_the_present() -> None:
    assert list(Replay().pieces(5, 9)) == [Piece(5, 9, 0)]
    assert Replay().log_times(np.array([7])).tolist() == [7]


def test_before_the_replay_began_there_is_nothing() -> None:
    replay = Replay(start=100, length=10, shift=1000)
    assert list(replay.pieces(900, 1100)) == []
    assert list(replay.pieces(900, 1101)) == [Piece(100, 101, 1000)]


def test_a_stretch_over_the_seam_is_the_end_and_the_start() -> None:
    replay = Replay(start=100, length=10, shift=1000)
    assert list(replay.pieces(1108, 1123)) == [Piece(108, 110, 1000), Piece(100, 110, 1010), Piece(100, 103, 1020)]


@given(replays, st.integers(-200, 2000), st.integers(0, 300))
def test_every_moment_since_the_beginning_shows_one_moment_of_the_log(replay: Replay, after: int, span: int) -> None:
    shown = {
        time + piece.offset: time
        for piece in replay.pieces(after, after + span)
        for time in range(piece.after + 1, piece.until + 1)
    }
    begun = replay.start + replay.shift
    moments = np.arange(max(after, begun) + 1, after + span + 1)
    assert sorted(shown) == moments.tolist()
    assert [shown[moment] for moment in moments.tolist()] == replay.log_times(moments).tolist()
    assert replay.length is not None
    assert all(replay.start < time <= replay.start + replay.length for time in shown.values())


@pytest.mark.parametrize("weeks", [0, 1, 5])
def test_the_last_moment_of_a_round_belongs_to_it(weeks: int) -> None:
    replay = Replay(0, WEEK, 0)
    end = np.array([(weeks + 1) * WEEK])
    assert replay.log_times(end).tolist() == [WEEK]
    assert replay.log_times(end + 1).tolist() == [1]
