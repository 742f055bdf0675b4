"""Settings that do not go together, and those that do."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage, run_checks
from pytest_django import Settings

SOUND = {"WALLAROO_URL": "https://wallaroo.example.com", "WALLAROO_AUTH_ENDPOINT": "https://keycloak.example.com"}

PROVIDER = {"OIDC_ISSUER": "https://sso.example.com", "OIDC_CLIENT_ID": "driftline"}


def complaints() -> Sequence[CheckMessage]:
    return [message for message in run_checks() if str(message.id).startswith("driftline.")]


@pytest.mark.parametrize(
    ("changes", "identifier"),
    [
        ({"WALLAROO_URL": "https://ada@wallaroo.example.com"}, "driftline.E001"),
        ({"WALLAROO_AUTH_TYPE": "sso"}, "driftline.E002"),
        ({"WALLAROO_AUTH_TYPE": "token"}, "driftline.E003"),
        ({"WALLAROO_AUTH_TYPE": "client_credentials"}, "driftline.E004"),
        ({"WALLAROO_USER": "ada"}, "driftline.E005"),
        ({"WALLAROO_CREDENTIALS_FILE": "/nowhere/credentials.json"}, "driftline.E006"),
        ({"WALLAROO_AUTH_ENDPOINT": "keycloak"}, "driftline.E009"),
        ({"WALLAROO_TOKEN": "abc…"}, "driftline.E010"),
        ({"WALLAROO_TOKEN": "abc\ndef"}, "driftline.E010"),
        ({"WALLAROO_TOKEN": "t", "WALLAROO_USER": "ada", "WALLAROO_PASSWORD": "p"}, "driftline.W001"),
        ({"LOCAL_ACCOUNTS": False}, "driftline.E012"),
        ({"OIDC_ISSUER": "https://sso.example.com"}, "driftline.E013"),
        (PROVIDER | {"OIDC_SCOPES": ["profile"]}, "driftline.E014"),
    ],
)
def test_what_cannot_work_is_named(changes: dict[str, Any], identifier: str, settings: Settings) -> None:
    for name, value in {**SOUND, **changes}.items():
        setattr(settings, name, value)
    assert [message.id for message in complaints()] == [identifier]


@pytest.mark.parametrize(
    "account",
    [
        {},
        {"WALLAROO_USER": "ada", "WALLAROO_PASSWORD": "p", "WALLAROO_AUTH_TYPE": "user_password"},
        {"WALLAROO_CLIENT_SECRET": "s", "WALLAROO_AUTH_TYPE": "client_credentials"},
        {"WALLAROO_TOKEN": "t", "WALLAROO_AUTH_TYPE": "token"},
        {"WALLAROO_CREDENTIALS_FILE": str(Path(__file__))},
        PROVIDER | {"LOCAL_ACCOUNTS": False},
    ],
)
def test_an_account_that_is_whole_is_not_complained_of(account: dict[str, Any], settings: Settings) -> None:
    for name, value in {**SOUND, **account}.items():
        setattr(settings, name, value)
    assert complaints() == []


@pytest.mark.parametrize(
    ("changes", "engine", "identifiers"),
    [
        ({}, "postgresql", set()),
        ({"SECRET_KEY": "short"}, "postgresql", {"driftline.E007"}),
        ({"PUBLIC_URL": "http://drift.example.com"}, "postgresql", {"driftline.W003"}),
        ({"ALLOWED_HOSTS": ["localhost"]}, "postgresql", {"driftline.E008"}),
        ({"NOTICE_KEYS": ["k" * 50, "short"]}, "postgresql", {"driftline.E011"}),
        (PROVIDER | {"OIDC_ISSUER": "http://sso.example.com"}, "postgresql", {"driftline.W004"}),
        ({}, "sqlite3", {"driftline.W002"}),
    ],
)
def test_production_is_held_to_more(
    changes: dict[str, Any],
    engine: str,
    identifiers: set[str],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    production = {
        "PRODUCTION": True,
        "SECRET_KEY": "k" * 50,
        "NOTICE_KEYS": ["n" * 50],
        "PUBLIC_URL": "https://drift.example.com",
        "ALLOWED_HOSTS": ["drift.example.com"],
    }
    for name, value in {**SOUND, **production, **changes}.items():
        setattr(settings, name, value)
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", f"django.db.backends.{engine}")
    assert {message.id for message in complaints()} == identifiers
