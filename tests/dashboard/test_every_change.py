"""Whatever a page or a call of the API changes is audited: generated from the URL map, so that none can be forgotten.

A URL that takes a POST is either in CHANGES, with what it takes to change something, or in CHANGELESS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.test import Client as Browser
from pytest_django import Settings

from assays.incidents import about, triage
from assays.incidents.models import Event, Incident
from assays.incidents.triage import Seen
from assays.models import AuditEvent
from assays.notices.sealing import Sealed
from dashboard import people, tokens
from dashboard.reports import schedules as reports
from dashboard.reports import shares
from dashboard.reports.models import Form, Schedule
from dashboard.roles import Role
from tests.dashboard.conftest import person
from tests.support.places import HERE, Places, as_json, asks, body_of, planted
from tests.support.upstream import Upstream as Served
from tests.support.upstream import as_json as reply
from tests.support.urls import Url, calm, delivery, dismissal, every_url, maintenance, remark, route

pytestmark = pytest.mark.django_db

CHANGELESS = {
    "preferences",  # kept in cookies
    "sign-in-provider",  # ends at the provider; what it comes to, the callback records
    "v1/api/features/list",
    "v2/api/assays/get",
    "v2/api/assays/get/:id",
    "v2/api/assays/get_results",
    "v2/api/assays/get_next_run",
    "^v[12]/",
}


@dataclass
class Stage:
    """An administrator's browser, and somebody and something to change."""

    places: Places
    browser: Browser
    vera: User
    flights: Group

    @property
    def assay(self) -> str:
        return str(self.places.here.assay.pk)

    @property
    def incident(self) -> Incident:
        return Incident.objects.filter(workspace_id=HERE).earliest("opened_at")


@dataclass
class Post:
    arguments: dict[str, object] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)


Change = Callable[[Stage], Post]


def about_vera(**body: Any) -> Change:
    return lambda stage: Post({"pk": stage.vera.pk}, body)


def about_flights(**body: Any) -> Change:
    return lambda stage: Post({"pk": stage.flights.pk}, body)


def _a_token(stage: Stage) -> Post:
    return Post({"pk": tokens.make("report", Role.VIEWER, owner=stage.vera)[0].pk})


def _a_link(stage: Stage) -> Post:
    """Opening one puts its token into the session; the form is sent to the address that this leads to."""
    stage.browser = Browser()
    link = people.password_link(stage.vera, "test")
    _, _, key, last, _ = stage.browser.get(link)["Location"].split("/")
    word = "a long pass phrase"
    return Post({"uidb64": key, "token": last}, {"new_password1": word, "new_password2": word})


def _a_stranger(stage: Stage) -> Post:
    stage.browser = Browser()
    stage.vera.set_password("a long pass phrase")
    stage.vera.save()
    return Post({}, {"username": "vera", "password": "a long pass phrase"})


def _planned(_: Stage) -> Post:
    return Post({}, {"targeting": {"data_origin": {"workspace_id": HERE}}})


def _an_incident(stage: Stage) -> Post:
    return Post({"name": "acknowledge"}, {"incident": f"{stage.incident.pk}:{stage.incident.version}"})


def _a_deed(stage: Stage) -> Post:
    seen = Seen(stage.incident.pk, stage.incident.version)
    return Post({}, {"batch": triage.acknowledge([seen], User.objects.get(username="ada")).batch})


def about_the_assay(**body: Any) -> Change:
    return lambda stage: Post({"pk": stage.assay}, body)


def _a_marker(stage: Stage) -> Post:
    scope = about.Scope(assay=stage.places.here.assay)
    row = about.add_marker(Event.DEPLOYMENT, datetime.now(UTC), "2.1", stage.vera, scope)
    return Post({"pk": stage.assay, "marker": row.pk})


def _a_route(**body: Any) -> Change:
    return lambda stage: Post({"pk": route(stage.places).pk}, body)


