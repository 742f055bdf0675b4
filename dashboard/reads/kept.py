"""Sums that many pages share, kept in the cache for a while; without a cache they are worked out anew."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.core.cache import cache
from redis.exceptions import RedisError

T = TypeVar("T")


def kept(key: tuple[object, ...], seconds: int, work: Callable[[], T]) -> T:
    """What `work` returns, which must never be None, at most so many seconds old."""
    name = ":".join(map(str, key))
    try:
        found: T | None = cache.get(name)
        if found is None:
            found = work()
            cache.set(name, found, seconds)
        return found
    except (RedisError, OSError):
        return work()
