"""The report in a real browser: it draws, it asks for nothing, a payload stays text."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sftsec_core.api.domain import Decision, Vote
from sftsec_core.evaluation.report.html import write_report
from tests.core.evaluation.rote_models import report_of, split_of
from tests.core.server.contrast import FAINT
from tests.servers.browser import OPTIONS, chromium, start_browser

SHOTS = os.environ.get("SFTSEC_TEST_SHOTS")  # a folder: keep pictures of the section there
LONG = "a.very.long.name.of.a.field.that.someone.chose.for.an.input_of_their_task"
POINTS = [
    {"at": f"2026-11-{day:02d}T10:00:00+00:00", "value": 0.9 - day / 50, "low": 0.3, "high": 0.95,
     "count": 60, "model": "m"}
    for day in (1, 8, 20)
]  # fmt: skip
CHECK = {
    "name": LONG, "method": "mmd", "size": 0.05, "p_value": 1e-9, "severity": 5.0, "drifted": True,
}  # fmt: skip
DRIFT = {
    "days": 90,
    "figures": {"input_drift": POINTS, "live_precision": POINTS, "live_recall": POINTS},
    "checked_at": "2026-11-20T10:00:00+00:00",
    "checks": [CHECK, {**CHECK, "name": "(score)", "drifted": False}],
}
ALONE = "document.querySelectorAll('main > *:not(#drift)').forEach((each) => each.remove())"
REFUSED = Decision(False, (Vote("no_leak", False, "3 leaks"),))


@pytest.fixture(scope="module")
def browser() -> str:
    return chromium()


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """A server on loopback that writes down what it is asked for."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", paths
    server.shutdown()
    server.server_close()
    thread.join()


def open_page(browser: str, tmp_path: Path, page: Path, *options: str) -> str:
    command = [browser, "--headless", *OPTIONS, f"--user-data-dir={tmp_path / 'profile'}", *options]
    done = subprocess.run(
        [*command, page.as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout


def test_hostile_report_requests_and_runs_nothing(
    browser: str, tmp_path: Path, asked: tuple[str, list[str]]
) -> None:
    url, paths = asked
    payload = (
        f"<script>document.title='owned'</script><img src='{url}/pixel' "
        f"onerror=\"document.title='owned'\"><iframe src='{url}/frame'></iframe>"
    )
    report = report_of(
        split=split_of(text=payload, n=200), skills=(1.0, 1.0), data={"why": payload}
    )
    page = tmp_path / "report.html"
    write_report(report, REFUSED, {}, page)
    dom = open_page(browser, tmp_path, page, "--dump-dom")
    assert "<title>owned" not in dom
    assert "<svg" in dom or "data:image/" in dom
    assert "Rejected" in dom
    assert paths == []


@pytest.mark.parametrize("width", [1280, 390])
def test_page_is_drawn_on_both_widths(browser: str, tmp_path: Path, width: int) -> None:
    page, picture = tmp_path / "report.html", tmp_path / "page.png"
    write_report(report_of(), REFUSED, {}, page)
    open_page(browser, tmp_path, page, f"--window-size={width},900", f"--screenshot={picture}")
    # An empty page of that size is a few kilobytes.
    assert picture.stat().st_size > 20_000


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report whose section on drift has a long name in it."""
    made = tmp_path_factory.mktemp("drift") / "report.html"
    write_report(replace(report_of(), sections={"watched": DRIFT}), REFUSED, {}, made)
    return made


class TestDrift:
    @pytest.mark.parametrize(
        ("media", "width"), [("screen", 1280), ("screen", 420), ("print", 794)]
    )
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_is_readable_and_fits(self, written: Path, scheme: Any, width: int, media: Any) -> None:
        size: Any = {"width": width, "height": 900}
        with start_browser() as browser:
            shown = browser.new_page(viewport=size, color_scheme=scheme)
            shown.goto(written.as_uri())
            shown.emulate_media(media=media, color_scheme=scheme)
            shown.evaluate(ALONE)
            section = shown.locator("#drift")
            if SHOTS:
                section.screenshot(path=Path(SHOTS, f"drift-{media}-{scheme}-{width}.png"))
            assert section.locator("figure svg").count() == 2
            assert section.get_by_text("drift", exact=True).count() == 1
            assert "Live recall: 50.0% (30.0% to 95.0%)" in section.inner_text()
            assert shown.evaluate("document.documentElement.scrollWidth") <= width
            assert shown.evaluate(FAINT)[1] == []
            paper = shown.evaluate("getComputedStyle(document.body).backgroundColor")
            dark = media == "screen" and scheme == "dark"
            assert paper == ("rgb(20, 23, 27)" if dark else "rgb(255, 255, 255)")
