"""A real browser, driven: the system's own Chromium; none is ever downloaded. Playwright belongs to development."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip


class BrowserMissing(Exception):
    """There is no browser, or nothing to drive it, or nothing to show; the message says what to install."""


@contextmanager
def driven_browser() -> Iterator[Any]:
    """A running browser (Playwright's `Browser`). Raises BrowserMissing."""
    try:
        driver = import_module("playwright.sync_api")
    except ImportError:
        raise BrowserMissing("Playwright, which drives the browser, is missing: pip install playwright") from None
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None:
        raise BrowserMissing(f"There is no browser: one of {', '.join(BROWSERS)} is needed.")
    with driver.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=list(QUIET))
        yield running
        running.close()
