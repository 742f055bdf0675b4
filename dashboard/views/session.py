"""Signing in and out, by password, provider or one-time link, and the two choices every page honours."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from assays import audit
from dashboard import access, backends, links, sessions, sso
from dashboard.forms import PreferencesForm
from dashboard.preferences import A_YEAR, THEME_COOKIE, ZONE_COOKIE, zone_of

log = logging.getLogger(__name__)


@login_not_required
@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    onward = _onward(request)
    if request.user.is_authenticated:
        return redirect(onward)
    if request.method == "POST" and not settings.LOCAL_ACCOUNTS:
        raise PermissionDenied("Local accounts are switched off here.")
    form = AuthenticationForm(request, request.POST or None)
    if form.is_valid():
        sessions.begin(request, form.get_user(), backends.Password)
        return redirect(onward)
    if getattr(request, "axes_failures_since_start", None):  # a password was tried, and not one too many
        sessions.refuse(request, _known(form.cleaned_data["username"]), backends.Password, "wrong password or name")
    return _card(request, "sign_in.html", {"form": form, "next": onward})


@login_not_required
@never_cache
@require_GET
def sign_in_link(request: HttpRequest, token: str) -> HttpResponse:
    if not backends.Link().is_open():
        raise PermissionDenied("Local accounts are switched off here.")
    if not links.use(token):
        return render(request, "sign_in_link_used.html", status=410)
    sessions.begin(request, links.local_operator(), backends.Link)
    return redirect("overview")


@login_not_required
@never_cache
@require_POST
def sign_in_provider(request: HttpRequest) -> HttpResponse:
    """Off to the provider; `anew` has it ask for a person, where it would send the same one again."""
    _demand_provider()
    try:
        address = sso.begin(request, _onward(request), anew="anew" in request.POST)
    except sso.Failed as failure:
        return _failed(request, failure)
    return _leave(request, address)


@login_not_required
@never_cache
@require_GET
def sign_in_callback(request: HttpRequest) -> HttpResponse:
    """Back from the provider."""
    _demand_provider()
    try:
        arrival = sso.complete(request)
        person = sso.admit(arrival)
    except sso.Failed as failure:
        return _failed(request, failure)
    if why := _unwelcome(person):
        sessions.refuse(request, person.username, backends.Provider, why, {"groups": arrival.groups})
        return _card(request, "sign_in_unwelcome.html", {"why": why, "person": person, "arrival": arrival}, 403)
    sessions.begin(request, person, backends.Provider, {"groups": arrival.groups})
    sso.keep_farewell(request.session, arrival)
    return redirect(_safe(request, arrival.onward) or "overview")


@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    audit.record("session.sign_out", _person(request))
    return _farewell(request)


@never_cache
@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """Out of every browser the person is signed in with."""
    person = _person(request)
    address = sso.farewell(request.session)
    audit.record("session.sign_out_everywhere", person, detail={"sessions": sessions.end_all(person)})
    return _farewell(request, address)


@login_not_required
@require_POST
def prefer(request: HttpRequest) -> HttpResponse:
    """Keeps the zone or the theme that was chosen, and goes back to where that was."""
    form = PreferencesForm(request.POST)
    form.is_valid()
    address = _safe(request, form.cleaned_data.get("next") or "") or reverse("overview")
    response = HttpResponseRedirect(_without_zone(address))
    if zone := form.cleaned_data.get("zone"):
        _keep(response, ZONE_COOKIE, zone if zone == "local" or zone_of(zone) else "UTC")
    if theme := form.cleaned_data.get("theme"):
        _keep(response, THEME_COOKIE, theme)
    return response


def _card(request: HttpRequest, template: str, told: Mapping[str, object], status: int = 200) -> HttpResponse:
    ways = {
        "provider_name": settings.OIDC_NAME if settings.OIDC_ISSUER else "",
        "local_accounts": settings.LOCAL_ACCOUNTS,
        "production": settings.PRODUCTION,
        "contact": settings.ADMIN_CONTACT,
    }
    return render(request, template, ways | dict(told), status=status)


def _demand_provider() -> None:
    if not backends.Provider().is_open():
        raise PermissionDenied("No provider for single sign-on is set up here.")


def _unwelcome(person: User) -> str:
    if not person.is_active:
        return "the account is deactivated"
    return "" if access.of_person(person).highest else "no group of theirs has a role"


def _failed(request: HttpRequest, failure: sso.Failed) -> HttpResponse:
    """What strangers can bring about without the provider is not kept in the audit."""
    log.warning("Sign-in by the provider failed: %s (%.300s)", failure, failure.__cause__)
    if isinstance(failure, sso.Refused):
        sessions.refuse(request, "", backends.Provider, str(failure))
    status = 503 if isinstance(failure, sso.Unreachable) else 403
    return _card(request, "sign_in_failed.html", {"failure": str(failure), "down": status == 503}, status)


def _farewell(request: HttpRequest, address: str = "") -> HttpResponse:
    """Signed out here, and then at the provider, if it was that which signed the person in."""
    address = address or sso.farewell(request.session)
    logout(request)
    return _leave(request, address) if address else redirect("sign-in")


def _leave(request: HttpRequest, address: str) -> HttpResponse:
    """A page that goes on by itself: where a form was sent, `form-action` forbids browsers to follow a redirect away,
    and a provider may have others behind it whose addresses no policy could name.
    """
    return _card(request, "sign_in_leaving.html", {"address": address})


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101  (no page is shown to anybody else)
    return request.user


def _known(name: str) -> str:
    """Only names that are somebody's are kept: what is typed there by mistake may be a password."""
    return name if User.objects.filter(username=name).exists() else ""


def _onward(request: HttpRequest) -> str:
    return _safe(request, request.POST.get("next") or request.GET.get("next") or "") or reverse("overview")


def _safe(request: HttpRequest, address: str) -> str:
    """The address, if it is one of ours."""
    ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if ours else ""


def _without_zone(address: str) -> str:
    """A zone in the address would win over the one just chosen."""
    parts = urlsplit(address)
    query = QueryDict(parts.query, mutable=True)
    query.pop("tz", None)
    return urlunsplit(parts._replace(query=query.urlencode()))


def _keep(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=A_YEAR, samesite="Lax")
