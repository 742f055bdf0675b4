"""A message to people as data, and as JSON: what the signed webhook carries, documented in docs/notifications.md."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

Instant = Annotated[datetime, msgspec.Meta(tz=True)]
Event = Literal["opened", "reopened", "worse", "back", "resolved", "escalated", "summary", "test"]
Criticality = Literal["low", "medium", "high"]
Severity = Literal["alert", "warning", "failed", "late", "no-data", "ok"]


class Named(msgspec.Struct, frozen=True):
    id: str
    name: str


class Link(msgspec.Struct, frozen=True):
    """`rel` is `incident`, `assay`, `runbook` or `alerts`."""

    rel: str
    href: str


class About(msgspec.Struct, frozen=True, kw_only=True):
    """An incident as it stood when the message was made. `assay` and below are null where it is of the whole."""

    id: str
    kind: str
    open: bool
    severity: Severity
    sentence: str
    onset: Instant
    last_bad: Instant
    windows: int
    assay: Named | None = None
    field: str | None = None
    pipeline: Named | None = None
    workspace: Named | None = None
    peak: float | None = None
    peak_times_alert: float | None = None
    peak_window: tuple[Instant, Instant] | None = None
    closed_at: Instant | None = None
    closed_why: str | None = None
    owner: str | None = None
    criticality: Criticality | None = None
    links: tuple[Link, ...] = ()


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """`id` is the message's, the same when it is repeated; `key` the same for all that concerns one incident.

    `count` is how many incidents it tells of; `incidents` holds the worst of them, at most 100.
    """

    id: str
    key: str
    event: Event
    at: Instant
    severity: Severity
    subject: str
    text: str
    count: int = 0
    incidents: tuple[About, ...] = ()
    links: tuple[Link, ...] = ()
    version: Literal[1] = 1

    @property
    def link(self) -> str:
        return self.links[0].href if self.links else ""
