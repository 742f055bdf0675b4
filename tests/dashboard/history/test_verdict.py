"""The sentence against a table of cases."""

from datetime import timedelta

import pytest

from dashboard.history.numbers import Tally
from dashboard.history.verdict import Compared, Facts, compare, compare_times, headline, period, sentences, share

N = "\N{NARROW NO-BREAK SPACE}"
EIGHT = "eight weeks"


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (Tally(80, 10, 10), Tally(83, 10, 7), f"A worse eight weeks: 80{N}% of windows were Ok, down from 83{N}%"),
        (Tally(95, 5), Tally(92, 8), f"A better eight weeks: 95{N}% of windows were Ok, up from 92{N}%"),
        (Tally(90, 10), Tally(904, 96), f"A steady eight weeks: 90{N}% of windows were Ok, as before"),
        (Tally(100), Tally(90, 10), f"A better eight weeks: all windows were Ok, up from 90{N}%"),
        (Tally(0, 50, 50), Tally(10, 90), f"A worse eight weeks: no window was Ok, down from 10{N}%"),
        (Tally(9999, 1), Tally(50, 50), f"A better eight weeks: over 99{N}% of windows were Ok, up from 50{N}%"),
        (Tally(1, 0, 999), Tally(50, 50), f"A worse eight weeks: under 1{N}% of windows were Ok, down from 50{N}%"),
        (Tally(80, 20), Tally(), f"80{N}% of windows were Ok over eight weeks, with too little before to compare"),
        (Tally(3, 2), Tally(90, 10), f"60{N}% of windows were Ok over eight weeks, with too little before to compare"),
        (Tally(failed=3), Tally(90, 10), "No window had a score in these eight weeks: 3 runs failed"),
        (Tally(no_data=1), Tally(90), "No data in these eight weeks: 1 scheduled window stayed empty"),
        (Tally(), Tally(), "No window ended in these eight weeks"),
    ],
)
def test_the_headline_says_how_it_went(now: Tally, before: Tally, said: str) -> None:
    assert headline(Facts(EIGHT, now, before, 0, 0)) == said


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (1, "day"),
        (7, "seven days"),
        (14, "two weeks"),
        (56, "eight weeks"),
        (30, "30 days"),
        (90, "90 days"),
        (365, "year"),
    ],
)
def test_a_period_is_named_as_one_would(days: int, said: str) -> None:
    assert period(days) == said


OK = Tally(80, 20)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (Facts(EIGHT, Tally(), Tally(), 0, 0), []),
        (Facts(EIGHT, OK, OK, 0, 5), ["No assay was in drift on any day."]),
        (Facts(EIGHT, OK, OK, 1, 0, [("in.temp", 1)], ("A", 1)), ["The one day in drift is of in.temp."]),
        (Facts(EIGHT, OK, OK, 9, 0, [("in.temp", 9)], ("A", 9)), ["All 9 days in drift are of in.temp."]),
        (
            Facts(EIGHT, OK, OK, 212, 0, [("out.p", 73), ("in.temp", 56), ("in.x", 40)], ("LGA", 27)),
            ["out.p makes up 73 of 212 days in drift, LGA most of all.", "in.temp adds 56."],
        ),
        (
            Facts(EIGHT, OK, OK, 10, 0, [("out.p", 8), ("in.temp", 2)], ("LGA", 8)),
            ["out.p makes up 8 of 10 days in drift."],
        ),
        (
            Facts(EIGHT, OK, OK, 50, 0, [(f"in.f{k}", 10) for k in range(5)], ("LGA", 10)),
            ["The 50 days in drift lie in 5 fields."],
        ),
        (
            Facts(EIGHT, OK, OK, 0, 0, shares=[0.9, None, 0.8, 0.61]),
            ["No assay was in drift on any day.", f"The last week, 61{N}% Ok, was the worst of the three."],
        ),
        (
            Facts(EIGHT, OK, OK, 0, 0, step="day", shares=[0.6, 0.7, 0.8, 1.0]),
            ["No assay was in drift on any day.", f"The last day, 100{N}% Ok, was the best of the four."],
        ),
        (Facts(EIGHT, OK, OK, 0, 0, shares=[0.8, 0.9, 0.85]), ["No assay was in drift on any day."]),
        (Facts(EIGHT, OK, OK, 0, 0, shares=[0.8, 0.9, None]), ["No assay was in drift on any day."]),
        (Facts(EIGHT, Tally(failed=9), OK, 0, 0, failing=["Gust"]), ["Every run of Gust failed."]),
        (Facts(EIGHT, Tally(failed=9), OK, 0, 0, failing=["Gust", "Rain"]), ["Every run of two assays failed."]),
    ],
)
def test_the_sentences_say_what_is_worth_it_and_nothing_else(facts: Facts, said: list[str]) -> None:
    assert sentences(facts) == said


@pytest.mark.parametrize(
    ("now", "before", "better", "told"),
    [
        (80.2, 83.4, True, Compared("worse", "3 points worse", "x")),
        (83.4, 80.2, True, Compared("better", "3 points better", "x")),
        (80.2, 79.9, True, Compared("", "the same as before", "")),
        (5, 9, False, Compared("better", "4 points fewer", "x")),
        (9, 5, False, Compared("worse", "4 points more", "x")),
        (None, 5, True, Compared("", "too little data to compare", "")),
        (5, None, True, Compared("", "too little data to compare", "")),
    ],
)
def test_a_change_says_whether_it_is_for_the_better(
    now: float | None, before: float | None, better: bool, told: Compared
) -> None:
    assert compare(now, before, unit=" points", more_is_better=better, was="x") == told


def test_times_are_compared_in_words() -> None:
    minutes = [timedelta(minutes=value) for value in (38, 52)]
    assert compare_times(*minutes) == Compared("better", f"14{N}min faster", f"52{N}min")
    assert compare_times(*minutes[::-1]) == Compared("worse", f"14{N}min slower", f"38{N}min")
    assert compare_times(minutes[0], minutes[0] + timedelta(seconds=20)) == Compared("", "the same as before", "")
    assert compare_times(minutes[0], None) == Compared("", "too little data to compare", "")


def test_a_share_is_whole_only_when_it_is() -> None:
    told = [share(value) for value in (None, 0.0, 0.001, 0.5, 0.999, 1.0)]
    assert told == ["—", f"0{N}%", f"under 1{N}%", f"50{N}%", f"over 99{N}%", f"100{N}%"]
