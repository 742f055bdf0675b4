"""One incident: what moved, since when, beside what else, and what has been done about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET

from assays import series, wire
from assays.coverage import Span
from assays.incidents import about
from assays.incidents.models import Act as Deed
from assays.incidents.models import ActKind, Change, ChangeKind, Event, Incident, Kind, Marker
from assays.incidents.triage import UNDONE_WITHIN
from assays.insight.bands import bands_of
from assays.models import Assay
from assays.notices.models import Delivery, Outcome
from assays.notices.models import Event as NoticeEvent
from assays.states import State
from dashboard import formats, guard, incident_chart, parts, window
from dashboard.access import Access, Act
from dashboard.conditional import unless_seen
from dashboard.reads import alerts as reads
from dashboard.reads import assay as assay_reads
from dashboard.views.alerts import Asked, asked, board, neighbours, seen_key, title

SHOWN_BEFORE, SHOWN_AFTER = 22, 1
MOST_POINTS = 240
SLOTS = 21


@require_GET
@guard.may(Act.READ)
def incident(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The list with the incident beside it; the incident alone for who asks for that."""
    row = found(guard.access_of(request), pk)
    if row.merged_into is not None:
        return redirect("incident", row.merged_into.pk)
    story = told_of(asked(request), row)
    if request.headers.get("HX-Target") == "incident":
        response = render(request, "_incident.html", story)
        response.headers["HX-Push-Url"] = request.get_full_path().rstrip("?")
        return response
    context = board(request) | story
    context |= neighbours(context["sections"], row.pk)
    if request.headers.get("HX-Request"):
        return unless_seen(request, render(request, "_alerts_board.html", context))
    return render(request, "alerts.html", context)


def found(access: Access, pk: UUID) -> Incident:
    row = reads.find(access, pk)
    if row is None:
        raise Http404("No incident has this address.")
    return row


@dataclass(frozen=True, slots=True)
class Proof:
    """What upstream's messages and the cache show of the peak and the windows around it."""

    metric: str = ""
    judged: window.Judged | None = None
    chart: SafeString | None = None
    fields: int = 1
    times_noise: float | None = None

    @property
    def compared(self) -> window.Comparison | None:
        return self.judged.comparison if self.judged else None


@dataclass(frozen=True, slots=True)
class Beside:
    """What else of the pipeline went bad within the same day."""

    incident: Incident
    state: State
    title: str
    spark: SafeString
    score: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline; `batch` where it can still be undone."""

    at: datetime
    mark: SafeString
    words: str
    note: str = ""
    link: str = ""
    batch: UUID | None = None
    undone: bool = False
    state: State | None = None


def told_of(asked: Asked, row: Incident) -> dict[str, Any]:
    """Everything the incident's card draws."""
    span = shown_span(row)
    markers = about.markers(row.assay, span) if row.assay else []
    proof = _proof(asked, row, span, [marker.at for marker in markers])
    may = asked.access.may(Act.TRIAGE, row.workspace_id)
    return {
        "incident": row,
        "state": State(row.severity),
        "title": title(row, proof.fields),
        "seen": seen_key(row),
        "may_triage_this": may,
        "proof": proof,
        "compared": proof.compared,
        "metric": proof.metric,
        "counted": _counted(row),
        "known": about.known([row.assay])[row.assay.pk] if row.assay else about.Known(),
        "beside": [_beside(one) for one in reads.beside(asked.access, row)],
        "timeline": timeline(asked, row, markers, may=may),
        "window_key": wire.rfc3339(row.peak_end or row.last_bad_end),
    }


def _counted(row: Incident) -> str:
    """`6 alert, 2 warning`: how the bad windows of a drift divide."""
    if row.kind != Kind.DRIFT:
        return ""
    pairs = ((row.alerts, "alert"), (row.count - row.alerts, "warning"))
    return ", ".join(f"{many:,} {word}" for many, word in pairs if many)


def shown_span(row: Incident) -> Span:
    """The incident and, before it, as many windows as let one see what was usual."""
    step = timedelta(hours=1)
    if row.assay is not None:
        step = row.assay.plan.period or row.assay.plan.width
    before = max(SHOWN_BEFORE * step, (row.last_bad_end - row.first_bad_end) / 4)
    return Span(row.first_bad_end - before, (row.ok_end or row.last_bad_end) + SHOWN_AFTER * step)


def _proof(asked: Asked, row: Incident, span: Span, markers: Iterable[datetime]) -> Proof:
    if row.assay is None or row.field is None:
        return Proof()
    watched = assay_reads.watched(asked.access, row.assay.pk, row.field.key)
    buckets = _buckets(watched.assay, watched.field.pk, span)
    judged = _judged(watched, row.peak_end or row.last_bad_end)
    return Proof(
        metric=watched.assay.metric,
        judged=judged,
        chart=_chart(asked, row, span, buckets, list(markers)),
        fields=len(watched.fields),
        times_noise=_times_noise(watched, row, judged.comparison if judged else None),
    )


def _times_noise(watched: assay_reads.Watched, row: Incident, compared: window.Comparison | None) -> float | None:
    """The peak against what as many independent rows reach by chance."""
    if compared is None or row.peak is None:
        return None
    limit = bands_of(watched.field, watched.message).noise_limit(compared.rows)
    return row.peak / limit if limit else None


def _judged(watched: assay_reads.Watched, end: datetime) -> window.Judged | None:
    message = assay_reads.results(watched.assay, [end]).get(end)
    if message is None or message.problem:
        return None
    return window.judge(wire.read_result(message.message), watched.fields, watched.field.key, watched.message)


