"""The tokens page: each makes and revokes their own, up to their own; a new token is seen once, and nowhere else."""

from __future__ import annotations

import logging
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client as Browser
from django.utils import timezone

from dashboard import tokens
from dashboard.access import Access
from dashboard.models import ApiToken, Grant
from dashboard.roles import Role
from tests.dashboard.conftest import Fill, person
from tests.support.places import body_of

pytestmark = pytest.mark.django_db

FORM = {"name": "nightly report", "role": "viewer", "days": "90", "where": "all"}
TOKEN = re.compile(r"drift_[\w-]{30,}")


def signed_in(user: User) -> Browser:
    browser = Browser()
    browser.force_login(user)
    return browser


@pytest.fixture
def admin() -> Browser:
    return signed_in(person("root", "admin"))


def shown(browser: Browser, **form: Any) -> str:
    found = TOKEN.search(browser.post("/tokens/", FORM | form).content.decode())
    assert found
    return found[0]


def test_a_new_token_is_shown_once_and_kept_nowhere(viewer: Browser, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answer = viewer.post("/tokens/", FORM)
    text = shown(viewer)
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    admin = signed_in(person("root", "admin"))
    pages = [body_of(admin.get(path)).decode() for path in ("/tokens/", "/people/", "/audit/", "/audit/events.csv")]
    kept = [*ApiToken.objects.values(), *(row.get_decoded() for row in Session.objects.all())]
    for place in (*pages, caplog.text, str(kept)):
        assert text not in place
        assert not TOKEN.search(place)


def test_a_new_token_is_good_for_ninety_days_for_its_owner(viewer: Browser) -> None:
    row = tokens.use(shown(viewer))
    assert row.owner == User.objects.get(username="vera")
    assert row.expires_at is not None
    assert abs(row.expires_at - timezone.now() - timedelta(days=90)) < timedelta(minutes=1)
    assert "90 days</option>" in viewer.get("/tokens/").content.decode()


def test_a_token_can_be_good_for_ever(viewer: Browser) -> None:
    assert tokens.use(shown(viewer, days="never")).expires_at is None


@pytest.mark.parametrize("role", ["responder", "operator", "admin", "root", ""])
def test_no_token_has_a_role_above_its_owners(viewer: Browser, role: str) -> None:
    answer = viewer.post("/tokens/", FORM | {"role": role})
    assert "field-error" in answer.content.decode()
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    "wrong",
    [{"workspaces": ["2"]}, {"workspaces": []}, {"workspaces": ["x"]}, {"workspaces": ["1", "2"]}],
    ids=["another", "none", "nonsense", "one of them another"],
)
def test_no_token_sees_what_its_owner_does_not(fill: Fill, wrong: dict[str, Any]) -> None:
    fill([0.1])
    fill([0.1], number=2, workspace=2, pipeline=9)
    vera = person("vera")
    Grant.objects.create(person=vera, role=Role.VIEWER, workspace_id=1)
    answer = signed_in(vera).post("/tokens/", FORM | {"where": "some"} | wrong)
    assert "field-error" in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_a_token_is_limited_to_the_workspaces_that_were_chosen(fill: Fill, viewer: Browser) -> None:
    fill([0.1])
    row = tokens.use(shown(viewer, where="some", workspaces=["1"]))
    assert tokens.access_of(row) == Access(places={1: Role.VIEWER})


def test_workspaces_out_of_sight_are_not_offered(fill: Fill) -> None:
    fill([0.1], number=2, workspace=2, pipeline=9)
    vera = person("vera")
    Grant.objects.create(person=vera, role=Role.VIEWER, workspace_id=1)
    text = signed_in(vera).get("/tokens/").content.decode()
    assert re.search(r'<input type="checkbox" name="workspaces" value="1"', text)
    assert 'value="2"' not in text


def test_people_see_and_revoke_their_own_and_administrators_everybodys(viewer: Browser, admin: Browser) -> None:
    vera = User.objects.get(username="vera")
    mine, _ = tokens.make("of vera", Role.VIEWER, owner=vera)
    theirs, _ = tokens.make("of nobody", Role.VIEWER)
    assert "of nobody" not in viewer.get("/tokens/").content.decode()
    assert viewer.post(f"/tokens/{theirs.pk}/revoke/").status_code == 404
    assert "of nobody" in admin.get("/tokens/").content.decode()
    assert "Every call with" in viewer.get(f"/tokens/{mine.pk}/revoke/").content.decode()
    assert viewer.post(f"/tokens/{mine.pk}/revoke/")["Location"] == "/tokens/"
    assert admin.post(f"/tokens/{theirs.pk}/revoke/").status_code == 302
    assert not ApiToken.objects.filter(revoked_at=None).exists()
    assert admin.post(f"/tokens/{theirs.pk}/revoke/").status_code == 404


def test_only_administrators_make_tokens_of_a_service(viewer: Browser, admin: Browser) -> None:
    assert tokens.use(shown(viewer, service="on")).owner is not None
    assert tokens.use(shown(admin, service="on")).owner is None
    assert tokens.use(shown(admin)).owner is not None


def test_an_administrators_token_holds_everywhere(admin: Browser, fill: Fill) -> None:
    fill([0.1])
    answer = admin.post("/tokens/", FORM | {"role": "admin", "where": "some", "workspaces": ["1"]})
    assert "holds in all workspaces" in answer.content.decode()


@pytest.mark.parametrize("pk", ["0", "99999999999999999999999"])
def test_a_token_that_is_none_is_not_found(viewer: Browser, pk: str) -> None:
    assert viewer.post(f"/tokens/{pk}/revoke/").status_code == 404


def test_a_list_says_how_each_token_stands(viewer: Browser) -> None:
    vera, now = User.objects.get(username="vera"), timezone.now()
    tokens.make("soon", Role.VIEWER, expires_at=now + timedelta(days=3, minutes=1), owner=vera)
    tokens.make("over", Role.VIEWER, expires_at=now - timedelta(days=3), owner=vera)
    tokens.make("<b>lasting</b>", Role.VIEWER, owner=vera)
    tokens.revoke(tokens.make("gone", Role.VIEWER, owner=vera)[0])
    text = viewer.get("/tokens/").content.decode()
    assert "4 tokens of yours." in text
    assert "in 3 days" in text
    for words in ("expired ", "for ever", "revoked ", "&lt;b&gt;lasting", "never"):
        assert words in text
