"""What a message says: a subject, the sentence, the numbers and the links, by the clock of the route it goes to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo
from typing import cast

from django.conf import settings
from django.db.models import Q

from assays import wording
from assays.incidents import models as incidents
from assays.incidents.models import Incident, Kind
from assays.notices import notice
from assays.notices.models import Delivery, Event
from assays.notices.notice import About, Criticality, Link, Named, Notice, Severity
from assays.states import State

LISTED = 20
"""Incidents that a summary names; of the others it says how many there are."""

CARRIED = 100
"""Incidents whose facts it carries for machines."""

_BEGINNINGS = {
    Event.REOPENED: "Again",
    Event.WORSE: "Worse",
    Event.BACK: "Still",
    Event.RESOLVED: "Over",
    Event.ESCALATED: "Not acknowledged",
}


def single(delivery: Delivery, incident: Incident, now: datetime) -> Notice:
    """Of one incident as it stands now."""
    event = Event(delivery.event)
    about = _about([incident])[0]
    return Notice(
        id=str(delivery.pk),
        key=delivery.key,
        event=cast("notice.Event", event.value),
        at=now,
        severity="ok" if event == Event.RESOLVED else about.severity,
        subject=_one_line(_subject(event, incident)),
        text="\n".join(_lines(event, incident, about, delivery.route.clock)),
        count=1,
        incidents=(about,),
        links=about.links,
    )


def summary(delivery: Delivery, told: Sequence[Incident], now: datetime) -> Notice:
    """Of many incidents at once, the worst first; or, for RESOLVED, that all of them are over."""
    over = delivery.event == Event.RESOLVED
    worst = sorted(told, key=lambda incident: (incident.severity, incident.opened_at))
    about = _about(worst[:CARRIED])
    subject = _summary_subject(Event(delivery.event), worst)
    return Notice(
        id=str(delivery.pk),
        key=delivery.key,
        event="resolved" if over else "summary",
        at=now,
        severity="ok" if over else about[0].severity,
        subject=subject,
        text="\n".join(_summary_lines(subject, worst)),
        count=len(told),
        incidents=tuple(about),
        links=(_alerts(),),
    )


def test(delivery: Delivery, now: datetime) -> Notice:
    return Notice(
        id=str(delivery.pk),
        key=delivery.key,
        event="test",
        at=now,
        severity="ok",
        subject="Test: Driftline reaches this address",
        text=f"Nothing is wrong. The route {delivery.route.name!r} was tried out, and this is what arrives.",
        links=(_alerts(),),
    )


def _subject(event: Event, incident: Incident) -> str:
    state = State(incident.severity).label if incident.kind in (Kind.DRIFT, Kind.MISMATCH) else ""
    state = "" if event == Event.RESOLVED else state
    return _capital(": ".join(filter(None, [_BEGINNINGS.get(event, ""), state, _title(incident)])))


def _title(incident: Incident) -> str:
    """What is wrong, of what."""
    if incident.assay is None:
        return "the assays API does not answer"
    if incident.kind == Kind.LATE:
        return f"late runs of {incident.assay.name}"
    words = {Kind.FAILED: "failed runs", Kind.NO_DATA: "no data", Kind.MISMATCH: "a score that cannot be confirmed"}
    kind = words.get(Kind(incident.kind), "drift")
    return f"{kind} in {incident.field_key} of {incident.assay.name}"


def _sentence(incident: Incident) -> str:
    return incident.sentence or f"{_capital(_title(incident))}."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _lines(event: Event, incident: Incident, about: About, zone: tzinfo) -> Iterator[str]:
    yield _sentence(incident)
    yield ""
    yield _span(incident, zone)
    if incident.peak is not None:
        yield _peak(incident, zone)
    if about.pipeline and about.workspace:
        yield f"Pipeline {about.pipeline.name}, workspace {about.workspace.name}."
    if about.owner:
        yield f"Owner: {about.owner}."
    if about.criticality:
        yield f"Criticality: {about.criticality}."
    if event != Event.RESOLVED and incident.acknowledged_at:
        yield f"Acknowledged by {incident.acknowledged_by}."
    yield ""
    yield from (f"{link.rel.capitalize()}: {link.href}" for link in about.links)


def _span(incident: Incident, zone: tzinfo) -> str:
    windows = f"{incident.count} bad {'window' if incident.count == 1 else 'windows'}"
    if incident.closed_at is None:
        return f"Since {_time(incident.onset, zone)}, {windows}."
    why = incidents.Why(incident.closed_why).label
    return f"From {_time(incident.onset, zone)} to {_time(incident.closed_at, zone)}, {windows}; {why}."


def _peak(incident: Incident, zone: tzinfo) -> str:
    times = f", {incident.peak_ratio:.1f} times the alert threshold" if incident.peak_ratio else ""
    when = f" in the window that ends {_time(incident.peak_end, zone)}" if incident.peak_end else ""
    own = " The thresholds are Driftline's own." if incident.is_local else ""
    return f"Highest score {wording.score(incident.peak, 3)}{times}{when}.{own}"


def _summary_subject(event: Event, told: Sequence[Incident]) -> str:
    if len(told) == 1:
        return _one_line(_subject(event, told[0]))
    return f"All {len(told)} incidents are over" if event == Event.RESOLVED else _counted(told)


def _counted(told: Sequence[Incident]) -> str:
    """`12 incidents: 3 Alert, 9 Late`."""
    states = sorted({incident.severity for incident in told})
    counts = [f"{sum(incident.severity == state for incident in told)} {State(state).label}" for state in states]
    return f"{len(told)} incidents: {', '.join(counts)}"


def _summary_lines(subject: str, told: Sequence[Incident]) -> Iterator[str]:
    yield f"{subject}."
    yield ""
    for incident in told[:LISTED]:
        yield f"- {State(incident.severity).label}: {_one_line(_sentence(incident))}"
    if len(told) > LISTED:
        yield f"- and {len(told) - LISTED} more"
    yield ""
    yield f"Alerts: {_alerts().href}"


def _time(at: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %Y %H:%M %Z}"


def _one_line(text: str) -> str:
    """Names come from upstream: none may begin a line, or a header, of its own."""
    return " ".join(text.split())


def _alerts() -> Link:
    return Link("alerts", f"{_root()}/alerts/")


def _root() -> str:
    return str(settings.PUBLIC_URL).rstrip("/")


def _about(told: Sequence[Incident]) -> list[About]:
    known = _known_of(told)
    return [_facts(incident, known) for incident in told]


Known = dict[object, incidents.About]
"""What people have said, by an assay's or a pipeline's id."""


def _known_of(told: Iterable[Incident]) -> Known:
    assays = {incident.assay_id for incident in told if incident.assay_id}
    pipelines = {incident.pipeline_id for incident in told if incident.pipeline_id}
    rows = incidents.About.objects.filter(Q(assay__in=assays) | Q(pipeline_id__in=pipelines))
    return {row.assay_id or row.pipeline_id: row for row in rows}


def _facts(incident: Incident, known: Known) -> About:
    assay = incident.assay
    said = [row for row in (known.get(incident.assay_id), known.get(incident.pipeline_id)) if row]
    return About(
        id=str(incident.pk),
        kind=incident.kind,
        open=incident.is_open,
        severity=cast("Severity", State(incident.severity).slug),
        sentence=_sentence(incident),
        onset=incident.onset,
        last_bad=incident.last_bad_end,
        windows=incident.count,
        assay=Named(str(assay.pk), assay.name) if assay else None,
        field=incident.field_key or None,
        pipeline=Named(str(assay.pipeline_id), assay.pipeline_name) if assay else None,
        workspace=Named(str(assay.workspace_id), assay.workspace_name) if assay else None,
        peak=incident.peak,
        peak_times_alert=incident.peak_ratio,
        peak_window=(incident.peak_start, incident.peak_end) if incident.peak_start and incident.peak_end else None,
        closed_at=incident.closed_at,
        closed_why=incident.closed_why or None,
        owner=next((row.owner for row in said if row.owner), None),
        criticality=cast("Criticality | None", next((row.criticality for row in said if row.criticality), None)),
        links=tuple(_links(incident, next((row.runbook_url for row in said if row.runbook_url), ""))),
    )


def _links(incident: Incident, runbook: str) -> Iterator[Link]:
    yield Link("incident", f"{_root()}/alerts/{incident.pk}/")
    if incident.assay_id:
        yield Link("assay", f"{_root()}/assays/{incident.assay_id}/")
    if runbook:
        yield Link("runbook", runbook)
