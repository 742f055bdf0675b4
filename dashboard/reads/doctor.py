"""What the doctor finds of the assays that a person may see, and what has been answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from assays.insight.doctor import Kind
from assays.insight.examination import Found, examine
from dashboard.access import Access
from dashboard.reads.kept import kept
from dashboard.reads.paging import Page, stretch

PER_PAGE = 50
COUNT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Choice:
    """What is asked for: one kind or all, those that were dismissed, or those that stand."""

    kind: Kind | None = None
    dismissed: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class Findings:
    """`counts` are those that stand, by kind."""

    page: Page[Found]
    counts: dict[Kind, int]
    standing: int
    dismissed: int
    assays: int


def findings(access: Access, choice: Choice, now: datetime) -> Findings:
    assays = list(access.assays().order_by("name", "pk"))
    every = examine(assays, now)
    standing = [one for one in every if one.dismissal is None]
    counts = {kind: sum(one.finding.kind is kind for one in standing) for kind in Kind}
    shown = [one for one in every if one.dismissal is not None] if choice.dismissed else standing
    wanted = [one for one in shown if choice.kind in (None, one.finding.kind)]
    return Findings(_page(wanted, choice.page), counts, len(standing), len(every) - len(standing), len(assays))


def _page(found: Sequence[Found], number: int) -> Page[Found]:
    part = stretch(number, PER_PAGE, len(found))
    return Page(tuple(found[part.start : part.start + PER_PAGE]), len(found), part)


def standing(access: Access, now: datetime) -> int:
    """How many findings stand, at most a minute old: pages that merely link to the doctor ask."""
    places = "all" if access.workspaces is None else ",".join(map(str, sorted(access.workspaces)))
    return kept(("doctor", places), COUNT_SECONDS, lambda: _standing(access, now))


def _standing(access: Access, now: datetime) -> int:
    return sum(one.dismissal is None for one in examine(list(access.assays()), now))
