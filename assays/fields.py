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
        __class_getitem__ = classmethod(lambda cls, _: cls)

    class _Binary(models.BinaryField):
        __class_getitem__ = classmethod(lambda cls, _: cls)


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


KNOWN = (
    b'{"id":0,"assay_id":"","analyzed_at":"20","elapsed_millis":,"scores":{"out.":{"score":0.0,"scores":[0.0,0.0],'
    b'"bin_index":null}},"status":"Alert","status":"Warning","status":"Ok","summaries":{"out.":{"name":"out.","bins":'
    b'{"mode":{"Quantile":5},"edges":[0.0,"INFINITY"],"labels":["< 20%","20% - 40%","40% - 60%","60% - 80%","> 80%"]},'
    b'"aggregated_values":[0.2,0.2],"aggregation":"Density","statistics":{"count":,"min":0.0,"max":,"mean":,'
    b'"median":,"std":},"start":"T00:00:00Z","end":"T00:00:00Z"}},"window_end":"T00:00:00Z","window_start":"T00:00:00Z"'
    b',"created_at":"20","updated_at":"20","workspace_id":,"workspace_name":"","pipeline_id":,'
    b'"warning_threshold":0.1,"alert_threshold":0.2}'
)
"""What zlib knows beforehand: a result takes a third of the room. Every message needs it: never to be changed."""


def pack(message: bytes) -> bytes:
    """As a `MessageField` lies in the database."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 12, 5, zlib.Z_DEFAULT_STRATEGY, KNOWN)
    return packer.compress(message) + packer.flush()


def unpack(packed: bytes | memoryview) -> bytes:
    return zlib.decompressobj(12, KNOWN).decompress(packed)


class MessageField(_Binary[_Set, _Get]):
    """JSON bytes exactly as upstream sent them, compressed at rest."""

    if TYPE_CHECKING:
        _pyi_private_set_type: bytes
        _pyi_private_get_type: bytes
        _pyi_lookup_exact_type: bytes

    def from_db_value(self, value: bytes | memoryview | None, expression: Any, connection: Any) -> bytes | None:
        return None if value is None else unpack(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        packed = None if value is None else pack(value)
        return super().get_db_prep_value(packed, connection, prepared)
