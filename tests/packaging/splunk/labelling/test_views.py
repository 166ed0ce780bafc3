"""What the labelling page draws can be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.packaging.splunk.labelling.pages import log_in, mails, shoot, waiting

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from tests.servers.splunkd.state import Splunkd
    from tests.servers.splunkd.web import SplunkWeb

pytestmark = pytest.mark.slow


class TestThemes:
    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_text_has_contrast_in_both(
        self, splunk: Splunkd, web: SplunkWeb, context: BrowserContext, theme: str
    ) -> None:
        web.theme = theme
        mails(splunk)
        page = log_in(context, web)
        waiting(page, 5)
        page.keyboard.press("x")
        shoot(page, f"queue-{theme}")
        for part in (".row .title", ".row .asked", ".detail dt", ".detail dd", ".verdicts button"):
            assert contrast(page, part) >= 4.5, part


def contrast(page: Page, part: str) -> float:
    """The contrast of an element's text, as WCAG 2.1 has it."""
    return float(
        page.locator(part).first.evaluate(
            """(element) => {
              const light = (colour) => {
                const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((each) => each / 255)
                  .map((each) => each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
                return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
              let ground = element;
              const through = (each) => /, 0\\)$/.test(getComputedStyle(each).backgroundColor);
              while (through(ground)) ground = ground.parentElement;
              const pair = [light(getComputedStyle(element).color),
                            light(getComputedStyle(ground).backgroundColor)].sort((x, y) => y - x);
              return (pair[0] + 0.05) / (pair[1] + 0.05); }"""
        )
    )
