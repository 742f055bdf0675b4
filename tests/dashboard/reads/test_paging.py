"""Pages of a list, whatever number is asked for."""

import pytest

from dashboard.reads.paging import Page, stretch


@pytest.mark.parametrize(
    ("number", "total", "start", "stop", "pages"),
    [
        (1, 250, 0, 100, 3),
        (3, 250, 200, 250, 3),
        (9, 250, 200, 250, 3),
        (-4, 250, 0, 100, 3),
        (1, 0, 0, 0, 1),
        (1, 100, 0, 100, 1),
    ],
)
def test_a_number_outside_is_the_nearest_page(number: int, total: int, start: int, stop: int, pages: int) -> None:
    shown = stretch(number, 100, total)
    assert (shown.start, shown.stop, shown.pages) == (start, stop, pages)


def test_only_pages_that_exist_lie_beside_one() -> None:
    first, last = Page([1], 250, stretch(1, 100, 250)), Page([1], 250, stretch(3, 100, 250))
    assert (first.before, first.after) == (None, 2)
    assert (last.before, last.after) == (2, None)
