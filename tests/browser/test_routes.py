"""Routes, messages and maintenance in a real Chromium: by keyboard, without scripts, in both themes and all widths."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import administrator, overflow, violations
from tests.support.house import House
from tests.support.receivers import Receiver, receiving

pytestmark = pytest.mark.browser

PLACES = (
    "/messages/",
    "/messages/routes/new/",
    "/messages/routes/{route}/",
    "/messages/routes/{route}/secret/",
    "/messages/routes/{route}/remove/",
    "/messages/maintenance/",
)
LOOKS = [(theme, width) for theme in ("light", "dark") for width in (380, 1280, 1920)]


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def root(watched: House) -> dict[str, str]:
    return administrator(watched, "rota")


@pytest.fixture(scope="module")
def route(watched: House, root: dict[str, str], browser: Browser, receiver: Receiver) -> str:
    """The address of a webhook's page, made there."""
    context = browser.new_context()
    context.add_cookies([root])
    page = context.new_page()
    make(page, watched, f"{receiver.url}/hook", "Own webhook")
    page.get_by_role("link", name="I have it").click()
    number = page.url.rstrip("/").rpartition("/")[2]
    context.close()
    return number


def make(page: Page, house: House, address: str, name: str) -> None:
    page.goto(f"{house.url}/messages/routes/new/")
    page.get_by_label("Name as people say it").fill(name)
    page.get_by_label("Address", exact=True).fill(address)
    page.get_by_role("button", name="Make route").click()


@pytest.fixture
def admin(page: Page, root: dict[str, str]) -> Page:
    page.context.add_cookies([root])
    return page


@pytest.fixture
def plain(browser: Browser, root: dict[str, str]) -> Iterator[BrowserContext]:
    """A browser that runs no scripts."""
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([root])
    yield context
    context.close()


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_the_pages_are_sound(
    browser: Browser, watched: House, root: dict[str, str], route: str, theme: str, width: int
) -> None:
    context = browser.new_context(color_scheme=theme, viewport={"width": width, "height": 900})  # type: ignore[arg-type]
    context.add_cookies([root])
    page = context.new_page()
    page.goto(watched.url)
    expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
    for place in PLACES:
        page.goto(watched.url + place.format(route=route))
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert violations(page) == [], place
        assert overflow(page) <= 0, place
    context.close()


def test_a_route_lives_from_its_making_to_its_end_without_a_script(
    plain: BrowserContext, watched: House, receiver: Receiver
) -> None:
    page = plain.new_page()
    make(page, watched, "https://10.0.0.1/token", "Plain")
    expect(page.locator(".field-error")).to_contain_text("10.0.0.1 lies in a private network")
    expect(page.get_by_label("Address", exact=True)).to_have_value("")
    page.get_by_label("Address", exact=True).fill(f"{receiver.url}/plain")
    page.get_by_role("button", name="Make route").click()
    secret = page.get_by_label("The signing secret").input_value()
    assert len(secret) > 30
    page.get_by_role("link", name="I have it").click()
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_role("status").filter(has_text="The test was taken")).to_be_visible()
    assert [call.path for call in receiver.calls][-1] == "/plain"
    assert secret not in page.content()
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Plain is paused.")
    page.get_by_role("link", name="Remove the route").click()
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_role("heading", name="Routes")).to_be_visible()
    expect(page.get_by_role("link", name="Plain")).to_have_count(0)


def test_a_test_that_is_not_taken_is_told_in_words(admin: Page, watched: House, route: str, receiver: Receiver) -> None:
    receiver.status = 503
    admin.goto(f"{watched.url}/messages/")
    admin.get_by_role("button", name="Test Own webhook").press("Enter")
    expect(admin.get_by_role("alert")).to_contain_text("The test was not taken: 127.0.0.1 answers with status 503")
    receiver.status = 200
    admin.get_by_role("button", name="Send a test").press("Enter")
    expect(admin.get_by_text("The test was taken")).to_be_visible()


def test_maintenance_is_announced_and_ended_by_keyboard(admin: Page, watched: House) -> None:
    admin.goto(f"{watched.url}/messages/maintenance/")
    admin.get_by_label("Why as others will read it").focus()
    admin.keyboard.type("new cluster")
    admin.keyboard.press("Enter")
    expect(admin.get_by_role("heading", level=1)).to_contain_text("Nobody is told of incidents in all workspaces until")
    admin.get_by_role("link", name="End maintenance of all workspaces").press("Enter")
    expect(admin.get_by_role("dialog")).to_contain_text("End maintenance of all workspaces now?")
    admin.keyboard.press("Enter")
    expect(admin.get_by_role("heading", level=1)).to_have_text("No maintenance is on or announced.")


def test_the_menu_alerts_and_health_lead_there(admin: Page, watched: House) -> None:
    admin.goto(watched.url)
    admin.get_by_label("Signed in as rota").click()
    admin.get_by_role("link", name="Messages").click()
    expect(admin).to_have_url(f"{watched.url}/messages/")
    for place, name in (("/alerts/", "Who is told"), ("/health/", "Messages")):
        admin.goto(watched.url + place)
        link = admin.get_by_role("main").get_by_role("link", name=name)
        assert link.get_attribute("href") == "/messages/"
