"""What a history's address asks for: which days, of which assays, and how they are laid out. Pure.

Nonsense falls back to the usual view, which is the last eight whole weeks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Literal, cast

from dashboard import ranges
from dashboard.history.days import DAY, Days, between

Group = Literal["assay", "pipeline", "workspace"]
By = Literal["field", "pipeline", "workspace"]

PRESETS = {
    "7d": "7 days",
    "30d": "30 days",
    "8w": "8 weeks",
    "90d": "90 days",
    "quarter": "this quarter",
    "1y": "1 year",
}
USUAL = "8w"
GROUPS = {"assay": "none", "pipeline": "pipeline", "workspace": "workspace"}
BYS = {"field": "Field", "pipeline": "Pipeline", "workspace": "Workspace"}
_LENGTHS = {"7d": 7, "30d": 30, "90d": 90, "1y": 365}
_LARGEST = 2**63


@dataclass(frozen=True, slots=True)
class Choice:
    """`preset` is empty for days chosen one by one; `marker` is the one since which is asked for."""

    days: Days
    preset: str = ""
    marker: int | None = None
    workspace: int | None = None
    pipeline: int | None = None
    owner: str = ""
    group: Group = "assay"
    by: By = "field"
    page: int = 1
    ledger_page: int = 1

    @property
    def narrows(self) -> bool:
        return self.workspace is not None or self.pipeline is not None or bool(self.owner)


def of(query: Mapping[str, str], zone: tzinfo, now: datetime, marked: datetime | None = None) -> Choice:
    """`marked` is the moment of the marker that the query names, None where there is none that may be seen."""
    today = now.astimezone(zone).date()
    days, preset, marker = _days(query, today, zone, marked)
    return Choice(
        days=days,
        preset=preset,
        marker=marker,
        workspace=number(query.get("workspace")),
        pipeline=number(query.get("pipeline")),
        owner=query.get("owner", "")[:200],
        group=cast(Group, _one_of(query.get("group"), GROUPS, "assay")),
        by=cast(By, _one_of(query.get("by"), BYS, "field")),
        page=_page(query.get("page")),
        ledger_page=_page(query.get("ledger")),
    )


def _days(query: Mapping[str, str], today: date, zone: tzinfo, marked: datetime | None) -> tuple[Days, str, int | None]:
    chosen = ranges.chosen_days(query)
    if chosen:
        return between(*chosen, zone), "", None
    since = marked.astimezone(zone).date() if marked else None
    if since and since <= today and today - since <= ranges.LONGEST:
        return between(since, today, zone), "", number(query.get("since"))
    preset = _one_of(query.get("range"), PRESETS, USUAL)
    return between(*preset_days(preset, today), zone), preset, None


def preset_days(preset: str, today: date) -> tuple[date, date]:
    """First and last day; eight weeks are whole and over, a quarter is the calendar's up to today."""
    if preset == "8w":
        last = today - timedelta(days=today.weekday() + 1)
        return last - 55 * DAY, last
    if preset == "quarter":
        return today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1), today
    return today - (_LENGTHS[preset] - 1) * DAY, today


def _one_of(text: str | None, known: Mapping[str, str], usual: str) -> str:
    return text if text is not None and text in known else usual


def number(text: str | None) -> int | None:
    try:
        value = int((text or "")[:30])
    except ValueError:
        return None
    return value if -_LARGEST <= value < _LARGEST else None


def _page(text: str | None) -> int:
    page = number(text)
    return page if page and 1 <= page <= 100_000 else 1
