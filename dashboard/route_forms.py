"""The forms of routes and maintenance: what may be asked in them, and in which words what makes no sense is refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any, cast
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet

from assays.incidents.models import Kind
from assays.models import Assay
from assays.notices import channels
from assays.notices.errors import Refused
from assays.notices.models import Route
from dashboard.access import Access, Act
from dashboard.preferences import zone_of
from dashboard.reads import routes as reads
from dashboard.watch_forms import SPOKEN, in_utc

Data = Mapping[str, Any] | None
LONGEST = 4000
A_WEEK = 7 * 24 * 60
_BIGGEST = 2**63


def sentence(error: Refused) -> str:
    """As it stands on a page."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


class FindForm(forms.Form):
    """The list of messages in the page's URL; what makes no sense in it is left out."""

    route = forms.IntegerField(min_value=1, max_value=_BIGGEST - 1, required=False)
    state = forms.ChoiceField(choices=[(name, words) for name, (words, _) in reads.STATES.items()], required=False)
    page = forms.IntegerField(min_value=1, max_value=100_000, required=False)

    def sought(self) -> reads.Sought:
        self.is_valid()
        told: dict[str, Any] = self.cleaned_data
        return reads.Sought(told.get("route"), told.get("state") or "", told.get("page") or 1)


class ActiveForm(forms.Form):
    active = forms.TypedChoiceField(choices=[("yes", "on"), ("no", "off")], coerce=lambda text: text == "yes")


class ScopeForm(forms.Form):
    """Of what: a workspace, a pipeline or an assay where one operates; of everything, for administrators."""

    workspace = forms.TypedChoiceField(label="Workspace", coerce=int, empty_value=None, required=False)
    pipeline = forms.CharField(label="Pipeline", max_length=500, required=False, help_text="its name or number")
    assay = forms.CharField(label="Assay", max_length=LONGEST, required=False, help_text="its name or id")

    def __init__(self, access: Access, workspaces: Mapping[int, str], data: Data, initial: dict[str, Any]) -> None:
        super().__init__(data, initial=initial)
        self.watched = reads.watched(access)
        places = access.where_may(Act.SWITCH)
        mine = [(pk, name) for pk, name in workspaces.items() if places is None or pk in places]
        whole = [("", "all of them")] if access.may(Act.ADMINISTER) else []
        cast(forms.TypedChoiceField, self.fields["workspace"]).choices = [*whole, *mine]
        for name in ("pipeline", "assay"):
            self.fields[name].widget.attrs |= {"list": f"{name}s", "autocomplete": "off"}
        if not whole:
            self.fields["workspace"].required = True

    def clean(self) -> dict[str, Any]:
        told = self.cleaned_data
        found = self.watched
        if (workspace := told.get("workspace")) is not None:
            found = found.filter(workspace_id=workspace)
        if text := told.get("pipeline"):
            found = self._one("pipeline", found.filter(_pipeline(text)), "pipeline_id", "number")
        if text := told.get("assay"):
            found = self._one("assay", found.filter(_assay(text)), "pk", "id")
        self.narrowest = found.first() if told.get("pipeline") or told.get("assay") else None
        return told

    def _one(self, name: str, found: QuerySet[Assay], key: str, unmistakable: str) -> QuerySet[Assay]:
        """The same, with an error where it is none or several things."""
        many = found.order_by().values(key).distinct().count()
        if many == 0:
            self.add_error(name, f"There is no {name} of this name there.")
        if many > 1:
            self.add_error(name, f"{many:,} have this name: give the {unmistakable}.")
        return found

    @property
    def scope(self) -> dict[str, Any]:
        """The columns of a route or a maintenance. What is narrow names its workspace too, by which it is found."""
        told, one = self.cleaned_data, self.narrowest
        return {
            "workspace_id": one.workspace_id if one else told["workspace"],
            "pipeline_id": one.pipeline_id if one and told["pipeline"] else None,
            "assay": one if told["assay"] else None,
        }


