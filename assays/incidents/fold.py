"""What the acts on an incident add up to: who has it, until when it rests, and how it was judged. Pure.

An act that was undone counts as if it had never been.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

from assays.incidents.models import Act, ActKind

OWN = (ActKind.EXPIRE, ActKind.WAKE, ActKind.REOPEN)
"""Acts of Driftline itself."""


@dataclass(frozen=True, slots=True)
class Triage:
    """The triage columns of an incident."""

    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    acknowledged_note: str = ""
    acknowledged_until: datetime | None = None
    snoozed_at: datetime | None = None
    snoozed_by: str = ""
    snoozed_until: datetime | None = None
    until_worse: bool = False
    snooze_severity: int | None = None
    snooze_peak: float | None = None
    snooze_top: str = ""
    assignee_id: int | None = None
    mark: str = ""
    resolved_at: datetime | None = None
    resolved_by: str = ""


COLUMNS = tuple(field.name for field in fields(Triage))


def fold(acts: Iterable[Act], lasts: timedelta) -> Triage:
    """`acts` in the order they were done; an acknowledgement lasts so long after the last thing a person did."""
    everything = list(acts)
    undone = {act.undoes_id for act in everything}
    state = Triage()
    for act in everything:
        if act.kind != ActKind.UNDO and act.pk not in undone:
            state = _extended(_after(state, act), act, lasts)
    return state


def _after(state: Triage, act: Act) -> Triage:
    match act.kind:
        case ActKind.ACKNOWLEDGE:
            return replace(_awake(state), acknowledged_at=act.at, acknowledged_by=act.who, acknowledged_note=act.note)
        case ActKind.SNOOZE:
            return _snoozed(state, act)
        case ActKind.ASSIGN:
            return replace(state, assignee_id=act.assignee_id)
        case ActKind.MARK:
            return replace(state, mark=act.mark)
        case ActKind.RESOLVE:
            return replace(state, resolved_at=act.at, resolved_by=act.who)
        case ActKind.EXPIRE:
            return _unanswered(state)
        case ActKind.WAKE:
            return _awake(_unanswered(state) if act.until_worse else state)
        case ActKind.REOPEN:
            return replace(_awake(_unanswered(state)), resolved_at=None, resolved_by="")
    return state


def _snoozed(state: Triage, act: Act) -> Triage:
    return replace(
        state,
        snoozed_at=act.at,
        snoozed_by=act.who,
        snoozed_until=act.until,
        until_worse=act.until_worse,
        snooze_severity=act.severity,
        snooze_peak=act.peak,
        snooze_top=act.top,
    )


def _awake(state: Triage) -> Triage:
    return replace(
        state,
        snoozed_at=None,
        snoozed_by="",
        snoozed_until=None,
        until_worse=False,
        snooze_severity=None,
        snooze_peak=None,
        snooze_top="",
    )


def _unanswered(state: Triage) -> Triage:
    return replace(state, acknowledged_at=None, acknowledged_by="", acknowledged_note="", acknowledged_until=None)


def _extended(state: Triage, act: Act, lasts: timedelta) -> Triage:
    if state.acknowledged_at is None or act.kind in OWN:
        return state
    return replace(state, acknowledged_until=act.at + lasts)
