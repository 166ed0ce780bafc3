"""The report in a real browser: it draws, it asks for nothing, a payload stays text."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sftsec_core.api.domain import Decision, Vote
from sftsec_core.evaluation.report.html import write_report
from tests.core.evaluation.rote_models import report_of, split_of
from tests.servers.browser import OPTIONS, chromium

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
