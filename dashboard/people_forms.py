"""The forms of people, groups, tokens and the audit trail: what may be asked in them, and in which words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any, cast

from django import forms
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.models import Group
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

from assays.schedule import moment
from dashboard.access import Access
from dashboard.reads.audit import ACTS, Cursor, Sought
from dashboard.roles import Role

EVERYWHERE = ""
EXPIRIES = {"7": "7 days", "30": "30 days", "90": "90 days", "365": "1 year", "never": "never"}
CAN = {
    Role.VIEWER: "viewer: reads",
    Role.RESPONDER: "responder: also triages alerts",
    Role.OPERATOR: "operator: also switches and schedules",
    Role.ADMIN: "admin: also manages people, tokens and settings",
}
_BIGGEST = 2**63 - 1
_CENTURIES = [MinValueValidator(date(1971, 1, 1)), MaxValueValidator(date(2200, 1, 1))]


class FindForm(forms.Form):
    """The list of people's URL."""

    q = forms.CharField(max_length=150, required=False)
    page = forms.IntegerField(min_value=1, max_value=100_000, required=False)


class GrantForm(forms.Form):
    """A role, and where it holds: one of the workspaces that are known, or all."""

    role = forms.TypedChoiceField(choices=list(CAN.items()), coerce=Role)
    workspace = forms.TypedChoiceField(label="Where", coerce=int, empty_value=None, required=False)

    def __init__(self, workspaces: Mapping[int, str], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        where = cast(forms.TypedChoiceField, self.fields["workspace"])
        where.choices = [(EVERYWHERE, "all workspaces"), *workspaces.items()]

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("role") is Role.ADMIN and self.cleaned_data.get("workspace") is not None:
            self.add_error("workspace", "An administrator's role holds in all workspaces.")
        return self.cleaned_data


class PlaceForm(forms.Form):
    """Where a role is taken away: in one workspace, or everywhere."""

    workspace = forms.IntegerField(min_value=-_BIGGEST, max_value=_BIGGEST, required=False)


class PersonForm(GrantForm):
    """A new local account, and its first role."""

    field_order = ["name", "role", "workspace"]
    name = forms.CharField(label="User name", max_length=150)


class PasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """In fewer words than Django's; what is wrong with a password it says when it is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].help_text = "twelve characters or more"
        self.fields["new_password2"].label = "New password, once more"
        self.fields["new_password2"].help_text = ""


class GroupsForm(forms.Form):
    groups = forms.ModelMultipleChoiceField(Group.objects.order_by("name"), required=False)


class GroupForm(forms.Form):
    name = forms.CharField(label="Name", help_text="as the sign-in provider calls it", max_length=150)


class ActiveForm(forms.Form):
    active = forms.TypedChoiceField(choices=[("yes", "yes"), ("no", "no")], coerce=lambda text: text == "yes")


class TokenForm(forms.Form):
    """A new token of the person's own: no role above theirs, no workspace that they do not see."""

    name = forms.CharField(label="Name", help_text="what it is for", max_length=100)
    role = forms.TypedChoiceField(coerce=Role)
    days = forms.ChoiceField(label="Good for", choices=list(EXPIRIES.items()), initial="90")
    where = forms.ChoiceField(choices=[("all", "all"), ("some", "some")], initial="all")
    workspaces = forms.TypedMultipleChoiceField(coerce=int, required=False, widget=forms.CheckboxSelectMultiple)
    service = forms.BooleanField(required=False)

    def __init__(self, access: Access, workspaces: Mapping[int, str], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        highest = access.highest or Role.VIEWER
        offered = cast(forms.TypedChoiceField, self.fields["role"])
        offered.choices = [(role, words) for role, words in CAN.items() if role.rank <= highest.rank]
        cast(forms.TypedMultipleChoiceField, self.fields["workspaces"]).choices = list(workspaces.items())

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("where") != "some":
            return self.cleaned_data
        if not self.cleaned_data.get("workspaces"):
            self.add_error("workspaces", "Name at least one workspace.")
        if self.cleaned_data.get("role") is Role.ADMIN:
            self.add_error("role", "An administrator's token holds in all workspaces.")
        return self.cleaned_data

    @property
    def places(self) -> list[int] | None:
        return self.cleaned_data["workspaces"] if self.cleaned_data["where"] == "some" else None

    @property
    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["days"]
        return None if days == "never" else timezone.now() + timedelta(days=int(days))


class AuditForm(forms.Form):
    """The audit trail's URL; what makes no sense in it is left out."""

    who = forms.CharField(max_length=200, required=False)
    act = forms.ChoiceField(choices=list(ACTS.items()), required=False)
    about = forms.CharField(max_length=200, required=False)
    workspace = forms.IntegerField(min_value=-_BIGGEST, max_value=_BIGGEST, required=False)
    since = forms.DateField(required=False, validators=_CENTURIES)
    until = forms.DateField(required=False, validators=_CENTURIES)
    before = forms.RegexField(r"^\d{1,16}-\d{1,18}$", required=False)

    def sought(self, zone: tzinfo) -> Sought:
        """Days are those of `zone`; the last one belongs to the range."""
        self.is_valid()
        clean: dict[str, Any] = self.cleaned_data
        since, until = clean.get("since"), clean.get("until")
        return Sought(
            who=(clean.get("who") or "").strip(),
            act=clean.get("act") or "",
            about=(clean.get("about") or "").strip(),
            workspace=clean.get("workspace"),
            since=since and _midnight(since, zone),
            until=until and _midnight(until + timedelta(days=1), zone),
        )

    @property
    def cursor(self) -> Cursor | None:
        text = self.cleaned_data.get("before")
        if not text:
            return None
        at, _, pk = text.partition("-")
        return Cursor(moment(int(at)), int(pk))


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)
