"""The history by mail: each reader begins and stops their own, an administrator stops everybody's."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from dashboard import guard, preferences
from dashboard.access import Act
from dashboard.history import choice as choices
from dashboard.history import reads
from dashboard.reports import compose, due, forms, post, schedules, sending
from dashboard.reports.forms import MailForm
from dashboard.reports.models import Mail, Outcome, Schedule
from dashboard.reports.post import NotTaken, Unanswered

SHOWN = 3
"""Mails of each schedule that are listed."""


@require_http_methods(["GET", "POST"])
@guard.may(Act.READ)
def mails(request: HttpRequest) -> HttpResponseBase:
    """The list and the form; what of is chosen by the page's address, as the history's is."""
    form = MailForm(request.POST) if request.method == "POST" else MailForm(initial=_usual(request))
    if request.method == "POST" and form.is_valid() and _begun(request, form):
        return redirect("mails")
    return render(request, "report_mails.html", _page(request, form))


def _usual(request: HttpRequest) -> dict[str, Any]:
    zone = forms.zone_key(preferences.of(request).zone)
    return {"address": guard.person_of(request).email, "day": "weekly-0", "hour": 8, "zone": zone}


def _begun(request: HttpRequest, form: MailForm) -> bool:
    if not post.is_set():
        form.add_error(None, "No mail server is set, so that nothing could be sent.")
        return False
    try:
        told = form.told | {"query": forms.chosen(request.GET)}
        row = schedules.begin(guard.person_of(request), form.cleaned_data["address"], told)
    except schedules.TooMany as why:
        form.add_error(None, str(why))
        return False
    if row.confirmed_at is None:
        _confirm(request, row)
    return True


def _confirm(request: HttpRequest, row: Schedule) -> None:
    try:
        sending.send_confirmation(row)
    except (NotTaken, Unanswered) as error:
        messages.error(request, f"The mail that asks {row.address} to confirm could not be sent: {error}.")
    else:
        messages.success(request, f"A mail asks {row.address} to confirm. Nothing else is sent before.")


def _page(request: HttpRequest, form: MailForm) -> dict[str, Any]:
    access, now = guard.access_of(request), timezone.now()
    places = reads.scope(access, choices.of({}, preferences.of(request).zone, now))
    rows = list(_visible(request).prefetch_related(Prefetch("mails", Mail.objects.order_by("-created_at"))))
    told = [_told(row, forms.scope_words(row.query, places.workspaces, places.pipelines)) for row in rows]
    return {
        "section": "history",
        "form": form,
        "rows": told,
        "headline": headline(len([row for row in rows if row.person_id == request.user.pk])),
        "scope": forms.scope_words(forms.chosen(request.GET), places.workspaces, places.pipelines),
        "is_set": post.is_set(),
        "sender": post.sender(),
        "administers": access.may(Act.ADMINISTER),
    }


def headline(many: int) -> str:
    if not many:
        return "No history comes to you by mail."
    return "A history comes to you by mail." if many == 1 else f"{many} histories come to you by mail."


def _told(row: Schedule, scope: str) -> dict[str, Any]:
    mails = list(row.mails.all())[:SHOWN]
    return {
        "row": row,
        "scope": scope,
        "when": compose.when(row),
        "next": due.upcoming(row, timezone.now()) if row.confirmed_at else None,
        "mails": mails,
    }


def _visible(request: HttpRequest) -> QuerySet[Schedule]:
    rows = Schedule.objects.filter(stopped_at=None).select_related("person").order_by("since")
    whole = guard.access_of(request).may(Act.ADMINISTER)
    return rows if whole else rows.filter(person=guard.person_of(request))


@require_POST
@guard.may(Act.READ)
def stop(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    schedules.stop(get_object_or_404(_visible(request), pk=pk), guard.person_of(request))
    messages.success(request, "That mail is stopped.")
    return redirect("mails")


@require_POST
@guard.may(Act.READ)
def now(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """One at once, or the question to confirm once more; what became of it is said on the page."""
    row = get_object_or_404(_visible(request), pk=pk)
    try:
        if row.confirmed_at is None:
            schedules.ask_again(row, guard.person_of(request))
            _confirm(request, row)
        else:
            _say(request, sending.send_now(row, guard.person_of(request)))
    except (sending.TooSoon, schedules.TooMany):
        messages.error(request, "One was sent less than a minute ago. Wait a little.")
    return redirect("mails")


def _say(request: HttpRequest, mail: Mail) -> None:
    if mail.outcome == Outcome.SENT:
        messages.success(request, f"Sent to {mail.schedule.address}: {mail.subject}")
    else:
        messages.error(request, f"Not sent: {mail.last_error}.")


@csrf_exempt  # mail programs post there with one click, by RFC 8058; the address itself is the proof
@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def by_link_stop(request: HttpRequest, token: str) -> HttpResponse:
    return _by_link(request, token, "stop")


@csrf_exempt  # the address itself is the proof
@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def by_link_confirm(request: HttpRequest, token: str) -> HttpResponse:
    return _by_link(request, token, "confirm")


def _by_link(request: HttpRequest, token: str, purpose: schedules.Purpose) -> HttpResponse:
    """Asks; posted, does it. Programs that follow links in mails change nothing."""
    row = schedules.of_token(token, purpose)
    if row is None:
        return _apart(request, "report_link_unknown.html", {}, 404)
    if request.method == "POST":
        (schedules.stop if purpose == "stop" else schedules.confirm)(row, schedules.BY_MAIL)
        row.refresh_from_db()
    told = {"row": row, "purpose": purpose, "when": compose.when(row), "is_stopped": row.stopped_at is not None}
    return _apart(request, "report_link.html", told | {"is_confirmed": row.confirmed_at is not None})


def _apart(request: HttpRequest, template: str, told: dict[str, Any], status: int = 200) -> HttpResponse:
    response = render(request, template, told, status=status)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
