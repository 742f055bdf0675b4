"""Places and acts in words, for the pages of people, tokens and the audit trail."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

from dashboard.reads.audit import words
from dashboard.reads.people import place

register = template.Library()

register.filter("place", place)
register.filter("act", words)


@register.filter
def places(workspaces: list[int] | None, names: Mapping[int, str]) -> str:
    """Of a token: the workspaces it is limited to."""
    if workspaces is None:
        return place(None, names)
    return ", ".join(place(pk, names) for pk in workspaces)


@register.filter
def told(detail: Mapping[str, object]) -> list[tuple[str, str]]:
    """What an event tells besides, pair by pair; what is empty is left out."""
    return [(name.replace("_", " "), _said(value)) for name, value in detail.items() if value not in (None, "", [])]


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
