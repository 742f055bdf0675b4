"""The history taken along, in a browser: a link for others, the wall, the page of mails, and a mail as it is read."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard.reports.models import Rhythm
from tests.browser.conftest import overflow, violations
from tests.support.house import House

pytestmark = pytest.mark.browser

LOOKS = [(theme, width) for theme in ("light", "dark") for width in (380, 1280, 1920)]


@pytest.fixture(params=LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request: pytest.FixtureRequest) -> dict[str, Any]:
    theme, width = request.param
    return {"color_scheme": theme, "viewport": {"width": width, "height": 1080 if width == 1920 else 800}}


@pytest.fixture(scope="session")
def links(browser: Browser, house: House, cookie: Any) -> dict[str, str]:
    """A link of each form, made as a person would."""
    context = browser.new_context()
    context.add_cookies([cookie])
    made = {form: _made(context.new_page(), house, form) for form in ("page", "wall")}
    context.close()
    return made


def _made(page: Page, house: House, form: str) -> str:
    page.goto(f"{house.url}/history/?range=30d")
    page.get_by_text("Take along").click()
    page.get_by_role("link", name="A link for others").click()
    page.get_by_role("textbox", name="For").fill("steering group")
    page.get_by_label("Shows").select_option(form)
    page.get_by_role("button", name="Make link").click()
    return house.url + re.sub(r"https?://[^/]+", "", page.get_by_label("The new link").input_value())


@pytest.mark.parametrize("form", ["page", "wall"])
def test_a_link_is_sound_for_who_has_not_signed_in(
    browser: Browser, links: dict[str, str], look: dict[str, Any], form: str
) -> None:
    page = browser.new_context(**look).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.goto(links[form])
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", look["color_scheme"])
    assert page.locator("main a[href]").count() == 0
    assert violations(page) == []
    assert overflow(page) <= 0
    assert said == []
    page.context.close()


@pytest.mark.parametrize("path", ["/history/mail/", "/history/links/", "/wall/"])
def test_the_pages_of_who_has_signed_in_are_sound(
    browser: Browser, house: House, cookie: Any, look: dict[str, Any], path: str
) -> None:
    context = browser.new_context(**look)
    context.add_cookies([cookie])
    page = context.new_page()
    page.goto(house.url + path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert violations(page) == []
    assert overflow(page) <= 0
    context.close()


def test_the_wall_fits_a_screen_without_scrolling(browser: Browser, links: dict[str, str]) -> None:
    for width, height in ((1280, 720), (1920, 1080), (3840, 2160)):
        page = browser.new_context(viewport={"width": width, "height": height}).new_page()
        page.goto(links["wall"])
        assert page.evaluate("document.documentElement.scrollHeight") <= height
        size = page.locator("h1").evaluate("(h1) => parseFloat(getComputedStyle(h1).fontSize)")
        assert size >= height / 20
        page.context.close()


def test_the_wall_takes_what_is_new_by_itself(browser: Browser, links: dict[str, str]) -> None:
    page = browser.new_context().new_page()
    page.clock.install()
    page.goto(links["wall"])
    page.locator("h1").evaluate("(h1) => { h1.textContent = 'long ago' }")
    page.clock.run_for(11_000)
    expect(page.get_by_role("heading", level=1)).not_to_have_text("long ago")
    page.context.close()


def test_the_wall_says_when_it_is_no_longer_answered(browser: Browser, links: dict[str, str]) -> None:
    page = browser.new_context().new_page()
    page.clock.install()
    page.goto(links["wall"])
    told = page.get_by_text("Driftline has not answered")
    expect(told).to_be_hidden()
    page.route("**/shared/**", lambda route: route.abort())
    page.clock.run_for(70_000)
    expect(told).to_be_visible()
    page.unroute("**/shared/**")
    page.clock.run_for(16_000)
    expect(told).to_be_hidden()
    page.context.close()


def test_a_link_that_was_revoked_shows_nothing_from_then_on(browser: Browser, house: House, cookie: Any) -> None:
    context = browser.new_context()
    context.add_cookies([cookie])
    page = context.new_page()
    link = _made(page, house, "page")
    page.goto(f"{house.url}/history/links/")
    page.get_by_role("button", name="Revoke the link for steering group").first.click()
    expect(page.get_by_text("shows nothing any more")).to_be_visible()
    stranger = browser.new_context().new_page()
    stranger.goto(link)
    expect(stranger.get_by_role("heading", name="This link shows nothing")).to_be_visible()
    stranger.context.close()
    context.close()


BEGIN = """
from datetime import UTC, datetime
from django.contrib.auth.models import User
from dashboard.reports.models import Schedule
for rhythm in ("weekly", "monthly"):
    told = {"rhythm": rhythm, "day": 1, "hour": 8, "zone": "Europe/Berlin", "since": datetime.now(UTC)}
    person = User.objects.get(username="local-operator")
    print(Schedule.objects.create(person=person, address="rita@example.org", **told).pk)
"""


@pytest.fixture(scope="session")
def mails(house: House, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A mail of each rhythm as pages, with their pictures beside them."""
    manage = (str(house.folder / ".venv" / "bin" / "python"), "manage.py")
    weekly, monthly = house.call(*manage, "shell", "-c", BEGIN).stdout.split()[-2:]
    made = {}
    for rhythm, pk in ((Rhythm.WEEKLY, weekly), (Rhythm.MONTHLY, monthly)):
        folder = tmp_path_factory.mktemp(rhythm)
        shown = house.call(*manage, "report", "show", pk, str(folder / "mail.eml"))
        assert shown.returncode == 0, shown.stderr
        made[str(rhythm)] = _as_page(folder)
    return made


def _as_page(folder: Path) -> Path:
    mail = message_from_bytes((folder / "mail.eml").read_bytes(), policy=policy.default)
    body = mail.get_body(("html",))
    assert body
    html = str(body.get_content())
    for part in mail.walk():
        if part.get_content_type() == "image/png":
            name = str(part["Content-ID"]).strip("<>")
            (folder / f"{name}.png").write_bytes(part.get_content())
            html = html.replace(f"cid:{name}", f"{name}.png")
    (folder / "mail.html").write_text(html)
    return folder / "mail.html"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [380, 720])
@pytest.mark.parametrize("rhythm", Rhythm.values)
def test_a_mail_reads_well(browser: Browser, mails: dict[str, Path], theme: Any, width: int, rhythm: str) -> None:
    page = browser.new_context(color_scheme=theme, viewport={"width": width, "height": 800}).new_page()
    page.goto(mails[rhythm].as_uri())
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    for picture in page.locator("img").all():
        assert picture.evaluate("(img) => img.complete && img.naturalWidth > 0")
    assert page.locator("img").count() == 2
    assert violations(page) == []
    assert overflow(page) <= 0
    page.context.close()
