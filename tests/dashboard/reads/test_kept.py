"""Shared sums: worked out once while they are fresh, and without a cache every time."""

from pytest_django import Settings

from dashboard.reads.kept import kept


class Work:
    def __init__(self) -> None:
        self.done = 0

    def __call__(self) -> list[int]:
        self.done += 1
        return [self.done]


def test_a_fresh_sum_is_not_worked_out_again() -> None:
    work = Work()
    assert [kept(("sum", 1), 60, work) for _ in range(3)] == [[1], [1], [1]]


def test_another_key_has_its_own_sum() -> None:
    work = Work()
    assert [kept(("sum", number), 60, work) for number in (1, 2)] == [[1], [2]]


def test_without_a_cache_the_page_still_has_its_sum(settings: Settings) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}
    }
    work = Work()
    assert [kept(("sum", 1), 60, work) for _ in range(2)] == [[1], [2]]
