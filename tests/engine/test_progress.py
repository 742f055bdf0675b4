"""How far the past has come: a bar on a terminal, lines elsewhere, silence afterwards."""

import io

import pytest
from django.core.management.base import OutputWrapper

from engine import progress
from engine.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(out: io.StringIO, *steps: int, total: int) -> str:
    told = Progress(total, OutputWrapper(out))
    for step in steps:
        told.advance(step)
    return out.getvalue()


def test_a_terminal_shows_a_bar_that_fills(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "WIDTH", 4)
    drawn = told(Terminal(), 1_000, 3_000, total=4_000)
    assert drawn == "\r█··· 1,000 of 4,000 windows\r████ 4,000 of 4,000 windows\n"


def test_elsewhere_a_line_says_when_all_is_done() -> None:
    assert told(io.StringIO(), 10, 20, total=30) == "30 of 30 windows computed\n"


def test_elsewhere_lines_come_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EVERY", 0.0)
    assert told(io.StringIO(), 10, 20, total=30).splitlines() == [
        "10 of 30 windows computed",
        "30 of 30 windows computed",
    ]


@pytest.mark.parametrize("total", [0, 5])
def test_what_comes_after_the_past_is_not_told(total: int) -> None:
    before = told(io.StringIO(), total, total=total)
    assert told(io.StringIO(), total, 1, 1, total=total) == before


def test_windows_that_became_due_meanwhile_do_not_count_beyond_the_total() -> None:
    assert told(io.StringIO(), 40, total=30) == "30 of 30 windows computed\n"