def _chart(asked: Asked, row: Incident, span: Span, buckets: series.Buckets, markers: list[datetime]) -> SafeString:
    room = (span.until - span.after) / 80
    drawn = incident_chart.Drawn(
        buckets=buckets,
        since=span.after,
        until=span.until + room,
        zone=asked.zone,
        now=asked.now,
        onset=row.onset,
        last=row.last_bad_end,
        warning=row.warning,
        alert=row.alert,
        peak=row.peak,
        peak_end=row.peak_end,
        markers=markers,
    )
    return incident_chart.chart(drawn, _chart_words(asked, row))


def _chart_words(asked: Asked, row: Incident) -> str:
    since = formats.moment(row.onset, asked.zone, asked.now)
    peak = f", at most {formats.score(row.peak)}" if row.peak is not None else ""
    return f"Scores of the windows around the incident, bad since {since}{peak}; the assay's page has them in a table"


def _buckets(assay: Assay, field_id: int, span: Span) -> series.Buckets:
    if series.expected(assay, span) > series.MOST_WINDOWS:
        return series.hours(field_id, span, MOST_POINTS)
    windows = series.read(field_id, [span])
    return series.buckets(series.with_missing(windows, assay, [span], series.pauses_within(assay, span)), MOST_POINTS)


def _beside(one: Incident) -> Beside:
    field = one.field
    thresholds = (field.warning, field.alert) if field else (None, None)
    spark = parts.sparkline(field.recent_windows() if field else [], *thresholds, SLOTS)
    return Beside(one, State(one.severity), title(one), spark, formats.score(one.peak) if one.peak is not None else "")


def timeline(asked: Asked, row: Incident, markers: Iterable[Marker], *, may: bool) -> list[Entry]:
    """What happened to it, what people did, and what else explains it; newest first."""
    entries = [
        *_changes(reads.changes_of(row)),
        *_deeds(asked, reads.acts_of(row), may=may),
        *_messages(reads.messages_of(row)),
        *_markers(markers),
    ]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _changes(changes: Iterable[Change]) -> Iterator[Entry]:
    for change in changes:
        state = State(change.severity)
        yield Entry(change.at, parts.shape(_shape(change, state)), _change_words(change), state=_shape(change, state))


def _shape(change: Change, state: State) -> State:
    return State.OK if change.kind == ChangeKind.RESOLVED else state


def _change_words(change: Change) -> str:
    match change.kind:
        case ChangeKind.OPENED:
            return f"Opened as {State(change.severity).label}"
        case ChangeKind.WORSE:
            return f"Got worse: {change.why}"
        case ChangeKind.RESOLVED:
            return f"Closed: {change.why}"
        case ChangeKind.REOPENED:
            return "Opened again"
    return f"Back among the open: {change.why}"


_ICONS = {
    ActKind.ACKNOWLEDGE: "check",
    ActKind.SNOOZE: "alarm-snooze",
    ActKind.ASSIGN: "user-plus",
    ActKind.NOTE: "message-2",
    ActKind.RESOLVE: "circle-check",
    ActKind.MARK: "flag",
    ActKind.UNDO: "arrow-back-up",
}
_OWN = (ActKind.EXPIRE, ActKind.WAKE, ActKind.REOPEN)


def _deeds(asked: Asked, deeds: Iterable[Deed], *, may: bool) -> Iterator[Entry]:
    for deed in deeds:
        undone = hasattr(deed, "undone_by")
        fresh = deed.kind not in (*_OWN, ActKind.UNDO) and asked.now - deed.at < UNDONE_WITHIN
        yield Entry(
            deed.at,
            parts.icon(_ICONS.get(ActKind(deed.kind), "clock")),
            deed_words(deed, asked),
            "" if deed.kind == ActKind.UNDO else deed.note,
            batch=deed.batch if may and fresh and not undone else None,
            undone=undone,
        )


def deed_words(deed: Deed, asked: Asked) -> str:
    """Who did what: `ada snoozed it until 1 Jul 09:00`."""
    match deed.kind:
        case ActKind.SNOOZE:
            return f"{deed.who} snoozed it {_until(deed, asked)}"
        case ActKind.ASSIGN:
            return f"{deed.who} gave it to {deed.assignee.username if deed.assignee else 'nobody'}"
        case ActKind.NOTE:
            return f"{deed.who} noted"
        case ActKind.RESOLVE:
            return f"{deed.who} resolved it by hand"
        case ActKind.MARK:
            return f"{deed.who} marked it: {deed.get_mark_display()}"
        case ActKind.UNDO:
            return f"{deed.who} took back: {deed.note}"
        case ActKind.EXPIRE | ActKind.WAKE | ActKind.REOPEN:
            return deed.get_kind_display().capitalize() + (f": {deed.note}" if deed.note else "")
    return f"{deed.who} {deed.get_kind_display()} it"


def _until(deed: Deed, asked: Asked) -> str:
    if deed.until is None:
        return "until it gets worse"
    return f"until {formats.moment(deed.until, asked.zone, asked.now)}"


_OUTCOMES = {
    Outcome.SENT: "told",
    Outcome.FOLDED: "told in a summary",
    Outcome.FAILED: "could not be told",
}


def _messages(deliveries: Iterable[Delivery]) -> Iterator[Entry]:
    """Who has heard of it, and who could not be reached; what keeps a route from it, its own page says."""
    for one in deliveries:
        words = f"{one.route.name} {_OUTCOMES[Outcome(one.outcome)]}: {NoticeEvent(one.event).label}"
        yield Entry(one.sent_at or one.created_at, parts.icon("bell-ringing"), words)


def _markers(markers: Iterable[Marker]) -> Iterator[Entry]:
    for marker in markers:
        words = f"{Event(marker.event).label.capitalize()}: {marker.text}"
        yield Entry(marker.at, parts.icon("rocket"), words, link=marker.link)
