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
