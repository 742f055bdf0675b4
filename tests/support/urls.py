"""The map of all URLs, with something to put into every place of them: what each is asked, and who is to find it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.core.cache import cache as kept
from django.db import models, transaction
from django.test import Client as Browser
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from assays.coverage import Span
from assays.incidents import about
from assays.incidents.models import Event, Incident, Marker
from assays.insight import sayings
from assays.insight.doctor import Kind
from assays.insight.models import Annotation, CalmPeriod, Dismissal
from assays.models import AuditEvent
from assays.notices.models import Delivery, Maintenance, Route
from dashboard import tokens
from dashboard.access import Act
from dashboard.models import ApiToken
from dashboard.reports import shares
from dashboard.reports.models import Form, Schedule, Share
from dashboard.roles import Role
from tests.support.places import ANONYMOUS, HERE, SUBJECTS, Places, Subject, as_json

METHODS = ("GET", "POST")


@dataclass(frozen=True)
class Url:
    """One entry of the URL map: its route as written, its name or else its route, and what answers it."""

    route: str
    name: str
    callback: Any

    @property
    def act(self) -> Act | None:
        """What the view says one must be allowed to do; of an API call its guard says it."""
        act: Act | None = getattr(getattr(self.callback, "guard", self.callback), "act", None)
        return act

    @property
    def is_public(self) -> bool:
        return self.act is None and not getattr(self.callback, "login_required", True)

    @property
    def is_api(self) -> bool:
        return hasattr(self.callback, "guard")

    @property
    def places(self) -> list[tuple[str, str]]:
        """The name of each, and how it is written: `pk`, `<uuid:pk>`."""
        return [(name, f"<{kind}{name}>") for kind, name in re.findall(r"<(\w+:)?(\w+)>", self.route)]

    def address(self, arguments: dict[str, object]) -> str:
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(arguments[found[1]]), self.route)


@cache
def every_url() -> tuple[Url, ...]:
    return tuple(_walk(get_resolver().url_patterns, "", ""))


def _walk(patterns: Any, before: str, namespace: str) -> Iterator[Url]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route, f"{namespace}{pattern.namespace or ''}")
        elif isinstance(pattern, URLPattern):
            yield Url(route, pattern.name or route, pattern.callback)


ADDRESSES = {"^v[12]/": "/v2/api/nothing"}
"""Of patterns that are no routes."""


@dataclass(frozen=True)
class Argument:
    """What stands in a place of a URL, and who besides those that the view's act names is to find it."""

    value: Callable[[Places], object]
    of_here: bool = False
    admins_alone: bool = False

    def is_found_by(self, subject: Subject) -> bool:
        if self.of_here and not subject.may(Act.READ, HERE):
            return False
        return not self.admins_alone or subject.may(Act.ADMINISTER)


ARGUMENTS: dict[str, Argument] = {
    "<uuid:pk>": Argument(lambda places: places.here.assay.pk, of_here=True),
    "alerts/<uuid:pk>": Argument(lambda places: incident(places).pk, of_here=True),
    "alerts/acts/<slug:name>": Argument(lambda _: "acknowledge"),
    "history/files/<slug:form>": Argument(lambda _: "json"),
    "messages/routes/<int:pk>": Argument(lambda places: route(places).pk, of_here=True),
    "messages/<uuid:pk>": Argument(lambda places: delivery(places).pk, of_here=True),
    "messages/maintenance/<int:pk>": Argument(lambda places: maintenance(places).pk, of_here=True),
    "assays/<uuid:pk>/window/<slug:form>": Argument(lambda _: "json"),
    "<slug:kind>": Argument(lambda _: "noisy"),
    "<int:dismissal>": Argument(lambda places: dismissal(places).pk, of_here=True),
    "<int:calm>": Argument(lambda places: calm(places).pk, of_here=True),
    "<int:remark>": Argument(lambda places: remark(places).pk, of_here=True),
    "history/mail/<uuid:pk>": Argument(lambda places: mail_of_another(places).pk, admins_alone=True),
    "history/links/<int:pk>": Argument(lambda places: link_of_another(places).pk, admins_alone=True),
    "mail/<str:token>": Argument(lambda _: "a-token-that-is-none"),
    "shared/<str:token>": Argument(lambda _: "a-token-that-is-none"),
    "<int:marker>": Argument(lambda places: marker(places).pk, of_here=True),
    "people/<int:pk>": Argument(lambda _: User.objects.get_or_create(username="somebody")[0].pk),
    "groups/<int:pk>": Argument(lambda _: Group.objects.get(name="viewer").pk),
    "tokens/<int:pk>": Argument(lambda places: service_token(places).pk, admins_alone=True),
    "sign-in/<str:token>": Argument(lambda _: "a-token-that-is-none"),
    "<str:uidb64>": Argument(lambda _: "MQ"),
    "password/<str:uidb64>/<str:token>": Argument(lambda _: "a-token-that-is-none"),
}
"""By the route up to the place, or by the place alone."""


