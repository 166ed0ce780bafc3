"""The labelling page in a real browser, in front of a served site whose files keep verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from sftsec_core.server.label_page import PAGE, page_files, page_paths
from tests.core.server.contrast import FAINT
from tests.core.server.label_browser import log_in, new_context, shoot
from tests.core.server.labelling import (
    BIDI,
    TEXTS,
    TOKENS,
    LabelSite,
    label_site,
    mails,
    queued,
)
from tests.servers.browser import start_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

SCRIPTS = (
    "document.body.innerHTML = '<p>x</p>'",
    "document.body.setAttribute('onclick', 'window.owned = 1')",
    "document.body.append(Object.assign(document.createElement('script'), {text: 'x'}))",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with start_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelSite]:
    with label_site(tmp_path_factory.mktemp("site")) as made:
        yield made


@pytest.fixture
def site(served: LabelSite) -> LabelSite:
    """The site with the five mails, and no verdict."""
    served.reset()
    served.context.label_queue.add(mails())
    return served


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = new_context(browser)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, site: LabelSite) -> Page:
    """The page with the five mails, as Ann sees it."""
    return log_in(context, site)


def waits(page: Page, count: int) -> None:
    page.get_by_role("tab", name=re.compile(rf"Needs a verdict \({count}\)")).wait_for()


def told(page: Page, text: str) -> None:
    page.get_by_role("status").filter(has_text=text).wait_for()


def titles(page: Page) -> list[str]:
    return page.locator(".row .title").all_inner_texts()


def current(page: Page) -> str:
    return page.locator(".row.current .title").inner_text()


class TestQueue:
    def test_shows_what_tells_events_apart(self, page: Page) -> None:
        waits(page, 5)
        assert titles(page) == [text for text, _ in TEXTS]
        first, last = page.locator(".row").first, page.locator(".row").last
        for text in ("malicious", "attack 52 %", "3 alike", "rule", "severity", "mx0", "user0"):
            assert text in first.inner_text()
        assert "attack 3 %" in last.inner_text()
        assert "one verdict serves all 3" in page.locator(".detail").inner_text()

    def test_is_sorted_and_filtered_on_demand(self, page: Page) -> None:
        page.get_by_label("Order").select_option("Most likely attack")
        assert titles(page)[0] == TEXTS[3][0]
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        page.keyboard.type("voucher")
        assert titles(page) == [TEXTS[2][0]]
        page.keyboard.press("Escape")
        assert len(titles(page)) == 5

    def test_of_thousands_is_read_in_parts(self, site: LabelSite, context: BrowserContext) -> None:
        site.context.label_queue.add([queued(n, f"text {n}") for n in range(100, 330)])
        page = log_in(context, site)
        waits(page, 235)
        assert len(titles(page)) == 50
        for shown in (100, 150, 200, 235):
            page.get_by_role("button", name=re.compile(r"Show more|Read more")).click()
            page.locator(".row").nth(shown - 1).wait_for()
            assert len(titles(page)) == shown
        assert page.get_by_role("button", name=re.compile(r"Show more|Read more")).count() == 0


class TestKeys:
    def test_one_digit_judges_and_moves_on(self, page: Page, site: LabelSite) -> None:
        page.keyboard.press("j")
        page.keyboard.press("k")
        assert current(page) == TEXTS[0][0]
        page.keyboard.press("r")
        page.keyboard.type("a fake login 1")
        page.keyboard.press("Enter")
        page.keyboard.press("1")
        told(page, "3 events judged malicious")
        waits(page, 4)
        assert current(page) == TEXTS[1][0]
        assert site.said() == {uid: [("ann", "phish")] for uid in ("m0", "m7", "m8")}
        assert site.context.label_queue.verdicts(["mail"])[0].reason == "a fake login 1"

    def test_many_are_judged_once_confirmed(self, page: Page, site: LabelSite) -> None:
        for key in ("x", "j", "x", "2"):
            page.keyboard.press(key)
        box = page.get_by_role("dialog")
        assert "2 rows with 4 events get the verdict benign" in box.inner_text()
        page.keyboard.press("Escape")
        assert site.said() == {}
        page.keyboard.press("2")
        page.keyboard.press("Enter")
        told(page, "4 events judged benign")
        assert sorted(site.said()) == ["m0", "m1", "m7", "m8"]

    def test_undo_works_after_a_reload(self, page: Page, site: LabelSite) -> None:
        for key in ("x", "j", "x", "1", "Enter"):
            page.keyboard.press(key)
        told(page, "4 events judged")
        page.reload()
        waits(page, 3)
        page.keyboard.press("u")
        told(page, "Taken back: 2 verdicts of malicious")
        waits(page, 5)
        assert site.said() == {}

    def test_help_lists_the_keys_of_labels(self, page: Page) -> None:
        page.keyboard.press("?")
        text = page.get_by_role("dialog", name="Keyboard").inner_text()
        assert re.search(r"1\s+malicious\s+2\s+benign", text)
        page.keyboard.press("1")  # goes to no event behind the dialog
        page.keyboard.press("Escape")
        waits(page, 5)

    def test_arrows_change_the_tab(self, page: Page) -> None:
        page.get_by_role("tab", name="Needs a verdict").focus()
        page.keyboard.press("ArrowRight")
        page.get_by_role("tab", name="Judged", selected=True).wait_for()
        page.keyboard.press("ArrowLeft")
        page.get_by_role("tab", name="Needs a verdict", selected=True).wait_for()
        assert len(titles(page)) == 5

    def test_reach_everything_with_a_visible_focus(self, page: Page) -> None:
        seen = set()
        page.locator("body").press("Tab")
        for _ in range(40):
            seen.add(
                page.evaluate(
                    "(e => e === document.body ? '' : [e.id || e.ariaLabel || e.innerText,"
                    " getComputedStyle(e).outlineStyle].join('|'))(document.activeElement)"
                )
            )
            page.keyboard.press("Tab")
        focused = {each for each in seen if each}
        assert {each.rpartition("|")[2] for each in focused} == {"solid"}
        names = " ".join(focused)
        for name in (
            "tab-history",
            "Log out",
            "filter",
            "Order",
            "?",
            "Select:",
            "benign",
            "reason",
        ):
            assert name in names


class TestJudged:
    def test_takes_back_own_verdicts_alone(
        self, page: Page, site: LabelSite, browser: Browser
    ) -> None:
        page.keyboard.press("1")
        told(page, "judged malicious")
        other = new_context(browser)
        bobs = log_in(other, site, "bob")
        bobs.keyboard.press("2")
        told(bobs, "judged benign")
        bobs.get_by_role("tab", name="Judged").click()
        entries = bobs.locator(".entry")
        assert [each.split()[0] for each in entries.all_inner_texts()] == ["bob", "ann"]
        assert bobs.get_by_role("button", name="Take back").count() == 1
        bobs.get_by_role("button", name="Take back").click()
        told(bobs, "Taken back: 1 verdict of benign")
        assert "taken back" in entries.first.inner_text()
        waits(bobs, 4)
        assert site.said() == {uid: [("ann", "phish")] for uid in ("m0", "m7", "m8")}
        other.close()


class TestTwoAnalysts:
    def test_row_says_who_has_judged_it(
        self, page: Page, site: LabelSite, browser: Browser
    ) -> None:
        other = new_context(browser)
        bobs = log_in(other, site, "bob")
        page.keyboard.press("1")
        told(page, "judged malicious")
        bobs.evaluate("window.dispatchEvent(new Event('focus'))")
        bobs.get_by_text("ann has judged this malicious").wait_for()
        waits(bobs, 4)
        shoot(bobs, "taken")
        bobs.keyboard.press("2")
        told(bobs, "ann says malicious: both count")
        assert site.said()["m0"] == [("ann", "phish"), ("bob", "ham")]
        bobs.get_by_role("tab", name="Judged").click()
        assert "ann says malicious" in bobs.locator(".entry").first.inner_text()
        other.close()


class TestSession:
    def test_wrong_token_is_told_and_kept_nowhere(
        self, context: BrowserContext, site: LabelSite
    ) -> None:
        page = context.new_page()
        page.goto(site.url + PAGE)
        page.get_by_label("Your token").fill("not-one-of-the-tokens")
        page.keyboard.press("Enter")
        page.get_by_text("This token is not known").wait_for()
        assert page.get_by_label("Your token").input_value() == ""
        page.get_by_label("Your token").fill(TOKENS["splunk"])
        page.keyboard.press("Enter")
        page.get_by_text("serve.analysts").wait_for()
        assert context.cookies() == []

    def test_cookie_is_out_of_reach_of_scripts(self, page: Page, context: BrowserContext) -> None:
        (cookie,) = context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        assert page.evaluate("document.cookie") == ""
        stored = page.evaluate("[localStorage.length, sessionStorage.length]")
        assert stored == [0, 0]
        assert TOKENS["ann"] not in cookie["value"]

    def test_logging_out_ends_it_for_good(
        self, page: Page, context: BrowserContext, site: LabelSite
    ) -> None:
        (cookie,) = context.cookies()
        page.get_by_role("button", name="Log out").click()
        page.get_by_label("Your token").wait_for()
        assert context.cookies() == []
        asked = site.as_(None).call(
            "GET",
            "/v1/labels/session",
            None,
            **{"Cookie": f"{cookie['name']}={cookie['value']}", "X-Sftsec-Page": "1"},
        )
        assert asked.status == 401

    def test_ended_one_keeps_what_was_judged(
        self, page: Page, context: BrowserContext, site: LabelSite
    ) -> None:
        context.clear_cookies()
        page.keyboard.press("1")
        page.get_by_text("What you judged last is kept").wait_for()
        assert site.said() == {}
        page.get_by_label("Your token").fill(TOKENS["ann"])
        page.keyboard.press("Enter")
        waits(page, 4)
        assert sorted(site.said()) == ["m0", "m7", "m8"]

    def test_lost_server_keeps_what_was_judged(
        self, page: Page, context: BrowserContext, site: LabelSite
    ) -> None:
        context.set_offline(True)
        page.keyboard.press("1")
        page.get_by_text("1 verdict is not saved yet").wait_for()
        context.set_offline(False)
        page.get_by_role("button", name="Try again").click()
        told(page, "Saved")
        waits(page, 4)
        assert sorted(site.said()) == ["m0", "m7", "m8"]


class TestHostileEvent:
    def test_is_shown_as_the_text_it_is(self, site: LabelSite, context: BrowserContext) -> None:
        markup = f"<img src=x onerror=document.title='owned'> pay{BIDI}gnp.exe\x1b[31m"
        fields = {"evil\u2066<b>name": "A" * 900, "process.command_line": "B" * 30_000}
        site.context.label_queue.add([queued(6, markup, fields=fields)])
        page = log_in(context, site)
        detail = page.locator(".detail")
        for text in ("<img src=x", "U+202E", "U+001B", "evilU+2066<b>name"):
            assert text in detail.inner_text()
        assert page.locator("img, b").count() == 0
        assert page.title() == "Labelling - sftsec"
        assert BIDI not in page.evaluate("document.body.innerText")
        detail.get_by_role("button", name="Show 500 more characters").click()
        assert "A" * 900 in detail.inner_text()
        assert "10,000 more characters are not shown here" in detail.inner_text()
        shoot(page, "hostile")

    def test_could_not_become_a_script(self, page: Page) -> None:
        for script in SCRIPTS:
            with pytest.raises(Exception, match="requires 'Trusted"):
                page.evaluate(script)


class TestContrast:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_is_enough_everywhere(self, browser: Browser, site: LabelSite, scheme: Any) -> None:
        made = new_context(browser, color_scheme=scheme)
        page = made.new_page()
        page.goto(site.url + PAGE)
        page.get_by_label("Your token").fill("not-one-of-the-tokens")
        page.keyboard.press("Enter")
        page.get_by_text("This token is not known").wait_for()
        measured = [page.evaluate(FAINT)]
        page.get_by_label("Your token").fill(TOKENS["ann"])
        page.keyboard.press("Enter")
        waits(page, 5)
        for name, keys in (("queue", ["x"]), ("help", ["Escape", "1", "?"])):
            for key in keys:
                page.keyboard.press(key)
            measured.append(page.evaluate(FAINT))
            shoot(page, f"{name}-{scheme}")
        page.keyboard.press("Escape")
        told(page, "3 events judged malicious")
        page.get_by_role("tab", name="Judged").click()
        page.get_by_role("button", name="Take back").click()
        told(page, "Taken back")
        measured.append(page.evaluate(FAINT))
        shoot(page, f"judged-{scheme}")
        made.close()
        assert [faint for _, faint in measured] == [[]] * 4
        assert min(count for count, _ in measured) > 4


class TestNarrowScreen:
    def test_shows_all_without_scrolling_sideways(self, page: Page) -> None:
        page.set_viewport_size({"width": 420, "height": 850})
        for name in ("Judged", "Needs a verdict"):
            page.get_by_role("tab", name=name).click()
            shoot(page, f"narrow-{name.split()[0].lower()}")
            assert page.evaluate("document.documentElement.scrollWidth") <= 420


class TestFiles:
    def test_paths_are_those_of_all_files(self) -> None:
        assert set(page_files()) == page_paths()

    def test_page_holds_no_script_or_style(self) -> None:
        html = page_files()[PAGE].content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", html)
        for path, file in page_files().items():
            if path.endswith(".js"):
                assert b"innerHTML" not in file.content
