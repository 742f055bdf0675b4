"""The one Wallaroo instance this deployment watches, as the settings name it: its credentials and its client."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.core.cache import cache as shared_cache

from assays.credentials import Account, Credentials, Keycloak, StaticToken, read_account_file
from assays.upstream import Client, Limits, Listener, open_session


@cache
def client(listener: Listener | None = None) -> Client:
    """One a process, shared by its threads."""
    return Client(
        settings.WALLAROO_URL,
        credentials(),
        limits=Limits(
            read=settings.WALLAROO_REQUEST_TIMEOUT,
            whole=50 + settings.WALLAROO_REQUEST_TIMEOUT,
            size=settings.ANSWER_LIMIT_MB * 1024 * 1024,
        ),
        connections=settings.POLL_CONCURRENCY + 8,
        listener=listener,
    )


@cache
def credentials() -> Credentials:
    """A token set by hand wins over an account; with neither, calls go out without a token."""
    if settings.WALLAROO_TOKEN or not (account := _account()):
        return StaticToken(settings.WALLAROO_TOKEN)
    endpoint = settings.WALLAROO_AUTH_ENDPOINT
    return Keycloak(endpoint, account, open_session(endpoint, 1), shared_cache, settings.SECRET_KEY)


def _account() -> Account | None:
    client_id = settings.WALLAROO_CLIENT_ID
    if settings.WALLAROO_CLIENT_SECRET and not settings.WALLAROO_USER:
        return Account(client_id, client_secret=settings.WALLAROO_CLIENT_SECRET)
    if settings.WALLAROO_USER:
        return Account(client_id, settings.WALLAROO_USER, settings.WALLAROO_PASSWORD, settings.WALLAROO_CLIENT_SECRET)
    if settings.WALLAROO_CREDENTIALS_FILE:
        return read_account_file(settings.WALLAROO_CREDENTIALS_FILE, client_id)
    return None
