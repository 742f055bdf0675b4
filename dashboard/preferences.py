"""What a person has chosen for every page: the zone of times, and the theme. Cookies, so that a sign-out keeps them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.http import HttpRequest, HttpResponse

ThemeChoice = Literal["light", "dark", "system"]

ZONE_COOKIE = "zone"
BROWSER_ZONE_COOKIE = "browser-zone"
THEME_COOKIE = "theme"
SYSTEM_THEME_COOKIE = "system-theme"
A_YEAR = 365 * 86_400


@dataclass(frozen=True, slots=True)
class Preferences:
    """`zone_key` is `UTC`, `local` or a name of the tz database; `theme` is drawn, `theme_choice` was asked for."""

    zone_key: str
    zone: tzinfo
    theme: Literal["light", "dark"]
    theme_choice: ThemeChoice


def zone_of(name: str) -> tzinfo | None:
    """None when no such zone exists; a name is a stranger's input and may hold anything."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name[:64])
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def preferences(request: HttpRequest) -> Preferences:
    key = request.GET.get("tz") or request.COOKIES.get(ZONE_COOKIE, "UTC")
    name = request.COOKIES.get(BROWSER_ZONE_COOKIE, "UTC") if key == "local" else key
    zone = zone_of(name)
    choice = _theme_choice(request.COOKIES.get(THEME_COOKIE, "system"))
    return Preferences(key if zone else "UTC", zone or UTC, _theme(request, choice), choice)


def _theme_choice(text: str) -> ThemeChoice:
    return text if text in ("light", "dark") else "system"  # type: ignore[return-value]


def _theme(request: HttpRequest, choice: ThemeChoice) -> Literal["light", "dark"]:
    drawn = request.COOKIES.get(SYSTEM_THEME_COOKIE) if choice == "system" else choice
    return "dark" if drawn == "dark" else "light"


class PreferencesMiddleware:
    """Gives every request its `preferences`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.preferences = preferences(request)  # type: ignore[attr-defined]
        return self.get_response(request)


def of(request: HttpRequest) -> Preferences:
    chosen: Preferences = request.preferences  # type: ignore[attr-defined]
    return chosen
