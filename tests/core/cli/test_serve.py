"""`sftsec serve` as a process: starts, answers over TLS, keeps its secrets, stops on a signal."""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sftsec_core.api.errors import ConfigError
from sftsec_core.cli import cli
from tests.core.server.conftest import certificates, own_site
from tests.core.server.process import CODE, started
from tests.core.server.site import OTHER, TASK, TOKEN, Client, Site, wait_until

__all__ = ["certificates", "own_site"]

SECRET = "winter-is-coming-4711"


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


def test_signal_finishes_running_requests_over_tls(own_site: Site, certificates: Path) -> None:
    own_site.promote(own_site.register())
    pem = ["--certificate", str(certificates / "node.pem"), "--key", str(certificates / "node.key")]
    with started(own_site, *pem) as (process, url):
        client = Client(url, certificates / "ca.pem")
        wait_until(client, "/readyz", status="ready")
        assert len(client.text(f"click {SECRET}").results) == 1
        assert client.call("GET", "/v1/tasks", Authorization=f"Bearer {SECRET}").status == 401
        assert client.get("/openapi.json").status == 404
        process.send_signal(signal.SIGHUP)
        assert client.get("/v1/tasks").status == 200
        large = send(client, 1000)
        process.send_signal(signal.SIGTERM)
        answer = large.getresponse()
        results = json.loads(answer.read())["results"]
        large.close()
        code, errors = ended(process)
    assert (answer.status, len(results)) == (200, 1000)
    assert code == 0
    line = r"\d{4}-\d\d-\d\d [\d:,]+ INFO sftsec_core\.server\.access: POST /v1/score 200 events=1 "
    assert re.search(line + r"ms=[\d.]+ token=splunk\n", errors)
    for what in ("the tokens are", "the certificate is"):
        assert f"sftsec_core.server.renewal: {what} read again\n" in errors
    assert "Traceback" not in errors
    for secret in (TOKEN, OTHER, SECRET):
        assert secret not in errors


def send(client: Client, events: int) -> http.client.HTTPConnection:
    """Send a batch over a connection that is open already, and do not wait for its answer."""
    connection = client.connect()
    connection.request("GET", "/healthz")
    assert connection.getresponse().read()
    body = json.dumps({"task": TASK, "events": [{"fields": {"message": SECRET}}] * events})
    bearer = {"Authorization": f"Bearer {client.token}"}
    connection.request("POST", "/v1/score", body.encode(), bearer)
    return connection


def test_ctrl_c_is_no_failure(own_site: Site) -> None:
    with started(own_site) as (process, url):
        assert Client(url).get("/healthz").status == 200
        process.send_signal(signal.SIGINT)
        code, errors = ended(process)
    assert (code, errors) == (0, "")


def test_wrong_setting_is_one_line(own_site: Site) -> None:
    command = [sys.executable, "-c", CODE, "-c", str(own_site.context.file)]
    done = subprocess.run(
        [*command, "serve", "--host", "0.0.0.0"],  # noqa: S104 - that is what is refused
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "serve.host: 0.0.0.0 is reachable from other machines" in done.stderr


def test_missing_extra_is_named(own_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.delitem(sys.modules, "sftsec_core.server.endpoint", raising=False)
    result = CliRunner().invoke(cli, ["-c", str(own_site.context.file), "serve"])
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception) == "`sftsec serve` needs uvicorn: pip install 'sftsec[serve]'"
