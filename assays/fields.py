"""Two column types of the cache: instants as integers, and messages as compressed JSON."""

from __future__ import annotations

import zlib
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import models

from assays.schedule import micros, moment

_Set = TypeVar("_Set")
_Get = TypeVar("_Get")

if TYPE_CHECKING:

    class _Integer(models.Field[_Set, _Get]): ...

    class _Binary(models.Field[_Set, _Get]): ...

else:

    class _Integer(models.BigIntegerField):
        __class_getitem__ = classmethod(lambda cls, item: cls)

    class _Binary(models.BinaryField):
        __class_getitem__ = classmethod(lambda cls, item: cls)


class InstantField(_Integer[_Set, _Get]):
    """An aware datetime kept as microseconds since 1970, UTC: half the bytes of a text, and ready for arrays."""

    if TYPE_CHECKING:
        _pyi_private_set_type: datetime
        _pyi_private_get_type: datetime
        _pyi_lookup_exact_type: datetime

    def from_db_value(self, value: int | None, expression: Any, connection: Any) -> datetime | None:
        return None if value is None else moment(value)

    def to_python(self, value: Any) -> Any:
        return moment(value) if isinstance(value, int) else value

    def get_prep_value(self, value: Any) -> Any:
        return micros(value) if isinstance(value, datetime) else super().get_prep_value(value)


def pack(message: bytes) -> bytes:
    """As a `MessageField` lies in the database. Level 1: four times as fast as 6, and a tenth larger."""
    return zlib.compress(message, 1)


class MessageField(_Binary[_Set, _Get]):
    """JSON bytes exactly as upstream sent them, compressed at rest."""

    if TYPE_CHECKING:
        _pyi_private_set_type: bytes
        _pyi_private_get_type: bytes
        _pyi_lookup_exact_type: bytes

    def from_db_value(self, value: bytes | memoryview | None, expression: Any, connection: Any) -> bytes | None:
        return None if value is None else zlib.decompress(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        packed = None if value is None else pack(value)
        return super().get_db_prep_value(packed, connection, prepared)
