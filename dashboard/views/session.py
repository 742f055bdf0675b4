"""Signing in and out, by password or by a one-time link, and the two choices every page honours."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from dashboard import links
from dashboard.forms import PreferencesForm
from dashboard.preferences import A_YEAR, THEME_COOKIE, ZONE_COOKIE, zone_of


@method_decorator(login_not_required, name="dispatch")
class SignIn(LoginView):
    template_name = "sign_in.html"
    redirect_authenticated_user = True


sign_out = LogoutView.as_view()


@login_not_required
@never_cache
@require_GET
def sign_in_link(request: HttpRequest, token: str) -> HttpResponse:
    if not links.use(token):
        return render(request, "sign_in_link_used.html", status=410)
    login(request, links.local_operator(), backend="django.contrib.auth.backends.ModelBackend")
    return redirect("overview")


@login_not_required
@require_POST
def prefer(request: HttpRequest) -> HttpResponse:
    """Keeps the zone or the theme that was chosen, and goes back to where that was."""
    form = PreferencesForm(request.POST)
    form.is_valid()
    response = HttpResponseRedirect(_back(request, form.cleaned_data.get("next") or ""))
    if zone := form.cleaned_data.get("zone"):
        _keep(response, ZONE_COOKIE, zone if zone == "local" or zone_of(zone) else "UTC")
    if theme := form.cleaned_data.get("theme"):
        _keep(response, THEME_COOKIE, theme)
    return response


def _back(request: HttpRequest, address: str) -> str:
    safe = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return _without_zone(address) if safe else reverse("overview")


def _without_zone(address: str) -> str:
    """A zone in the address would win over the one just chosen."""
    parts = urlsplit(address)
    query = QueryDict(parts.query, mutable=True)
    query.pop("tz", None)
    return urlunsplit(parts._replace(query=query.urlencode()))


def _keep(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=A_YEAR, samesite="Lax")
