"""The labelling page in a browser: a window, a log-in, a picture."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sftsec_core.server.label_page import PAGE
from tests.core.server.labelling import TOKENS, LabelSite

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

SHOTS = os.environ.get("SFTSEC_TEST_SHOTS")  # a folder: keep pictures of the page there


def new_context(browser: Browser, **more: Any) -> BrowserContext:
    size = {"width": 1280, "height": 850}
    made = browser.new_context(**{"viewport": size, "locale": "en-US", **more})
    made.set_default_timeout(8000)
    return made


def log_in(context: BrowserContext, site: LabelSite, name: str = "ann") -> Page:
    page = context.new_page()
    page.goto(site.url + PAGE)
    page.get_by_label("Your token").fill(TOKENS[name])
    page.keyboard.press("Enter")
    page.get_by_role("tab", name="Needs a verdict").wait_for()
    return page


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"label-{name}.png")
