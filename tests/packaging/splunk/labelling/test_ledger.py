"""Verdicts on the labelling page: given, retracted, and kept through every fault."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.packaging.splunk.labelling.pages import (
    MAILS,
    NAMES,
    PASSWORD,
    ask,
    eventually,
    log_in,
    shoot,
    told,
    verdicts,
    waiting,
)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Response

    from tests.servers.splunkd.state import Splunkd
    from tests.servers.splunkd.web import SplunkWeb

pytestmark = pytest.mark.slow


class TestVerdicts:
    def test_a_key_writes_one_document(self, splunk: Splunkd, page: Page) -> None:
        shoot(page, "queue-light")
        page.keyboard.press("j")
        page.keyboard.press("m")
        told(page, "1 incident judged malicious")
        waiting(page, 4)
        page.wait_for_function("() => document.readyState === 'complete'")
        [verdict] = eventually(lambda: verdicts(splunk), 1)
        assert verdict["incident_uid"] == NAMES[1]
        assert (verdict["verdict"], verdict["analyst"], verdict["source"]) == (
            "malicious",
            "ann",
            "page",
        )
        assert abs(verdict["time"] - splunk.now()) < 60
        assert json.loads(verdict["event"])["message"] == MAILS[1][0]
        assert (verdict["automated"], verdict["retracts"], verdict["task"]) == (
            False,
            "",
            "phishing",
        )
        assert len(splunk.kv("sftsec", "sftsec_queue")) == 5, "only the connector deletes requests"

    def test_a_reason_joins_the_next_verdict(self, splunk: Splunkd, page: Page) -> None:
        page.keyboard.press("r")
        page.keyboard.type("seen in the sandbox")
        page.keyboard.press("Enter")
        page.keyboard.press("1")
        page.keyboard.press("2")
        waiting(page, 3)
        given = eventually(lambda: verdicts(splunk), 2)
        assert [(each["verdict"], each["reason"]) for each in given] == [
            ("malicious", "seen in the sandbox"),
            ("benign", ""),
        ]

    def test_a_bulk_is_retracted_as_a_whole(self, splunk: Splunkd, page: Page) -> None:
        page.keyboard.press("x")
        page.keyboard.press("Shift+J")
        page.keyboard.press("Shift+J")
        page.get_by_text("3 incidents are selected").wait_for()
        shoot(page, "bulk-light")
        page.keyboard.press("b")
        told(page, "3 incidents judged benign")
        waiting(page, 2)
        given = eventually(lambda: verdicts(splunk), 3)
        assert {each["incident_uid"] for each in given} == set(NAMES[:3])
        page.keyboard.press("z")
        told(page, "Taken back: 3 verdicts of benign")
        waiting(page, 5)
        after = eventually(lambda: verdicts(splunk), 6)
        assert after[:3] == given, "nothing that was said is changed"
        assert {each["retracts"] for each in after[3:]} == {each["_key"] for each in given}
        assert {each["verdict"] for each in after[3:]} == {""}

    def test_an_incident_is_labelled_again_after_undo(self, splunk: Splunkd, page: Page) -> None:
        for key in ("m", "z", "b"):
            page.keyboard.press(key)
        told(page, "1 incident judged benign")
        said = eventually(lambda: verdicts(splunk), 3)
        assert [each["verdict"] for each in said] == ["malicious", "", "benign"]
        assert {each["incident_uid"] for each in said} == {NAMES[0]}
        page.get_by_role("tab", name="Judged").click()
        page.get_by_text("taken back").wait_for()
        assert page.locator(".entry").count() == 3
        shoot(page, "history-light")

    def test_another_analysts_verdict_leaves_the_queue(
        self, splunk: Splunkd, web: SplunkWeb, browser: Browser, page: Page
    ) -> None:
        other = browser.new_context()
        elsewhere = log_in(other, web, user="bob")
        waiting(elsewhere, 5)
        elsewhere.keyboard.press("m")
        told(elsewhere, "judged malicious")
        eventually(lambda: verdicts(splunk), 1)
        other.close()
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        waiting(page, 4)
        page.get_by_role("tab", name="Judged").click()
        assert page.locator(".entry .who").inner_text() == "bob"

    def test_a_key_never_judges_another_incident(self, splunk: Splunkd, page: Page) -> None:
        page.keyboard.press("j")
        by_bob = {"_key": "b" * 40, "incident_uid": NAMES[1], "verdict": "benign", "analyst": "bob",
                  "time": splunk.now(), "retracts": "", "reason": ""}  # fmt: skip
        splunk.collections["sftsec", "sftsec_verdicts"].insert("nobody", by_bob)
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        told(page, "bob has judged what you had open: benign")
        page.keyboard.press("m")
        page.wait_for_timeout(200)
        assert len(verdicts(splunk)) == 1, "the key was meant for what is gone"
        page.keyboard.press("j")
        page.keyboard.press("m")
        assert eventually(lambda: verdicts(splunk), 2)[-1]["incident_uid"] == NAMES[0]


class TestRefresh:
    def test_reads_only_what_is_new(
        self, splunk: Splunkd, web: SplunkWeb, context: BrowserContext
    ) -> None:
        ask(splunk, *({"message": f"{number} {'x' * 4500}"} for number in range(120)))
        page = log_in(context, web)
        waiting(page, 120)
        page.keyboard.press("m")
        [given] = eventually(lambda: verdicts(splunk), 1)
        waiting(page, 119)
        first, again = refreshed(page), refreshed(page)
        assert first < 20_000 > again, "nothing is new"
        ask(splunk, {"message": f"new {'y' * 4500}"}, requested=splunk.now())
        assert 4500 < refreshed(page) < 30_000
        waiting(page, 120)
        by_bob = {**given, "_key": "b" * 40, "incident_uid": NAMES[3], "analyst": "bob"}
        splunk.collections["sftsec", "sftsec_verdicts"].insert("nobody", by_bob)
        assert 4500 < refreshed(page) < 30_000
        waiting(page, 119)

    def test_sees_what_was_asked_again(self, splunk: Splunkd, page: Page) -> None:
        queue = splunk.collections["sftsec", "sftsec_queue"]
        first, *_ = splunk.kv("sftsec", "sftsec_queue")
        newer = {**first, "event": json.dumps({"message": "another text"}), "requested": 9e9}
        queue.replace("nobody", str(first["_key"]), newer)
        refreshed(page)
        waiting(page, 5)
        assert page.locator(".row .title").first.inner_text() == "another text"
        queue.delete("nobody", {"_key": first["_key"]})
        refreshed(page)
        waiting(page, 4)


def refreshed(page: Page) -> int:
    """Let the page ask for news; returns the bytes of all answers to it."""
    answers: list[Response] = []

    def note(answer: Response) -> None:
        answers.append(answer)

    page.on("response", note)
    with page.expect_response(re.compile("sftsec_verdicts")):
        page.evaluate("window.dispatchEvent(new Event('focus'))")
    page.wait_for_timeout(300)
    page.remove_listener("response", note)
    return sum(len(answer.body()) for answer in answers)


class TestFaults:
    def test_a_lost_session_loses_no_verdict(
        self, splunk: Splunkd, context: BrowserContext, page: Page
    ) -> None:
        splunk.expire_sessions()
        page.keyboard.press("m")
        page.keyboard.press("b")
        alert = page.get_by_role("alert")
        alert.filter(has_text="2 entries are not saved yet").wait_for()
        shoot(page, "lost-session-light")
        assert "Your Splunk session has ended" in alert.inner_text()
        assert verdicts(splunk) == []
        assert page.evaluate("localStorage.length + sessionStorage.length") == 0
        with context.expect_page() as opened:
            alert.get_by_role("link", name="Log in").click()
        login = opened.value
        login.get_by_label("Username").fill("ann")
        login.get_by_label("Password").fill(PASSWORD)
        login.get_by_role("button", name="Sign In").click()
        login.wait_for_load_state()
        page.bring_to_front()
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        alert.wait_for(state="detached")
        assert [each["verdict"] for each in verdicts(splunk)] == ["malicious", "benign"]
        waiting(page, 3)

    def test_an_unanswered_write_repeats_its_keys(
        self, splunk: Splunkd, web: SplunkWeb, page: Page
    ) -> None:
        web.silent = True
        page.keyboard.press("m")
        page.get_by_role("alert").filter(has_text="Splunk does not answer").wait_for()
        web.silent = False
        page.get_by_role("button", name="Try again").click()
        told(page, "Saved")
        assert len(verdicts(splunk)) == 1
        waiting(page, 4)

    def test_a_rejected_verdict_returns_to_the_queue(
        self, splunk: Splunkd, web: SplunkWeb, page: Page
    ) -> None:
        web.refused = [503]
        page.keyboard.press("m")
        told(page, "Not saved: the KV store is in maintenance mode")
        waiting(page, 5)
        assert verdicts(splunk) == []
        page.keyboard.press("m")
        told(page, "1 incident judged malicious")
        assert len(eventually(lambda: verdicts(splunk), 1)) == 1

    def test_only_its_analyst_saves_a_verdict(
        self, splunk: Splunkd, web: SplunkWeb, context: BrowserContext, page: Page
    ) -> None:
        splunk.expire_sessions()
        page.keyboard.press("m")
        page.get_by_role("alert").filter(has_text="Your Splunk session has ended").wait_for()
        other = log_in(context, web, path="/en-US/account/login", user="bob")
        other.wait_for_load_state()
        page.get_by_role("button", name="Try again").click()
        page.get_by_role("alert").filter(
            has_text="Bob is logged in: what ann said waits"
        ).wait_for()
        assert verdicts(splunk) == []
        log_in(context, web, path="/en-US/account/login").wait_for_load_state()
        page.get_by_role("button", name="Try again").click()
        told(page, "Saved")
        assert [each["analyst"] for each in verdicts(splunk)] == ["ann"]

    def test_only_rejected_parts_of_bulks_return(
        self, splunk: Splunkd, web: SplunkWeb, context: BrowserContext
    ) -> None:
        ask(splunk, *({"message": f"mail number {number}"} for number in range(520)))
        page = log_in(context, web)
        waiting(page, 520)
        while page.locator(".row").count() < 520:
            page.get_by_role("button", name=re.compile("Show more")).click()
        page.keyboard.press("a")
        web.refused = [0, 503]  # a request holds 500
        page.keyboard.press("m")
        told(page, "Not saved")
        waiting(page, 20)
        assert len(verdicts(splunk)) == 500
        page.keyboard.press("z")
        told(page, "Taken back: 500 verdicts of malicious")
        waiting(page, 520)
        assert (
            sum(bool(each["retracts"]) for each in eventually(lambda: verdicts(splunk), 1000))
            == 500
        )
