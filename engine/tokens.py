"""Who may ask: Keycloak's token endpoint with three grants, and the bearer tokens it gives."""

from __future__ import annotations

import secrets
import time
import uuid
from base64 import b64decode
from binascii import Error as Base64Error
from functools import cache
from typing import Any

import jwt
import msgspec
from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.http import HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from engine.models import Account, Client, SigningKey
from typedapi.operation import JSON, Problem

ALGORITHM = "HS256"
PUBLIC_CLIENT = "sdk-client"

Claims = dict[str, Any]


class Grant(msgspec.Struct, frozen=True):
    """Keycloak's answer, with the names it gives."""

    access_token: str
    expires_in: int
    refresh_expires_in: int = 0
    refresh_token: str | msgspec.UnsetType = msgspec.UNSET
    token_type: str = "Bearer"  # noqa: S105
    not_before_policy: int = msgspec.field(default=0, name="not-before-policy")
    scope: str = "email profile"


class GrantRefused(Exception):
    """OAuth's own error: a code, and a sentence."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status, self.code, self.text = status, code, text


def require(request: HttpRequest) -> None:
    """Raises Problem 401 unless the request carries an access token that has not expired."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem(401, "a bearer token is needed", "Authorization")
    try:
        _read(token.strip(), "Bearer")
    except jwt.ExpiredSignatureError as error:
        raise Problem(401, "the token has expired", "Authorization") from error
    except jwt.InvalidTokenError as error:
        raise Problem(401, "the token is not valid", "Authorization") from error


@sensitive_post_parameters()
@require_POST
def token(request: HttpRequest) -> HttpResponse:
    """`POST /auth/realms/master/protocol/openid-connect/token`, form-encoded."""
    try:
        answer = msgspec.json.encode(_granted(request))
    except GrantRefused as refused:
        body = msgspec.json.encode({"error": refused.code, "error_description": refused.text})
        return HttpResponse(body, content_type=JSON, status=refused.status)
    return HttpResponse(answer, content_type=JSON, headers={"Cache-Control": "no-store"})


@cache
def signing_key() -> str:
    """The same for every process of one database."""
    return SigningKey.objects.get_or_create(pk=1, defaults={"secret": secrets.token_hex(32)})[0].secret


def _granted(request: HttpRequest) -> Grant:
    kind = request.POST.get("grant_type", "")
    client = _client(request)
    if kind == "password":
        return _by_password(client, request.POST.get("username", ""), request.POST.get("password", ""))
    if kind == "refresh_token":
        return _by_refresh(client, request.POST.get("refresh_token", ""))
    if kind == "client_credentials":
        return _by_credentials(client)
    raise GrantRefused(400, "unsupported_grant_type", "Unsupported grant_type")


def _client(request: HttpRequest) -> Client:
    """The client that asks, by Basic authentication or in the form; a public one has no secret to show."""
    name, secret = _basic(request) or (request.POST.get("client_id", ""), request.POST.get("client_secret", ""))
    client = Client.objects.filter(client_id=_clean(name)).first()
    if client is None or (client.secret and not check_password(secret, client.secret)):
        raise GrantRefused(401, "invalid_client", "Invalid client or Invalid client credentials")
    return client


def _basic(request: HttpRequest) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = b64decode(encoded, validate=True).decode().partition(":")
    except (Base64Error, UnicodeDecodeError, ValueError):
        return "", ""
    return name, secret


def _by_password(client: Client, username: str, password: str) -> Grant:
    account = Account.objects.filter(username=_clean(username)).first()
    if account is None:
        make_password(password)  # as slow as a wrong password, so that names cannot be told by time
    if account is None or not check_password(password, account.password):
        raise GrantRefused(401, "invalid_grant", "Invalid user credentials")
    return _grant(client, _claims_of(account), refreshable=True)


def _by_refresh(client: Client, refresh_token: str) -> Grant:
    try:
        claims = _read(refresh_token, "Refresh")
    except jwt.InvalidTokenError as error:
        raise GrantRefused(400, "invalid_grant", "Invalid refresh token") from error
    if claims["azp"] != client.client_id:
        raise GrantRefused(400, "invalid_grant", "Token client and authorized client don't match")
    account = Account.objects.filter(subject=claims["sub"]).first()
    if account is None:
        raise GrantRefused(400, "invalid_grant", "Session not active")
    return _grant(client, _claims_of(account), refreshable=True)


def _by_credentials(client: Client) -> Grant:
    if not client.secret:
        raise GrantRefused(401, "unauthorized_client", "Public client not allowed to retrieve service account")
    name = f"service-account-{client.client_id}"
    return _grant(client, {"sub": str(client.subject), "preferred_username": name}, refreshable=False)


def _claims_of(account: Account) -> Claims:
    return {"sub": str(account.subject), "email": account.email, "preferred_username": account.username}


def _grant(client: Client, claims: Claims, *, refreshable: bool) -> Grant:
    access = _write(client, claims, "Bearer", settings.ENGINE_TOKEN_SECONDS)
    if not refreshable:
        return Grant(access, settings.ENGINE_TOKEN_SECONDS)
    refresh = _write(client, {"sub": claims["sub"]}, "Refresh", settings.ENGINE_REFRESH_SECONDS)
    return Grant(access, settings.ENGINE_TOKEN_SECONDS, settings.ENGINE_REFRESH_SECONDS, refresh)


def _write(client: Client, claims: Claims, kind: str, seconds: int) -> str:
    issued = int(time.time())
    claims = {**claims, "typ": kind, "azp": client.client_id, "jti": str(uuid.uuid4())}
    return jwt.encode({**claims, "iat": issued, "exp": issued + seconds}, signing_key(), algorithm=ALGORITHM)


def _read(token: str, kind: str) -> Claims:
    """Raises jwt.InvalidTokenError for a token that is not ours, not of this kind, or expired."""
    claims: Claims = jwt.decode(
        token, signing_key(), algorithms=[ALGORITHM], options={"require": ["exp", "sub", "azp"]}
    )
    if claims.get("typ") != kind:
        raise jwt.InvalidTokenError(f"not a {kind} token")
    return claims


def _clean(name: str) -> str:
    """A name as it can be looked up: PostgreSQL takes no NUL."""
    return name.replace("\0", "")
