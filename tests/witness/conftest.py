"""Calls the vendor's client to the stand; where no Python fits it, says loudly that it was not heard."""

from pathlib import Path

import pytest

from tests.witness.environment import FITTING, NotInstalled, find_interpreter, installed

NOT_HEARD = pytest.StashKey[int]()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """After the choice by markers: a run that does not ask the witness looks for no Python."""
    asking = [item for item in items if "client_python" in getattr(item, "fixturenames", ())]
    if asking and find_interpreter() is None:
        config.stash[NOT_HEARD] = len(asking)
        config.hook.pytest_deselected(items=asking)
        items[:] = [item for item in items if item not in asking]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if unheard := config.stash.get(NOT_HEARD, 0):
        terminalreporter.section("THE WITNESS WAS NOT HEARD", sep="!", red=True, bold=True)
        terminalreporter.write_line(
            f"{unheard} tests ask the vendor's own client, whose packages exist for Python {', '.join(FITTING)} alone; "
            "install one of these and run them again.",
            red=True,
        )


@pytest.fixture(scope="session")
def client_python() -> Path:
    interpreter = find_interpreter()
    assert interpreter is not None
    try:
        return installed(interpreter)
    except NotInstalled as failure:
        pytest.fail(str(failure), pytrace=False)
