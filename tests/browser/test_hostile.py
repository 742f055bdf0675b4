"""Names as an enemy writes them are only ever text."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import HOSTILE, drawn, overflow, violations

pytestmark = pytest.mark.browser


def test_hostile_names_are_text_on_the_overview(at_watched: Page) -> None:
    for name in HOSTILE.values():
        expect(at_watched.locator(f"a[title={_quoted(name)}]")).to_have_count(1)
    assert at_watched.locator("main img, main script").count() == 0
    assert "Driftline" in at_watched.title()
    assert overflow(at_watched) <= 0


@pytest.mark.parametrize(("group", "word"), [("workspace", "place"), ("pipeline", "line")])
def test_hostile_names_of_workspaces_and_pipelines_are_text_in_groups_and_menus(
    at_watched: Page, group: str, word: str
) -> None:
    at_watched.goto(f"{at_watched.url.rstrip('/')}/?group={group}")
    shown = at_watched.locator("main").text_content() or ""
    for name in HOSTILE.values():
        assert f"{word} {name[:60]}" in shown
    assert at_watched.locator("main img, main script").count() == 0
    assert "Driftline" in at_watched.title()
    assert overflow(at_watched) <= 0


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_field_and_its_bins_are_text_where_they_are_looked_at(at_watched: Page, kind: str) -> None:
    name = HOSTILE[kind]
    href = at_watched.locator(f"a[title={_quoted(name)}]").get_attribute("href")
    at_watched.goto(at_watched.url.rstrip("/") + str(href))
    drawn(at_watched)
    shown = at_watched.locator("main").text_content() or ""
    assert f"out.{name[:60]}" in shown
    at_watched.goto(at_watched.url + ("&" if "?" in at_watched.url else "?") + "view=table")
    expect(at_watched.locator("main table").first).to_be_visible()
    assert at_watched.locator("main img, main script").count() == 0
    assert at_watched.title().endswith("Driftline")
    assert overflow(at_watched) <= 0


def test_a_question_about_a_hostile_name_fits_the_page(at_watched: Page) -> None:
    at_watched.set_viewport_size({"width": 380, "height": 900})
    href = at_watched.locator(f"a[title={_quoted(HOSTILE['endless'])}]").get_attribute("href")
    at_watched.goto(f"{at_watched.url.rstrip('/')}{href}switch/")
    expect(at_watched.get_by_role("heading", level=1)).to_be_visible()
    assert overflow(at_watched) <= 0


@pytest.mark.parametrize("path", ["/health/", "/audit/", "/tokens/", "/?q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E"])
def test_hostile_names_are_text_on_every_other_page(at_watched: Page, path: str) -> None:
    at_watched.goto(at_watched.url.rstrip("/") + path)
    expect(at_watched.locator("main")).to_be_visible()
    assert at_watched.locator("main img, main script").count() == 0
    assert overflow(at_watched) <= 0


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_name_is_text_on_its_own_page(at_watched: Page, kind: str) -> None:
    at_watched.set_viewport_size({"width": 380, "height": 900})
    href = at_watched.locator(f"a[title={_quoted(HOSTILE[kind])}]").get_attribute("href")
    at_watched.goto(at_watched.url.rstrip("/") + str(href))
    drawn(at_watched)
    heading = at_watched.get_by_role("heading", level=1)
    assert HOSTILE[kind][:60] in (heading.text_content() or "")
    assert at_watched.locator("main img, main script").count() == 0
    assert overflow(at_watched) <= 0
    assert violations(at_watched) == []


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
