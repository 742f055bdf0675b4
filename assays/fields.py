"""Two column types of the cache: instants as integers, and messages as compressed JSON."""

from __future__ import annotations

import zlib
from datetime import datetime
from typing import Any

from django.db import models

from assays.schedule import micros, moment


class InstantField(models.BigIntegerField):
    """An aware datetime kept as microseconds since 1970, UTC: half the bytes of a text, and ready for arrays."""

    def from_db_value(self, value: int | None, expression: Any, connection: Any) -> datetime | None:
        return None if value is None else moment(value)

    def to_python(self, value: Any) -> Any:
        return moment(value) if isinstance(value, int) else value

    def get_prep_value(self, value: Any) -> Any:
        return micros(value) if isinstance(value, datetime) else super().get_prep_value(value)


class MessageField(models.BinaryField):
    """JSON bytes exactly as upstream sent them, compressed at rest."""

    def from_db_value(self, value: bytes | memoryview | None, expression: Any, connection: Any) -> bytes | None:
        return None if value is None else zlib.decompress(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        packed = None if value is None else zlib.compress(value, 6)
        return super().get_db_prep_value(packed, connection, prepared)
