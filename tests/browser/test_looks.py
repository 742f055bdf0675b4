"""Every page in light and dark, on a phone and on a desk: nothing for axe to find, nothing beside the edge."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import drawn, overflow, violations
from tests.support.house import House

pytestmark = pytest.mark.browser

PLACES = (
    "overview",
    "overview by pipeline",
    "assay",
    "assay in a table",
    "several fields",
    "failing assay",
    "health",
    "doctor",
    "moved",
    "what-if",
    "switch",
)
FORMS = ("switch", "what-if")
LOOKS = [(theme, width) for theme in ("light", "dark") for width in (380, 1280)]


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request: pytest.FixtureRequest) -> tuple[str, int]:
    look: tuple[str, int] = request.param
    return look


@pytest.fixture
def page(browser: Browser, look: tuple[str, int]) -> Page:
    theme, width = look
    scheme = "dark" if theme == "dark" else "light"
    return browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}).new_page()


def go(page: Page, place: str) -> None:
    """Follows the links a person would."""
    kind, _, rest = place.partition(" ")
    if kind in ("health", "doctor", "moved"):
        page.goto(f"{page.url}{kind}/")
    elif place == "overview by pipeline":
        page.goto(page.url + "?group=pipeline")
    elif kind != "overview":
        name = {"several": "Flight inputs", "failing": "Gust factor"}.get(kind, "Departure delay")
        href = page.get_by_role("link", name=name, exact=True).get_attribute("href")
        suffix = {"in a table": "?view=table"}.get(rest, "") if kind == "assay" else ""
        page.goto(f"{page.url.rstrip('/')}{href}{f'{kind}/' if kind in FORMS else suffix}")
        if kind not in FORMS and not suffix:
            drawn(page)


@pytest.mark.parametrize("place", PLACES)
def test_a_page_is_sound(at_house: Page, place: str, look: tuple[str, int]) -> None:
    go(at_house, place)
    expect(at_house.get_by_role("heading", level=1).or_(at_house.get_by_role("heading", level=2)).first).to_be_visible()
    expect(at_house.locator("html")).to_have_attribute("data-bs-theme", look[0])
    assert violations(at_house) == []
    assert overflow(at_house) <= 0


def test_the_sign_in_page_is_sound(page: Page, house: House) -> None:
    page.goto(house.url)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert violations(page) == []
    assert overflow(page) <= 0
