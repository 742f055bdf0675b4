"""One assay whose windows arrive as a test tells it, stored as a visit to upstream would bring them."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import msgspec

from assays import wire
from assays.coverage import Span
from assays.incidents.models import Change, Incident
from assays.listing import apply_assays
from assays.models import Assay, Field
from assays.sync import Reading, Report, Visit, store
from assays.upstream import Listing
from assays.wire import Received
from tests.support import messages
from tests.support.messages import START, Message
from tests.support.upstream import text

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def at(hour: float) -> datetime:
    return START + hour * HOUR


class Story:
    """`changes` are those of `messages.assay`. Windows are numbered by the hours since START at which they end."""

    def __init__(self, number: int = 1, *, seen_at: datetime = START - HOUR, **changes: Any) -> None:
        self.message = messages.assay(number, **changes)
        self.listed(seen_at)
        if changes.get("watched", True):
            self.arrives({}, now=seen_at, last=None)

    @property
    def assay(self) -> Assay:
        return Assay.objects.get(pk=self.message["id"])

    @property
    def field(self) -> Field:
        return Field.objects.filter(assay=self.message["id"]).order_by("position")[0]

    def listed(self, now: datetime, *, gone: bool = False) -> None:
        """As upstream lists it now, beside what else is known."""
        others = Assay.objects.filter(gone_since=None).exclude(pk=self.message["id"])
        raws = [bytes(other.message) for other in others]
        if not gone:
            raws.append(json.dumps(self.message).encode())
        good = [Received(msgspec.json.decode(raw, type=wire.Assay), raw) for raw in raws]
        apply_assays(Listing(good, [], 0), now)

    def arrives(
        self,
        scores: dict[int, float | str],
        *,
        now: datetime | None = None,
        last: int | None = None,
        since: int | None = None,
        read_to: int | None = None,
        next_run: float | None = None,
        told_at: datetime | None = None,
        whole: Message | None = None,
    ) -> Report:
        """Windows of these hours come in one visit: by default a minute after the newest of them, just analysed.

        Everything after `since` has been asked for; by default a period before the oldest window, so that the hours
        between that brought nothing are windows without data. With `read_to` the visit did not come to the `last` run.
        `whole` replaces keys of the messages.
        """
        last = max(scores) if last is None and scores else last
        now = now or at(last or 0) + MINUTE
        told = {"updated_at": text(told_at)} if told_at else {}
        found = [
            messages.result(self.message, at(hour), score) | told | (whole or {}) for hour, score in scores.items()
        ]
        readings: tuple[Reading, ...] = ()
        if last is not None:
            first = at(since) if since is not None else at(min(scores, default=last) - 1)
            readings = (
                Reading(
                    Span(first, at(last if read_to is None else read_to)),
                    Listing([_received(one) for one in found], [], 0),
                ),
            )
        following = None if last is None else at(next_run if next_run is not None else last + 1)
        runs = wire.NextRun(None if last is None else at(last), following)
        return store([Visit(self.assay.pk, now, runs, readings)], now)

    def hourly(self, first: int, *scores: float | str | None) -> None:
        """One window an hour, each read a minute after it ended; None is one without data."""
        for hour, score in enumerate(scores, first):
            self.arrives({} if score is None else {hour: score}, last=hour, since=hour - 1)


def _received(message: Message) -> Received[wire.Result]:
    raw = json.dumps(message).encode()
    return Received(wire.read_result(raw), raw)


def incidents(**filters: Any) -> list[Incident]:
    return list(Incident.objects.filter(**filters).order_by("first_bad_end", "kind"))


def told() -> list[tuple[str, str]]:
    """Each change's kind and news, in the order they were kept."""
    return list(Change.objects.order_by("pk").values_list("kind", "news"))
