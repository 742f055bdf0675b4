"""The history as a manager uses it: ranges, drilling down, printing, in every look."""

import re
from io import BytesIO
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import drawn, overflow, violations
from tests.support.house import House

pytestmark = pytest.mark.browser

WIDTHS = (380, 720, 1280, 1920)


@pytest.fixture
def history(page: Page, house: House, cookie: Any) -> Page:
    page.context.add_cookies([cookie])
    page.goto(f"{house.url}/history/?range=90d")
    return page


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_it_is_sound_in_every_look(history: Page, theme: Any, width: int) -> None:
    history.emulate_media(color_scheme=theme)
    history.set_viewport_size({"width": width, "height": 900})
    history.reload()
    history.reload()  # the server learns the system's theme from the first
    expect(history.locator("html")).to_have_attribute("data-bs-theme", theme)
    assert violations(history) == []
    assert overflow(history) <= 0


def test_the_menu_leads_there_and_the_verdict_is_the_title(at_house: Page) -> None:
    at_house.get_by_role("navigation", name="Pages", exact=True).get_by_role("link", name="History").click()
    headline = at_house.get_by_role("heading", level=1).inner_text()
    expect(at_house).to_have_title(f"{headline} · Driftline")
    assert re.search(r"windows? w|No window|No data", headline)


def test_a_range_is_chosen_from_the_menu_and_stands_in_the_address(history: Page) -> None:
    menu = history.locator(".hist-ctl details").first
    menu.locator("summary").click()
    menu.get_by_role("link", name="1 year").click()
    expect(history).to_have_url(re.compile("range=1y"))
    expect(history.get_by_role("heading", name="Worst state of each week")).to_be_visible()


def test_days_can_be_chosen_one_by_one(history: Page) -> None:
    menu = history.locator(".hist-ctl details").first
    menu.locator("summary").click()
    history.get_by_label("From", exact=True).fill("2026-01-01")
    history.get_by_label("To", exact=True).fill("2026-01-31")
    menu.get_by_role("button", name="Show").click()
    expect(menu.locator("summary")).to_contain_text("1 Jan – 31 Jan 2026")


def test_a_click_on_a_day_leads_to_the_assay_on_that_day(history: Page) -> None:
    cell = history.locator("tr", has_text="Gust factor").locator("a.k-failed").last
    day = re.search(r"from=([\d-]+)", str(cell.get_attribute("href")))
    cell.click()
    drawn(history)
    expect(history.get_by_role("heading", level=1)).to_contain_text("Gust factor")
    assert day
    assert f"from={day[1]}&to={day[1]}" in history.url


def test_grouped_by_pipeline_a_row_leads_to_that_pipelines_history(history: Page) -> None:
    history.goto(history.url + "&group=pipeline")
    row = history.locator("table.calt tbody th a").first
    name = str(row.get_attribute("title"))
    row.click()
    expect(history.locator(".hist-ctl summary", has_text="Pipeline")).to_contain_text(name)


def test_a_phone_shows_the_last_two_weeks(history: Page) -> None:
    history.set_viewport_size({"width": 380, "height": 900})
    row = history.locator("table.calt tbody tr").first
    assert 0 < row.locator("td:not(.sp):not(.tot):visible").count() <= 14
    assert row.locator("td.tot:visible").count() == 1


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_printed_it_is_one_light_page(history: Page, theme: Any, paper: str) -> None:
    history.emulate_media(color_scheme=theme)
    history.goto(history.url.replace("range=90d", "range=8w"))
    history.reload()
    margin = "11mm"
    margins: Any = {"top": margin, "bottom": margin, "left": margin, "right": margin}
    printed = history.pdf(format=paper, landscape=True, print_background=True, margin=margins)
    assert len(re.findall(rb"/Type /Page\b(?!s)", BytesIO(printed).read())) == 1
    history.emulate_media(media="print", color_scheme=theme)
    surface = history.locator(".card-d").first.evaluate("card => getComputedStyle(card).backgroundColor")
    assert surface == "rgb(255, 255, 255)"
    expect(history.locator(".hist-ctl")).to_be_hidden()


def test_everything_can_be_taken_along(history: Page) -> None:
    for name, ending in (("CSV", "zip"), ("Parquet", "zip"), ("JSON", "json"), ("PDF of it", "pdf")):
        history.locator(".hist-ctl summary", has_text="Take along").click()
        with history.expect_download() as download:
            history.get_by_role("link", name=name, exact=True).click()
        assert download.value.suggested_filename.endswith(ending)
        history.keyboard.press("Escape")
