"""People, for those who administer: who there is, what each may, and the ways in and out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import SetPasswordForm
from django.contrib.auth.models import User
from django.contrib.auth.views import PasswordResetConfirmView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard import formats, guard
from dashboard import people as kept
from dashboard.access import Act
from dashboard.people_forms import ActiveForm, FindForm, GrantForm, GroupsForm, PasswordForm, PersonForm, PlaceForm
from dashboard.reads import people as reads

Change = Callable[[], object]


@require_GET
@guard.may(Act.ADMINISTER)
def people(request: HttpRequest) -> HttpResponse:
    find = FindForm(request.GET)
    find.is_valid()
    page = reads.people(find.cleaned_data.get("q") or "", find.cleaned_data.get("page") or 1)
    context = {
        "section": "people",
        "headline": headline(),
        "text": find.cleaned_data.get("q") or "",
        "page": page,
        "people": [(person, reads.distinct(reads.held_by(person))) for person in page.rows],
        "groups": [(group, reads.held_by_group(group)) for group in reads.groups()],
        "places": reads.workspaces(),
    }
    return render(request, "people.html", context)


def headline() -> str:
    many, of_them = User.objects.filter(is_active=True).count(), kept.administrators().count()
    verb = "administers" if of_them == 1 else "administer"
    return f"{formats.plural(many, 'person', 'people')} may sign in; {of_them:,} {verb}."


@require_http_methods(["GET", "POST"])
@guard.may(Act.ADMINISTER)
def new(request: HttpRequest) -> HttpResponseBase:
    """The form; posted, the account's first link, which no other page shows."""
    form = PersonForm(reads.workspaces(), request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            person = _create(request, form)
        except kept.Refused as error:
            form.add_error("name", str(error))
        else:
            return _link(request, person)
    return render(request, "person_new.html", {"section": "people", "form": form})


def _create(request: HttpRequest, form: PersonForm) -> User:
    by, told = guard.person_of(request), form.cleaned_data
    return kept.create(told["name"], by, told["role"], told["workspace"])


@require_GET
@guard.may(Act.ADMINISTER)
def person(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, get_object_or_404(User, pk=pk))


@require_POST
@guard.may(Act.ADMINISTER)
def grant(request: HttpRequest, pk: int) -> HttpResponseBase:
    whom = get_object_or_404(User, pk=pk)
    form = GrantForm(reads.workspaces(), request.POST)
    if not form.is_valid():
        return _page(request, whom, form=form, status=422)
    role, workspace = form.cleaned_data["role"], form.cleaned_data["workspace"]
    return _changed(request, whom, lambda: kept.grant(whom, role, workspace, guard.person_of(request)))


@require_POST
@guard.may(Act.ADMINISTER)
def take(request: HttpRequest, pk: int) -> HttpResponseBase:
    """A role of the person's own."""
    whom, form = get_object_or_404(User, pk=pk), PlaceForm(request.POST)
    if not form.is_valid():
        return _page(request, whom, status=422)
    workspace = form.cleaned_data["workspace"]
    return _changed(request, whom, lambda: kept.revoke(whom, workspace, guard.person_of(request)))


@require_POST
@guard.may(Act.ADMINISTER)
def groups(request: HttpRequest, pk: int) -> HttpResponseBase:
    whom, form = get_object_or_404(User, pk=pk), GroupsForm(request.POST)
    if not form.is_valid():
        return _page(request, whom, refused="A group has gone meanwhile.", status=409)
    chosen = form.cleaned_data["groups"]
    return _changed(request, whom, lambda: kept.set_groups(whom, chosen, guard.person_of(request)))


@require_POST
@guard.may(Act.ADMINISTER)
def active(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Closes the account, or opens it again."""
    whom, form = get_object_or_404(User, pk=pk), ActiveForm(request.POST)
    if not form.is_valid():
        return _page(request, whom, status=422)
    change = kept.reactivate if form.cleaned_data["active"] else kept.deactivate
    return _changed(request, whom, lambda: change(whom, guard.person_of(request)))


@require_POST
@guard.may(Act.ADMINISTER)
def sign_out(request: HttpRequest, pk: int) -> HttpResponseBase:
    whom = get_object_or_404(User, pk=pk)
    return _changed(request, whom, lambda: kept.sign_out(whom, guard.person_of(request)))


@require_POST
@guard.may(Act.ADMINISTER)
def password_link(request: HttpRequest, pk: int) -> HttpResponseBase:
    return _link(request, get_object_or_404(User, pk=pk))


@method_decorator(login_not_required, name="dispatch")
class SetPassword(PasswordResetConfirmView):
    """Where a link leads: whoever has it chooses the account's password, once."""

    template_name = "set_password.html"
    form_class = PasswordForm
    token_generator = kept.password_links
    success_url = reverse_lazy("sign-in")

    def get_user(self, uidb64: str) -> User | None:
        found = super().get_user(uidb64)
        return found if isinstance(found, User) and kept.may_have_a_password(found) else None

    def render_to_response(self, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        return super().render_to_response(context, status=200 if self.validlink else 410, **kwargs)

    def form_valid(self, form: SetPasswordForm[User]) -> HttpResponse:
        with transaction.atomic():
            response = super().form_valid(form)
            kept.password_was_set(form.user)
        return response


def _changed(request: HttpRequest, whom: User, change: Change) -> HttpResponseBase:
    try:
        change()
    except kept.Refused as error:
        return _page(request, get_object_or_404(User, pk=whom.pk), refused=str(error), status=409)
    return redirect("person", whom.pk)


def _page(
    request: HttpRequest, whom: User, *, form: GrantForm | None = None, refused: str = "", status: int = 200
) -> HttpResponse:
    places, held = reads.workspaces(), reads.held_by(whom)
    context = {
        "section": "people",
        "person": whom,
        "headline": sentence(whom, held, places),
        "held": held,
        "places": places,
        "form": form or GrantForm(places),
        "groups": reads.groups(),
        "member_of": set(whom.groups.all()),
        "from_provider": kept.is_from_provider(whom),
        "may_have_a_password": kept.may_have_a_password(whom),
        "tokens": reads.tokens(whom).filter(revoked_at=None),
        "refused": refused,
    }
    return render(request, "person.html", context, status=status)


def sentence(whom: User, held: Sequence[reads.Held], places: dict[int, str]) -> str:
    """What the person may, in one sentence."""
    if not whom.is_active:
        return f"{whom.username}’s account is closed."
    if not held:
        return f"{whom.username} has been given no role, and sees nothing."
    highest = max(held, key=lambda one: (one.role.rank, one.workspace_id is None))
    others = f", and holds {formats.plural(len(held) - 1, 'other role')}" if len(held) > 1 else ""
    return f"{whom.username} is {highest.role.value} in {reads.place(highest.workspace_id, places)}{others}."


@never_cache
def _link(request: HttpRequest, whom: User) -> HttpResponse:
    try:
        path = kept.password_link(whom, guard.person_of(request))
    except kept.Refused as error:
        return _page(request, whom, refused=str(error), status=409)
    days = settings.PASSWORD_RESET_TIMEOUT // 86_400
    context = {"section": "people", "person": whom, "link": request.build_absolute_uri(path), "days": days}
    return render(request, "password_link.html", context)
