"""How long somebody stays signed in, and that signing out everywhere is everywhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client as Browser
from django.utils import timezone

from assays.models import AuditEvent
from dashboard import links, sessions
from tests.dashboard.conftest import person

pytestmark = pytest.mark.django_db


def signed_in() -> Browser:
    browser = Browser()
    browser.get(f"/sign-in/{links.make_token()}/")
    assert is_in(browser)
    return browser


def is_in(browser: Browser) -> bool:
    return bool(browser.get("/health/").status_code == 200)


def altered(browser: Browser, **changes: object) -> None:
    store = SessionStore(browser.cookies["sessionid"].value)
    store.update(changes)
    store.save()


def test_a_session_ends_so_many_hours_after_the_sign_in() -> None:
    browser = signed_in()
    lasts = Session.objects.get().expire_date - timezone.now()
    assert timedelta(hours=167) < lasts <= timedelta(hours=168)
    altered(browser, _session_expiry=(timezone.now() - timedelta(seconds=1)).isoformat())
    assert not is_in(browser)


def test_using_it_does_not_make_it_last() -> None:
    browser = signed_in()
    before = Session.objects.get().expire_date
    altered(browser, seen=(timezone.now() - timedelta(hours=1)).timestamp())
    assert is_in(browser)
    assert abs(Session.objects.get().expire_date - before) < timedelta(seconds=2)


def test_a_session_that_is_not_used_ends() -> None:
    browser = signed_in()
    altered(browser, seen=(timezone.now() - timedelta(hours=25)).timestamp())
    assert not is_in(browser)


def test_a_session_that_is_used_goes_on() -> None:
    browser = signed_in()
    altered(browser, seen=(timezone.now() - timedelta(hours=23)).timestamp())
    assert is_in(browser)
    assert timezone.now().timestamp() - SessionStore(browser.cookies["sessionid"].value)["seen"] < 60


def test_signing_out_everywhere_ends_every_session_of_that_person_alone() -> None:
    one, two, other = signed_in(), signed_in(), Browser()
    other.force_login(person("vera", "viewer"))
    one.post("/sign-out/everywhere/")
    assert [is_in(browser) for browser in (one, two, other)] == [False, False, True]
    assert AuditEvent.objects.get(act="session.sign_out_everywhere").detail == {"sessions": 2}


def test_signing_out_ends_this_one() -> None:
    one, two = signed_in(), signed_in()
    one.post("/sign-out/")
    assert [is_in(browser) for browser in (one, two)] == [False, True]


def test_who_was_never_signed_in_has_no_session_to_end() -> None:
    assert sessions.end_all(User.objects.create_user("ada")) == 0


def test_the_sign_in_and_the_sign_out_are_in_the_audit_trail() -> None:
    signed_in().post("/sign-out/")
    events = AuditEvent.objects.order_by("pk").values_list("act", "who")
    assert list(events) == [("session.sign_in", "local-operator"), ("session.sign_out", "local-operator")]