def incident(places: Places) -> Incident:
    """The one that the failing windows of the workspace `HERE` have opened."""
    return Incident.objects.filter(assay=places.here.assay)[0]


def dismissal(places: Places) -> Dismissal:
    field = places.here.assay.fields.earliest("position")
    return sayings.dismiss(places.here.assay, field, Kind.NOISY, f"{places.here.mark} knows", _somebody(places))


def calm(places: Places) -> CalmPeriod:
    now = timezone.now()
    return sayings.call_calm(places.here.assay, Span(now - timedelta(days=7), now), _somebody(places))


def remark(places: Places) -> Annotation:
    return sayings.annotate(places.here.assay, timezone.now(), f"{places.here.mark} remarked", _somebody(places))


def _somebody(places: Places) -> User:
    return User.objects.get_or_create(username=f"{places.here.mark} person")[0]


def marker(places: Places) -> Marker:
    here, by = places.here, f"{places.here.mark} person"
    return about.add_marker(
        Event.DEPLOYMENT, timezone.now(), f"{here.mark} deployed", by, about.Scope(assay=here.assay)
    )


def route(places: Places) -> Route:
    """The webhook of the workspace `HERE`; its address is refused whenever something is sent there."""
    return Route.objects.get(workspace_id=places.here.workspace)


def delivery(places: Places) -> Delivery:
    """A message of that route which was not taken."""
    return Delivery.objects.get(route=route(places))


def maintenance(places: Places) -> Maintenance:
    return Maintenance.objects.get(workspace_id=places.here.workspace)


def service_token(places: Places) -> ApiToken:
    """Of nobody, and good in the workspace `HERE`."""
    return tokens.make(f"{places.here.mark} report", Role.VIEWER, [places.here.workspace])[0]


def mail_of_another(places: Places) -> Schedule:
    """Of an account that sees the workspace `HERE` alone, as its address says."""
    person = Subject(f"{places.here.mark} reader", Role.VIEWER, HERE).account()
    now = timezone.now()
    return Schedule.objects.create(
        person=person, address=f"{places.here.mark}@example.org", rhythm="weekly", day=0, hour=8, zone="UTC", since=now
    )


def link_of_another(places: Places) -> Share:
    """Of the workspace `HERE`."""
    person = Subject(f"{places.here.mark} reader", Role.VIEWER, HERE).account()
    return shares.make(person, f"{places.here.mark} link", Form.PAGE, 30, {}, "UTC", [HERE])[0]


@dataclass(frozen=True)
class Call:
    """What an API call is asked. `hidden` is the status for who may do this, but not where it belongs."""

    asked: Callable[[Places], dict[str, Any]]
    hidden: int | None = None


def _of(name: str) -> Callable[[Places], dict[str, Any]]:
    return lambda places: {name: str(places.here.assay.pk)}


def _planned(places: Places) -> dict[str, Any]:
    return {"targeting": {"data_origin": {"workspace_id": places.here.workspace}}}


