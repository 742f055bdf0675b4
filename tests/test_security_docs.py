"""Each line of docs/security.md names tests, and they exist."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROTECTED, _, UNPROTECTED = (ROOT / "docs" / "security.md").read_text().partition("## What is not protected")
LINES = re.findall(r"^- (.+)$", PROTECTED, re.MULTILINE)
NAMED = sorted(set(re.findall(r"`(tests/[^`]+)`", PROTECTED)))


@cache
def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[:40])
def test_a_line_names_the_tests_that_hold_it(line: str) -> None:
    assert re.search(r"[.:] (`tests/[\w/]+\.py::test_\w+` ?)+$", line)


@pytest.mark.parametrize("name", NAMED)
def test_a_test_that_is_named_exists(name: str) -> None:
    path, _, test = name.partition("::")
    assert test in functions_of(path)


def test_what_is_not_protected_is_said_as_well() -> None:
    assert len(re.findall(r"^- ", UNPROTECTED, re.MULTILINE)) >= 5
