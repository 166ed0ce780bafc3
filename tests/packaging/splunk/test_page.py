"""The labelling page in a real browser: what analysts do, and what goes wrong."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.servers.browser import start_browser
from tests.servers.splunkd.web import SplunkWeb, start_web

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

    from tests.servers.splunkd.state import Splunkd

pytestmark = pytest.mark.slow
PAGE = "/en-US/app/sftsec/labelling"
SHOTS = os.environ.get("SFTSEC_TEST_SHOTS")  # a folder: keep pictures of the page there
PASSWORD = "Correct-horse-7"
MAILS = [
    ("Your mailbox is full, verify your account at http://mail-quota.example/login", 0.52),
    ("Minutes of Tuesday's meeting, with the budget that we agreed on", 0.47),
    ("You have won a voucher! Reply WIN to 80488 to claim it now", 0.55),
    ("Invoice 4711 is overdue, the new bank details are attached", 0.61),
    ("Lunch at noon? The place by the river has fish today", 0.41),
]


NAMES = [f"main~0~guid@@0:{number}" for number in range(len(MAILS))]


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


def ask(
    splunk: Splunkd,
    *events: dict[str, Any],
    task: str = "phishing",
    requested: float | None = None,
) -> list[str]:
    """Put events into the queue, as the connector does; returns their names."""
    names = []
    for number, event in enumerate(events):
        name = f"main~0~guid@@0:{len(splunk.kv('sftsec', 'sftsec_queue'))}"
        document = {
            "_key": hashlib.sha256(name.encode()).hexdigest()[:40],
            "incident_uid": name,
            "task": task,
            "label": "malicious",
            "probability": event.pop("probability", 0.5),
            "reason": "the model is not sure: 0.52, 0.02 from the threshold of 0.50",
            "event": json.dumps(event),
            "event_time": splunk.now() - 3600,
            "requested": (requested or splunk.now() - 600) + number / 1000,
        }
        splunk.collections["sftsec", "sftsec_queue"].insert("nobody", document)
        names.append(name)
    return names


def mails(splunk: Splunkd) -> list[str]:
    events = [
        {"message": text, "sender": f"someone{n}@mail.example", "src": f"192.0.2.{n}",
         "subject": "About your account", "sourcetype": "mail", "probability": p}
        for n, (text, p) in enumerate(MAILS)
    ]  # fmt: skip
    return ask(splunk, *events)


def log_in(context: BrowserContext, web: SplunkWeb, path: str = PAGE, user: str = "ann") -> Page:
    """Log in by the form, and be led to the page."""
    page = context.new_page()
    page.goto(web.url + path)
    page.get_by_label("Username").fill(user)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign In").click()
    return page


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


def verdicts(splunk: Splunkd) -> list[dict[str, Any]]:
    return sorted(splunk.kv("sftsec", "sftsec_verdicts"), key=lambda each: float(each["time"]))


def waiting(page: Page, count: int) -> None:
    """Wait until the page says that so many incidents wait."""
    page.get_by_role("tab", name=re.compile(rf"Needs a label \({count:,}\)")).wait_for()


def told(page: Page, text: str) -> None:
    page.get_by_role("status").filter(has_text=text).wait_for()


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png")


# --- judging


def test_a_verdict_by_keyboard_reaches_the_collection(splunk: Splunkd, page: Page) -> None:
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
    assert (verdict["automated"], verdict["retracts"], verdict["task"]) == (False, "", "phishing")
    assert len(splunk.kv("sftsec", "sftsec_queue")) == 5, "only the connector deletes requests"


def test_a_reason_goes_with_the_next_verdict_only(splunk: Splunkd, page: Page) -> None:
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


def test_a_bulk_is_judged_and_taken_back_as_a_whole(splunk: Splunkd, page: Page) -> None:
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


def test_an_incident_is_judged_anew_after_an_undo(splunk: Splunkd, page: Page) -> None:
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


def test_what_another_analyst_judges_leaves_the_queue(
    splunk: Splunkd, web: SplunkWeb, browser: Browser, page: Page
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


# --- what goes wrong


def test_a_lost_session_is_told_and_nothing_is_lost_after_the_login(
    splunk: Splunkd, context: BrowserContext, page: Page
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


def test_a_splunk_that_does_not_answer_gets_the_same_documents_once_more(
    splunk: Splunkd, web: SplunkWeb, page: Page
) -> None:
    web.silent = True
    page.keyboard.press("m")
    page.get_by_role("alert").filter(has_text="Splunk does not answer").wait_for()
    web.silent = False
    page.get_by_role("button", name="Try again").click()
    told(page, "Saved")
    assert len(verdicts(splunk)) == 1
    waiting(page, 4)


def test_a_refused_verdict_comes_back_with_a_message(
    splunk: Splunkd, web: SplunkWeb, page: Page
) -> None:
    web.refused = [503]
    page.keyboard.press("m")
    told(page, "Not saved: the KV store is in maintenance mode")
    waiting(page, 5)
    assert verdicts(splunk) == []
    page.keyboard.press("m")
    told(page, "1 incident judged malicious")
    assert len(eventually(lambda: verdicts(splunk), 1)) == 1


def test_what_one_analyst_said_is_not_saved_in_the_name_of_another(
    splunk: Splunkd, web: SplunkWeb, context: BrowserContext, page: Page
) -> None:
    splunk.expire_sessions()
    page.keyboard.press("m")
    page.get_by_role("alert").filter(has_text="Your Splunk session has ended").wait_for()
    other = log_in(context, web, path="/en-US/account/login", user="bob")
    other.wait_for_load_state()
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("alert").filter(has_text="Bob is logged in: what ann said waits").wait_for()
    assert verdicts(splunk) == []
    log_in(context, web, path="/en-US/account/login").wait_for_load_state()
    page.get_by_role("button", name="Try again").click()
    told(page, "Saved")
    assert [each["analyst"] for each in verdicts(splunk)] == ["ann"]


def test_a_part_of_a_bulk_that_is_refused_comes_back_and_the_rest_can_be_taken_back(
    splunk: Splunkd, web: SplunkWeb, context: BrowserContext
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
    assert sum(bool(each["retracts"]) for each in eventually(lambda: verdicts(splunk), 1000)) == 500


def test_what_is_open_is_never_changed_for_another_incident_under_the_analyst(
    splunk: Splunkd, page: Page
) -> None:
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


def test_the_form_key_is_that_of_this_splunk_web(
    splunk: Splunkd, web: SplunkWeb, context: BrowserContext, page: Page
) -> None:
    """A browser keeps cookies by host, whatever the port: there may be another Splunk on it."""
    context.add_cookies([{"name": "splunkweb_csrf_token_1", "value": "7", "url": web.url}])
    page.keyboard.press("m")
    told(page, "1 incident judged malicious")
    assert len(eventually(lambda: verdicts(splunk), 1)) == 1


def test_who_may_not_label_is_told_so(
    splunk: Splunkd, web: SplunkWeb, context: BrowserContext
) -> None:
    mails(splunk)
    splunk.add_user("eve", PASSWORD, ["user"])
    page = log_in(context, web, user="eve")
    page.get_by_text("that takes the role sftsec_analyst").wait_for()
    assert page.locator(".row").count() == 0


def test_a_hostile_event_runs_nothing(
    splunk: Splunkd, web: SplunkWeb, context: BrowserContext
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


# --- from a search


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


def test_a_link_from_a_search_asks_before_it_saves(
    splunk: Splunkd, web: SplunkWeb, context: BrowserContext
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
    [row] = splunk.search(
        'search index=main src="192.0.2.7" | eval incident_uid=_bkt."@@"._cd | table incident_uid'
    )
    assert verdict["incident_uid"] == row["incident_uid"]
    assert "sid" not in page.url


def test_a_link_is_cancelled_or_changed_by_keyboard(
    splunk: Splunkd, web: SplunkWeb, context: BrowserContext
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


# --- the rest


def test_the_filter_narrows_what_is_shown_and_selected(splunk: Splunkd, page: Page) -> None:
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


def test_thousands_that_wait_are_shown_in_parts(
    splunk: Splunkd, web: SplunkWeb, context: BrowserContext
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


def test_the_newest_request_comes_first_in_the_order_in_which_the_model_asked(
    splunk: Splunkd, web: SplunkWeb, context: BrowserContext
) -> None:
    minute = 1767600000  # one of the clock begins within the second request
    ask(splunk, *({"message": each} for each in "ab"), requested=minute - 3600)
    ask(splunk, *({"message": each} for each in "cdef"), requested=minute - 0.0015)
    page = log_in(context, web)
    waiting(page, 6)
    assert page.locator(".row .title").all_inner_texts() == list("cdefab")


def test_a_refresh_without_news_leaves_what_was_unfolded(
    splunk: Splunkd, web: SplunkWeb, context: BrowserContext
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


def test_the_help_names_every_verdict_and_closes(splunk: Splunkd, page: Page) -> None:
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


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read_in_both_themes(
    splunk: Splunkd, web: SplunkWeb, context: BrowserContext, theme: str
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


def eventually(read: Any, count: int) -> list[dict[str, Any]]:
    """What `read` gives once it gives `count`: the page shows a verdict before it is written."""
    deadline = time.monotonic() + 10
    while len(found := read()) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(found) == count
    return list(found)
