"""Which kept incident a derived one is: an incident is the one that holds the window it got its id from. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter

from assays.incidents.derive import Spell
from assays.incidents.models import Incident
from assays.schedule import micros


@dataclass(slots=True)
class Matched:
    """Each derived incident with the kept one that it is (None: it is new), and what becomes of the others.

    `joined` maps a kept incident to the one that takes it in; `lost` have no bad window left.
    """

    pairs: list[tuple[Spell, Incident | None]] = field(default_factory=list)
    joined: list[tuple[Incident, Incident]] = field(default_factory=list)
    lost: list[Incident] = field(default_factory=list)


def match(spells: Sequence[Spell], kept: Sequence[Incident]) -> Matched:
    """`spells` in order, `kept` the incidents of the same stretch, those that were taken in or lost before among them.

    Of several within one the oldest stays: the first seen of those that are not taken in or lost already.
    """
    matched = Matched()
    within: dict[int, list[Incident]] = defaultdict(list)
    for incident in kept:
        place = _place(spells, incident)
        if place is not None:
            within[place].append(incident)
        elif _is_live(incident):
            matched.lost.append(incident)
    for place, spell in enumerate(spells):
        aged = sorted(within[place], key=_age)
        matched.pairs.append((spell, aged[0] if aged else None))
        matched.joined += [(other, aged[0]) for other in aged[1:] if other.count]
    return matched


def _age(incident: Incident) -> tuple[bool, int, int]:
    return not _is_live(incident), micros(incident.seen_at), micros(incident.key_end)


def _is_live(incident: Incident) -> bool:
    return incident.merged_into_id is None and incident.count > 0


def _place(spells: Sequence[Spell], incident: Incident) -> int | None:
    """Of the derived one that holds its first window; else, for a live one, of the first that shares any with it."""
    key = micros(incident.key_end)
    place = bisect_right(spells, key, key=_first_bad) - 1
    if place >= 0 and key <= spells[place].last_bad:
        return place
    if not _is_live(incident):
        return None
    place = bisect_left(spells, micros(incident.first_bad_end), key=_last_bad)
    return place if place < len(spells) and spells[place].first_bad <= micros(incident.last_bad_end) else None


_first_bad, _last_bad = attrgetter("first_bad"), attrgetter("last_bad")
