"""Cells of strangers in a spreadsheet: text, whatever they begin with."""

from __future__ import annotations

import csv

import pytest

from dashboard.spreadsheets import harmless, line


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_no_text_begins_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "out.score", "a=1", "1-1", "ü", '"=1"'])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text


def test_a_cell_keeps_its_quotes_commas_and_lines() -> None:
    cells = ['say "no"', "a,b", "two\r\nlines", ""]
    assert next(csv.reader([line(cells)], strict=True)) == cells
