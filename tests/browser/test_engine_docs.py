"""The engine's interactive documentation, whole under its strict policy."""

import json

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.support.engine import TOKEN
from tests.support.house import House

pytestmark = pytest.mark.browser


def token(house: House) -> str:
    engine = json.loads((house.folder / "var" / "run.json").read_text())["engine"]
    form = {"grant_type": "password", "client_id": "sdk-client"}
    form |= {"username": engine["user"], "password": engine["password"]}
    return str(requests.post(engine["url"] + TOKEN, data=form, timeout=10).json()["access_token"])


def test_every_operation_of_the_engine_is_described_and_can_be_tried(page: Page, house: House) -> None:
    page.goto(f"http://127.0.0.1:{house.engine_port}/v1/api/docs")
    expect(page.get_by_role("heading", name="Driftline engine")).to_be_visible()
    for path in ("features/list", "assays/get", "assays/get/:id", "get_results", "get_next_run", "set_active"):
        expect(page.locator(f'[data-path$="{path}"]').first).to_be_visible()
    page.get_by_role("button", name="Authorize", exact=True).click()
    page.locator(".auth-container input").fill(token(house))
    page.locator(".auth-container button.authorize").click()
    page.get_by_role("button", name="Close", exact=True).click()
    page.locator('[data-path="/v1/api/features/list"]').click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
