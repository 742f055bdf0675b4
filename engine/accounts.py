"""The account and the client that the settings name, and the public client that people sign in through."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.core.management.base import CommandError

from engine.models import Account, Client
from engine.tokens import PUBLIC_CLIENT


def ensure() -> None:
    """Make them, or give them the password and secret that the settings now hold.

    Raises CommandError for a name without one: an empty secret would let everybody in.
    """
    Client.objects.get_or_create(client_id=PUBLIC_CLIENT)
    if settings.ENGINE_USER:
        _ensure_account(settings.ENGINE_USER, _given("ENGINE_PASSWORD"))
    if settings.ENGINE_CLIENT_ID:
        _ensure_client(settings.ENGINE_CLIENT_ID, _given("ENGINE_CLIENT_SECRET"))


def _given(name: str) -> str:
    secret: str = getattr(settings, name)
    if not secret:
        raise CommandError(f"{name} is empty: whoever has a name here needs a secret", returncode=2)
    return secret


def _ensure_account(username: str, password: str) -> None:
    account = Account.objects.filter(username=username).first()
    if account is None:
        email = username if "@" in username else f"{username}@localhost"
        Account.objects.create(username=username, email=email, password=make_password(password))
    elif not check_password(password, account.password):
        Account.objects.filter(pk=account.pk).update(password=make_password(password))


def _ensure_client(client_id: str, secret: str) -> None:
    client = Client.objects.filter(client_id=client_id).first()
    if client is None:
        Client.objects.create(client_id=client_id, secret=make_password(secret))
    elif not check_password(secret, client.secret):
        Client.objects.filter(pk=client.pk).update(secret=make_password(secret))
