"""The engine's interactive documentation, whole under its strict policy."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.house import House

pytestmark = pytest.mark.browser


def test_every_operation_of_the_engine_is_described_and_can_be_tried(page: Page, house: House) -> None:
    page.goto(f"http://127.0.0.1:{house.engine_port}/v1/api/docs")
    expect(page.get_by_role("heading", name="Driftline engine")).to_be_visible()
    for path in ("features/list", "assays/get", "assays/get/:id", "get_results", "get_next_run", "set_active"):
        expect(page.locator(f'[data-path$="{path}"]').first).to_be_visible()
    page.locator('[data-path="/v1/api/features/list"]').click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".responses-table.live-responses-table").get_by_text("401", exact=True)).to_be_visible()
