"""Where bearer tokens come from: set by hand, or Keycloak's, renewed before they run out and once on a 401.

A token of Keycloak's is shared by all threads and processes through the cache, encrypted, and one of them renews at
a time.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec
import requests
from cryptography.fernet import Fernet, InvalidToken
from django.core.cache.backends.base import BaseCache
from redis.exceptions import RedisError

from assays import wire
from assays.errors import Malformed, Rejected, Unavailable

TOKEN = "/auth/realms/master/protocol/openid-connect/token"
RENEWAL_LIMIT = 30.0
"""Seconds after which another may renew, should the one that began have died."""


class Credentials(Protocol):
    def token(self) -> str:
        """A token thought good; empty when none is needed. Raises as a call does."""

    def renew(self, refused: str) -> str:
        """A token other than the one refused, or that same one when there is no other."""


@dataclass(frozen=True, slots=True)
class StaticToken:
    """A token set by hand, or none at all."""

    value: str = field(default="", repr=False)

    def token(self) -> str:
        return self.value

    def renew(self, refused: str) -> str:
        return self.value


@dataclass(frozen=True, slots=True)
class Account:
    """Who signs in at Keycloak: a person (user and password) or a confidential client (secret)."""

    client_id: str
    user: str = ""
    password: str = field(default="", repr=False)
    client_secret: str = field(default="", repr=False)

    def grant(self) -> dict[str, str]:
        if self.user:
            return self.client() | {"grant_type": "password", "username": self.user, "password": self.password}
        return self.client() | {"grant_type": "client_credentials"}

    def client(self) -> dict[str, str]:
        secret = {"client_secret": self.client_secret} if self.client_secret else {}
        return {"client_id": self.client_id} | secret


def read_account_file(path: str, client_id: str) -> Account:
    """The vendor's WALLAROO_SDK_CREDENTIALS: a JSON file with `username` and `password`."""
    try:
        content = json.loads(Path(path).read_text())
        return Account(client_id=client_id, user=content["username"], password=content["password"])
    except (OSError, ValueError, KeyError, TypeError):
        raise Rejected(TOKEN, f"WALLAROO_SDK_CREDENTIALS: {path} is no JSON file with username and password") from None


class _Kept(msgspec.Struct):
    """A token with the moments (seconds since 1970) from which it, and its refresh token, are no longer used."""

    access: str
    until: float
    refresh: str | None = None
    refresh_until: float = 0.0


