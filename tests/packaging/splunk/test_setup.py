"""The set-up page in a real browser: what it saves is what the search command then uses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.core.server.site import TASK, TOKEN, Client
from tests.packaging.splunk.bench import Bench
from tests.servers.browser import start_browser
from tests.servers.splunkd.web import SplunkWeb, start_web

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with start_browser() as browser:
        yield browser


@pytest.fixture
def web(bench: Bench) -> Iterator[SplunkWeb]:
    with start_web(bench.splunk, {"sftsec": bench.app}) as web:
        yield web


@pytest.fixture
def page(browser: Browser, web: SplunkWeb) -> Iterator[Page]:
    """The page, opened by an administrator, its settings loaded."""
    context = browser.new_context()
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.goto(f"{web.url}/en-US/app/sftsec/setup")
    page.get_by_label("Username").fill("admin")
    page.get_by_label("Password").fill("changed!")
    page.get_by_role("button", name="Sign In").click()
    page.get_by_label("Address of the scoring service").wait_for()
    yield page
    context.close()


def check_save(page: Page, said: str) -> None:
    page.get_by_role("button", name="Save").click()
    page.get_by_role("status").filter(has_text=said).wait_for()


class TestSetupPage:
    def test_saves_what_the_command_uses(
        self, page: Page, bench: Bench, service: Client, certificates: Path
    ) -> None:
        assert page.get_by_label("Events in a batch").input_value() == "500"
        page.get_by_label("Address of the scoring service").fill(service.url)
        page.get_by_label("Its certificate's authority").fill(str(certificates / "ca.pem"))
        page.get_by_label("The service's token").fill(TOKEN)
        check_save(page, "Saved.")
        assert page.get_by_label("The service's token").input_value() == ""
        rows = [[{"message": "urgent verify password account"}]]
        run = bench.run("sftsecscore", rows, f"task={TASK}", "field=message")
        assert run.messages == []
        assert run.records[0]["sftsec_label"] == "malicious"

    def test_keeps_the_token_when_empty(self, page: Page, bench: Bench) -> None:
        for token in ("the-first-token-of-all", "the-second-token-of-all", ""):
            page.get_by_label("The service's token").fill(token)
            check_save(page, "Saved.")
            page.get_by_label("Seconds for a batch").fill("31")  # the message goes with a change
        found = bench.splunk.entities.of("storage/passwords")
        assert [each.content["password"] for each in found] == ["the-second-token-of-all"]
        page.reload()
        page.get_by_label("Seconds for a batch").wait_for()
        assert "second-token" not in page.content()

    @pytest.mark.parametrize(
        "url", ["http://siem.example:8765", "https://user:pw@host:1", "host:8765"]
    )
    def test_saves_no_unsafe_address(self, page: Page, bench: Bench, url: str) -> None:
        page.get_by_label("Address of the scoring service").fill(url)
        before = len(bench.splunk.requests)
        check_save(page, "The address must be https://host:port")
        assert [each for each in bench.splunk.requests[before:] if each.startswith("POST")] == []

    def test_saves_the_offered_verdicts(self, page: Page, bench: Bench) -> None:
        page.get_by_label("Verdicts that analysts are offered").fill(" , ")
        check_save(page, "Name at least one verdict.")
        page.get_by_label("Verdicts that analysts are offered").fill("T1059,other")
        check_save(page, "Saved.")
        rows = [[{"incident_uid": "one"}]]
        run = bench.run("sftseclabel", rows, "label=other", user="ann")
        assert run.records[0]["sftsec_status"] == "saved"

    def test_shows_an_error_of_splunkd(self, page: Page, web: SplunkWeb) -> None:
        web.refused = [403]
        check_save(page, "Not saved:")
        check_save(page, "Saved.")
