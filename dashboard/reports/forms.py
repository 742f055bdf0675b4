"""The forms of mails and shared links: what may be asked in them, and in which words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo
from typing import Any

from django import forms

from dashboard import preferences
from dashboard.history import choice as choices
from dashboard.reads.people import place
from dashboard.reports.compose import WEEKDAYS
from dashboard.reports.models import Form, Rhythm

CHOSEN = ("workspace", "pipeline", "owner", "group", "by")
"""Of a history's address, what chooses whose it is and how it is laid out."""

DAYS = {
    **{f"weekly-{day}": f"every {name}" for day, name in enumerate(WEEKDAYS)},
    **{f"monthly-{day}": f"on day {day} of every month" for day in (1, 2, 3, 5, 10, 15, 20, 25, 28)},
}
EXPIRIES = {"1": "1 day", "7": "7 days", "30": "30 days", "90": "90 days", "365": "1 year"}
USUAL_EXPIRY = "30"


def chosen(query: Mapping[str, str], names: tuple[str, ...] = CHOSEN) -> dict[str, str]:
    """What is kept of an address: the known names, each of bounded length, and numbers where numbers belong."""
    kept = {name: query[name][:200] for name in names if query.get(name)}
    numbers = ("workspace", "pipeline", "since")
    return {name: text for name, text in kept.items() if name not in numbers or choices.number(text) is not None}


class MailForm(forms.Form):
    """Whom, when, and of what: the last comes with the address of the page that led here."""

    address = forms.EmailField(label="To", max_length=254)
    day = forms.ChoiceField(label="When", choices=list(DAYS.items()))
    hour = forms.TypedChoiceField(label="At", coerce=int, choices=[(hour, f"{hour:02}:00") for hour in range(24)])
    zone = forms.CharField(label="Zone", max_length=64, help_text="of days and hours")

    def clean_zone(self) -> str:
        zone: str = self.cleaned_data["zone"]
        if preferences.zone_of(zone) is None:
            raise forms.ValidationError("No zone has this name. Write it as Europe/Berlin, or UTC.")
        return zone

    @property
    def told(self) -> dict[str, Any]:
        """Of a schedule, what this form says."""
        rhythm, _, day = self.cleaned_data["day"].partition("-")
        hour, zone = self.cleaned_data["hour"], self.cleaned_data["zone"]
        return {"rhythm": Rhythm(rhythm), "day": int(day), "hour": hour, "zone": zone}


class ShareForm(forms.Form):
    """What a link is for, how it shows a history, and until when."""

    name = forms.CharField(label="For", max_length=100, help_text="whom or what")
    form = forms.TypedChoiceField(
        label="Shows", coerce=Form, choices=[(Form.PAGE, "the history, read-only"), (Form.WALL, "a wall display")]
    )
    days = forms.TypedChoiceField(label="Good for", coerce=int, choices=list(EXPIRIES.items()), initial=USUAL_EXPIRY)


def zone_key(zone: tzinfo) -> str:
    """A zone by its name in the tz database."""
    return getattr(zone, "key", "UTC")


def scope_words(query: Mapping[str, str], workspaces: Mapping[int, str], pipelines: Mapping[int, str]) -> str:
    """Whose history it is: what has been chosen of it, by the names that the reader may see."""
    told = []
    if (workspace := choices.number(query.get("workspace"))) is not None:
        told.append(place(workspace, workspaces))
    if (pipeline := choices.number(query.get("pipeline"))) is not None:
        told.append(pipelines.get(pipeline, f"pipeline {pipeline}"))
    if owner := query.get("owner"):
        told.append(f"owned by {owner}")
    return ", ".join(told) or "everything you may see"
