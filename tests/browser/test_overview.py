"""The overview as a person uses it: reads the verdict, searches, moves by keys, watches windows arrive."""

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_it_shows_every_state_of_the_demonstration_in_words(at_house: Page) -> None:
    expect(at_house.get_by_role("heading", level=1)).to_contain_text(re.compile(r"\d+ assays? in (alert|warning)"))
    states = at_house.get_by_role("navigation", name="By state")
    for word in ("Failed", "Paused", "Ended", "Ok"):
        expect(states).to_contain_text(word)


def test_the_assay_on_hold_becomes_late(at_house: Page) -> None:
    row = at_house.get_by_role("row").filter(has_text="Visibility")
    expect(row).to_contain_text("Late", timeout=180_000)


def test_a_search_leaves_what_it_names_and_stands_in_the_address(at_house: Page) -> None:
    at_house.get_by_label("Filter by name or field").fill("in.dep_delay")
    at_house.keyboard.press("Enter")
    expect(at_house).to_have_url(re.compile(r"q=in\.dep_delay"))
    expect(at_house.get_by_role("link", name="Departure delay", exact=True)).to_be_visible()
    expect(at_house.get_by_role("link", name="Temperature, four weeks")).to_have_count(0)
    at_house.reload()
    expect(at_house.get_by_label("Filter by name or field")).to_have_value("in.dep_delay")


def test_a_tab_filters_by_state(at_house: Page) -> None:
    at_house.get_by_role("navigation", name="By state").get_by_role("link", name="Paused").click()
    expect(at_house.get_by_role("link", name="Route distance · LGA")).to_be_visible()
    expect(at_house.get_by_role("link", name="Departure delay", exact=True)).to_have_count(0)


def test_keys_move_to_a_row_and_open_it(at_house: Page) -> None:
    first = at_house.locator("tbody tr").first.get_by_role("link").first
    name = str(first.get_attribute("title"))
    at_house.keyboard.press("j")
    expect(first).to_be_focused()
    at_house.keyboard.press("Enter")
    expect(at_house.get_by_role("heading", level=1)).to_contain_text(name)


def test_new_windows_arrive_while_one_watches(at_house: Page) -> None:
    row = at_house.get_by_role("row").filter(has_text="Delay probability · live")
    before = row.locator(".c-run").inner_text()
    expect(row.locator(".c-run")).not_to_have_text(before, timeout=100_000)


def test_the_theme_and_the_zone_are_kept(at_house: Page) -> None:
    at_house.get_by_role("button", name="Dark theme").click()
    expect(at_house.locator("html")).to_have_attribute("data-bs-theme", "dark")
    at_house.get_by_label("Zone of times: UTC").click()
    at_house.get_by_role("button", name="America/New_York").click()
    expect(at_house.locator("html")).to_have_attribute("data-bs-theme", "dark")
    expect(at_house.locator("summary[aria-label^='Zone of times']")).not_to_have_text("UTC")
