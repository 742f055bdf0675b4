"""The assay page as a person uses it: reads the curve, picks a window, compares its bins, takes the numbers away."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import open_assay

pytestmark = pytest.mark.browser


@pytest.fixture
def weekly(at_house: Page) -> Page:
    open_assay(at_house, "Delay probability, seven days")
    return at_house


def selected(page: Page) -> str:
    return str(page.locator("#window").get_attribute("data-selected"))


def test_the_newest_window_is_compared_with_the_baseline_at_first(weekly: Page) -> None:
    window = weekly.locator("#window")
    expect(window.get_by_role("table").first).to_contain_text("Baseline")
    expect(window).to_contain_text(re.compile(r"\d+\s%\s+of\s+PSI\s\d"))
    expect(window).to_contain_text("Recomputed from the bins")


def test_a_click_on_a_point_shows_its_window(weekly: Page) -> None:
    """The mouse comes as a hand brings it: the chart takes a click only from what it has seen hover."""
    before = selected(weekly)
    plot = weekly.locator("#plot .nsewdrag").first.bounding_box()
    assert plot is not None
    x, y = plot["x"] + plot["width"] * 0.5, plot["y"] + plot["height"] * 0.4
    weekly.mouse.move(x - 40, y)
    weekly.mouse.move(x, y, steps=8)
    weekly.wait_for_timeout(500)
    weekly.mouse.click(x, y)
    expect(weekly.locator("#window")).not_to_have_attribute("data-selected", before)
    expect(weekly).to_have_url(re.compile(r"window="))
    chosen = selected(weekly)
    weekly.reload()
    expect(weekly.locator("#window")).to_have_attribute("data-selected", chosen)


def test_the_neighbours_are_one_key_away(weekly: Page) -> None:
    newest = selected(weekly)
    weekly.keyboard.press("[")
    expect(weekly.locator("#window")).not_to_have_attribute("data-selected", newest)
    weekly.keyboard.press("]")
    expect(weekly.locator("#window")).to_have_attribute("data-selected", newest)


def test_the_table_holds_what_the_chart_shows(weekly: Page) -> None:
    weekly.get_by_role("link", name="Table", exact=True).click()
    expect(weekly).to_have_url(re.compile("view=table"))
    expect(weekly.get_by_role("region", name=re.compile("^Windows")).get_by_role("row")).to_have_count(51)
    expect(weekly.get_by_role("main")).to_contain_text("1–50 of 90 windows")


def test_a_range_is_in_the_address(weekly: Page) -> None:
    weekly.get_by_role("navigation", name="Range").get_by_role("link", name="30 d").click()
    expect(weekly).to_have_url(re.compile("range=30d"))
    expect(weekly.locator("#counts")).to_contain_text("of 30")


@pytest.mark.parametrize(("item", "suffix"), [("CSV", ".csv"), ("JSON, as upstream sent it", ".json")])
def test_the_numbers_can_be_taken_away(weekly: Page, tmp_path: Path, item: str, suffix: str) -> None:
    weekly.get_by_text("Export").click()
    with weekly.expect_download() as download:
        weekly.locator("#head").get_by_role("link", name=item).click()
    assert download.value.suggested_filename.endswith(suffix)
    download.value.save_as(tmp_path / "numbers")
    text = (tmp_path / "numbers").read_text()
    rows = json.loads(text) if suffix == ".json" else list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 90


@pytest.mark.parametrize(
    ("item", "suffix", "begins"), [("Chart as PNG", ".png", b"\x89PNG"), ("Chart as SVG", ".svg", b"<svg")]
)
def test_the_chart_can_be_taken_away(weekly: Page, tmp_path: Path, item: str, suffix: str, begins: bytes) -> None:
    weekly.get_by_text("Export").click()
    with weekly.expect_download() as download:
        weekly.get_by_role("button", name=item).click()
    assert download.value.suggested_filename.endswith(suffix)
    download.value.save_as(tmp_path / "chart")
    assert (tmp_path / "chart").read_bytes().startswith(begins)


def test_a_failed_run_says_what_upstream_said(at_house: Page) -> None:
    open_assay(at_house, "Gust factor")
    expect(at_house.locator("#window")).to_contain_text("in.gust_factor")


def test_each_field_of_several_has_its_own_page(at_house: Page) -> None:
    open_assay(at_house, "Flight inputs")
    at_house.get_by_role("navigation", name="Fields").get_by_role("link", name="in.hour").click()
    expect(at_house).to_have_url(re.compile(r"field=in\.hour"))
    expect(at_house.locator("#head")).to_contain_text("in.hour")