class Keycloak:
    """Tokens from Keycloak at `url`. `cache` is shared by all processes; `secret` encrypts what lies in it."""

    def __init__(
        self,
        url: str,
        account: Account,
        session: requests.Session,
        cache: BaseCache,
        secret: str,
        timeout: tuple[float, float] = (5.0, 10.0),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._url = url.rstrip("/") + TOKEN
        self._account = account
        self._session = session
        self._timeout = timeout
        self._clock = clock
        self._lock = threading.Lock()
        self._shelf = _Shelf(cache, secret, f"{self._url} {account.client_id} {account.user}")
        self._kept: _Kept | None = None

    def token(self) -> str:
        kept = self._kept
        return kept.access if kept and self._fresh(kept) else self._renewed("")

    def renew(self, refused: str) -> str:
        return self._renewed(refused)

    def _renewed(self, refused: str) -> str:
        """Another's new token when there is one, else one renewal for all who wait here."""
        with self._lock:
            kept = self._usable(refused)
            if kept is None:
                with self._shelf.only_one():
                    kept = self._usable(refused) or self._ask()
                    self._shelf.put(kept)
            self._kept = kept
            return kept.access

    def _usable(self, refused: str) -> _Kept | None:
        for kept in (self._kept, self._shelf.get()):
            if kept and self._fresh(kept) and kept.access != refused:
                return kept
        return None

    def _fresh(self, kept: _Kept) -> bool:
        return self._clock() < kept.until

    def _ask(self) -> _Kept:
        """By refresh token where one is left, else by the account; a refused refresh token falls back to it."""
        old = self._shelf.get() or self._kept
        if old and old.refresh and self._clock() < old.refresh_until:
            try:
                return self._post(
                    self._account.client() | {"grant_type": "refresh_token", "refresh_token": old.refresh}
                )
            except Rejected:
                pass
        return self._post(self._account.grant())

    def _post(self, form: dict[str, str]) -> _Kept:
        asked = self._clock()
        try:
            answer = self._session.post(self._url, data=form, timeout=self._timeout, allow_redirects=False)
        except requests.RequestException as error:
            text = f"Keycloak gives no token: {type(error).__name__}"
            raise Unavailable(TOKEN, text, timed_out=isinstance(error, requests.Timeout)) from None
        if answer.status_code != 200:
            raise _refusal(answer, form["grant_type"])
        return _kept(answer.content, asked)


def _kept(content: bytes, asked: float) -> _Kept:
    try:
        token = msgspec.json.decode(content, type=wire.Token)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(TOKEN, "token", str(error)) from None
    refresh_until = asked + _usable_for(token.refresh_expires_in or 0.0)
    return _Kept(token.access_token, asked + _usable_for(token.expires_in), token.refresh_token, refresh_until)


def _usable_for(seconds: float) -> float:
    """Renewed early: half a minute, or a fifth of a short life."""
    return seconds - min(30.0, seconds / 5)


def _refusal(answer: requests.Response, grant: str) -> Exception:
    if answer.status_code == 429 or answer.status_code >= 500:
        return Unavailable(TOKEN, f"Keycloak gives no token: status {answer.status_code}")
    text = f"Keycloak refuses the {grant} grant with status {answer.status_code}{_reason(answer)}"
    return Rejected(TOKEN, text, answer.status_code)


def _reason(answer: requests.Response) -> str:
    """OAuth's own `error` and `error_description`; nothing else of the body is repeated."""
    try:
        content = answer.json()
    except ValueError:
        return ""
    if not isinstance(content, dict):
        return ""
    parts = [str(content[key])[:200] for key in ("error", "error_description") if key in content]
    return f" ({': '.join(parts)})" if parts else ""


class _Shelf:
    """One token in the shared cache, encrypted with the site's secret; a cache that is down shares nothing."""

    def __init__(self, cache: BaseCache, secret: str, name: str) -> None:
        digest = hashlib.sha256(name.encode()).hexdigest()[:24]
        self._cache = cache
        self._key, self._claim = f"token:{digest}", f"token-renewal:{digest}"
        self._fernet = Fernet(base64.urlsafe_b64encode(hashlib.sha256(secret.encode()).digest()))

    def get(self) -> _Kept | None:
        try:
            packed = self._cache.get(self._key)
            return packed and msgspec.json.decode(self._fernet.decrypt(packed), type=_Kept)
        except (InvalidToken, msgspec.DecodeError, OSError, RedisError):
            return None

    def put(self, kept: _Kept) -> None:
        seconds = max(1, int(max(kept.until, kept.refresh_until) - time.time()))
        try:
            self._cache.set(self._key, self._fernet.encrypt(msgspec.json.encode(kept)), seconds)
        except (OSError, RedisError):
            return

    @contextmanager
    def only_one(self) -> Iterator[None]:
        """Held by one process at a time; whoever waits longer than RENEWAL_LIMIT goes on without."""
        held = self._claimed()
        try:
            yield
        finally:
            if held:
                self._release()

    def _claimed(self) -> bool:
        deadline = time.monotonic() + RENEWAL_LIMIT
        while time.monotonic() < deadline:
            try:
                if self._cache.add(self._claim, 1, int(RENEWAL_LIMIT)):
                    return True
            except (OSError, RedisError):
                return False
            time.sleep(0.02)
        return False

    def _release(self) -> None:
        try:
            self._cache.delete(self._claim)
        except (OSError, RedisError):
            return
