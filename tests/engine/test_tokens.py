"""Keycloak's token endpoint as clients use it, and what its tokens are good for."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.engine.conftest import Stage
from tests.support.engine import CLIENT_ID, CLIENT_SECRET, PASSWORD, TOKEN, USER, Engine

FEATURES = "/v1/api/features/list"
BY_PASSWORD = {"grant_type": "password", "client_id": "sdk-client", "username": USER, "password": PASSWORD}
BY_SECRET = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


def claims(token: str) -> dict[str, Any]:
    """What the payload says, as a client reads it that has no key."""
    return dict(jwt.decode(token, options={"verify_signature": False}))


def test_a_password_gives_a_token_that_opens_the_api(stage: Stage) -> None:
    granted = stage.engine.token(**BY_PASSWORD)
    assert granted.status == 200
    assert granted.body["token_type"] == "Bearer"
    assert granted.body["expires_in"] == 300
    assert granted.body["refresh_expires_in"] == 1800
    assert stage.engine.post(FEATURES, token=granted.body["access_token"]).status == 200


def test_the_token_says_who_it_is_for(stage: Stage) -> None:
    said = claims(stage.engine.token(**BY_PASSWORD).body["access_token"])
    assert said["sub"]
    assert (said["preferred_username"], said["email"]) == (USER, f"{USER}@localhost")
    assert said["exp"] - said["iat"] == 300


def test_a_refresh_token_gives_the_same_person_a_new_token(stage: Stage) -> None:
    first = stage.engine.token(**BY_PASSWORD).body
    second = stage.engine.token(
        grant_type="refresh_token", client_id="sdk-client", refresh_token=first["refresh_token"]
    ).body
    assert claims(first["access_token"])["sub"] == claims(second["access_token"])["sub"]
    assert first["access_token"] != second["access_token"]
    assert stage.engine.post(FEATURES, token=second["access_token"]).status == 200


def test_a_client_with_a_secret_needs_no_person(stage: Stage) -> None:
    granted = stage.engine.token(**BY_SECRET).body
    assert "refresh_token" not in granted
    assert claims(granted["access_token"])["preferred_username"] == f"service-account-{CLIENT_ID}"
    assert stage.engine.post(FEATURES, token=granted["access_token"]).status == 200


def test_a_client_may_show_its_secret_by_basic_authentication(stage: Stage) -> None:
    answer = stage.engine.session.post(
        stage.engine.url + TOKEN,
        data={"grant_type": "client_credentials"},
        auth=(CLIENT_ID, CLIENT_SECRET),
        timeout=10,
    )
    assert answer.status_code == 200


def test_a_refresh_token_does_not_open_the_api(stage: Stage) -> None:
    refresh_token = stage.engine.token(**BY_PASSWORD).body["refresh_token"]
    assert stage.engine.post(FEATURES, token=refresh_token).status == 401


def test_a_token_signed_by_another_opens_nothing(stage: Stage) -> None:
    granted = stage.engine.token(**BY_PASSWORD).body["access_token"]
    for key, algorithm in (("0" * 64, "HS256"), ("", "none")):
        forged = jwt.encode(claims(granted), key or None, algorithm=algorithm)
        assert stage.engine.post(FEATURES, token=forged).status == 401


@pytest.mark.parametrize(
    ("form", "status", "code"),
    [
        (BY_PASSWORD | {"password": "wrong"}, 401, "invalid_grant"),
        (BY_PASSWORD | {"username": "nobody"}, 401, "invalid_grant"),
        (BY_PASSWORD | {"username": "\x00" * 10_000}, 401, "invalid_grant"),
        (BY_PASSWORD | {"client_id": "unknown"}, 401, "invalid_client"),
        (BY_PASSWORD | {"client_id": CLIENT_ID}, 401, "invalid_client"),
        (BY_SECRET | {"client_secret": "wrong"}, 401, "invalid_client"),
        (BY_SECRET | {"client_id": "sdk-client"}, 401, "unauthorized_client"),
        (BY_PASSWORD | {"grant_type": "implicit"}, 400, "unsupported_grant_type"),
        ({"client_id": "sdk-client"}, 400, "unsupported_grant_type"),
        ({}, 401, "invalid_client"),
        ({"grant_type": "refresh_token", "client_id": "sdk-client", "refresh_token": "x"}, 400, "invalid_grant"),
        ({"grant_type": "refresh_token", "client_id": "sdk-client"}, 400, "invalid_grant"),
    ],
)
def test_what_is_not_granted_is_told_as_oauth_tells_it(
    stage: Stage, form: dict[str, str], status: int, code: str
) -> None:
    answer = stage.engine.token(**form)
    assert (answer.status, answer.body["error"]) == (status, code)
    assert answer.body["error_description"]


def test_an_access_token_cannot_be_refreshed(stage: Stage) -> None:
    access = stage.engine.token(**BY_PASSWORD).body["access_token"]
    answer = stage.engine.token(grant_type="refresh_token", client_id="sdk-client", refresh_token=access)
    assert (answer.status, answer.body["error"]) == (400, "invalid_grant")


def test_a_refresh_token_is_of_its_client_alone(stage: Stage) -> None:
    refresh_token = stage.engine.token(**BY_PASSWORD).body["refresh_token"]
    answer = stage.engine.token(**BY_SECRET | {"grant_type": "refresh_token", "refresh_token": refresh_token})
    assert (answer.status, answer.body["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize("header", ["Basic", "Basic !", "Basic /w==", "Digest x"])
def test_a_broken_authentication_header_is_an_unknown_client(stage: Stage, header: str) -> None:
    answer = stage.engine.session.post(
        stage.engine.url + TOKEN,
        data={"grant_type": "client_credentials"},
        headers={"Authorization": header},
        timeout=10,
    )
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory, stage: Stage) -> Iterator[Engine]:
    """An engine over the same log whose tokens live for a second."""
    folder: Path = tmp_path_factory.mktemp("hasty")
    log = stage.engine.folder / "log"
    with Engine(folder, log=log, ENGINE_REPLAY="false", ENGINE_TOKEN_SECONDS="1", ENGINE_REFRESH_SECONDS="1") as engine:
        engine.migrate()
        engine.schedule()
        engine.serve()
        yield engine


@pytest.mark.slow
def test_an_expired_token_is_refused_and_says_so(hasty: Engine) -> None:
    granted = hasty.token(**BY_PASSWORD).body
    assert hasty.post(FEATURES, token=granted["access_token"]).status == 200
    time.sleep(1.1)
    answer = hasty.post(FEATURES, token=granted["access_token"])
    assert (answer.status, answer.body["error"]) == (401, "the token has expired")
    again = hasty.token(grant_type="refresh_token", client_id="sdk-client", refresh_token=granted["refresh_token"])
    assert (again.status, again.body["error"]) == (400, "invalid_grant")


@pytest.mark.slow
def test_a_changed_password_replaces_the_old_one(hasty: Engine) -> None:
    hasty.environment["ENGINE_PASSWORD"] = "new"
    hasty.schedule()
    assert hasty.token(**BY_PASSWORD).status == 401
    assert hasty.token(**BY_PASSWORD | {"password": "new"}).status == 200
