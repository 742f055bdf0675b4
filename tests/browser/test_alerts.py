"""Triage as people on call do it: by keys, with a thumb, several at once, two at once, and without a script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from tests.browser.conftest import overflow, violations
from tests.support.house import House

pytestmark = pytest.mark.browser

PHONE = {"width": 380, "height": 780}


@pytest.fixture
def at_alerts(at_house: Page, house: House) -> Page:
    """The list with its first incident beside it."""
    at_house.goto(f"{house.url}/alerts/")
    expect(title(at_house)).to_be_visible()
    return at_house


def title(page: Page) -> Locator:
    return page.locator("#incident-title")


def toast(page: Page) -> Locator:
    return page.locator("#toasts")


def open_count(page: Page) -> int:
    return int(page.locator("#tabs").get_by_role("link", name="Open").locator("b").inner_text())


def test_an_incident_is_acknowledged_and_taken_back_by_keys(at_alerts: Page) -> None:
    before = open_count(at_alerts)
    at_alerts.keyboard.press("j")
    name = at_alerts.locator(".inc-link").nth(1).inner_text()
    expect(title(at_alerts)).to_have_text(name)
    at_alerts.keyboard.press("a")
    expect(toast(at_alerts)).to_contain_text(f"Acknowledged {name}")
    expect(at_alerts.locator(".triaged")).to_contain_text("Acknowledged by local-operator")
    expect(at_alerts.locator("#tabs")).to_contain_text(re.compile(rf"Open {before - 1}\b"))
    assert violations(at_alerts) == []
    at_alerts.keyboard.press("z")
    expect(toast(at_alerts)).to_contain_text("Took back")
    expect(at_alerts.locator("#tabs")).to_contain_text(re.compile(rf"Open {before}\b"))
    expect(at_alerts.locator(".tl")).to_contain_text("local-operator took back: acknowledged")


def test_each_act_has_its_key_and_the_sheet_names_them(at_alerts: Page) -> None:
    for key, heading in {"s": "Snooze", "i": "Assign", "n": "Note", "r": "Resolve", "f": "Judge"}.items():
        at_alerts.keyboard.press(key)
        expect(at_alerts.get_by_role("dialog", name=heading)).to_be_visible()
        assert violations(at_alerts) == []
        at_alerts.keyboard.press("Escape")
        expect(at_alerts.get_by_role("dialog")).to_have_count(0)
    at_alerts.keyboard.press("?")
    for words in ("acknowledge, snooze", "assign, note", "resolve, false alarm", "undo", "select the incident"):
        expect(at_alerts.locator("#keys")).to_contain_text(words)


def test_a_note_stands_in_the_timeline(at_alerts: Page) -> None:
    at_alerts.keyboard.press("n")
    at_alerts.get_by_role("dialog").get_by_label("Note").fill("looks like the feed")
    at_alerts.get_by_role("dialog").get_by_role("button", name="Note").click()
    expect(toast(at_alerts)).to_contain_text("Noted on")
    expect(at_alerts.locator(".tl")).to_contain_text("looks like the feed")


def test_the_slash_searches_and_enter_opens(at_alerts: Page) -> None:
    at_alerts.keyboard.press("/")
    expect(at_alerts.get_by_role("searchbox").first).to_be_focused()
    at_alerts.keyboard.press("Escape")
    at_alerts.keyboard.press("j")
    at_alerts.keyboard.press("Enter")
    expect(at_alerts).to_have_url(re.compile(r"/alerts/[0-9a-f-]{36}/"))


def test_several_are_snoozed_at_once_and_taken_back_together(at_alerts: Page) -> None:
    before = open_count(at_alerts)
    at_alerts.keyboard.press("j")
    at_alerts.keyboard.press("x")
    at_alerts.keyboard.press("j")
    at_alerts.keyboard.press("x")
    expect(at_alerts.locator("[data-chosen]")).to_have_text("2 incidents")
    at_alerts.keyboard.press("s")
    dialog = at_alerts.get_by_role("dialog", name="Snooze 2 incidents")
    expect(dialog.get_by_label("Until it gets worse")).to_be_checked()
    dialog.get_by_role("button", name="Snooze").click()
    expect(toast(at_alerts)).to_contain_text("Snoozed 2 incidents")
    expect(at_alerts.locator("#tabs")).to_contain_text(re.compile(rf"Open {before - 2}\b"))
    expect(at_alerts.locator("#tabs")).to_contain_text("Snoozed 2")
    toast(at_alerts).get_by_role("button", name="Undo").click()
    expect(at_alerts.locator("#tabs")).to_contain_text(re.compile(rf"Open {before}\b"))


def test_a_whole_event_is_acknowledged_with_one_button(at_alerts: Page) -> None:
    before = open_count(at_alerts)
    many = at_alerts.locator(".grp-h + ul").first.locator(".inc").count()
    at_alerts.get_by_role("button", name="Acknowledge all").first.click()
    expect(toast(at_alerts)).to_contain_text(f"Acknowledged {many} incidents")
    expect(at_alerts.locator("#tabs")).to_contain_text(re.compile(rf"Open {before - many}\b"))
    at_alerts.keyboard.press("z")
    expect(at_alerts.locator("#tabs")).to_contain_text(re.compile(rf"Open {before}\b"))


def test_a_choice_outlasts_a_refresh(at_alerts: Page) -> None:
    at_alerts.locator(".inc .ck").first.check(force=True)
    with at_alerts.expect_response(lambda answer: "X-Version" in answer.headers or "x-version" in answer.headers):
        at_alerts.evaluate("document.dispatchEvent(new CustomEvent('driftline:refresh'))")
    expect(at_alerts.locator(".inc .ck").first).to_be_checked()


@pytest.fixture
def colleague(browser: Browser, house: House) -> Iterator[Page]:
    """Another person who triages, in a browser of their own."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    made = house.call(".venv/bin/python", "manage.py", "person", "create", "bo", "--role", "responder")
    assert made.returncode == 0, made.stderr
    page.goto(made.stdout.strip())
    for field in ("new_password1", "new_password2"):
        page.locator(f"[name={field}]").fill("a long pass phrase")
    page.locator("main button, form button").last.click()
    page.goto(house.url)
    if page.locator("[name=username]").count():
        page.locator("[name=username]").fill("bo")
        page.locator("[name=password]").fill("a long pass phrase")
        page.locator("form button").last.click()
    page.goto(f"{house.url}/alerts/")
    expect(title(page)).to_be_visible()
    yield page
    context.close()


