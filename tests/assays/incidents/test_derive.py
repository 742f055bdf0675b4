"""Incidents follow from windows alone: the vectorised rule against the obvious one, window after window."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assays.incidents.derive import BEGINNING, Rule, Spell, Windows, closings, derive

ALERT, WARNING, OK = 1, 2, 5


@dataclass(frozen=True)
class One:
    end: int
    start: int
    state: int
    score: float

    @property
    def bad(self) -> bool:
        return self.state != OK


def arrays(windows: list[One]) -> Windows:
    """In order, each identity once: the later of two with the same end and start is the re-scored one."""
    newest = {(one.end, one.start): one for one in windows}
    ordered = [newest[identity] for identity in sorted(newest)]
    return Windows(
        np.array([one.end for one in ordered], dtype=np.int64),
        np.array([one.start for one in ordered], dtype=np.int64),
        np.array([one.bad for one in ordered], dtype=np.bool_),
        np.array([one.state for one in ordered], dtype=np.int64),
        np.array([one.score for one in ordered], dtype=np.float64),
    )


def counted_back(windows: list[One], last: One, many: int) -> list[One]:
    """`last`, then the newest window that ends at or before its start, and so on."""
    chain = [last]
    while len(chain) < many:
        earlier = [one for one in windows if one.end <= chain[-1].start]
        if not earlier:
            break
        chain.append(earlier[-1])
    return chain


def in_order(windows: list[One], rule: Rule) -> list[Spell]:
    """Slow and obvious: one window after the other."""
    newest = {(one.end, one.start): one for one in windows}
    windows = [newest[identity] for identity in sorted(newest)]
    spells: list[Spell] = []
    opened: One | None = None
    members: list[One] = []
    closed = BEGINNING
    for place, one in enumerate(windows):
        chain = counted_back(windows, one, rule.n)
        last = counted_back(windows, one, rule.m)
        if opened is None and one.bad and sum(other.bad for other in chain) >= rule.k:
            opened = one
            first = min((o for o in chain if o.bad and o.end > closed), key=windows.index)
            members = [other for other in windows[windows.index(first) : place + 1] if other.bad]
        elif opened is not None and one.bad:
            members.append(one)
        elif opened is not None and len(last) == rule.m and not any(other.bad for other in last):
            spells.append(spell(members, opened, one.end))
            opened, closed = None, one.end
    return [*spells, spell(members, opened, None)] if opened else spells


def spell(members: list[One], opened: One, ok: int | None) -> Spell:
    peak = max(members, key=lambda one: one.score)
    return Spell(
        members[0].end,
        opened.end,
        members[-1].end,
        ok,
        len(members),
        sum(one.state == ALERT for one in members),
        min(one.state for one in members),
        peak.score,
        peak.start,
        peak.end,
    )


@st.composite
def some_windows(draw: st.DrawFn) -> list[One]:
    """Gaps, overlaps, two widths at one end, and scores that follow the state."""
    ends = draw(st.lists(st.integers(0, 40), max_size=30, unique=True))
    width = draw(st.integers(1, 5))
    states = draw(st.lists(st.sampled_from([ALERT, WARNING, OK]), min_size=len(ends), max_size=len(ends)))
    scores = draw(st.lists(st.integers(0, 9), min_size=len(ends), max_size=len(ends)))
    return [
        One(end, end - width - extra, state, float(score))
        for end, state, score in zip(ends, states, scores, strict=True)
        for extra in draw(st.sampled_from([(0,), (0,), (0, 1)]))
    ]


RULES = [Rule(), Rule(2, 2, 1), Rule(2, 3, 1), Rule(1, 1, 3), Rule(3, 5, 2), Rule(1, 4, 2)]
rules = st.sampled_from(RULES)


@given(some_windows(), rules)
def test_the_windows_give_what_the_reference_gives_in_order(windows: list[One], rule: Rule) -> None:
    assert derive(arrays(windows), rule) == in_order(windows, rule)


@given(some_windows(), rules, st.randoms(use_true_random=False))
def test_order_repeats_and_rescores_make_no_difference(windows: list[One], rule: Rule, chance: random.Random) -> None:
    rescored = [One(one.end, one.start, OK, 0.0) for one in windows if chance.random() < 0.3]
    early = [*rescored, *(one for one in windows if chance.random() < 0.5)]
    chance.shuffle(early)
    late = list(windows)
    chance.shuffle(late)
    assert derive(arrays([*early, *late]), rule) == in_order(windows, rule)


@given(some_windows(), rules, st.integers(0, 40))
def test_going_on_from_any_moment_gives_what_a_whole_derivation_gives(
    windows: list[One], rule: Rule, since: int
) -> None:
    everything = arrays(windows)
    past = derive(everything.until(since), rule)
    going = past.pop() if past and past[-1].ok is None else None
    closed = max((one.ok for one in past if one.ok is not None), default=BEGINNING)
    assert [*past, *derive(everything, rule, since=since, going=going, closed=closed)] == derive(everything, rule)


@given(some_windows(), rules, some_windows())
def test_between_two_closings_a_touched_window_changes_nothing_outside(
    windows: list[One], rule: Rule, touched: list[One]
) -> None:
    if not touched:
        return
    ends = min(one.end for one in touched), max(one.end for one in touched)
    before, after = arrays(windows), arrays([*windows, *touched])
    lefts, rights = closings(after, rule, ends)
    left = int(after.end[lefts[-1]]) if len(lefts) else BEGINNING
    right = int(after.end[rights[0]]) if len(rights) else 1 << 62

    def outside(spells: list[Spell]) -> list[Spell]:
        return [one for one in spells if one.opened <= left or one.opened > right]

    assert outside(derive(before, rule)) == outside(derive(after, rule))
    closed = max((one.ok for one in derive(after, rule) if one.ok is not None and one.ok <= left), default=BEGINNING)
    within = derive(after.until(right), rule, since=left, closed=closed)
    assert within == [one for one in derive(after, rule) if left < one.opened <= right]


def test_windows_that_overlap_are_no_independent_evidence() -> None:
    eight_hours = [One(end, end - 8, ALERT if end > 10 else OK, 1.0) for end in range(1, 30)]
    assert derive(arrays(eight_hours), Rule(2, 2))[0].opened == 19
    assert derive(arrays(eight_hours), Rule())[0].opened == 11


def test_the_first_of_equal_peaks_is_kept() -> None:
    windows = [One(end, end - 1, WARNING, score) for end, score in [(1, 0.3), (2, 0.9), (3, 0.9), (4, 0.1)]]
    assert derive(arrays(windows), Rule())[0].peak_end == 2


def test_windows_without_scores_have_no_peak() -> None:
    failed = [One(end, end - 1, 3, float("nan")) for end in (1, 2)]
    (one,) = derive(arrays(failed), Rule())
    assert (one.peak, one.severity, one.count) == (None, 3, 2)


@pytest.mark.parametrize("rule", [(0, 1, 1), (2, 1, 1), (1, 1, 0)])
def test_a_rule_that_cannot_be_is_refused(rule: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="is no rule"):
        Rule(*rule)
