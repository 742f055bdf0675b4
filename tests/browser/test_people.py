"""People let in, tokens made and the trail of it, in a real Chromium: by keyboard, without scripts, in both themes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import PHRASE, administrator, overflow, violations
from tests.support.house import House

pytestmark = pytest.mark.browser

PLACES = ("/tokens/", "/people/", "/people/new/", "/people/{person}/", "/groups/new/", "/groups/{group}/", "/audit/")
LOOKS = [(theme, width) for theme in ("light", "dark") for width in (380, 1280)]


@pytest.fixture(scope="session")
def root(house: House) -> dict[str, str]:
    return administrator(house, "root")


@pytest.fixture
def plain(browser: Browser, root: dict[str, str]) -> Iterator[BrowserContext]:
    """A browser that runs no scripts."""
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies([root])
    yield context
    context.close()


@pytest.fixture
def admin(page: Page, root: dict[str, str]) -> Page:
    page.context.add_cookies([root])
    return page


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def looked_at(request: pytest.FixtureRequest, browser: Browser, root: dict[str, str], house: House) -> Iterator[Page]:
    theme, width = request.param
    context = browser.new_context(color_scheme=theme, viewport={"width": width, "height": 900})
    context.add_cookies([root])
    page = context.new_page()
    page.goto(house.url)
    expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
    yield page
    context.close()


@pytest.mark.parametrize("place", PLACES)
def test_a_page_is_sound(looked_at: Page, house: House, place: str) -> None:
    looked_at.goto(f"{house.url}/people/")
    hrefs = {kind: looked_at.locator(f"a.as-name[href^='/{kind}/']").first.get_attribute("href") for kind in KINDS}
    looked_at.goto(house.url + place.format(**{name: _number(hrefs[kind]) for kind, name in KINDS.items()}))
    expect(looked_at.get_by_role("heading", level=1)).to_be_visible()
    assert violations(looked_at) == []
    assert overflow(looked_at) <= 0


KINDS = {"people": "person", "groups": "group"}


def _number(href: str | None) -> str:
    return (href or "").rstrip("/").rpartition("/")[2]


def test_a_token_is_made_copied_and_revoked_by_keyboard(admin: Page, house: House) -> None:
    admin.context.grant_permissions(["clipboard-read", "clipboard-write"])
    admin.goto(f"{house.url}/tokens/")
    admin.get_by_label("Name").focus()
    admin.keyboard.type("by keyboard")
    admin.keyboard.press("Enter")
    shown = admin.get_by_label("The new token").input_value()
    assert shown.startswith("drift_")
    assert shown not in admin.url
    admin.get_by_role("button", name="Copy").focus()
    admin.keyboard.press("Enter")
    expect(admin.get_by_text("Copied")).to_be_visible()
    assert admin.evaluate("navigator.clipboard.readText()") == shown
    assert violations(admin) == []
    asked = {"Authorization": f"Bearer {shown}"}
    assert requests.get(f"{house.url}/metrics", headers=asked, timeout=10).status_code == 200
    admin.get_by_role("link", name="I have it").press("Enter")
    admin.get_by_role("link", name="Revoke by keyboard").press("Enter")
    expect(admin.get_by_role("dialog")).to_contain_text("Revoke by keyboard?")
    admin.keyboard.press("Enter")
    expect(admin.get_by_role("row", name=re.compile("by keyboard"))).to_contain_text("revoked")
    assert requests.get(f"{house.url}/metrics", headers=asked, timeout=10).status_code == 401


def test_a_person_is_let_in_and_shut_out_without_a_script(
    plain: BrowserContext, browser: Browser, house: House
) -> None:
    page = plain.new_page()
    page.goto(f"{house.url}/people/")
    page.get_by_role("link", name="New person").click()
    page.get_by_label("User name").fill("vera")
    page.get_by_label("Role").select_option("operator")
    page.get_by_role("button", name="Make account").click()
    link = page.get_by_label("The link").input_value()
    page.get_by_role("link", name="I have it").click()
    hers = _comes_in(browser, link)
    expect(hers.get_by_role("link", name="Overview").first).to_be_visible()
    page.get_by_role("button", name="Close the account").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("account is closed")
    hers.reload()
    expect(hers.get_by_role("heading", name="Sign in")).to_be_visible()
    page.goto(f"{house.url}/audit/?about=vera&act=person.deactivate")
    expect(page.locator(".trail tbody tr")).to_have_count(1)
    hers.context.close()


def _comes_in(browser: Browser, link: str) -> Page:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(link)
    page.get_by_label("New password twelve").fill(PHRASE)
    page.get_by_label("once more").fill(PHRASE)
    page.get_by_role("button", name="Set password").click()
    page.get_by_label("User name").fill("vera")
    page.get_by_label("Password").fill(PHRASE)
    page.get_by_role("button", name="Sign in").click()
    return page


def test_the_trail_is_filtered_and_taken_away(admin: Page, house: House) -> None:
    admin.goto(f"{house.url}/audit/")
    admin.get_by_label("Did what").select_option("person.create")
    admin.get_by_label("To what").fill("root")
    admin.get_by_role("button", name="Find").click()
    expect(admin.locator(".trail tbody tr")).to_have_count(1)
    with admin.expect_download() as download:
        admin.get_by_role("link", name="CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == 2
    assert "command person" in lines[1]
