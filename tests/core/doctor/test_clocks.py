"""The clock of a platform, as a real HTTP server tells it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from pydantic import BaseModel

from sftsec_core.doctor.clocks import check_platform_clock


class Platform(BaseModel):
    url: str | tuple[str, ...]


class Dated(BaseHTTPRequestHandler):
    """Answers 401 with the time, as platforms do without a login."""

    def do_HEAD(self) -> None:
        self.send_response(401)  # the base class sends Date
        self.end_headers()

    def log_message(self, *_given: object) -> None:
        """Keep quiet."""


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Dated) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class TestPlatformClock:
    def test_that_agrees_is_right(self, url: str) -> None:
        given = Platform(url=(url, "http://127.0.0.1:9"))
        (found,) = check_platform_clock("mail", given, lambda: datetime.now(UTC))
        assert (found.level, "connector mail" in found.text) == ("ok", True)

    def test_that_differs_is_a_warning(self, url: str) -> None:
        late = datetime.now(UTC) + timedelta(minutes=3, seconds=30)
        (found,) = check_platform_clock("mail", Platform(url=url), lambda: late)
        assert found.text.startswith("3 min ahead of connector mail")

    @pytest.mark.parametrize("url", ["http://127.0.0.1:9", "nothing"])
    def test_that_is_silent_gives_nothing(self, url: str) -> None:
        given = Platform(url=url)
        assert list(check_platform_clock("mail", given, lambda: datetime.now(UTC))) == []
