"""A notice as an e-mail."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime
from typing import TYPE_CHECKING

from sftsec_core.api.errors import ConnectorError, ConnectorUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from sftsec_core.config.notify import MailSettings
    from sftsec_core.notify.notice import Notice

_TIMEOUT_S = 10.0
_FOR_GOOD = 500  # replies from here on are refusals


def send_mail(
    settings: MailSettings, notice: Notice, number: str, clock: Callable[[], datetime]
) -> None:
    """Send a notice once.

    Args:
        settings: where to, through which server.
        notice: what to tell.
        number: names the notice; the same for each attempt.
        clock: gives the present moment (UTC).

    Raises:
        ConnectorUnavailableError: when a later attempt may succeed.
        ConnectorError: when none will.
        ConfigError: when the password is missing.
    """
    message = _message(settings, notice, number, clock())
    password = settings.password.reveal() if settings.password else ""
    place = f"the mail server {settings.host}"
    try:
        with _connected(settings) as server:
            if settings.user is not None:
                server.login(settings.user, password)
            server.send_message(message)
    except ssl.SSLCertVerificationError:
        raise ConnectorError(
            f"the certificate of {place} cannot be verified: set ca_file to its authority"
        ) from None
    except smtplib.SMTPNotSupportedError:
        raise ConnectorError(f"{place} offers no STARTTLS or no login: see `tls`") from None
    except smtplib.SMTPRecipientsRefused as error:
        raise _refused(place, max(code for code, _ in error.recipients.values())) from None
    except smtplib.SMTPResponseException as error:
        # Only its number: a server's words may repeat what it was sent.
        raise _refused(place, error.smtp_code) from None
    except (OSError, smtplib.SMTPException) as error:
        kind = type(error).__name__
        raise ConnectorUnavailableError(f"{place} does not answer ({kind})") from None


def _connected(settings: MailSettings) -> smtplib.SMTP:
    address = (settings.host, settings.port)
    if settings.tls == "none":
        return smtplib.SMTP(*address, timeout=_TIMEOUT_S)
    trust = ssl.create_default_context(cafile=settings.ca_file)
    if settings.tls == "tls":
        return smtplib.SMTP_SSL(*address, timeout=_TIMEOUT_S, context=trust)
    server = smtplib.SMTP(*address, timeout=_TIMEOUT_S)
    try:
        server.starttls(context=trust)
    except BaseException:
        server.close()
        raise
    return server


def _message(settings: MailSettings, notice: Notice, number: str, now: datetime) -> EmailMessage:
    message = EmailMessage()
    message["From"] = settings.sender
    message["To"] = ", ".join(settings.to)
    message["Subject"] = f"[sftsec] {' '.join(notice.title.split())}"
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{number}@{settings.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    facts = "\n".join(f"{name}: {value}" for name, value in notice.data.items())
    message.set_content(f"{notice.title}\n\n{notice.text}\n\n{facts}\n")
    return message


def _refused(place: str, code: int) -> ConnectorError:
    if code >= _FOR_GOOD:
        return ConnectorError(f"{place} refuses the notification: {code}")
    return ConnectorUnavailableError(f"{place} cannot take the notification now: {code}")
