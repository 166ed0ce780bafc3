"""The labelling page in a real browser: what it shows, and to whom."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.packaging.splunk.labelling.pages import (
    NAMES,
    PASSWORD,
    ask,
    eventually,
    log_in,
    mails,
    shoot,
    told,
    verdicts,
    waiting,
)

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route

    from tests.servers.splunkd.state import Splunkd
    from tests.servers.splunkd.web import SplunkWeb

pytestmark = pytest.mark.slow


class TestQueue:
    def test_the_filter_narrows_rows_and_selection(self, splunk: Splunkd, page: Page) -> None:
        page.keyboard.press("/")
        page.keyboard.type("invoice")
        page.keyboard.press("Enter")
        assert page.locator(".row").count() == 1
        page.keyboard.press("a")
        page.keyboard.press("m")
        [verdict] = eventually(lambda: verdicts(splunk), 1)
        assert verdict["incident_uid"] == NAMES[3]
        page.get_by_text("Nothing that waits matches the filter").wait_for()
        page.keyboard.press("Escape")
        page.locator(".row").nth(3).wait_for()

    def test_thousands_of_incidents_are_shown_in_parts(
        self, splunk: Splunkd, web: SplunkWeb, context: BrowserContext
    ) -> None:
        ask(splunk, *({"message": f"mail number {number}"} for number in range(5000)))
        page = log_in(context, web)
        waiting(page, 5000)
        assert page.locator(".row").count() == 50
        for _ in range(60):
            page.keyboard.press("j")
        assert page.locator(".row").count() == 100
        assert page.locator(".row.current .title").inner_text() == "mail number 60"
        page.keyboard.press("m")
        waiting(page, 4999)

    def test_the_newest_request_is_first(
        self, splunk: Splunkd, web: SplunkWeb, context: BrowserContext
    ) -> None:
        minute = 1767600000  # one of the clock begins within the second request
        ask(splunk, *({"message": each} for each in "ab"), requested=minute - 3600)
        ask(splunk, *({"message": each} for each in "cdef"), requested=minute - 0.0015)
        page = log_in(context, web)
        waiting(page, 6)
        assert page.locator(".row .title").all_inner_texts() == list("cdefab")

    def test_a_refresh_without_news_keeps_the_view(
        self, splunk: Splunkd, web: SplunkWeb, context: BrowserContext
    ) -> None:
        ask(splunk, {"message": "x" * 5000})
        page = log_in(context, web)
        waiting(page, 1)
        page.evaluate("window.dispatchEvent(new Event('focus'))")  # from here on there is no news
        page.wait_for_timeout(500)
        page.get_by_role("button", name=re.compile("more")).click()
        with page.expect_response(re.compile("sftsec_verdicts")):
            page.evaluate("window.dispatchEvent(new Event('focus'))")
        page.wait_for_timeout(300)
        assert "x" * 5000 in page.locator(".detail dd").inner_text()

    @pytest.mark.parametrize(("key", "box"), [("/", "Filter"), ("r", "Reason")])
    def test_a_save_that_ends_keeps_the_focus(
        self, splunk: Splunkd, page: Page, key: str, box: str
    ) -> None:
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        page.route(re.compile("batch_save"), hold)
        with page.expect_request(re.compile("batch_save")):
            page.keyboard.press("m")
        page.keyboard.press(key)
        page.keyboard.type("mail")
        page.wait_for_timeout(50)
        with page.expect_response(re.compile("batch_save")):
            held[0].continue_()
        page.wait_for_timeout(200)
        page.keyboard.type("box")
        assert page.get_by_label(box, exact=True).input_value() == "mailbox"
        assert len(verdicts(splunk)) == 1

    def test_the_help_names_every_verdict(self, splunk: Splunkd, page: Page) -> None:
        page.keyboard.press("?")
        dialog = page.get_by_role("dialog", name="Keyboard")
        dialog.wait_for()
        shoot(page, "help-light")
        text = dialog.inner_text()
        assert all(word in text for word in ("malicious", "benign", "undetermined", "undo"))
        page.keyboard.press("m")
        page.keyboard.press("Escape")
        dialog.wait_for(state="detached")
        assert verdicts(splunk) == [], "keys behind a dialog do nothing"


class TestAccess:
    def test_the_form_key_is_splunk_webs(
        self, splunk: Splunkd, web: SplunkWeb, context: BrowserContext, page: Page
    ) -> None:
        """A browser keeps cookies by host, whatever the port: there may be another Splunk on it."""
        context.add_cookies([{"name": "splunkweb_csrf_token_1", "value": "7", "url": web.url}])
        page.keyboard.press("m")
        told(page, "1 incident judged malicious")
        assert len(eventually(lambda: verdicts(splunk), 1)) == 1

    def test_users_without_the_right_see_nothing(
        self, splunk: Splunkd, web: SplunkWeb, context: BrowserContext
    ) -> None:
        mails(splunk)
        splunk.add_user("eve", PASSWORD, ["user"])
        page = log_in(context, web, user="eve")
        page.get_by_text("that takes the role sftsec_analyst").wait_for()
        assert page.locator(".row").count() == 0

    def test_a_hostile_event_runs_nothing(
        self, splunk: Splunkd, web: SplunkWeb, context: BrowserContext
    ) -> None:
        payload = (
            "<script>window.owned=1</script><img src=x onerror='window.owned=1'>"
            '"><svg onload=window.owned=1><a href="javascript:window.owned=1">x</a>'
        )
        hostile = {"message": payload, payload: payload, "url": "javascript:window.owned=1"}
        ask(splunk, hostile, task=payload)
        ask(splunk, {"message": "mine"})
        page = log_in(context, web)
        waiting(page, 2)
        page.keyboard.press("j")
        page.keyboard.press("m")
        page.keyboard.press("m")
        page.get_by_role("tab", name="Judged").click()
        page.locator(".entry").nth(1).wait_for()
        assert page.evaluate("window.owned") is None
        assert page.locator(".sftsec script, .sftsec img, .sftsec svg, .sftsec a").count() == 0
        assert payload in page.locator(".sftsec").inner_text()
