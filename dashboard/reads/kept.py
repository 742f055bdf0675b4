"""Sums that many pages share, kept in the cache for a while; without a cache they are worked out anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache
from redis.exceptions import RedisError

T = TypeVar("T")

SECONDS = 600


def kept(key: tuple[object, ...], work: Callable[[], T]) -> T:
    """What `work` returns, which must never be None, at most ten minutes old."""
    name = ":".join(map(str, key))
    try:
        found: T | None = cache.get(name)
        if found is None:
            found = work()
            cache.set(name, found, SECONDS)
        return found
    except (RedisError, OSError):
        return work()
