"""Signing in by password or by link, signing out, and the choices that last."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from dashboard import links
from dashboard.models import SignInLink
from dashboard.roles import Role
from tests.dashboard.conftest import person

pytestmark = pytest.mark.django_db


def test_a_link_signs_in_the_local_operator_once(client: Client) -> None:
    address = f"/sign-in/{links.make_token()}/"
    assert client.get(address)["Location"] == "/"
    assert client.get("/").status_code == 200
    assert Client().get(address).status_code == 410


def test_a_link_is_kept_by_its_digest_alone() -> None:
    token = links.make_token()
    assert token not in str(list(SignInLink.objects.values()))


def test_a_link_expires() -> None:
    token = links.make_token()
    SignInLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert not links.use(token)


def test_the_command_prints_a_link_that_works(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("link", base="http://monitor.example/")
    address = capsys.readouterr().out.strip()
    assert address.startswith("http://monitor.example/sign-in/")
    assert client.get(address.removeprefix("http://monitor.example")).status_code == 302


def test_the_local_operator_has_no_password() -> None:
    assert not links.local_operator().has_usable_password()
    assert links.local_operator().groups.get().name == "operator"


def test_a_password_signs_in_and_a_wrong_one_says_so(client: Client) -> None:
    ada = person("ada", "viewer")
    ada.set_password("a long pass phrase")
    ada.save()
    wrong = client.post("/sign-in/", {"username": "ada", "password": "wrong"})
    assert 'role="alert"' in wrong.content.decode()
    right = client.post("/sign-in/", {"username": "ada", "password": "a long pass phrase", "next": "/health/"})
    assert right["Location"] == "/health/"


def test_the_sign_in_says_of_which_system(client: Client) -> None:
    assert "to the monitor of <b>127.0.0.1:8010</b>" in client.get("/sign-in/").content.decode()


def test_signing_out_takes_a_post(operator: Client) -> None:
    assert operator.get("/sign-out/").status_code == 405
    assert operator.post("/sign-out/").status_code == 302
    assert operator.get("/").status_code == 302


def test_the_zone_and_the_theme_are_kept(operator: Client) -> None:
    operator.post("/preferences/", {"zone": "Europe/Berlin", "next": "/health/"})
    operator.post("/preferences/", {"theme": "dark"})
    text = operator.get("/health/").content.decode()
    assert 'data-bs-theme="dark"' in text
    assert ">CE" in text


def test_a_chosen_zone_wins_over_that_of_the_address(operator: Client) -> None:
    response = operator.post("/preferences/", {"zone": "UTC", "next": "/?state=alert&tz=Asia/Tokyo"})
    assert response["Location"] == "/?state=alert"


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_a_choice_never_leads_away(operator: Client, address: str) -> None:
    assert operator.post("/preferences/", {"theme": "dark", "next": address})["Location"] == "/"


@pytest.mark.parametrize("address", ["health", "\nhealth"])
def test_a_choice_made_with_an_odd_address_is_kept(operator: Client, address: str) -> None:
    response = operator.post("/preferences/", {"theme": "dark", "next": address})
    assert response.status_code == 302
    assert response.cookies["theme"].value == "dark"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "UTC\r\nSet-Cookie: x", "x" * 64])
def test_a_zone_that_does_not_exist_is_utc(operator: Client, zone: str) -> None:
    response = operator.post("/preferences/", {"zone": zone})
    assert response.cookies["zone"].value == "UTC"


def test_the_browsers_zone_is_used_where_that_was_chosen(operator: Client) -> None:
    operator.cookies["zone"] = "local"
    operator.cookies["browser-zone"] = "Asia/Kolkata"
    assert ">IST<" in operator.get("/health/").content.decode()


def test_groups_exist_after_every_migration() -> None:
    user = User.objects.create_user("late")
    assert set(user.groups.model.objects.values_list("name", flat=True)) == set(Role.values)


def test_who_has_no_role_can_sign_out_on_the_page_that_says_so(client: Client) -> None:
    client.force_login(person("zoe"))
    refused = client.get("/")
    assert refused.status_code == 403
    assert 'action="/sign-out/"' in refused.content.decode()
    client.post("/sign-out/")
    assert client.get("/")["Location"].startswith("/sign-in/")
    client.force_login(person("vera", "viewer"))
    assert 'action="/sign-out/"' not in client.get("/people/").content.decode()
