"""The switch: done only when a re-read says so, never posted twice, its outcome unknown when nobody can tell."""

import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import violations
from tests.support.upstream import GET, LIST, SET_ACTIVE, Message, Reply, Upstream

pytestmark = pytest.mark.browser


def ask(page: Page, name: str, to: str, why: str) -> None:
    page.get_by_role("row").filter(has_text=name).get_by_role("switch").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why").fill(why)
    assert violations(page) == []
    dialog.get_by_role("button", name=f"Switch {to}").click()


def test_an_assay_is_switched_off_and_on_at_the_engine(at_house: Page) -> None:
    name = "Scheduled hour · EWR"
    for to in ("off", "on"):
        ask(at_house, name, to, f"trying the switch {to}")
        expect(at_house.get_by_role("dialog")).to_contain_text(f"{name} is {to}", timeout=20_000)
        at_house.get_by_role("dialog").get_by_role("link", name="Close").click()
    at_house.get_by_role("link", name=name, exact=True).click()
    audit = at_house.get_by_role("region", name="Switched").last
    expect(audit).to_contain_text("trying the switch off")
    expect(audit).to_contain_text("trying the switch on")


def test_a_time_out_leaves_the_outcome_unknown_until_upstream_tells(
    at_watched: Page, scripted: Upstream, console: list[str]
) -> None:
    """The call arrives, its answer does not; later reads fail too, and then one shows what became of it."""
    silent = [True]

    def swallow(path: str, body: Message) -> Reply | None:
        if path == SET_ACTIVE:
            scripted.switch(body["assay_id"], body["active"])
            return Reply(delay=30)
        return Reply(status=503, body=b"{}") if silent[0] and path in {GET, LIST} else None

    scripted.misbehave.append(swallow)
    try:
        ask(at_watched, "To be switched", "off", "a slow upstream")
        expect(at_watched.get_by_role("dialog")).to_contain_text("Outcome unknown", timeout=30_000)
        time.sleep(6)
        assert scripted.calls[SET_ACTIVE] == 1
        silent[0] = False
        expect(at_watched.get_by_role("dialog")).to_contain_text("To be switched is off", timeout=60_000)
        assert scripted.calls[SET_ACTIVE] == 1
    finally:
        scripted.misbehave.remove(swallow)
