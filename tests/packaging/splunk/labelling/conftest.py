"""The labelling page in a real browser, in front of a search head with the app."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.packaging.splunk.labelling.pages import PASSWORD, log_in, mails, waiting
from tests.servers.browser import start_browser
from tests.servers.splunkd.web import SplunkWeb, start_web

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.servers.splunkd.state import Splunkd


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with start_browser() as browser:
        yield browser


@pytest.fixture
def web(splunk: Splunkd, app_folder: Path) -> Iterator[SplunkWeb]:
    for name in ("ann", "bob"):
        splunk.add_user(name, PASSWORD, ["user", "sftsec_analyst"])
    with start_web(splunk, {"sftsec": app_folder}) as web:
        yield web


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US")
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def page(splunk: Splunkd, web: SplunkWeb, context: BrowserContext) -> Page:
    """The page with the five mails, as Ann sees it."""
    mails(splunk)
    page = log_in(context, web)
    waiting(page, 5)
    return page