CALLS = {
    "v1/api/features/list": Call(lambda _: {}),
    "v2/api/assays/get": Call(lambda _: {"active": "All"}),
    "v2/api/assays/get/:id": Call(_of("id"), 404),
    "v2/api/assays/get_results": Call(_of("id"), 404),
    "v2/api/assays/get_next_run": Call(_of("assay_id"), 404),
    "v2/api/assays/set_active": Call(lambda places: _of("assay_id")(places) | {"active": False}, 404),
    "v2/api/assays/schedule": Call(_planned, 403),
    "v2/api/assays/preview": Call(_planned, 403),
    "v2/api/assays/preview_baseline_binning": Call(_planned, 403),
    "v2/api/assays/score": Call(_planned, 403),
    "v1/api/states": Call(lambda _: {}),
    "v1/api/series": Call(
        lambda places: {"assay": str(places.here.assay.pk), "field": f"{places.here.mark}.score"}, 404
    ),
    "v1/api/markers": Call(lambda _: {}),
    "v1/api/markers/add": Call(
        lambda places: {"assay": str(places.here.assay.pk), "event": "deployment", "text": "new model"}, 404
    ),
    "metrics": Call(lambda _: {}),
}


@dataclass(frozen=True)
class Asked:
    """One URL with everything in its places."""

    url: Url
    address: str
    arguments: tuple[Argument, ...] = ()
    call: Call | None = None
    body: Mapping[str, Any] = field(default_factory=dict)

    def by(self, browser: Browser, method: str, headers: dict[str, str]) -> Any:
        if method == "POST" and self.call:
            return browser.post(self.address, **as_json(self.body), headers=headers)
        return getattr(browser, method.lower())(self.address, self.body, headers=headers)

    def expected(self, subject: Subject) -> int:
        """The status of a refusal, or 200 for any answer that is none."""
        act = self.url.act
        assert act
        if subject.anonymous:
            return 401 if self.call else 302
        if not subject.may(act):
            return 403
        if self.call and self.call.hidden and not subject.may(Act.READ, HERE):
            return self.call.hidden
        if not all(argument.is_found_by(subject) for argument in self.arguments):
            return 404
        return 403 if self._is_of_here and not subject.may(act, HERE) else 200

    @property
    def _is_of_here(self) -> bool:
        return bool(self.call and self.call.hidden) or any(argument.of_here for argument in self.arguments)


def asked(url: Url, places: Places) -> Asked:
    if url.is_api:
        if url.name not in CALLS:
            pytest.fail(f"{url.route}: what is it to be asked? Add it to CALLS.")
        call = CALLS[url.name]
        return Asked(url, f"/{url.route}", call=call, body=call.asked(places))
    given = {name: _argument(url, place) for name, place in url.places}
    address = ADDRESSES.get(url.route) or url.address({name: each.value(places) for name, each in given.items()})
    return Asked(url, address, tuple(given.values()))


def _argument(url: Url, place: str) -> Argument:
    before = url.route[: url.route.index(place) + len(place)]
    found = ARGUMENTS.get(before) or ARGUMENTS.get(place)
    if found is None:
        pytest.fail(f"{url.route}: what is put for {place}? Add it to ARGUMENTS.")
    return found


def methods(told: Asked) -> list[str]:
    """Those that change something or show something, as the view itself says to who asks for its options."""
    if view := getattr(told.url.callback, "view_class", None):
        return [method for method in METHODS if hasattr(view, method.lower())]
    asking = ANONYMOUS if told.url.is_public else SUBJECTS[-1]
    allow = asking.browser().options(told.address).headers.get("Allow", "")
    return [method for method in METHODS if method in allow]


@contextmanager
def undone() -> Iterator[None]:
    """What happens in the block is taken back: each subject finds what the one before found."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    kept.clear()


def everything() -> dict[str, list[Any]]:
    """All rows of all tables but those that note who came and who was refused."""
    kept = [
        model for model in apps.get_models() if model._meta.label not in {"sessions.Session", AuditEvent._meta.label}
    ]
    return {model._meta.label: sorted(map(repr, _rows(model))) for model in kept}


def _rows(model: type[models.Model]) -> Iterator[Any]:
    yield from model._default_manager.values_list()
