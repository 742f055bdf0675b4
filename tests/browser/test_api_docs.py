"""The API's own page: every call is shown, a call can be tried out by who is signed in, and no policy is broken."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.house import House

pytestmark = pytest.mark.browser


def test_calls_are_shown_and_can_be_tried_out(at_house: Page, house: House, console: list[str]) -> None:
    at_house.goto(f"{house.url}/v1/api/docs")
    call = at_house.locator("#operations-default-v2_api_assays_get_next_run")
    expect(call).to_contain_text("When an assay last ran and runs next")
    states = at_house.locator("#operations-default-v1_api_states")
    states.click()
    states.get_by_role("button", name="Try it out").click()
    states.get_by_role("button", name="Execute").click()
    expect(states.locator(".live-responses-table tbody .response-col_status").first).to_contain_text("200")
    assert console == []
