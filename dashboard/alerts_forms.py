"""What people ask of the alerts page, and what each act of triage asks of them: checked, with times in their zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.models import User

from assays.incidents.lists import List
from assays.incidents.models import Kind, Mark
from assays.incidents.triage import Seen
from assays.states import State
from dashboard.forms import STATES
from dashboard.reads.alerts import Choice
from dashboard.watch_forms import in_utc

SEVERITIES = (State.ALERT, State.WARNING, State.FAILED, State.LATE, State.NO_DATA)
MOST_AT_ONCE = 1000
MORNING = time(9)
LEAST, MOST = -(2**63), 2**63 - 1


class AlertsForm(forms.Form):
    """The alerts page's URL."""

    list = forms.ChoiceField(choices=List.choices, required=False)
    q = forms.CharField(max_length=200, required=False)
    severity = forms.ChoiceField(choices=[(state.slug, state.slug) for state in SEVERITIES], required=False)
    kind = forms.ChoiceField(choices=Kind.choices, required=False)
    assay = forms.UUIDField(required=False)
    pipeline = forms.IntegerField(min_value=LEAST, max_value=MOST, required=False)
    workspace = forms.IntegerField(min_value=LEAST, max_value=MOST, required=False)
    owner = forms.CharField(max_length=150, required=False)
    page = forms.IntegerField(min_value=1, max_value=100_000, required=False)

    def choice(self) -> Choice:
        self.is_valid()
        clean: dict[str, Any] = self.cleaned_data
        return Choice(
            which=List(clean.get("list") or List.OPEN),
            text=(clean.get("q") or "").strip(),
            severity=STATES.get(clean.get("severity") or ""),
            kind=Kind(clean["kind"]) if clean.get("kind") else None,
            assay=clean.get("assay"),
            pipeline=clean.get("pipeline"),
            workspace=clean.get("workspace"),
            owner=clean.get("owner") or "",
            page=clean.get("page") or 1,
        )


def named(incidents: list[str]) -> list[Seen]:
    """`id:version` each, as the page was drawn; raises ValidationError for what is neither, for none and for many."""
    if not 0 < len(incidents) <= MOST_AT_ONCE:
        raise forms.ValidationError("Choose an incident first.")
    try:
        pairs = [text.rsplit(":", 1) for text in incidents]
        return [Seen(UUID(pk), int(version)) for pk, version in pairs]
    except ValueError as error:
        raise forms.ValidationError("That is no incident.") from error


class ActForm(forms.Form):
    """What every act may carry."""

    note = forms.CharField(max_length=2000, required=False)


class NoteForm(forms.Form):
    note = forms.CharField(max_length=2000)


class MarkForm(ActForm):
    mark = forms.ChoiceField(choices=Mark.choices, required=False)


class AssignForm(ActForm):
    """To one of `people`, or to nobody."""

    to = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="nobody")

    def __init__(self, data: Mapping[str, Any] | None, people: list[User]) -> None:
        super().__init__(data)
        self.fields["to"].queryset = User.objects.filter(  # type: ignore[attr-defined]
            pk__in=[person.pk for person in people]
        ).order_by("username")


class SnoozeForm(ActForm):
    """Until it gets worse, or until a moment in the reader's zone."""

    until = forms.ChoiceField(choices=[(key, key) for key in ("worse", "1h", "4h", "tomorrow", "monday", "time")])
    time = forms.DateTimeField(required=False, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])

    def __init__(self, data: Mapping[str, Any] | None, zone: tzinfo, now: datetime) -> None:
        super().__init__(data)
        self.zone, self.now = zone, now

    def clean(self) -> dict[str, Any]:
        clean = super().clean() or {}
        clean["moment"] = self._moment(clean.get("until") or "", clean.get("time"))
        if clean["moment"] is not None and clean["moment"] <= self.now:
            raise forms.ValidationError("That time has passed.")
        return clean

    def _moment(self, until: str, typed: datetime | None) -> datetime | None:
        if until != "time":
            return offered(self.zone, self.now).get(until)
        if typed is None:
            raise forms.ValidationError("Say until when.")
        return in_utc(typed, self.zone)


def offered(zone: tzinfo, now: datetime) -> dict[str, datetime]:
    """The ends of a snooze that need no typing: mornings are the reader's."""
    today = now.astimezone(zone).date()
    monday = today + timedelta(days=7 - today.weekday())
    return {
        "1h": now + timedelta(hours=1),
        "4h": now + timedelta(hours=4),
        "tomorrow": datetime.combine(today + timedelta(days=1), MORNING, zone).astimezone(UTC),
        "monday": datetime.combine(monday, MORNING, zone).astimezone(UTC),
    }
