"""The arithmetic of what has been read, against sets of instants."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from assays.coverage import TICK, Span, covered, grown
from tests.support.messages import START

RANGE = 12


def at(n: int) -> datetime:
    return START + n * TICK


def instants(span: Span | None) -> set[int]:
    return {n for n in range(RANGE + 2) if span and span.holds(at(n))}


spans = st.tuples(st.integers(0, RANGE), st.integers(1, RANGE)).map(lambda ends: Span(at(ends[0]), at(sum(ends))))


@given(spans, spans)
def test_two_stretches_are_joined_only_without_a_gap(one: Span, other: Span) -> None:
    joined = one.joined(other)
    if joined is None:
        assert max(one.after, other.after) > min(one.until, other.until)
    else:
        assert instants(joined) == instants(one) | instants(other)


@given(spans, spans)
def test_what_was_read_grows_or_starts_anew(read: Span, more: Span) -> None:
    assert instants(grown(read, more)) in (instants(read) | instants(more), instants(more))


@given(st.none() | spans, spans, st.lists(st.integers(0, RANGE * 2), max_size=3))
def test_coverage_never_holds_what_could_not_be_read(before: Span | None, read: Span, bad: list[int]) -> None:
    after = covered(before, read, [at(n) for n in bad])
    unreadable = {n for n in bad if read.holds(at(n))}
    assert not instants(after) & unreadable
    assert instants(after) <= instants(before) | instants(read)


@given(spans, spans)
def test_coverage_of_adjoining_reads_is_all_of_them(before: Span, read: Span) -> None:
    if before.joined(read):
        assert instants(covered(before, read, [])) == instants(before) | instants(read)


def test_a_bad_result_of_an_unknown_window_covers_nothing() -> None:
    before = Span(at(0), at(4))
    assert covered(before, Span(at(4), at(8)), [None]) == before
    assert covered(None, Span(at(4), at(8)), [None]) is None


def test_the_interval_ends_short_of_a_bad_result_and_goes_on_once_it_is_good() -> None:
    hour = timedelta(hours=1)
    before = Span(START, START + 4 * hour)
    stuck = covered(before, Span(START + 3 * hour, START + 9 * hour), [START + 6 * hour])
    assert stuck == Span(START, START + 6 * hour - TICK)
    assert covered(stuck, Span(START + 8 * hour, START + 10 * hour), []) == stuck, "later reads leave the gap"
    assert covered(stuck, Span(START + 5 * hour, START + 10 * hour), []) == Span(START, START + 10 * hour)
