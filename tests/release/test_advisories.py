"""OSV is asked about every pin, and no answer is no pass; a server with its interface answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.release import advisories

PINS = """# a comment
idna==3.20
click==8.5.1 ; python_full_version < '3.12'
splunk-sdk==2.1.1 ; python_full_version < '3.13'
splunk-sdk==3.0.0 ; python_full_version >= '3.13'
"""


class Osv(BaseHTTPRequestHandler):
    """Knows one vulnerability of the older of two versions; fails where it is told to."""

    asked: ClassVar[list[tuple[str, str]]] = []
    fails: ClassVar[bool] = False

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name, version = query["package"]["name"], query["version"]
        self.asked.append((name, version))
        answer: dict[str, Any] = {}
        if (name, version) == ("splunk-sdk", "2.1.1"):
            fixed = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.0.0"}]}
            package = {"name": name, "ecosystem": "PyPI"}
            vuln = {"id": "OSV-1", "summary": "made up", "affected": [{"package": package}]}
            vuln["affected"][0]["ranges"] = [fixed]  # type: ignore[index]
            answer = {"vulns": [vuln]}
        body = json.dumps(answer).encode()
        self.send_response(503 if self.fails else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def osv(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(Osv, "asked", [])
    server = ThreadingHTTPServer(("127.0.0.1", 0), Osv)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/query"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def pins(tmp_path: Path) -> Path:
    file = tmp_path / "constraints.txt"
    file.write_text(PINS, encoding="utf-8")
    return file


class TestAdvisories:
    def test_name_the_pin_and_its_fix(
        self, osv: str, pins: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Also of a pin that is another Python's, and of the second version of a name."""
        assert advisories.main([str(pins), "--osv-url", osv]) == advisories.FOUND
        said = capsys.readouterr().out
        assert "splunk-sdk==2.1.1: OSV-1 (fixed in 3.0.0)" in said
        assert "about 4 pins and knows 1 vulnerabilities" in said
        assert sorted(Osv.asked) == advisories.pins_of(pins)

    def test_pass_where_nothing_is_known(self, osv: str, pins: Path) -> None:
        pins.write_text("idna==3.20\n", encoding="utf-8")
        assert advisories.main([str(pins), "--osv-url", osv]) == advisories.CLEAN

    def test_are_not_known_without_an_answer(
        self,
        osv: str,
        pins: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setattr(Osv, "fails", True)
        assert advisories.main([str(pins), "--osv-url", osv]) == advisories.NOT_ASKED
        assert "could not be asked, so nothing is known of the 4" in capsys.readouterr().out


class TestPins:
    def test_of_this_checkout_are_all_read(self) -> None:
        file = Path(__file__).parents[2] / "constraints.txt"
        lines = [n for n in file.read_text().splitlines() if n and not n.startswith("#")]
        assert len(advisories.pins_of(file)) == len(lines) > 100
