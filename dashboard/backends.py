"""The ways in which a person can have signed in, and when each of them is open.

Who came by a way that has been closed since is signed out with their next request, as is who was deactivated.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.http import HttpRequest


class _Way(ModelBackend, ABC):
    @abstractmethod
    def is_open(self) -> bool: ...

    def authenticate(self, request: HttpRequest | None, *args: Any, **credentials: Any) -> User | None:
        """By credentials nobody gets in, save by a password."""
        return None

    def get_user(self, user_id: Any) -> User | None:
        return super().get_user(user_id) if self.is_open() else None


class Password(_Way):
    """A local account with its password."""

    def is_open(self) -> bool:
        return settings.LOCAL_ACCOUNTS

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **credentials: Any
    ) -> User | None:
        if not self.is_open():
            return None
        return ModelBackend.authenticate(self, request, username=username, password=password)


class Link(_Way):
    """A one-time link made on the machine itself, which a demonstration always has."""

    def is_open(self) -> bool:
        return settings.LOCAL_ACCOUNTS or not settings.PRODUCTION


class Provider(_Way):
    """The company's OpenID provider."""

    def is_open(self) -> bool:
        return bool(settings.OIDC_ISSUER)
