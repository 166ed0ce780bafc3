"""E-mails go through a real mail server on loopback, with TLS and a login."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError
from sftsec_core.config.notify import MailSettings
from sftsec_core.notify.mail import send_mail
from sftsec_core.notify.notice import Notice

NOW = datetime(2026, 6, 1, tzinfo=UTC)
NOTICE = Notice("drift", "mail", "d", "mail: drift\r\nBcc: x@y", "do this", {"events": 500})
PASSWORD = "correct horse battery"


class Mailbox:
    """Keeps what it is sent; answers as a test says."""

    def __init__(self) -> None:
        self.letters: list[Envelope] = []
        self.reply = "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        if self.reply.startswith("250"):
            self.letters.append(envelope)
        return self.reply


def authenticate(_server: Any, _session: Any, _envelope: Any, _kind: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and data.password == PASSWORD.encode()
    return AuthResult(success=right, handled=False)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def server(mailbox: Mailbox, certificates: Path) -> Iterator[Controller]:
    trust = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trust.load_cert_chain(certificates / "node.pem", certificates / "node.key")
    made = Controller(
        mailbox, hostname="127.0.0.1", port=_free_port(), tls_context=trust, require_starttls=True,
        auth_required=True, authenticator=authenticate,
    )  # fmt: skip
    made.start()
    yield made
    made.stop()


@pytest.fixture
def settings(
    server: Controller, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> MailSettings:
    monkeypatch.setenv("MAIL", PASSWORD)
    return MailSettings.model_validate(
        {
            "host": "127.0.0.1",
            "port": server.port,
            "user": "sftsec",
            "password": "env:MAIL",
            "from": "sftsec@example.org",
            "to": ["soc@example.org", "ann@example.org"],
            "ca_file": certificates / "ca.pem",
        }
    )


class TestSendMail:
    def test_reaches_all_recipients(self, mailbox: Mailbox, settings: MailSettings) -> None:
        send_mail(settings, NOTICE, "n1", lambda: NOW)
        (letter,) = mailbox.letters
        assert letter.rcpt_tos == ["soc@example.org", "ann@example.org"]
        assert isinstance(letter.content, bytes)
        read = message_from_bytes(letter.content, policy=policy.default)
        assert read["subject"] == "[sftsec] mail: drift Bcc: x@y"
        assert read["message-id"] == "<n1@example.org>"
        assert read["bcc"] is None
        assert "events: 500" in read.get_content()

    def test_may_be_tried_again_later(self, mailbox: Mailbox, settings: MailSettings) -> None:
        mailbox.reply = "451 greylisted"
        with pytest.raises(ConnectorUnavailableError, match="cannot take the notification now"):
            send_mail(settings, NOTICE, "n1", lambda: NOW)

    def test_is_refused_for_good(self, mailbox: Mailbox, settings: MailSettings) -> None:
        mailbox.reply = f"554 no thanks, {PASSWORD}"
        with pytest.raises(ConnectorError, match="refuses the notification: 554") as caught:
            send_mail(settings, NOTICE, "n1", lambda: NOW)
        assert PASSWORD not in str(caught.value)
        assert not isinstance(caught.value, ConnectorUnavailableError)

    def test_hides_a_wrong_password(
        self, settings: MailSettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("MAIL", "hunter2 hunter2")
        with pytest.raises(ConnectorError, match="refuses the notification: 535") as caught:
            send_mail(settings, NOTICE, "n1", lambda: NOW)
        assert "hunter2" not in str(caught.value)

    def test_trusts_no_other_authority(self, mailbox: Mailbox, settings: MailSettings) -> None:
        with pytest.raises(ConnectorError, match="certificate of the mail server"):
            send_mail(settings.model_copy(update={"ca_file": None}), NOTICE, "n1", lambda: NOW)
        assert mailbox.letters == []

    def test_names_a_server_that_is_gone(self, settings: MailSettings) -> None:
        gone = settings.model_copy(update={"port": 1})
        with pytest.raises(ConnectorUnavailableError, match="does not answer"):
            send_mail(gone, NOTICE, "n1", lambda: NOW)
