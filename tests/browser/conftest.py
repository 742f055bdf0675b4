"""A real Chromium before the whole of Driftline, signed in, its console watched.

Two houses stand: `house` is what `make run` starts, with its engine over the bundled year; `watched` has an instance
instead that says and does what a test tells it to.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from launch.browser import find_or_install
from playwright.sync_api import ConsoleMessage, Page, expect

from tests.support import messages
from tests.support.house import House, copy_checkout, wait_until
from tests.support.upstream import Upstream, serving

LAUNCH = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHRASE = "a long pass phrase"
HOSTILE = {
    "markup": '<img src=x onerror="document.title=1"><b>bold</b>',
    "script": "</script><script>document.title='taken'</script>",
    "template": "{{ 7 }}{% now 'Y' %}${7*7}",
    "right to left": "\u202egnp.exe \u05d0\u05d1\u05d2 after",
    "endless": "x" * 10_000,
    "quotes": "\"'`&amp;--><!--",
}


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, "executable_path": find_or_install(), "args": list(LAUNCH)}


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(copy_checkout(tmp_path_factory.mktemp("browser") / "driftline"))
    try:
        house.start()
        await_text(house, "Delay probability, seven days")
        yield house
    finally:
        house.end()


@pytest.fixture(scope="session")
def scripted() -> Iterator[Upstream]:
    """Hourly assays over two days: one to switch, and one for each hostile name, which stands in all its texts."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with serving() as upstream:
        _serve(upstream, messages.assay(1, name="To be switched", first_run=now - timedelta(days=2)), now)
        for number, text in enumerate(HOSTILE.values(), start=2):
            _serve(upstream, _hostile(number, text, now), now)
        yield upstream


def _serve(upstream: Upstream, assay: messages.Message, now: datetime) -> None:
    ends = [now - timedelta(hours=hours) for hours in range(48)]
    told = messages.results(assay, ends, [0.05 * (hours % 5) for hours in range(48)])
    upstream.assays[assay["id"]], upstream.results[assay["id"]] = assay, told
    upstream.runs[assay["id"]] = messages.runs(now, now + timedelta(hours=1))
    if (text := assay["name"]) in HOSTILE.values():
        told[1] |= messages.result(assay, ends[1], f"failed {text}")
        for result in (told[0], *told[2:]):
            result["workspace_name"] = f"place {text}"
            for summary in result["summaries"].values():
                summary["bins"]["labels"] = [f"label {text}"] * len(summary["bins"]["labels"])


def _hostile(number: int, text: str, now: datetime) -> messages.Message:
    field, first = f"out.{text}", now - timedelta(days=2)
    assay = messages.assay(
        number, name=text, first_run=first, fields={field: (0.1, 0.2)}, workspace=100 + number, pipeline=100 + number
    )
    assay["targeting"]["data_origin"] |= {"workspace_name": f"place {text}", "pipeline_name": f"line {text}"}
    for summary in assay["baseline"]["Summary"].values():
        summary["bins"]["labels"] = [f"label {text}"] * len(summary["bins"]["labels"])
    return assay


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory, scripted: Upstream) -> Iterator[House]:
    settings = {
        "WALLAROO_URL": scripted.url,
        "WALLAROO_REQUEST_TIMEOUT": "2",
        "DRIFTLINE_NOTICE_NETWORKS": "127.0.0.0/8",
    }
    house = House(copy_checkout(tmp_path_factory.mktemp("watched") / "driftline"), settings)
    try:
        house.start()
        await_text(house, "To be switched")
        yield house
    finally:
        house.end()


def await_text(house: House, text: str) -> None:
    """Until the first sync has brought what the tests look at."""
    session = signed_in(house)
    wait_until(lambda: text in session.get(house.url, timeout=10).text, 120, lambda: house.output[-3000:])


def signed_in(house: House) -> requests.Session:
    session = requests.Session()
    link = house.call("make", "link")
    assert link.returncode == 0, link.stderr
    session.get(link.stdout.strip(), timeout=10)
    return session


def operator(house: House) -> dict[str, str]:
    return {"name": "sessionid", "value": str(signed_in(house).cookies["sessionid"]), "url": house.url}


def administrator(house: House, name: str) -> dict[str, str]:
    """The session of a new account that came in by the command's link."""
    made = house.call(".venv/bin/python", "manage.py", "person", "create", name, "--role", "admin")
    assert made.returncode == 0, made.stderr
    session = requests.Session()
    form = session.get(made.stdout.strip(), timeout=10)
    words = {"new_password1": PHRASE, "new_password2": PHRASE}
    session.post(form.url, {**words, "csrfmiddlewaretoken": _token_in(form.text)}, timeout=10)
    sign_in = session.get(f"{house.url}/sign-in/", timeout=10)
    asked = {"username": name, "password": PHRASE, "csrfmiddlewaretoken": _token_in(sign_in.text)}
    session.post(sign_in.url, asked, timeout=10)
    return {"name": "sessionid", "value": str(session.cookies["sessionid"]), "url": house.url}


def _token_in(text: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', text)
    assert found
    return found[1]


@pytest.fixture(scope="session")
def cookie(house: House) -> dict[str, str]:
    return operator(house)


@pytest.fixture(scope="session")
def watched_cookie(watched: House) -> dict[str, str]:
    return operator(watched)


@pytest.fixture
def at_house(page: Page, house: House, cookie: Any) -> Page:
    """The overview of the bundled year."""
    page.context.add_cookies([cookie])
    page.goto(house.url)
    return page


@pytest.fixture
def at_watched(page: Page, watched: House, watched_cookie: Any) -> Page:
    """The overview of the instance that does what it is told."""
    page.context.add_cookies([watched_cookie])
    page.goto(watched.url)
    return page


@pytest.fixture
def console(page: Page) -> list[str]:
    """A violation of the policy, a script's error or a missing file shows here, and nowhere else."""
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            said.append(f"{message.text} ({message.location.get('url', '')})")

    page.on("console", listen)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


@pytest.fixture(autouse=True)
def _quiet_console(console: list[str]) -> Iterator[None]:
    yield
    assert console == []


def open_assay(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).click()
    drawn(page)


def drawn(page: Page) -> None:
    expect(page.locator("#plot .main-svg").first).to_be_visible()
    expect(page.locator("#plot")).to_have_attribute("data-drawn", re.compile(r"\d+"))


def violations(page: Page) -> list[str]:
    """What axe finds: rule, and where."""
    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {[node['target'] for node in rule['nodes']][:5]}" for rule in found]


def overflow(page: Page) -> int:
    """By how many pixels the page scrolls sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
