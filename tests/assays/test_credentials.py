"""Tokens of a real token endpoint: how many are asked for, by many threads and processes, and what is never shown."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core.cache import cache

from assays.credentials import Account, Keycloak, StaticToken, read_account_file
from assays.errors import Malformed, Rejected, Unavailable
from assays.upstream import Client
from tests.support.upstream import FEATURES, LIST, Message, Reply, Upstream, as_json, serving

PERSON = Account("sdk-client", "monitor", "correct horse")
SECRET = "the site's secret"


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with serving() as upstream:
        issue(upstream)
        yield upstream


def issue(upstream: Upstream, **lifetimes: float) -> None:
    """Each grant brings a new token, the only one that is accepted from then on."""

    def reply(form: Message) -> Reply:
        upstream.token = f"token-{sum(upstream.grants.values())}"
        told = {"access_token": upstream.token, "expires_in": 300, "refresh_token": "again", "refresh_expires_in": 900}
        return as_json(told | lifetimes)

    upstream.token_reply = reply


def keycloak(upstream: Upstream, clock: Any = None, account: Account = PERSON) -> Keycloak:
    arguments = {} if clock is None else {"clock": clock}
    return Keycloak(upstream.url, account, requests.Session(), cache, SECRET, **arguments)


def test_a_token_is_asked_for_once_and_kept(upstream: Upstream) -> None:
    credentials = keycloak(upstream)
    assert [credentials.token() for _ in range(3)] == ["token-1"] * 3


def test_it_is_renewed_before_it_runs_out_by_the_refresh_token(upstream: Upstream) -> None:
    clock = Clock()
    credentials = keycloak(upstream, clock)
    credentials.token()
    clock.now += 269
    assert credentials.token() == "token-1"
    clock.now += 2
    assert credentials.token() == "token-2"
    assert upstream.grants == {"password": 1, "refresh_token": 1}


def test_after_the_refresh_token_the_password_is_used_again(upstream: Upstream) -> None:
    clock = Clock()
    credentials = keycloak(upstream, clock)
    credentials.token()
    clock.now += 901
    credentials.token()
    assert upstream.grants == {"password": 2}


def test_a_refused_refresh_token_falls_back_to_the_password(upstream: Upstream) -> None:
    clock = Clock()
    credentials = keycloak(upstream, clock)
    credentials.token()
    granted = upstream.token_reply
    assert granted is not None
    upstream.token_reply = lambda form: (
        as_json({"error": "invalid_grant"}, 400) if form["grant_type"] == "refresh_token" else granted(form)
    )
    clock.now += 280
    assert credentials.token() == "token-3"


def test_a_client_signs_in_with_its_secret(upstream: Upstream) -> None:
    keycloak(upstream, account=Account("monitor", client_secret="hush")).token()
    (_, form), *_ = upstream.bodies
    assert form == {"grant_type": "client_credentials", "client_id": "monitor", "client_secret": "hush"}


def test_a_refused_token_is_renewed_once_and_the_call_made_again(upstream: Upstream) -> None:
    client = Client(upstream.url, keycloak(upstream))
    client.features()
    upstream.token = "revoked: another is wanted"
    assert client.features().message.name == "Scripted"
    assert upstream.grants == {"password": 1, "refresh_token": 1}
    assert upstream.calls[FEATURES] == 3


def test_a_call_refused_twice_is_given_up(upstream: Upstream) -> None:
    client = Client(upstream.url, keycloak(upstream))
    upstream.misbehave.append(lambda path, _: as_json({"error": "never you"}, 401) if path == LIST else None)
    with pytest.raises(Rejected, match="never you"):
        client.assays()
    assert upstream.calls[LIST] == 2


def test_many_threads_renew_once(upstream: Upstream) -> None:
    client = Client(upstream.url, keycloak(upstream), connections=20)
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: client.features(), range(60)))
        assert sum(upstream.grants.values()) == 1
        upstream.token = "revoked"
        list(pool.map(lambda _: client.features(), range(60)))
    assert sum(upstream.grants.values()) == 2


PROCESS = """
import django, requests, sys
from django.conf import settings
redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": sys.argv[2]}
settings.configure(CACHES={"default": redis})
django.setup()
from django.core.cache import cache
from assays.credentials import Account, Keycloak
from assays.upstream import Client
account = Account("sdk-client", "monitor", "correct horse")
credentials = Keycloak(sys.argv[1], account, requests.Session(), cache, "the site's secret")
client = Client(sys.argv[1], credentials)
sys.stdin.readline()
client.features()
"""


@pytest.mark.slow
def test_many_processes_renew_once(upstream: Upstream, settings: Any) -> None:
    arguments = [sys.executable, "-c", PROCESS, upstream.url, settings.CACHES["default"]["LOCATION"]]
    running = [subprocess.Popen(arguments, stdin=subprocess.PIPE, text=True) for _ in range(4)]
    for process in running:
        process.communicate("go\n", timeout=60)
    assert [process.returncode for process in running] == [0] * 4
    assert sum(upstream.grants.values()) == 1


def test_no_token_lies_in_the_cache_in_clear(upstream: Upstream, settings: Any) -> None:
    import redis

    keycloak(upstream).token()
    server = redis.Redis.from_url(settings.CACHES["default"]["LOCATION"])
    kept = [server.get(key) for key in server.keys("*token:*")]
    assert kept
    assert not any(b"token-1" in value or b"again" in value for value in kept if isinstance(value, bytes))


def test_a_token_kept_with_another_secret_is_not_used(upstream: Upstream) -> None:
    keycloak(upstream).token()
    other = Keycloak(upstream.url, PERSON, requests.Session(), cache, "another secret")
    assert other.token() == "token-2"


def test_a_cache_that_is_down_only_shares_nothing(upstream: Upstream) -> None:
    from django.core.cache.backends.redis import RedisCache

    nowhere = RedisCache("redis://127.0.0.1:1/0", {})
    assert Keycloak(upstream.url, PERSON, requests.Session(), nowhere, SECRET).token() == "token-1"


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (
            as_json({"error": "invalid_grant", "error_description": "Invalid user credentials"}, 401),
            Rejected,
            "Invalid user",
        ),
        (Reply(b"<html>", 404), Rejected, "status 404"),
        (Reply(b'"no error here"', 404), Rejected, "status 404"),
        (Reply(b"null", 404), Rejected, "status 404"),
        (Reply(b"busy", 503), Unavailable, "status 503"),
        (Reply(b"{}"), Malformed, "access_token"),
        (Reply(hang_up=True), Unavailable, "ConnectionError"),
    ],
)
def test_why_there_is_no_token_is_said_without_the_password(
    upstream: Upstream, reply: Reply, kind: type[Exception], says: str
) -> None:
    upstream.token_reply = lambda _: reply
    credentials = keycloak(upstream)
    with pytest.raises(kind, match=says) as caught:
        credentials.token()
    assert PERSON.password not in str(caught.value)
    assert PERSON.password not in repr((PERSON, StaticToken("hidden")))
    assert "hidden" not in repr(StaticToken("hidden"))


def test_the_vendors_credentials_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps({"username": "monitor", "password": "correct horse"}))
    assert read_account_file(str(path), "sdk-client") == PERSON


@pytest.mark.parametrize("content", [None, "no json", "[]", '{"username": "monitor"}'])
def test_a_wrong_credentials_file_is_named(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "credentials.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Rejected, match="WALLAROO_SDK_CREDENTIALS"):
        read_account_file(str(path), "sdk-client")
