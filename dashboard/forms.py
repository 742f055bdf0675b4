"""What people may ask in a URL or a form, checked; nonsense in a URL falls back to the usual view."""

from __future__ import annotations

from typing import Any

from django import forms

from assays.states import State
from dashboard.reads.overview import Choice

STATES = {state.slug: state for state in State}
SORTS = {
    "worst": "worst first",
    "name": "name",
    "ratio": "score",
    "since": "newest change",
    "last": "last run",
}
GROUPS = {"none": "none", "pipeline": "pipeline", "workspace": "workspace"}
RANGES = {30: "30 days", 56: "8 weeks", 182: "26 weeks", 365: "1 year"}
FOLDS_FROM = 1000
"""From so many assays on the overview is grouped unless asked otherwise."""


class OverviewForm(forms.Form):
    """The overview's URL."""

    state = forms.ChoiceField(choices=[(slug, slug) for slug in STATES], required=False)
    q = forms.CharField(max_length=200, required=False)
    pipeline = forms.IntegerField(min_value=-(2**63), max_value=2**63 - 1, required=False)
    workspace = forms.IntegerField(min_value=-(2**63), max_value=2**63 - 1, required=False)
    active = forms.ChoiceField(choices=[("yes", "yes"), ("no", "no")], required=False)
    group = forms.ChoiceField(choices=list(GROUPS.items()), required=False)
    sort = forms.ChoiceField(choices=list(SORTS.items()), required=False)
    page = forms.IntegerField(min_value=1, max_value=100_000, required=False)
    days = forms.TypedChoiceField(choices=list(RANGES.items()), coerce=int, empty_value=None, required=False)
    open = forms.RegexField(r"^(-?\d{1,18}(,-?\d{1,18})*|none)$", max_length=600, required=False)

    def choice(self, total: int) -> Choice:
        self.is_valid()
        clean: dict[str, Any] = self.cleaned_data
        return Choice(
            state=STATES.get(clean.get("state") or ""),
            text=(clean.get("q") or "").strip(),
            pipeline=clean.get("pipeline"),
            workspace=clean.get("workspace"),
            active={"yes": True, "no": False}.get(clean.get("active") or ""),
            group=clean.get("group") or ("pipeline" if total >= FOLDS_FROM else "none"),
            sort=clean.get("sort") or "worst",
            page=clean.get("page") or 1,
            days=clean.get("days") or 56,
            opened=_opened(clean.get("open")),
        )


def _opened(text: str | None) -> frozenset[int] | None:
    if not text:
        return None
    return frozenset() if text == "none" else frozenset(int(key) for key in text.split(","))


class SwitchForm(forms.Form):
    """Turning an assay on or off; the reason stands in the audit."""

    active = forms.TypedChoiceField(choices=[("yes", "on"), ("no", "off")], coerce=lambda text: text == "yes")
    why = forms.CharField(max_length=500, required=False, strip=True)


class PreferencesForm(forms.Form):
    """The zone and the theme, kept in cookies."""

    zone = forms.CharField(max_length=64, required=False)
    theme = forms.ChoiceField(choices=[(name, name) for name in ("light", "dark", "system")], required=False)
    next = forms.CharField(max_length=2000, required=False)
