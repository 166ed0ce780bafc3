"""What the labelling page draws can be read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.packaging.splunk.labelling.pages import (
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


class TestRows:
    def test_the_probability_is_the_attacks(
        self, splunk: Splunkd, web: SplunkWeb, context: BrowserContext
    ) -> None:
        [uid] = ask(splunk, {"message": "lunch at noon", "probability": 0.03})
        [document] = splunk.kv("sftsec", "sftsec_queue")
        queue = splunk.collections["sftsec", "sftsec_queue"]
        queue.replace("nobody", str(document["_key"]), {**document, "label": "benign"})
        page = log_in(context, web)
        waiting(page, 1)
        said = page.locator(".detail .model").inner_text()
        assert "The model says benign" in said
        assert "attack 3 %" in said
        assert "attack 3 %" in page.locator(f'.row [data-uid="{uid}"] .about').inner_text()

    def test_tell_when_and_where_an_event_happened(
        self, splunk: Splunkd, web: SplunkWeb, context: BrowserContext
    ) -> None:
        event = {"message": "encoded command", "rule.name": "PowerShell", "severity": "high",
                 "dest": "ws-17", "user": ["kim", "lee"], "host": "collector-1"}  # fmt: skip
        ask(splunk, event)
        page = log_in(context, web)
        waiting(page, 1)
        row = page.locator(".row .facts")
        shown = row.locator(".fact").all_inner_texts()
        assert shown == ["rule PowerShell", "severity high", "host ws-17", "user kim, lee"]
        [document] = splunk.kv("sftsec", "sftsec_queue")
        happened = row.locator("time").evaluate("(each) => Date.parse(each.dateTime) / 1000")
        assert abs(float(str(happened)) - float(document["event_time"])) < 0.01
        assert re.search(r"\d:\d\d", row.locator("time").inner_text())
        shoot(page, "facts-light")
        page.keyboard.press("m")
        told(page, "1 incident judged malicious")
        page.get_by_role("tab", name="Judged").click()
        assert page.locator(".entry .fact").all_inner_texts() == shown


class TestLinks:
    def test_lead_to_finding_and_raw_event(
        self, splunk: Splunkd, web: SplunkWeb, context: BrowserContext
    ) -> None:
        finding, forged = "AB-12@@notable@@ab12", '0@@notable@@" | delete'
        ask(splunk, *({"message": text} for text in ("raw", "finding", "forged")))
        queue = splunk.collections["sftsec", "sftsec_queue"]
        raw, *others = splunk.kv("sftsec", "sftsec_queue")
        for document, uid in zip(others, (finding, forged), strict=True):
            queue.replace("nobody", str(document["_key"]), {**document, "incident_uid": uid})
        page = log_in(context, web)
        waiting(page, 3)
        found = {}
        for text in ("raw", "finding", "forged"):
            page.locator(".row").filter(has_text=text).locator("button").click()
            links = page.locator(".detail .uid a")
            found[text] = [(a.inner_text(), str(a.get_attribute("href"))) for a in links.all()]
        assert found["forged"] == []
        ((text, address),) = found["raw"]
        asked = parse_qs(urlsplit(address).query)
        assert (text, urlsplit(address).path) == ("Raw event", "/en-US/app/sftsec/search")
        assert asked["q"] == [
            f'search index="main" | `sftsec_uid` | where incident_uid="{raw["incident_uid"]}"'
        ]
        assert int(asked["earliest"][0]) < raw["event_time"] < int(asked["latest"][0])
        ((text, address),) = found["finding"]
        assert text == "Finding"
        assert parse_qs(urlsplit(address).query)["search"] == [f"event_id={finding}"]


class TestJudged:
    def test_the_filter_narrows_verdicts_too(
        self, splunk: Splunkd, web: SplunkWeb, context: BrowserContext
    ) -> None:
        ask(splunk, {"message": "invoice 4711"}, {"message": "lunch at noon"})
        page = log_in(context, web)
        waiting(page, 2)
        page.keyboard.press("m")
        page.keyboard.press("b")
        page.get_by_role("tab", name="Judged").click()
        assert page.locator(".entry").count() == 2
        for text, left in (("invoice", ["malicious"]), ("benign", ["benign"])):
            page.keyboard.press("/")
            page.get_by_role("searchbox").fill(text)
            assert page.locator(".entry .verdict").all_inner_texts() == left
        page.get_by_role("searchbox").fill("nothing like it")
        page.get_by_text("No recent verdict matches the filter").wait_for()
        page.keyboard.press("Escape")
        page.locator(".entry").nth(1).wait_for()

    def test_own_verdicts_are_taken_back_later(
        self, splunk: Splunkd, web: SplunkWeb, context: BrowserContext
    ) -> None:
        [uid] = ask(splunk, {"message": "invoice 4711"})
        for key, analyst, source in (("a" * 40, "ann", "search"), ("b" * 40, "bob", "page")):
            said = {"_key": key, "incident_uid": uid, "verdict": "malicious", "analyst": analyst,
                    "time": splunk.now() - 60, "retracts": "", "source": source}  # fmt: skip
            splunk.collections["sftsec", "sftsec_verdicts"].insert("nobody", said)
        page = log_in(context, web)
        waiting(page, 0)
        page.get_by_role("tab", name="Judged").click()
        page.locator(".entry").nth(1).wait_for()
        shoot(page, "take-back-light")
        [button] = page.get_by_role("button", name="Take back").all()  # none on bob's
        button.click()
        told(page, "Taken back: malicious")
        [retraction] = [
            each for each in eventually(lambda: verdicts(splunk), 3) if each["retracts"]
        ]
        assert (retraction["retracts"], retraction["analyst"]) == ("a" * 40, "ann")
        assert (retraction["incident_uid"], retraction["verdict"]) == (uid, "")
        page.reload()
        waiting(page, 0)  # bob's verdict still counts
        page.get_by_role("tab", name="Judged").click()
        page.locator(".entry").nth(2).wait_for()
        assert page.get_by_role("button", name="Take back").count() == 0


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