def test_who_comes_second_sees_what_the_first_did_and_decides(
    at_alerts: Page, colleague: Page, console: list[str]
) -> None:
    colleague.keyboard.press("s")
    colleague.get_by_role("dialog").get_by_label("Note").fill("the feed is down")
    colleague.get_by_role("dialog").get_by_role("button", name="Snooze").click()
    expect(toast(colleague)).to_contain_text("Snoozed")
    at_alerts.keyboard.press("a")
    dialog = at_alerts.get_by_role("dialog", name="Acknowledge")
    expect(dialog).to_contain_text("Somebody was faster, and yours was not applied.")
    expect(dialog).to_contain_text("bo snoozed it until it gets worse")
    expect(dialog).to_contain_text("the feed is down")
    assert violations(at_alerts) == []
    assert [said for said in console if "409" not in said] == []
    console.clear()
    dialog.get_by_role("button", name="Acknowledge all the same").click()
    expect(toast(at_alerts)).to_contain_text("Acknowledged")


@pytest.fixture
def on_a_phone(browser: Browser, house: House, cookie: Any) -> Iterator[Page]:
    context: BrowserContext = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    context.add_cookies([cookie])
    page = context.new_page()
    page.goto(f"{house.url}/alerts/")
    yield page
    context.close()


def test_on_a_phone_a_thumb_reads_why_and_snoozes(on_a_phone: Page) -> None:
    page = on_a_phone
    assert overflow(page) <= 0
    assert violations(page) == []
    page.locator(".inc-link").first.click()
    expect(page).to_have_url(re.compile(r"/alerts/[0-9a-f-]{36}/"))
    expect(page.locator(".say").first).to_be_in_viewport()
    expect(page.get_by_text("Onset, UTC")).to_be_in_viewport()
    for name in ("Acknowledge", "Snooze"):
        thumb = page.locator(f"[data-act={name.lower()}]")
        expect(thumb).to_be_in_viewport()
        box = thumb.bounding_box()
        assert box is not None
        assert box["height"] >= 48
        assert box["y"] > PHONE["height"] / 2
    page.locator("[data-act=snooze]").click()
    sheet = page.get_by_role("dialog", name="Snooze")
    expect(sheet.get_by_label("Until it gets worse")).to_be_checked()
    assert overflow(page) <= 0
    assert violations(page) == []
    sheet.get_by_role("button", name="Snooze").click()
    expect(toast(page)).to_contain_text("Snoozed")
    toast(page).get_by_role("button", name="Undo").click()
    expect(toast(page)).to_contain_text("Took back")


def test_everything_works_without_a_script(browser: Browser, house: House, cookie: Any) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    context.add_cookies([cookie])
    page = context.new_page()
    page.goto(f"{house.url}/alerts/")
    page.locator(".inc-link").first.click()
    expect(title(page)).to_be_visible()
    page.locator("[data-act=snooze]").click()
    page.get_by_role("button", name="Snooze", exact=True).click()
    expect(toast(page)).to_contain_text("Snoozed")
    toast(page).get_by_role("button", name="Undo").click()
    expect(toast(page)).to_contain_text("Took back")
    page.goto(f"{house.url}/alerts/")
    for box in page.locator(".inc .ck").all()[:2]:
        box.check(force=True)
    page.locator("[data-bulk=acknowledge]").click()
    expect(toast(page)).to_contain_text("Acknowledged 2 incidents")
    toast(page).get_by_role("button", name="Undo").click()
    expect(toast(page)).to_contain_text("Took back")
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_list_and_incident_are_sound(browser: Browser, house: House, cookie: Any, theme: Any) -> None:
    for width in (380, 900, 1280, 1920):
        context = browser.new_context(color_scheme=theme, viewport={"width": width, "height": 900})
        context.add_cookies([cookie])
        page = context.new_page()
        page.goto(f"{house.url}/alerts/")
        assert violations(page) == []
        assert overflow(page) <= 0
        page.goto(house.url + str(page.locator(".inc-link").first.get_attribute("href")))
        assert violations(page) == []
        assert overflow(page) <= 0
        context.close()
