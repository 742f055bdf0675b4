"""Groups, for those who administer: their roles are their members', and their names are the sign-in provider's."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from dashboard import guard
from dashboard import people as kept
from dashboard.access import Act
from dashboard.people_forms import GrantForm, GroupForm, PlaceForm
from dashboard.reads import people as reads

Change = Callable[[], object]


@require_http_methods(["GET", "POST"])
@guard.may(Act.ADMINISTER)
def new(request: HttpRequest) -> HttpResponseBase:
    form = GroupForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = kept.create_group(form.cleaned_data["name"], guard.person_of(request))
        except kept.Refused as error:
            form.add_error("name", str(error))
        else:
            return redirect("group", made.pk)
    return render(request, "group_new.html", {"section": "people", "form": form})


@require_GET
@guard.may(Act.ADMINISTER)
def group(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, get_object_or_404(Group, pk=pk))


@require_POST
@guard.may(Act.ADMINISTER)
def grant(request: HttpRequest, pk: int) -> HttpResponseBase:
    which, form = get_object_or_404(Group, pk=pk), GrantForm(reads.workspaces(), request.POST)
    if not form.is_valid():
        return _page(request, which, form=form, status=422)
    role, workspace = form.cleaned_data["role"], form.cleaned_data["workspace"]
    return _changed(request, which, lambda: kept.grant(which, role, workspace, guard.person_of(request)))


@require_POST
@guard.may(Act.ADMINISTER)
def take(request: HttpRequest, pk: int) -> HttpResponseBase:
    which, form = get_object_or_404(Group, pk=pk), PlaceForm(request.POST)
    if not form.is_valid():
        return _page(request, which, status=422)
    workspace = form.cleaned_data["workspace"]
    return _changed(request, which, lambda: kept.revoke(which, workspace, guard.person_of(request)))


@require_POST
@guard.may(Act.ADMINISTER)
def rename(request: HttpRequest, pk: int) -> HttpResponseBase:
    which, form = get_object_or_404(Group, pk=pk), GroupForm(request.POST)
    if not form.is_valid():
        return _page(request, which, refused="A group needs a name of at most 150 letters.", status=422)
    name = form.cleaned_data["name"]
    return _changed(request, which, lambda: kept.rename_group(which, name, guard.person_of(request)))


@require_http_methods(["GET", "POST"])
@guard.may(Act.ADMINISTER)
def delete(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The question; posted, the end of the group, its roles and its memberships."""
    which = get_object_or_404(Group, pk=pk)
    if request.method == "POST":
        try:
            kept.delete_group(which, guard.person_of(request))
        except kept.Refused as error:
            return _page(request, get_object_or_404(Group, pk=pk), refused=str(error), status=409)
        return redirect("people")
    template = "_group_delete.html" if request.headers.get("HX-Request") else "group_delete.html"
    context = {"section": "people", "group": which, "members": reads.members(which).count()}
    return render(request, template, context)


def _changed(request: HttpRequest, which: Group, change: Change) -> HttpResponseBase:
    try:
        change()
    except kept.Refused as error:
        return _page(request, get_object_or_404(Group, pk=which.pk), refused=str(error), status=409)
    return redirect("group", which.pk)


def _page(
    request: HttpRequest, which: Group, *, form: GrantForm | None = None, refused: str = "", status: int = 200
) -> HttpResponse:
    places = reads.workspaces()
    context = {
        "section": "people",
        "group": which,
        "held": reads.held_by_group(which),
        "places": places,
        "form": form or GrantForm(places),
        "members": reads.members(which),
        "is_a_roles_own": kept.is_a_roles_own(which),
        "refused": refused,
    }
    return render(request, "group.html", context, status=status)
