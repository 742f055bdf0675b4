"""Insight as a person uses it: by mouse, by keys and by touch, each thing in the address that can be sent to others."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import drawn, open_assay, violations

pytestmark = pytest.mark.browser

ALERT_HEIGHT = """() => {
  const plot = document.getElementById("plot");
  const axis = plot._fullLayout.yaxis;
  const line = plot.data.find((trace) => trace.name === "alert");
  return plot.getBoundingClientRect().top + axis._offset + axis.l2p(line.y[0]);
}"""


@pytest.fixture
def assay(at_house: Page) -> Page:
    open_assay(at_house, "Delay probability, seven days")
    drawn(at_house)
    return at_house


def try_others(page: Page) -> None:
    page.get_by_role("link", name="What if…").click()
    expect(page.locator("#whatif-form")).to_be_visible()
    page.locator("#plot").scroll_into_view_if_needed()


def middle(page: Page) -> tuple[float, float]:
    plot = page.locator("#plot .nsewdrag").first.bounding_box()
    assert plot is not None
    return plot["x"] + plot["width"] / 2, float(page.evaluate(ALERT_HEIGHT))


def test_the_alert_line_is_dragged_by_the_mouse_and_counted_anew(assay: Page) -> None:
    try_others(assay)
    typed, before = assay.locator("#whatif-form [name=alert]"), assay.locator("[data-alerts]").inner_text()
    was = float(typed.input_value())
    x, y = middle(assay)
    assay.mouse.move(x, y)
    assay.mouse.down()
    assay.mouse.move(x, y + 40, steps=5)
    assay.mouse.up()
    expect(assay.locator("[data-alerts]")).not_to_have_text(before)
    assert float(typed.input_value()) < was
    assert assay.evaluate("document.getElementById('plot')._fullLayout.xaxis.type") == "date"


def test_a_threshold_is_typed_and_the_line_follows(assay: Page) -> None:
    try_others(assay)
    before = assay.evaluate(ALERT_HEIGHT)
    assay.locator("#whatif-form [name=alert]").fill("0.01")
    assay.locator("#whatif-form [name=warning]").fill("")
    expect(assay.locator("[data-alerts]")).not_to_have_text("0")
    assert assay.evaluate(ALERT_HEIGHT) > before


def test_the_alert_line_is_dragged_by_a_finger(browser: Browser, assay: Page) -> None:
    context = browser.new_context(
        storage_state=assay.context.storage_state(), viewport={"width": 380, "height": 800}, has_touch=True
    )
    page = context.new_page()
    page.goto(assay.url)
    drawn(page)
    try_others(page)
    typed = page.locator("#whatif-form [name=alert]")
    was = float(typed.input_value())
    x, y = middle(page)
    finger = context.new_cdp_session(page)
    for kind, points in (
        ("touchStart", [{"x": x, "y": y}]),
        ("touchMove", [{"x": x, "y": y + 15}]),
        ("touchMove", [{"x": x, "y": y + 30}]),
        ("touchEnd", []),
    ):
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    expect(typed).not_to_have_value(str(was))
    assert float(typed.input_value()) < was
    context.close()


def test_a_window_is_compared_with_the_one_of_last_week_by_keys(assay: Page) -> None:
    menu = assay.locator("details.against")
    menu.locator("summary").focus()
    assay.keyboard.press("Enter")
    choice = menu.get_by_role("link", name=re.compile("week before"))
    choice.focus()
    assay.keyboard.press("Enter")
    expect(assay).to_have_url(re.compile("against=week"))
    expect(assay.locator("#window")).to_contain_text("against the baseline")
    assay.reload()
    expect(assay.locator("#window")).to_contain_text("against the baseline")


def test_statistics_are_drawn_when_they_are_opened(assay: Page) -> None:
    assay.get_by_text("Statistics over time").click()
    expect(assay.locator("#multiples[data-drawn]")).to_be_visible()
    assert violations(assay) == []


def test_chosen_fields_are_drawn_together(assay: Page) -> None:
    assay.get_by_role("link", name="What moved in it").click()
    expect(assay.locator("#together[data-drawn]")).to_be_visible()
    for box in assay.get_by_role("checkbox").all()[2:]:
        box.uncheck()
    assay.get_by_role("button", name="Show the chosen together").click()
    expect(assay.locator(".together-key svg.dash")).to_have_count(2)
    expect(assay).to_have_url(re.compile(r"of=\d+&of=\d+"))


def test_a_finding_is_dismissed_and_taken_up_again(at_house: Page) -> None:
    at_house.goto(at_house.url + "doctor/?kind=ageing+baseline")
    at_house.get_by_role("link", name=re.compile("^Dismiss ")).first.click()
    at_house.get_by_label("Why it may stay so").fill("a trial")
    at_house.get_by_role("button", name="Dismiss it").click()
    expect(at_house.get_by_role("link", name=re.compile("^Dismissed"))).to_contain_text("1")
    at_house.get_by_role("link", name=re.compile("^Dismissed")).click()
    expect(at_house.get_by_role("main")).to_contain_text("a trial")
    at_house.get_by_role("button", name="Take up again").click()
    expect(at_house.get_by_role("link", name=re.compile("^Dismissed"))).to_contain_text("0")


def test_the_program_is_shown_in_a_dialog(assay: Page) -> None:
    assay.get_by_text("Export").click()
    assay.get_by_role("link", name="Program that reads this").click()
    expect(assay.get_by_label("With requests")).to_contain_text("/v1/api/series")
    assert violations(assay) == []
