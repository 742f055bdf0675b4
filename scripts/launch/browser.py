"""Finds a Chromium for the tests, or installs one: Debian's when root, else Playwright's."""

import os
import shutil
import subprocess
from pathlib import Path

from launch.layout import PYTHON, VAR, Refusal

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PACKAGES = ("chromium", "fonts-dejavu-core", "fonts-liberation")


def find_or_install() -> str:
    """The path of an executable browser."""
    if found := _find():
        return found
    print("Driftline: installing Chromium for the tests", flush=True)
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _run(["apt-get", "update", "-qq"])
        _run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", *PACKAGES])
    if not (found := _find()):
        _run([str(PYTHON), "-m", "playwright", "install", "chromium"], PLAYWRIGHT_BROWSERS_PATH=str(_own_browsers()))
        found = _find()
    if not found:
        raise Refusal("The browser tests need Chromium: install one, or name it in DRIFTLINE_TEST_CHROMIUM.")
    return found


def _find() -> str | None:
    if named := os.environ.get("DRIFTLINE_TEST_CHROMIUM"):
        return named
    downloads = [
        _own_browsers(),
        Path.home() / ".cache" / "ms-playwright",
        Path.home() / "Library/Caches/ms-playwright",
    ]
    downloaded = (path for folder in downloads for path in sorted(folder.glob("chromium-*/*/*")))
    executables = (str(path) for path in downloaded if path.name in {"chrome", "Chromium.app"})
    return next(filter(None, map(shutil.which, NAMES)), None) or next(executables, None)


def _own_browsers() -> Path:
    return VAR / "browsers"


def _run(command: list[str], **environment: str) -> None:
    """A failure is judged by what can be found afterwards."""
    settings = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", **environment}
    subprocess.run(command, env=settings, stdin=subprocess.DEVNULL)
