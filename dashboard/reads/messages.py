"""Upstream's messages as the cache keeps them, byte for byte, and when they can stand for upstream's own answer.

They never do when a part may be missing: then there is None, and upstream is to be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from uuid import UUID

from assays import wire
from assays.coverage import TICK
from assays.models import Assay, Upstream, UpstreamError
from assays.schedule import micros
from assays.upstream import LIST
from dashboard.access import Access
from dashboard.pieces import Piece
from dashboard.reads import blocks

LIST_IS_CURRENT = timedelta(minutes=2)
FEATURES_ARE_CURRENT = timedelta(minutes=15)
POLL_MAY_WAIT = timedelta(seconds=30)
"""A poll due for longer than this is not coming in time: what it would have read has to be asked for."""

LISTED = 500
"""Assays read at a time."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A whole answer in the cache: as of when upstream said so, what changes with its bytes, and the bytes in parts.

    `current` is false when upstream may know more by now.
    """

    as_of: datetime
    version: str
    parts: Callable[[], Iterator[Piece]]
    current: bool


def features(upstream: Upstream, now: datetime) -> Kept | None:
    raw, at = upstream.features, upstream.features_at
    if raw is None or at is None:
        return None
    return Kept(at, _digest(raw), lambda: iter([raw]), now - at < FEATURES_ARE_CURRENT)


def assays(upstream: Upstream, asked: wire.ListRequest, access: Access, now: datetime) -> Kept | None:
    """The list, as far as `access` reaches; not when the last one held an item that could not be read."""
    at = upstream.last_listed_at
    if at is None or UpstreamError.objects.filter(endpoint=LIST, assay=None, last_at=at).exists():
        return None
    rows = access.assays().filter(gone_since=None).order_by("created_at", "pk")
    if asked.active != "All":
        rows = rows.filter(active=asked.active == "ActiveOnly")
    if asked.pipeline_name is not None:
        rows = rows.filter(pipeline_name=asked.pipeline_name)
    if asked.workspace_id is not None:
        rows = rows.filter(workspace_id=asked.workspace_id)
    version = _digest(*(f"{pk}{mark}" for pk, mark in rows.values_list("pk", "fingerprint")))
    messages = rows.values_list("message", flat=True)
    return Kept(at, version, lambda: _listed(messages.iterator(LISTED)), now - at < LIST_IS_CURRENT)


def assay(upstream: Upstream, row: Assay | None, now: datetime) -> Kept | None:
    at = upstream.last_listed_at
    if row is None or row.gone_since is not None or at is None:
        return None
    message = row.message
    return Kept(at, _digest(message), lambda: iter([message]), now - at < LIST_IS_CURRENT)


def next_run(row: Assay | None, now: datetime) -> Kept | None:
    """Current until the next poll is due: a switch, for one, makes it due at once."""
    if row is None or row.gone_since is not None or row.runs is None or row.last_success_at is None:
        return None
    raw = row.runs
    return Kept(row.last_success_at, _digest(raw), lambda: iter([raw]), _poll_comes(row, now, timedelta(0)))


def results(row: Assay | None, asked: wire.ResultsRequest, now: datetime) -> Kept | None:
    """The results with start <= window_end < end, newest first, in blocks whatever their number."""
    if row is None or row.gone_since is not None or row.last_success_at is None:
        return None
    if asked.debug or asked.workspace_id not in (None, row.workspace_id) or not _covers(row, asked):
        return None
    start, end = _micros(asked.start, blocks.FIRST), _micros(asked.end, blocks.LAST)
    version = _digest(str(row.pk), row.version, row.covered_from, start, end)
    current = not _is_open(row, asked) or _poll_comes(row, now, POLL_MAY_WAIT)
    return Kept(row.last_success_at, version, lambda: blocks.listed(row, start, end), current)


def find(assay_id: str) -> Assay | None:
    """Without its message, which few answers need."""
    try:
        return Assay.objects.filter(pk=UUID(assay_id)).defer("message").first()
    except ValueError:
        return None


def _covers(row: Assay, asked: wire.ResultsRequest) -> bool:
    """Whether all results of the range that upstream had at the last poll are kept and readable."""
    if row.last_run is None:
        return True
    if row.covered_from is None or row.covered_to is None:
        return False
    from_the_first = row.covered_from < row.first_run
    to_the_newest = row.covered_to >= row.last_run
    return (from_the_first or (asked.start is not None and asked.start > row.covered_from)) and (
        to_the_newest or not _is_open(row, asked)
    )


def _is_open(row: Assay, asked: wire.ResultsRequest) -> bool:
    """Whether results that are still to come would lie in the range."""
    return asked.end is None or row.covered_to is None or asked.end > row.covered_to + TICK


def _poll_comes(row: Assay, now: datetime, wait: timedelta) -> bool:
    return not row.last_error and row.next_poll_at is not None and row.next_poll_at + wait > now


def _listed(messages: Iterator[bytes]) -> Iterator[bytes]:
    yield b"["
    for number, message in enumerate(messages):
        yield b"," + message if number else message
    yield b"]"


def _micros(moment: datetime | None, otherwise: int) -> int:
    return otherwise if moment is None else micros(moment)


def _digest(*parts: object) -> str:
    told = b"\n".join(part if isinstance(part, bytes) else str(part).encode() for part in parts)
    return blake2b(told, digest_size=12).hexdigest()
