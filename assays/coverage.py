"""Pure arithmetic on what has been read of an assay: half-open stretches of window ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Span:
    """The window ends with after < end <= until."""

    after: datetime
    until: datetime

    def __bool__(self) -> bool:
        return self.after < self.until

    def holds(self, end: datetime) -> bool:
        return self.after < end <= self.until

    def joined(self, other: Span) -> Span | None:
        """Both as one, or None when something lies between them."""
        if max(self.after, other.after) > min(self.until, other.until):
            return None
        return Span(min(self.after, other.after), max(self.until, other.until))


def grown(read: Span | None, more: Span) -> Span:
    """What has been asked for, after asking for `more`; a stretch that does not adjoin starts anew."""
    return (read and read.joined(more)) or more


def covered(before: Span | None, read: Span, unreadable: Iterable[datetime | None]) -> Span | None:
    """The stretch without an unreadable result, after reading `read`.

    It ends short of an unreadable result on either side; one whose window is unknown (None) spoils all that was read.
    """
    ends = list(unreadable)
    if None in ends:
        return before
    cuts = [end for end in ends if end is not None and read.holds(end)]
    kept = _largest(_without(before, cuts)) if before else None
    pieces = _without(read, cuts)
    return _joined(kept, pieces) if kept else (pieces[-1] if pieces else None)


def _without(span: Span, cuts: Iterable[datetime]) -> list[Span]:
    pieces, after = [], span.after
    for cut in sorted(cuts):
        pieces.append(Span(after, min(cut - TICK, span.until)))
        after = max(after, cut)
    pieces.append(Span(after, span.until))
    return [piece for piece in pieces if piece]


def _largest(spans: list[Span]) -> Span | None:
    return max(spans, key=lambda span: span.until - span.after, default=None)


def _joined(span: Span, pieces: list[Span]) -> Span:
    for piece in pieces:
        span = span.joined(piece) or span
    return span
