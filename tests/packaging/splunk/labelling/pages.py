"""What the tests of the labelling page share: its queue, its verdicts, the page of an analyst."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

    from tests.servers.splunkd.state import Splunkd
    from tests.servers.splunkd.web import SplunkWeb

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


def eventually(read: Any, count: int) -> list[dict[str, Any]]:
    """What `read` gives once it gives `count`: the page shows a verdict before it is written."""
    deadline = time.monotonic() + 10
    while len(found := read()) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(found) == count
    return list(found)
