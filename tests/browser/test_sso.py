"""Signing in by the company's provider, in a browser from one to the other and back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import await_text, violations
from tests.support import provider
from tests.support.house import House, copy_checkout

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house with a provider beside it, and a group that sees one workspace of its instance."""
    members = {"ada": ["/operator"], "bob": ["/airline"], "eve": ["/chess"]}
    with provider.honest(provider.people(members)) as issuer:
        settings = {"DRIFTLINE_OIDC_ISSUER": issuer, "DRIFTLINE_OIDC_CLIENT_ID": "driftline"}
        named = {"DRIFTLINE_OIDC_CLIENT_SECRET": "s", "DRIFTLINE_OIDC_NAME": "Example"}
        house = House(copy_checkout(tmp_path_factory.mktemp("joined") / "driftline"), settings | named)
        try:
            house.start()
            await_text(house, "Delay probability, seven days")
            for words in (("create", "airline"), ("grant", "airline", "viewer", "--workspace", "999")):
                done = house.call(".venv/bin/python", "manage.py", "group", *words)
                assert done.returncode == 0, done.stderr
            yield house
        finally:
            house.end()


@pytest.fixture(autouse=True)
def _dress(page: Page) -> None:
    """What the provider's pages fetch from elsewhere is nothing here."""
    for address in ("https://cdn.jsdelivr.net/**", "**/favicon.ico"):
        page.route(address, lambda route: route.fulfill(body="", content_type="text/css"))


def sign_in(page: Page, house: House, name: str, path: str = "/") -> None:
    page.goto(house.url + path)
    page.get_by_role("button", name="Continue with Example").click()
    page.get_by_role("button", name=name, exact=True).click()


def test_the_provider_brings_a_person_back_to_where_they_wanted_to_go(page: Page, joined: House) -> None:
    sign_in(page, joined, "ada", "/health/")
    expect(page).to_have_url(f"{joined.url}/health/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("monitor")
    assert violations(page) == []


def test_a_group_opens_its_workspace_and_no_other(page: Page, joined: House) -> None:
    sign_in(page, joined, "bob")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_text("Delay probability, seven days")).to_have_count(0)


def test_without_a_role_the_page_says_which_groups_came_and_offers_another_person(
    page: Page, joined: House, console: list[str]
) -> None:
    sign_in(page, joined, "eve")
    expect(page.get_by_role("heading", name="You have no access here")).to_be_visible()
    expect(page.get_by_text("chess", exact=True)).to_be_visible()
    assert violations(page) == []
    page.get_by_role("button", name="Sign in as somebody else").click()
    page.get_by_role("button", name="ada", exact=True).click()
    expect(page).to_have_url(f"{joined.url}/")
    assert ["403" in said for said in console] == [True]
    console.clear()


def test_signing_out_signs_out_at_the_provider(page: Page, joined: House) -> None:
    sign_in(page, joined, "ada")
    page.get_by_label("Signed in as ada").click()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.get_by_role("button").first.click()  # the provider asks
    page.goto(joined.url)
    expect(page.get_by_role("button", name="Continue with Example")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [380, 1280])
def test_the_sign_in_page_is_accessible(page: Page, joined: House, width: int, theme: str) -> None:
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{joined.url}/sign-in/")
    expect(page.get_by_label("Password")).to_be_visible()
    assert violations(page) == []
