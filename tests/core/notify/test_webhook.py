"""A webhook gets signed requests over TLS, and its answer says whether another attempt helps."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sftsec_core.api.errors import ConfigError, ConnectorError, ConnectorUnavailableError
from sftsec_core.config.notify import WebhookSettings
from sftsec_core.notify.notice import Notice
from sftsec_core.notify.webhook import read_key, send_webhook, sign
from sftsec_core.sdk.errors import TlsError
from tests.core.sdk.loopback import Loopback, loopback_server, send

NOW = datetime(2026, 6, 1, tzinfo=UTC)
NOTICE = Notice("drift", "mail", "d", "mail: drift", "sftsec drift show mail", {"events": 500})
SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()


@pytest.fixture
def server(certificates: Path) -> Iterator[Loopback]:
    with loopback_server(certificates) as made:
        yield made


@pytest.fixture
def settings(
    server: Loopback, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> WebhookSettings:
    monkeypatch.setenv("HOOK", SECRET)
    given = {"url": f"{server.url}/hook", "secret": "env:HOOK", "ca_file": certificates / "ca.pem"}
    return WebhookSettings.model_validate(given)


class TestSendWebhook:
    def test_signs_as_standard_webhooks_says(
        self, server: Loopback, settings: WebhookSettings
    ) -> None:
        send_webhook(settings, NOTICE, "n1", lambda: NOW)
        (asked,) = server.requests
        number, stamp = asked.headers["webhook-id"], asked.headers["webhook-timestamp"]
        assert (asked.path, number, stamp) == ("/hook", "n1", str(int(NOW.timestamp())))
        expected = hmac.new(b"k" * 32, f"n1.{stamp}.".encode() + asked.body, hashlib.sha256)
        signature = asked.headers["webhook-signature"]
        assert signature == f"v1,{base64.b64encode(expected.digest()).decode()}"
        body = json.loads(asked.body)
        assert (body["type"], body["data"]["task"]) == ("sftsec.drift", "mail")
        assert body["data"]["events"] == 500

    def test_agrees_with_the_published_example(self) -> None:
        key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
        found = sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
        assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

    @pytest.mark.parametrize(
        ("status", "error"), [(503, ConnectorUnavailableError), (429, ConnectorUnavailableError)]
    )
    def test_may_be_tried_again_later(
        self, server: Loopback, settings: WebhookSettings, status: int, error: type[Exception]
    ) -> None:
        server.answer = lambda handler: send(handler, b"", status)
        with pytest.raises(error, match=f"answers {status}"):
            send_webhook(settings, NOTICE, "n1", lambda: NOW)

    def test_is_refused_for_good(self, server: Loopback, settings: WebhookSettings) -> None:
        server.answer = lambda handler: send(handler, b"", 404)
        with pytest.raises(ConnectorError, match="refuses the notification: 404") as caught:
            send_webhook(settings, NOTICE, "n1", lambda: NOW)
        assert not isinstance(caught.value, ConnectorUnavailableError)

    def test_trusts_no_other_authority(self, server: Loopback, settings: WebhookSettings) -> None:
        stranger = settings.model_copy(update={"ca_file": None})
        with pytest.raises(TlsError, match="cannot be verified"):
            send_webhook(stranger, NOTICE, "n1", lambda: NOW)
        assert server.requests == []

    def test_reads_a_secret_address(
        self, server: Loopback, settings: WebhookSettings, tmp_path: Path
    ) -> None:
        (tmp_path / "url").write_text(f"{server.url}/token\n", encoding="utf-8")
        hidden = settings.model_copy(update={"url": "file:url"})
        send_webhook(hidden, NOTICE, "n1", lambda: NOW, tmp_path)
        assert server.requests[0].path == "/token"
        (tmp_path / "url").write_text("http://example.org/token", encoding="utf-8")
        with pytest.raises(ConfigError, match="begins with https://") as caught:
            send_webhook(hidden, NOTICE, "n1", lambda: NOW, tmp_path)
        assert "example" not in str(caught.value)


class TestReadKey:
    @pytest.mark.parametrize("secret", ["hunter2", "whsec_c2hvcnQ=", "whsec_***"])
    def test_refuses_without_repeating_it(
        self, secret: str, monkeypatch: pytest.MonkeyPatch, settings: WebhookSettings
    ) -> None:
        monkeypatch.setenv("HOOK", secret)
        with pytest.raises(ConfigError) as caught:
            read_key(settings.secret)
        assert secret not in str(caught.value)
