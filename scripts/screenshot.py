"""Pictures of the running Driftline for the README: `python scripts/screenshot.py`, with `make run` on."""

import subprocess
import sys

from launch.browser import find_or_install
from launch.layout import PYTHON, ROOT
from launch.preflight import is_running

FOLDER = ROOT / "docs" / "screenshots"
THEMES = ("light", "dark")
SIZE = {"width": 1280, "height": 860}
PAGES = {"overview": "/", "alerts": "/alerts/", "history": "/history/"}


def main() -> int:
    if not is_running():
        print("Driftline is not running in this folder; `make run` starts it.", file=sys.stderr)
        return 2
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  (installed by then)

    FOLDER.mkdir(exist_ok=True)
    link = subprocess.run([PYTHON, "scripts/link.py"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_or_install(), args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport=SIZE)
        page = context.new_page()
        page.goto(link.strip())
        overview = page.url
        assay = page.locator("a[href*='/assays/']", has_text="Delay probability · LGA").first.get_attribute("href")
        for theme in THEMES:
            context.add_cookies([{"name": "theme", "value": theme, "url": overview}])
            for name, address in {**PAGES, "assay": str(assay)}.items():
                page.goto(overview.rstrip("/") + address)
                page.wait_for_load_state("networkidle")
                page.screenshot(path=FOLDER / f"{name}-{theme}.png")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
