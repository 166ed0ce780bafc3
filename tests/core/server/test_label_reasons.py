"""The words that decided, as the labelling page marks them in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from sftsec_core.api.domain import Attribution, Explanation
from tests.core.server.label_browser import log_in, new_context, shoot
from tests.core.server.labelling import BIDI, TEXTS, LabelSite, label_site, mails, queued, reasons
from tests.servers.browser import start_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelSite]:
    with label_site(tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture
def site(served: LabelSite) -> LabelSite:
    served.reset()
    served.context.label_queue.add(mails())
    return served


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with start_browser() as browser:
        yield browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = new_context(browser)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, site: LabelSite) -> Page:
    return log_in(context, site)


class TestWhy:
    def test_marks_the_words_that_decided(self, page: Page) -> None:
        detail = page.locator(".detail")
        marks = detail.locator("dd mark")
        assert marks.all_inner_texts() == ["mailbox", "verify", "account"]
        looks = marks.evaluate_all(
            "found => found.map((each) => [getComputedStyle(each, '::before').content, "
            "getComputedStyle(each).textDecorationStyle])"
        )
        assert looks == [['"+"', "solid"], ['"+"', "solid"], ['"\u2212"', "dotted"]]
        # The signs are no part of what an analyst copies.
        assert detail.locator("dd").first.inner_text() == TEXTS[0][0]
        assert "Why because of `verify`" in detail.inner_text()

    def test_names_them_without_marks_too(self, page: Page) -> None:
        page.get_by_text("Figures").click()
        table = page.get_by_role("table", name="Log-odds: above 0 for malicious")
        rows = [each.inner_text().split("\t") for each in table.get_by_role("row").all()[1:]]
        assert rows == [
            ["+1.40", "verify", "message"],
            ["+0.75", "mailbox", "message"],
            ["\u22120.30", "account", "message"],
        ]
        shoot(page, "why")

    def test_hostile_words_stay_in_place(self, site: LabelSite, context: BrowserContext) -> None:
        evil = f"<b>pay{BIDI}</b>"
        text = f"\U0001f9ff\U0001f9ff {evil} now {'x ' * 300}late"
        why = reasons(text, **{evil: 2.0, "late": 1.0})
        site.context.label_queue.add([queued(6, text, explanation=why)])
        page = log_in(context, site)
        assert page.locator("dd mark").all_inner_texts() == ["<b>payU+202E</b>"]
        assert page.locator("b").count() == 0
        page.get_by_role("button", name=re.compile("more characters, 1 marked")).click()
        assert page.locator("dd mark").all_inner_texts() == ["<b>payU+202E</b>", "late"]

    def test_what_decided_is_among_the_first_fields(
        self, site: LabelSite, context: BrowserContext
    ) -> None:
        fields = {f"a{number:02}": "-" for number in range(20)} | {"zone": "evil"}
        mark = Attribution("zone", "evil", 1.0, (0, 4))
        why = Explanation("malicious", "benign", "exact", "because of `evil`", (mark,)).to_json()
        site.context.label_queue.add([queued(6, "hello", fields=fields, explanation=why)])
        page = log_in(context, site)
        assert page.locator("dd").first.inner_text() == "evil"
