"""Imports point one way: the directions are the data below, and every module is held to them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OURS = {"assays", "dashboard", "engine", "typedapi"}
PURE = ("assays.wire", "assays.schedule", "assays.drift")
MAY_IMPORT = {
    # the longest prefix of a module's name decides which of our modules it may import
    "assays": ("assays",),
    "assays.drift": ("assays.drift",),
    "assays.schedule": ("assays.schedule", "assays.wire"),
    "assays.wire": (),
    "dashboard": ("dashboard", "assays", "typedapi"),
    "dashboard.figures": (
        "dashboard.figures",
        "dashboard.palette",
        "dashboard.formats",
        "assays.drift",
        "assays.schedule",
        "assays.series",
        "assays.states",
    ),
    "engine": ("engine", "typedapi", *PURE),
    "engine.data": (),
    "typedapi": ("typedapi", "assays.wire"),
}


def modules() -> Iterator[tuple[str, Path]]:
    for package in sorted(OURS):
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts).removesuffix(".__init__"), path


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides its direction"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(package + ".") for package in packages)


def allowed(module: str) -> tuple[str, ...]:
    return MAY_IMPORT[max((prefix for prefix in MAY_IMPORT if within(module, (prefix,))), key=len)]


@pytest.mark.parametrize(("module", "path"), list(modules()), ids=lambda value: value if isinstance(value, str) else "")
def test_a_module_imports_only_what_lies_below_it(module: str, path: Path) -> None:
    ours = {name for name in imported(path) if name.split(".")[0] in OURS}
    assert not {name for name in ours if not within(name, allowed(module))}


@pytest.mark.parametrize(("module", "path"), [pair for pair in modules() if within(pair[0], PURE)])
def test_the_wire_the_schedule_and_the_mathematics_know_no_django(module: str, path: Path) -> None:
    assert not {name for name in imported(path) if name.split(".")[0] in {"django", "celery"}}


@pytest.mark.parametrize(("module", "path"), list(modules()), ids=lambda value: value if isinstance(value, str) else "")
def test_a_module_says_first_what_it_knows(module: str, path: Path) -> None:
    text = path.read_text()
    assert not text.strip() or path.name == "__init__.py" or "migrations" in path.parts or text.startswith('"""')