class RouteForm(ScopeForm):
    """A route, new or as it is. What was typed as an address is never sent back to a page."""

    field_order = ["name", "address"]
    name = forms.CharField(label="Name", help_text="as people say it", max_length=100)
    # what would be a password box, and be shown as dots, but keeps nothing from whoever pastes it
    address = forms.CharField(
        label="Address",
        max_length=LONGEST,
        widget=forms.PasswordInput({"type": "text", "autocomplete": "off", "spellcheck": "false", "class": "mono"}),
    )
    kinds = forms.MultipleChoiceField(
        label="Kinds", choices=Kind.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    alerts_only = forms.BooleanField(label="Of drift, alerts only", required=False)
    quiet_from = forms.TimeField(
        label="Quiet from", required=False, widget=forms.TimeInput({"type": "time"}, format="%H:%M")
    )
    quiet_until = forms.TimeField(
        label="until", required=False, widget=forms.TimeInput({"type": "time"}, format="%H:%M")
    )
    zone = forms.CharField(label="by the clock of", max_length=64, widget=forms.TextInput({"list": "zones"}))
    escalate_to = forms.TypedChoiceField(label="Then tell", required=False, coerce=int, empty_value=None)
    escalate_after = forms.IntegerField(label="After so many minutes", min_value=1, max_value=A_WEEK, required=False)

    def __init__(
        self, access: Access, workspaces: Mapping[int, str], zone: str, data: Data = None, route: Route | None = None
    ) -> None:
        super().__init__(access, workspaces, data, _told_of(route) if route else {"zone": zone})
        self.fields["address"].required = route is None
        self.targets = {row.pk: row.name for row in _targets(access, route)}
        chosen = route.escalate_to_id if route else None
        if chosen is not None and chosen not in self.targets:
            self.targets[chosen] = "a route of administrators, as now"
        cast(forms.TypedChoiceField, self.fields["escalate_to"]).choices = [("", "nobody"), *self.targets.items()]

    def clean_address(self) -> str:
        address: str = self.cleaned_data["address"]
        if address:
            try:
                channels.check(address)
            except Refused as error:
                raise forms.ValidationError(sentence(error)) from None
        return address

    def clean_zone(self) -> str:
        name: str = self.cleaned_data["zone"]
        if zone_of(name) is None:
            raise forms.ValidationError("There is no such time zone. One is Europe/Vienna.")
        return name

    def clean(self) -> dict[str, Any]:
        told = super().clean()
        if (told.get("quiet_from") is None) != (told.get("quiet_until") is None):
            self.add_error("quiet_until", "Quiet hours have a beginning and an end.")
        elif told.get("quiet_from") is not None and told["quiet_from"] == told["quiet_until"]:
            self.add_error("quiet_until", "A whole day is no quiet hour: pause the route instead.")
        given = {name for name in ("escalate_to", "escalate_after") if told.get(name) is not None}
        if len(given) == 1 and not self.errors.keys() & {"escalate_to", "escalate_after"}:
            self.add_error("escalate_after", "It takes both: a route, and a number of minutes.")
        return told

    @property
    def columns(self) -> dict[str, Any]:
        """What a route keeps besides its address."""
        plain = ("name", "kinds", "alerts_only", "quiet_from", "quiet_until", "zone", "escalate_after")
        told = {name: self.cleaned_data[name] for name in plain}
        return self.scope | told | {"escalate_to_id": self.cleaned_data["escalate_to"]}


class MaintenanceForm(ScopeForm):
    """A stretch in the reader's zone; without a beginning it begins now."""

    starts_at = forms.DateTimeField(
        label="From",
        help_text="now, when empty",
        required=False,
        input_formats=SPOKEN,
        widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M"),
    )
    ends_at = forms.DateTimeField(
        label="Until",
        input_formats=SPOKEN,
        widget=forms.DateTimeInput({"type": "datetime-local"}, "%Y-%m-%dT%H:%M"),
    )
    why = forms.CharField(label="Why", help_text="as others will read it", max_length=200)

    def __init__(
        self, access: Access, workspaces: Mapping[int, str], zone: tzinfo, now: datetime, data: Data = None
    ) -> None:
        in_two_hours = (now + timedelta(hours=2)).astimezone(zone).replace(tzinfo=None)
        super().__init__(access, workspaces, data, {"ends_at": in_two_hours})
        self.zone, self.now = zone, now

    def clean_starts_at(self) -> datetime:
        typed: datetime | None = self.cleaned_data["starts_at"]
        return self._instant(typed) if typed else self.now

    def clean_ends_at(self) -> datetime:
        return self._instant(self.cleaned_data["ends_at"])

    def clean(self) -> dict[str, Any]:
        told = super().clean()
        starts, ends = told.get("starts_at"), told.get("ends_at")
        if starts and ends and not starts < ends:
            self.add_error("ends_at", "It ends before it begins.")
        elif ends and ends <= self.now:
            self.add_error("ends_at", "That is over already.")
        return told

    def _instant(self, typed: datetime) -> datetime:
        return in_utc(typed, self.zone)


def _pipeline(text: str) -> Q:
    number = _number(text)
    return Q(pipeline_name=text) if number is None else Q(pipeline_name=text) | Q(pipeline_id=number)


def _assay(text: str) -> Q:
    try:
        return Q(pk=UUID(text))
    except ValueError:
        return Q(name=text)


def _number(text: str) -> int | None:
    try:
        number = int(text)
    except ValueError:
        return None
    return number if -_BIGGEST <= number < _BIGGEST else None


def _targets(access: Access, route: Route | None) -> QuerySet[Route]:
    rows = reads.managed(access).order_by("name")
    return rows.exclude(pk=route.pk) if route else rows


def _told_of(route: Route) -> dict[str, Any]:
    """What the form of a route that is there begins with."""
    same = ("name", "kinds", "alerts_only", "quiet_from", "quiet_until", "zone", "escalate_after")
    return {name: getattr(route, name) for name in same} | {
        "workspace": route.workspace_id,
        "pipeline": "" if route.pipeline_id is None else str(route.pipeline_id),
        "assay": "" if route.assay is None else _unmistakable(route.assay),
        "escalate_to": route.escalate_to_id,
    }


def _unmistakable(assay: Assay) -> str:
    """Its name, where that alone says which it is, and comes back from a form as it was."""
    name = assay.name
    is_plain = len(name) <= LONGEST and name == " ".join(name.split())
    alone = is_plain and not Assay.objects.filter(name=name).exclude(pk=assay.pk).exists()
    return name if alone else str(assay.pk)