def _a_calm_period(stage: Stage) -> Post:
    return Post({"pk": stage.assay, "calm": calm(stage.places).pk})


def _a_remark(stage: Stage) -> Post:
    return Post({"pk": stage.assay, "remark": remark(stage.places).pk})


def _a_mail(stage: Stage) -> Schedule:
    """Asked for long ago, and not yet confirmed."""
    then = datetime.now(UTC) - timedelta(hours=1)
    told = {"rhythm": "weekly", "day": 0, "hour": 8, "zone": "UTC", "since": then}
    return Schedule.objects.create(person=stage.vera, address="vera@example.org", **told)


def _mail_link(purpose: reports.Purpose) -> Change:
    """The token of the address in a mail, which needs no sign-in."""

    def post(stage: Stage) -> Post:
        stage.browser = Browser()
        return Post({"token": reports.address_of(_a_mail(stage), purpose).split("/")[-3]})

    return post


def _a_shared_link(stage: Stage) -> Post:
    return Post({"pk": shares.make(stage.vera, "board", Form.PAGE, 30, {}, "UTC", [HERE])[0].pk})


CHANGES: dict[str, Change] = {
    "mails": lambda _: Post({}, {"address": "vera@example.org", "day": "weekly-0", "hour": "8", "zone": "UTC"}),
    "mail-now": lambda stage: Post({"pk": _a_mail(stage).pk}),
    "mail-end": lambda stage: Post({"pk": _a_mail(stage).pk}),
    "mail-stop": _mail_link("stop"),
    "mail-confirm": _mail_link("confirm"),
    "links": lambda _: Post({}, {"name": "board", "form": "page", "days": "30"}),
    "link-revoke": _a_shared_link,
    "calm": about_the_assay(after="2026-06-01T05:00", until="2026-07-01T05:00"),
    "calm-remove": _a_calm_period,
    "dismiss": lambda stage: Post({"pk": stage.assay, "kind": "noisy"}, {"reason": "known"}),
    "take-up": lambda stage: Post({"pk": stage.assay, "dismissal": dismissal(stage.places).pk}),
    "remarks": about_the_assay(at="2026-06-01T05:00", text="a storm"),
    "remark-remove": _a_remark,
    "route-new": lambda _: Post({}, {"name": "chat", "address": "slack://TokenA1234/B/C", "zone": "UTC"}),
    "route": _a_route(name="night", workspace=HERE, zone="UTC"),
    "route-active": _a_route(active="no"),
    "route-test": _a_route(),
    "route-secret": _a_route(),
    "route-remove": _a_route(),
    "message-again": lambda stage: Post({"pk": delivery(stage.places).pk}),
    "maintenance-announce": lambda _: Post({}, {"ends_at": "2199-01-01T00:00", "why": "new cluster"}),
    "maintenance-end": lambda stage: Post({"pk": maintenance(stage.places).pk}),
    "whose": about_the_assay(of="assay", owner="data science"),
    "thresholds": about_the_assay(warning=0.5, alert=0.6, reason="seasonal"),
    "rule": about_the_assay(of="assay", k=2, n=3, m=2),
    "markers": about_the_assay(of="assay", event="deployment", at="2026-06-01T05:00", text="2.1"),
    "marker-remove": _a_marker,
    "act": _an_incident,
    "undo": _a_deed,
    "switch": lambda stage: Post({"pk": stage.assay}, {"active": "no"}),
    "tokens": lambda _: Post({}, {"name": "report", "role": "viewer", "days": "90", "where": "all"}),
    "token-revoke": _a_token,
    "person-new": lambda _: Post({}, {"name": "bo", "role": "viewer"}),
    "person-grant": about_vera(role="operator", workspace=HERE),
    "person-take": about_vera(workspace=""),
    "person-groups": about_vera(groups=[]),
    "person-active": about_vera(active="no"),
    "person-sign-out": about_vera(),
    "person-password": about_vera(),
    "group-new": lambda _: Post({}, {"name": "trains"}),
    "group-grant": about_flights(role="viewer", workspace=HERE),
    "group-take": about_flights(workspace=""),
    "group-rename": about_flights(name="trains"),
    "group-delete": about_flights(),
    "set-password": _a_link,
    "sign-in": _a_stranger,
    "sign-out": lambda _: Post(),
    "sign-out-everywhere": lambda _: Post(),
    "v2/api/assays/set_active": lambda stage: Post({}, {"assay_id": stage.assay, "active": False}),
    "v1/api/markers/add": lambda stage: Post({}, {"event": "other", "text": "2.1", "assay": stage.assay}),
    "v2/api/assays/schedule": _planned,
    "v2/api/assays/preview": _planned,
    "v2/api/assays/preview_baseline_binning": _planned,
    "v2/api/assays/score": _planned,
}


