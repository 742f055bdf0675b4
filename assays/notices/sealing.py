"""Texts that lie encrypted in the database: the addresses of routes, which carry tokens and passwords."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any, TypeVar

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

_Set = TypeVar("_Set")
_Get = TypeVar("_Get")

if TYPE_CHECKING:

    class _Text(models.Field[_Set, _Get]): ...

else:

    class _Text(models.TextField):
        __class_getitem__ = classmethod(lambda cls, _: cls)


class Unsealable(Exception):
    """None of the keys opens what is kept: it was sealed with one that is no longer in DRIFTLINE_NOTICE_KEYS."""


class Sealed:
    """An encrypted text. Nothing that prints, logs or formats it shows more than that it is one."""

    def __init__(self, token: str) -> None:
        self.token = token

    @classmethod
    def of(cls, text: str) -> Sealed:
        return cls(_fernet().encrypt(text.encode()).decode())

    def open(self) -> str:
        """Raises Unsealable."""
        try:
            return _fernet().decrypt(self.token).decode()
        except InvalidToken:
            raise Unsealable("The address was sealed with a key that is no longer in DRIFTLINE_NOTICE_KEYS.") from None

    def resealed(self) -> Sealed:
        """The same text, sealed with the newest key."""
        return Sealed.of(self.open())

    def __repr__(self) -> str:
        return "<sealed>"


class SealedField(_Text[_Set, _Get]):
    if TYPE_CHECKING:
        _pyi_private_set_type: Sealed
        _pyi_private_get_type: Sealed
        _pyi_lookup_exact_type: Sealed

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Sealed | None:
        return None if value is None else Sealed(value)

    def to_python(self, value: Any) -> Any:
        return Sealed(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, str):
            raise TypeError("a text must be sealed before it is kept")
        return value.token if isinstance(value, Sealed) else super().get_prep_value(value)


def _fernet() -> MultiFernet:
    """The newest key first: it seals, and any of them opens."""
    return MultiFernet([Fernet(_key(text)) for text in settings.NOTICE_KEYS])


def _key(text: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
