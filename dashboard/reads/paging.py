"""One page of a longer list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stretch:
    """The rows [start, stop) of `total` that page `number` shows; a number past the end is the last page's."""

    number: int
    pages: int
    start: int
    stop: int


def stretch(number: int, per_page: int, total: int) -> Stretch:
    pages = max(1, -(-total // per_page))
    number = min(max(1, number), pages)
    start = (number - 1) * per_page
    return Stretch(number, pages, start, min(start + per_page, total))


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    rows: Sequence[T]
    total: int
    stretch: Stretch

    @property
    def number(self) -> int:
        return self.stretch.number

    @property
    def pages(self) -> int:
        return self.stretch.pages

    @property
    def first(self) -> int:
        return self.stretch.start + 1

    @property
    def last(self) -> int:
        return self.stretch.stop

    @property
    def before(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def after(self) -> int | None:
        return self.number + 1 if self.number < self.pages else None
