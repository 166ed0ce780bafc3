"""Copies of one event on the labelling page: shown as one, each with a verdict of its own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.packaging.splunk.labelling.pages import (
    ask,
    eventually,
    log_in,
    shoot,
    told,
    verdicts,
    waiting,
)

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from tests.servers.splunkd.state import Splunkd
    from tests.servers.splunkd.web import SplunkWeb

pytestmark = pytest.mark.slow


@pytest.fixture
def copies(splunk: Splunkd, web: SplunkWeb, context: BrowserContext) -> Page:
    """One mail to four people, two alerts of one rule, and a mail of another text."""
    fields = {"subject": "Prize", "message": "claim it now"}
    mails = ({**fields, "recipient": f"user{n}", "src": f"192.0.2.{n % 2}"} for n in range(4))
    alerts = ({"search_name": "Scan", "dest": f"web-{n}", "probability": 0.9} for n in range(2))
    ask(splunk, {**fields, "message": "claim it later"}, *mails, *alerts)
    page = log_in(context, web)
    waiting(page, 7)
    return page


class TestCopies:
    def test_are_one_row_and_four_verdicts(self, splunk: Splunkd, copies: Page) -> None:
        assert copies.locator(".row").count() == 4
        assert copies.locator(".row .alike").all_inner_texts() == ["4 alike"]
        copies.keyboard.press("j")
        said = copies.locator(".detail .many").inner_text()
        assert "4 alike: a verdict is for each of them" in said
        assert "They differ in recipient (4), src (2)" in said
        shoot(copies, "alike-light")
        copies.keyboard.press("m")
        told(copies, "4 incidents judged malicious")
        waiting(copies, 3)
        given = eventually(lambda: verdicts(splunk), 4)
        assert len({each["incident_uid"] for each in given}) == 4
        assert {json.loads(each["event"])["recipient"] for each in given} == {
            f"user{n}" for n in range(4)
        }
        copies.keyboard.press("z")
        told(copies, "Taken back: 4 verdicts of malicious")
        waiting(copies, 7)

    def test_are_judged_alone_when_apart(self, splunk: Splunkd, copies: Page) -> None:
        copies.keyboard.press("j")
        copies.keyboard.press("g")
        assert copies.locator(".row").count() == 7
        assert "Shown apart from 3 alike" in copies.locator(".detail .many").inner_text()
        copies.keyboard.press("j")
        copies.keyboard.press("b")
        waiting(copies, 6)
        [verdict] = eventually(lambda: verdicts(splunk), 1)
        assert json.loads(verdict["event"])["recipient"] == "user1"
        copies.keyboard.press("g")
        assert copies.locator(".row .alike").all_inner_texts() == ["3 alike"]

    def test_selected_are_counted_with_copies(self, copies: Page) -> None:
        copies.keyboard.press("Shift+J")
        assert "5 incidents are selected" in copies.locator(".detail .many").inner_text()

    def test_the_order_can_be_chosen(self, copies: Page) -> None:
        titles = copies.locator(".row .title")
        assert titles.first.inner_text() == "claim it later"
        copies.get_by_label("Order").select_option(label="Most alike")
        assert titles.first.inner_text() == "claim it now"
        copies.get_by_label("Order").select_option(label="Most probable attack")
        assert titles.all_inner_texts()[:2] == ["Scan", "Scan"]
