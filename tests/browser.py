"""A Chromium for the tests of the page: run as a script it says which one, or ends with status 1."""

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Playwright, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Quiet and closed: no sandbox where the tests run as root, and nothing asked of anybody.
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip


def chromium_path(playwright: Playwright) -> str | None:
    """Return the path of a Chromium: SENDCYCLE_CHROMIUM, one that is installed, or Playwright's own."""
    own = playwright.chromium.executable_path
    candidates = [os.environ.get("SENDCYCLE_CHROMIUM"), *(shutil.which(name) for name in NAMES), own]
    return next((path for path in candidates if path and Path(path).exists()), None)


def launch(playwright: Playwright) -> Browser:
    """Return a running browser."""
    return playwright.chromium.launch(executable_path=chromium_path(playwright), args=FLAGS, timeout=0)


if __name__ == "__main__":
    with sync_playwright() as tools:
        path = chromium_path(tools)
    print(f"the page is tested in {path}" if path else "there is no Chromium")
    sys.exit(0 if path else 1)