@pytest.fixture
def stage(served: Served, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Stage:
    asks(monkeypatch, served)
    settings.MAIL_URL = "smtp://127.0.0.1:9"  # where nobody listens
    places = planted(served)
    served.misbehave.append(lambda path, _: reply([], 200) if path.endswith(("schedule", "preview")) else None)
    browser, vera, flights = Browser(), person("vera", "viewer"), people.create_group("flights", "test")
    people.grant(vera, Role.VIEWER, None, "test")
    people.grant(flights, Role.VIEWER, None, "test")
    browser.force_login(person("ada", "admin"))
    return Stage(places, browser, vera, flights)


def state() -> dict[str, list[str]]:
    """Every row of every table but the audit trail and the sessions."""
    models = [model for model in apps.get_models(include_auto_created=True) if model not in (AuditEvent, Session)]
    return {model._meta.label: sorted(map(_seen_through, model._default_manager.values_list())) for model in models}


def _seen_through(row: tuple[Any, ...]) -> str:
    """What is sealed shows nothing of itself, not even that it is another."""
    return str([value.token if isinstance(value, Sealed) else value for value in row])


def send(stage: Stage, url: Url, post: Post) -> Any:
    address = f"/{url.route}" if url.is_api else url.address(post.arguments)
    answer: Any = stage.browser.post(address, **(as_json(post.body) if url.is_api else {"data": post.body}))
    body_of(answer)  # whole, and with it what is passed on from upstream is closed
    return answer


@pytest.mark.parametrize("url", [url for url in every_url() if url.name in CHANGES], ids=lambda url: url.name)
def test_what_is_changed_is_audited(stage: Stage, url: Url) -> None:
    post = CHANGES[url.name](stage)
    before, events = state(), AuditEvent.objects.count()
    answer = send(stage, url, post)
    assert answer.status_code < 400 or url.route.endswith(("binning", "score")), answer
    assert state() != before or url.name.startswith(("v2", "sign-", "person-sign-out", "person-password"))
    assert AuditEvent.objects.count() > events


def anything(url: Url, stage: Stage) -> Post:
    given: dict[str, object] = {"pk": stage.assay if "uuid:pk" in url.route else stage.vera.pk}
    return Post({name: given.get(name, "none") for name, _ in url.places})


@pytest.mark.parametrize("url", [url for url in every_url() if url.name not in CHANGES], ids=lambda url: url.name)
def test_what_is_not_audited_changes_nothing(stage: Stage, url: Url) -> None:
    before = state()
    answer = stage.browser.post("/v2/api/none") if url.route.startswith("^") else send(stage, url, anything(url, stage))
    if answer.status_code != 405 and url.name not in CHANGELESS:
        pytest.fail(f"{url.route} takes a POST: what does it change? Add it to CHANGES, or to CHANGELESS")
    assert state() == before


def test_the_tables_name_only_what_there_is() -> None:
    assert (set(CHANGES) | CHANGELESS) - {url.name for url in every_url()} == set()
