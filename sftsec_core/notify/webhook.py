"""A notice as a request that is signed as Standard Webhooks says (standardwebhooks.com).

webhook-id          the same for each attempt to send one notice
webhook-timestamp   seconds since 1970, of the attempt
webhook-signature   v1,BASE64(HMAC-SHA256(key, "ID.TIMESTAMP.BODY"))
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sftsec_core.api.errors import ConfigError, ConnectorError, ConnectorUnavailableError
from sftsec_core.api.settings.secrets import SecretRef, is_reference
from sftsec_core.config.notify import check_address

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from sftsec_core.config.notify import WebhookSettings
    from sftsec_core.notify.notice import Notice

_PREFIX = "whsec_"
_LEAST_KEY = 24  # bytes, as Standard Webhooks asks
_TIMEOUT_S = 10.0
_MAX_BYTES = 1 << 16
_TOO_MANY = 429
_SERVER_ERROR = 500


def send_webhook(
    settings: WebhookSettings,
    notice: Notice,
    number: str,
    clock: Callable[[], datetime],
    base: Path | None = None,
) -> None:
    """Send a notice once.

    Args:
        settings: where to, and the key.
        notice: what to tell.
        number: names the notice for its receiver; the same for each attempt.
        clock: gives the present moment (UTC).
        base: the folder that a relative path of a secret starts from.

    Raises:
        ConnectorUnavailableError: when a later attempt may succeed.
        ConnectorError: when none will.
        ConfigError: when a secret is missing, or the key is too short.
    """
    from sftsec_core.sdk.http import HttpClient

    url, now = _address(settings.url, base), clock()
    body = json.dumps(
        {
            "type": f"sftsec.{notice.kind}",
            "timestamp": now.isoformat(),
            "data": {
                "task": notice.task,
                "title": notice.title,
                "text": notice.text,
                **notice.data,
            },
        }
    ).encode()
    stamp = str(int(now.timestamp()))
    headers = {
        "content-type": "application/json",
        "webhook-id": number,
        "webhook-timestamp": stamp,
        "webhook-signature": sign(read_key(settings.secret), number, stamp, body),
    }
    client = HttpClient(
        "the webhook", ca_file=settings.ca_file, timeout_s=_TIMEOUT_S, max_bytes=_MAX_BYTES
    )
    try:
        status = client.send("POST", url, headers=headers, body=body).status
    finally:
        client.close()
    _check(status, urlsplit(url).hostname or "")


def sign(key: bytes, number: str, stamp: str, body: bytes) -> str:
    """The value of webhook-signature."""
    signed = hmac.digest(key, f"{number}.{stamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(signed).decode()}"


def read_key(secret: SecretRef) -> bytes:
    """Fetch the key.

    Raises:
        ConfigError: when it is missing, no base64 after whsec_, or too short.
    """
    text = secret.reveal()
    try:
        key = (
            base64.b64decode(text.removeprefix(_PREFIX), validate=True)
            if text.startswith(_PREFIX)
            else text.encode()
        )
    except binascii.Error:
        raise ConfigError(f"the secret {secret} is no base64 after {_PREFIX}") from None
    if len(key) < _LEAST_KEY:
        raise ConfigError(
            f"the secret {secret} is shorter than {_LEAST_KEY} bytes: openssl rand -base64 32"
        )
    return key


def _address(url: str, base: Path | None) -> str:
    if not is_reference(url):
        return url
    found = SecretRef(url, base).reveal()
    try:
        check_address(found)
    except ValueError as error:
        raise ConfigError(f"the secret {url}: {error}") from None
    return found


def _check(status: int, host: str) -> None:
    if status in range(200, 300):
        return
    if status == _TOO_MANY or status >= _SERVER_ERROR:
        raise ConnectorUnavailableError(f"the webhook at {host} answers {status}")
    raise ConnectorError(f"the webhook at {host} refuses the notification: {status}")
