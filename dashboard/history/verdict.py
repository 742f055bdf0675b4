"""The sentence that says how the days went, and those under it: rules on numbers, which say true things only. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from dashboard import formats
from dashboard.history.numbers import Tally
from dashboard.verdict import word

ENOUGH = 20
"""Fewer windows with a score than this are too little to compare."""

MANY = 0.25
"""What makes up so much of the days in drift is named."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the sentences speak of. `shares` are those of the weeks, oldest first, both stretches' together."""

    period: str
    now: Tally
    before: Tally
    drift: int
    drift_before: int
    worst: Sequence[tuple[str, int]] = ()
    most: tuple[str, int] | None = None
    step: str = "week"
    shares: Sequence[float | None] = ()
    failing: Sequence[str] = ()
    opened: int = 0


def period(days: int) -> str:
    """`eight weeks`, `seven days`, `30 days`, `day`."""
    if days == 1:
        return "day"
    if days % 7 == 0 and 14 <= days <= 70:
        return f"{word(days // 7)} weeks"
    return "year" if days in (365, 366) else f"{word(days)} days"


def share(value: float | None) -> str:
    """Of all only when it is all, of none only when it is none."""
    if value is None:
        return formats.NONE
    rounded = round(value * 100)
    if (rounded == 100 and value < 1) or (rounded == 0 and value > 0):
        return f"{'over 99' if rounded else 'under 1'}{formats.NARROW}%"
    return f"{rounded}{formats.NARROW}%"


def headline(facts: Facts) -> str:
    """As a mail's subject would say it."""
    now, before = facts.now.share_ok, facts.before.share_ok
    if now is None:
        return _nothing(facts)
    if not comparable(facts.now, facts.before) or before is None:
        return f"{_told(now)} over {_length(facts)}, with too little before to compare"
    change = _points(now) - _points(before)
    if change == 0:
        return f"{_article('steady', facts)}: {_told(now, '')}, as before"
    adjective, direction = ("better", "up") if change > 0 else ("worse", "down")
    return f"{_article(adjective, facts)}: {_told(now, '')}, {direction} from {share(before)}"


def comparable(now: Tally, before: Tally) -> bool:
    return min(now.scored, before.scored) >= ENOUGH


def _points(value: float) -> int:
    return round(value * 100)


def _nothing(facts: Facts) -> str:
    if facts.now.failed:
        return f"No window had a score in {_these(facts)}: {formats.plural(facts.now.failed, 'run')} failed"
    if facts.now.no_data:
        return f"No data in {_these(facts)}: {formats.plural(facts.now.no_data, 'scheduled window')} stayed empty"
    return f"No window ended in {_these(facts)}"


def _told(value: float, start: str = "") -> str:
    if value == 1:
        return "all windows were Ok" if start == "" else "All windows were Ok"
    if value == 0:
        return "no window was Ok"
    return f"{share(value)} of windows were Ok"


def _article(adjective: str, facts: Facts) -> str:
    return f"A {adjective} {facts.period}"


def _these(facts: Facts) -> str:
    return f"this {facts.period}" if facts.period in ("day", "year") else f"these {facts.period}"


def _length(facts: Facts) -> str:
    return f"a {facts.period}" if facts.period in ("day", "year") else facts.period


def sentences(facts: Facts) -> list[str]:
    """What is worth saying beside the headline, most telling first; nothing when there is nothing."""
    told = [_where(facts), _last_step(facts), _second(facts), _failing(facts)]
    return [sentence for sentence in told if sentence]


def _where(facts: Facts) -> str:
    if not facts.drift:
        return "" if facts.now.share_ok is None else "No assay was in drift on any day."
    if not facts.worst or facts.worst[0][1] < MANY * facts.drift:
        return (
            f"The {formats.plural(facts.drift, 'day')} in drift lie in {len(facts.worst):,} fields."
            if facts.worst
            else ""
        )
    name, days = facts.worst[0]
    if days >= facts.drift:
        return f"{_all_days(facts.drift)} of {name}{_most(facts, days)}."
    return f"{name} makes up {days:,} of {formats.plural(facts.drift, 'day')} in drift{_most(facts, days)}."


def _all_days(days: int) -> str:
    return "The one day in drift is" if days == 1 else f"All {days:,} days in drift are"


def _most(facts: Facts, days: int) -> str:
    """Which assay of the field had most of its days; not where it is the only one."""
    if facts.most is None or facts.most[1] >= days or facts.most[1] < 2:
        return ""
    return f", {facts.most[0]} most of all"


def _last_step(facts: Facts) -> str:
    """The last week where it was the worst or the best of three or more."""
    known = [value for value in facts.shares if value is not None]
    if len(known) < 3 or not facts.shares or facts.shares[-1] is None:
        return ""
    last, others = known[-1], known[:-1]
    if _points(last) < min(map(_points, others)):
        which = "worst"
    elif _points(last) > max(map(_points, others)):
        which = "best"
    else:
        return ""
    return f"The last {facts.step}, {share(last)} Ok, was the {which} of the {word(len(known))}."


def _second(facts: Facts) -> str:
    if len(facts.worst) < 2 or facts.worst[0][1] < MANY * facts.drift:
        return ""
    name, days = facts.worst[1]
    return f"{name} adds {days:,}." if days >= MANY * facts.drift else ""


def _failing(facts: Facts) -> str:
    if not facts.failing:
        return ""
    if len(facts.failing) == 1:
        return f"Every run of {facts.failing[0]} failed."
    return f"Every run of {word(len(facts.failing))} assays failed."


@dataclass(frozen=True, slots=True)
class Compared:
    """A change in words: `kind` is better, worse or empty, `text` the change, `was` what it was."""

    kind: str
    text: str
    was: str


def compare(
    now: float | None, before: float | None, *, unit: str, more_is_better: bool | None, was: str, enough: bool = True
) -> Compared:
    """`3 points worse, was 83 %`; where one is not known or rests on too little, that."""
    if now is None or before is None or not enough:
        return Compared("", "too little data to compare", "")
    change = round(now) - round(before)
    if change == 0:
        return Compared("", "the same as before", "")
    if more_is_better is None:
        return Compared("", f"{abs(change):,}{unit} {'more' if change > 0 else 'fewer'}", was)
    better = (change > 0) == more_is_better
    word_of = ("better" if better else "worse") if more_is_better else ("more" if change > 0 else "fewer")
    return Compared("better" if better else "worse", f"{abs(change):,}{unit} {word_of}", was)


def compare_times(now: timedelta | None, before: timedelta | None) -> Compared:
    """`14 min faster, was 52 min`."""
    if now is None or before is None:
        return Compared("", "too little data to compare" if now else "", "")
    gap = max(now, before) - min(now, before)
    if gap < timedelta(minutes=1) or formats.age(now) == formats.age(before):
        return Compared("", "the same as before", "")
    faster = now < before
    text = f"{formats.age(gap)} {'faster' if faster else 'slower'}"
    return Compared("better" if faster else "worse", text, formats.age(before))
