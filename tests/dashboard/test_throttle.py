"""Guessing passwords: what makes it wait, for whom, and that nobody can lock everybody out from one place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client as Browser
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import Settings

from assays.models import AuditEvent
from dashboard.addresses import client_address

pytestmark = pytest.mark.django_db

RIGHT = "a long password"


@pytest.fixture(autouse=True)
def ada(settings: Settings) -> Iterator[User]:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # many are tried
    return User.objects.create_user("ada", password=RIGHT)


def tried(password: str, name: str = "ada", address: str = "192.0.2.1", **headers: str) -> int:
    told = {"username": name, "password": password}
    return Browser(REMOTE_ADDR=address, headers=headers).post("/sign-in/", told).status_code


def test_after_five_wrong_passwords_the_right_one_has_to_wait_too() -> None:
    assert [tried("wrong") for _ in range(5)] == [200] * 4 + [429]
    response = Browser(REMOTE_ADDR="192.0.2.1").post("/sign-in/", {"username": "ada", "password": RIGHT})
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 300
    assert "Try again at" in response.content.decode()


def test_the_wait_ends_by_itself() -> None:
    for _ in range(5):
        tried("wrong")
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=6))
    assert tried(RIGHT) == 302


def test_others_are_let_in_meanwhile_and_ada_from_elsewhere() -> None:
    User.objects.create_user("bob", password=RIGHT)
    for _ in range(5):
        tried("wrong")
    assert tried(RIGHT, "bob") == 302
    assert tried(RIGHT, address="198.51.100.7") == 302


def test_one_account_guessed_at_from_many_places_waits() -> None:
    for number in range(20):
        tried("wrong", address=f"192.0.2.{number}")
    assert tried(RIGHT, address="198.51.100.7") == 429


def test_one_place_that_guesses_at_many_accounts_waits() -> None:
    for number in range(50):
        tried("wrong", name=f"name-{number}")
    assert tried(RIGHT) == 429
    assert tried(RIGHT, address="198.51.100.7") == 302


def test_a_header_that_no_proxy_of_ours_set_makes_nobody_somebody_else() -> None:
    for number in range(5):
        tried("wrong", x_forwarded_for=f"203.0.113.{number}")
    assert tried(RIGHT, x_forwarded_for="203.0.113.99") == 429


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.5", "192.0.2.1"),
        (1, "203.0.113.5", "203.0.113.5"),
        (1, "198.51.100.1, 203.0.113.5", "203.0.113.5"),
        (2, "198.51.100.1, 203.0.113.5", "198.51.100.1"),
        (2, "", "192.0.2.1"),
        (1, "nonsense", None),
        (1, "2001:db8::1", "2001:db8::"),
        (1, "fe80::1%eth0", "fe80::"),
        (1, "::ffff:203.0.113.5", "203.0.113.5"),
    ],
)
def test_as_many_proxies_are_believed_as_there_are(
    settings: Settings, proxies: int, forwarded: str, address: str | None
) -> None:
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR=forwarded)
    assert client_address(request) == address


def test_what_was_typed_as_a_name_is_kept_only_when_it_is_one() -> None:
    tried("wrong")
    tried("wrong", name=RIGHT)
    assert [event.about for event in AuditEvent.objects.order_by("pk")] == ["ada", ""]
    assert RIGHT not in str(list(AuditEvent.objects.values_list("detail", flat=True)))
