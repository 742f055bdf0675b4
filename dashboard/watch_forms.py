"""What people say of an assay, checked: whose it is, thresholds of Driftline's own, when it opens, what explains it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from django import forms

from assays.incidents.models import Criticality, Event
from assays.models import Field

SPOKEN = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
YEARS = range(1900, 3000)
Data = Mapping[str, Any] | None


def _moment(label: str, required: bool = True) -> forms.DateTimeField:
    typed = forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, input_formats=SPOKEN, widget=typed, required=required)


def _spoken(at: datetime, zone: tzinfo) -> datetime:
    return at.astimezone(zone).replace(tzinfo=None)


def in_utc(typed: datetime, zone: tzinfo) -> datetime:
    """Raises ValidationError for a year that another zone, or a database, could not tell."""
    if typed.year not in YEARS:
        raise forms.ValidationError(f"The year lies between {YEARS.start} and {YEARS.stop - 1}.")
    return typed.replace(tzinfo=zone).astimezone(UTC)


class AboutForm(forms.Form):
    of = forms.ChoiceField(label="Of", choices=[("assay", "this assay"), ("pipeline", "its whole pipeline")])
    owner = forms.CharField(label="Owner", max_length=200, required=False)
    runbook_url = forms.URLField(label="Runbook", max_length=1000, required=False, assume_scheme="https")
    criticality = forms.ChoiceField(label="Criticality", choices=Criticality.choices, required=False)


class ThresholdForm(forms.Form):
    """An empty threshold never fires."""

    warning = forms.FloatField(label="Warning", min_value=0, required=False)
    alert = forms.FloatField(label="Alert", min_value=0, required=False)
    reason = forms.CharField(label="Why", max_length=500)

    def clean(self) -> dict[str, Any]:
        clean = super().clean() or {}
        warning, alert = clean.get("warning"), clean.get("alert")
        if warning is not None and alert is not None and warning > alert:
            raise forms.ValidationError("A warning above the alert never fires.")
        return clean


class WhatIfForm(forms.Form):
    """Thresholds and a rule to try; an empty threshold never fires."""

    warning = forms.FloatField(label="Warning", min_value=0, max_value=1e9, required=False)
    alert = forms.FloatField(label="Alert", min_value=0, max_value=1e9, required=False)
    k = forms.IntegerField(label="Bad windows", min_value=1, max_value=100)
    n = forms.IntegerField(label="of the last", min_value=1, max_value=100)
    m = forms.IntegerField(label="Ok ones that close it", min_value=1, max_value=100)

    def clean(self) -> dict[str, Any]:
        clean = super().clean() or {}
        if clean.get("k", 0) > clean.get("n", 100):
            raise forms.ValidationError("More bad windows than are looked at never come.")
        if (clean.get("warning") or 0) > (clean["alert"] if clean.get("alert") is not None else float("inf")):
            raise forms.ValidationError("A warning above the alert never fires.")
        return clean


class DismissForm(forms.Form):
    reason = forms.CharField(label="Why it may stay so", max_length=500)


class TargetForm(forms.Form):
    """How many false alarms a month are put up with."""

    target = forms.FloatField(label="False alarms a month", min_value=0, max_value=10_000)


class RuleForm(forms.Form):
    """Opens after k bad ones of the last n counted windows, closes after m Ok ones."""

    of = forms.ChoiceField(label="Of", choices=[])
    k = forms.IntegerField(label="Bad windows", min_value=1, max_value=100)
    n = forms.IntegerField(label="of the last", min_value=1, max_value=100)
    m = forms.IntegerField(label="Ok ones that close it", min_value=1, max_value=100)

    def __init__(self, data: Data, field: Field, initial: Mapping[str, Any]) -> None:
        super().__init__(data, initial=dict(initial))
        self.fields["of"].choices = [  # type: ignore[attr-defined]
            ("field", f"the field {field.key}"),
            ("assay", "this assay"),
            ("pipeline", "its whole pipeline"),
            ("workspace", "its whole workspace"),
        ]

    def clean(self) -> dict[str, Any]:
        clean = super().clean() or {}
        if clean.get("k", 0) > clean.get("n", 0):
            raise forms.ValidationError("More bad windows than are looked at never come.")
        return clean


class MarkerForm(forms.Form):
    """A moment in the reader's zone."""

    of = forms.ChoiceField(
        label="Of",
        choices=[("pipeline", "its whole pipeline"), ("assay", "this assay"), ("workspace", "its whole workspace")],
    )
    event = forms.ChoiceField(label="What", choices=Event.choices)
    at = _moment("When")
    text = forms.CharField(label="In words", max_length=200)
    link = forms.URLField(label="Link", max_length=1000, required=False, assume_scheme="https")

    def __init__(self, data: Data, zone: tzinfo, now: datetime) -> None:
        super().__init__(data, initial={"at": _spoken(now, zone)})
        self.zone = zone

    def clean_at(self) -> datetime:
        return in_utc(self.cleaned_data["at"], self.zone)


class CalmForm(forms.Form):
    """A stretch of time in the reader's zone, by default the thirty days before now."""

    after = _moment("From")
    until = _moment("To")
    note = forms.CharField(label="Why it was calm", max_length=500, required=False)

    def __init__(self, data: Data, zone: tzinfo, now: datetime) -> None:
        since = now - timedelta(days=30)
        super().__init__(data, initial={"after": _spoken(since, zone), "until": _spoken(now, zone)})
        self.zone = zone

    def clean(self) -> dict[str, Any]:
        clean = super().clean() or {}
        for name in ("after", "until"):
            if name in clean:
                clean[name] = in_utc(clean[name], self.zone)
        if "after" in clean and "until" in clean and clean["after"] >= clean["until"]:
            raise forms.ValidationError("A calm period ends after it begins.")
        return clean


class RemarkForm(forms.Form):
    """A remark at a moment, or over a stretch, in the reader's zone."""

    text = forms.CharField(label="In words", max_length=500)
    at = _moment("When")
    until = _moment("Until", required=False)
    link = forms.URLField(label="Link", max_length=2000, required=False, assume_scheme="https")

    def __init__(self, data: Data, zone: tzinfo, now: datetime) -> None:
        super().__init__(data, initial={"at": _spoken(now, zone)})
        self.zone = zone

    def clean_at(self) -> datetime:
        return in_utc(self.cleaned_data["at"], self.zone)

    def clean_until(self) -> datetime | None:
        typed: datetime | None = self.cleaned_data["until"]
        return in_utc(typed, self.zone) if typed else None
