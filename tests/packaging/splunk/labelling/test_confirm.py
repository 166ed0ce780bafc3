"""A link from a search to the labelling page: it asks before it saves."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.packaging.splunk.labelling.pages import (
    PAGE,
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


class TestLink:
    def test_asks_before_it_saves(
        self, splunk: Splunkd, web: SplunkWeb, context: BrowserContext
    ) -> None:
        splunk.index_event('{"message": "claim your prize", "src": "192.0.2.7"}')
        splunk.index_event('{"message": "see you at noon", "src": "192.0.2.8"}')
        page = log_in(context, web)
        waiting(page, 0)
        shoot(page, "empty-light")
        sid = search_job(splunk, web, page, "search index=main | fields *")
        page.goto(f"{web.url}{PAGE}?sid={sid}&offset=1&verdict=malicious")
        dialog = page.get_by_role("dialog", name="Judge this event")
        dialog.get_by_text("claim your prize").first.wait_for()
        shoot(page, "confirm-light")
        page.wait_for_timeout(300)
        assert verdicts(splunk) == [], "a link must never write"
        page.keyboard.press("Enter")
        [verdict] = eventually(lambda: verdicts(splunk), 1)
        assert verdict["verdict"] == "malicious"
        assert json.loads(verdict["event"])["src"] == "192.0.2.7"
        named = 'eval incident_uid=_bkt."@@"._cd | table incident_uid'
        [row] = splunk.search(f'search index=main src="192.0.2.7" | {named}')
        assert verdict["incident_uid"] == row["incident_uid"]
        assert "sid" not in page.url

    def test_is_cancelled_or_changed_by_keyboard(
        self, splunk: Splunkd, web: SplunkWeb, context: BrowserContext
    ) -> None:
        splunk.index_event('{"message": "claim your prize"}')
        page = log_in(context, web)
        waiting(page, 0)
        sid = search_job(splunk, web, page, "search index=main | fields *")
        link = f"{web.url}{PAGE}?sid={sid}&offset=0&verdict=nonsense"
        page.goto(link)
        save = page.get_by_role("button", name=re.compile("Save verdict"))
        save.wait_for()
        assert save.is_disabled(), "a word that is not offered is not chosen"
        page.keyboard.press("Escape")
        save.wait_for(state="detached")
        page.goto(link)
        save.wait_for()
        page.keyboard.press("b")
        page.keyboard.press("Enter")
        assert [each["verdict"] for each in eventually(lambda: verdicts(splunk), 1)] == ["benign"]

    def test_takes_an_old_verdict_back(
        self, splunk: Splunkd, web: SplunkWeb, context: BrowserContext
    ) -> None:
        splunk.index_event('{"message": "claim your prize"}')
        [row] = splunk.search('search index=main | eval incident_uid=_bkt."@@"._cd')
        month_ago = {"incident_uid": row["incident_uid"], "time": splunk.now() - 30 * 86400,
                     "retracts": "", "reason": "", "source": "search"}  # fmt: skip
        for key, analyst in (("a", "ann"), ("b", "bob")):
            said = {**month_ago, "_key": key * 40, "verdict": "malicious", "analyst": analyst}
            splunk.collections["sftsec", "sftsec_verdicts"].insert("nobody", said)
        page = log_in(context, web)
        waiting(page, 0)
        sid = search_job(splunk, web, page, "search index=main | fields *")
        page.goto(f"{web.url}{PAGE}?sid={sid}&offset=0")
        dialog = page.get_by_role("dialog", name="Judge this event")
        dialog.get_by_text("malicious by bob").wait_for()
        shoot(page, "confirm-judged-light")
        dialog.get_by_role("button", name="Take back").click()
        told(page, "Taken back: malicious")
        assert eventually(lambda: verdicts(splunk), 3)[-1]["retracts"] == "a" * 40


def search_job(splunk: Splunkd, web: SplunkWeb, page: Page, search: str) -> str:
    """Run a search as the page's user, and give its sid."""
    return str(
        page.evaluate(
            """async (search) => {
              const key = document.cookie.match(/splunkweb_csrf_token_\\d+=([^;]*)/)[1];
              const body = new URLSearchParams(
                { search, exec_mode: "blocking", output_mode: "json" });
              const answer = await fetch("/en-US/splunkd/__raw/services/search/v2/jobs", {
                method: "POST", body, headers: { "X-Splunk-Form-Key": key } });
              return (await answer.json()).sid; }""",
            search,
        )
    )
