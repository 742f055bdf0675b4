"""A real Chromium before the whole of Driftline, signed in, its console watched."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from launch.browser import find_or_install
from playwright.sync_api import ConsoleMessage, Page

from tests.support.house import House, copy_checkout, wait_until

LAUNCH = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, "executable_path": find_or_install(), "args": list(LAUNCH)}


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Engine, supervisor, workers and dashboard over the bundled year, once its windows are in the cache."""
    house = House(copy_checkout(tmp_path_factory.mktemp("browser") / "driftline"))
    try:
        house.start()
        yield house
    finally:
        house.end()


def sign_in(house: House) -> str:
    """The session cookie of the local operator."""
    session = requests.Session()
    session.get(house.call("make", "link").stdout.strip(), timeout=10)
    return str(session.cookies["sessionid"])


@pytest.fixture(scope="session")
def operator(house: House) -> dict[str, str]:
    return {"name": "sessionid", "value": sign_in(house), "url": house.url}


@pytest.fixture
def signed_in(page: Page, operator: dict[str, Any]) -> Page:
    page.context.add_cookies([operator])  # type: ignore[list-item]
    return page


@pytest.fixture(autouse=True)
def _quiet_console(page: Page) -> Iterator[None]:
    """A violation of the policy, a script's error or a missing file shows in the console, and nowhere else."""
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            said.append(f"{message.text} ({message.location.get('url', '')})")

    page.on("console", listen)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield
    assert said == []


def settled(page: Page, house: House, path: str = "/") -> None:
    """Opens a page until what it waits for, the first sync, has come."""

    def there() -> bool:
        page.goto(house.url + path)
        return page.get_by_text("Delay probability, seven days").first.is_visible()

    wait_until(there, 120, lambda: house.output[-3000:])
