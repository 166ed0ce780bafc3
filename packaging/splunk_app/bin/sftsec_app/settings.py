"""How the scoring service is reached: sftsec.conf, and the token from the credential store."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sftsec_app.portable import AppError, ResponseError
from sftsec_app.splunkd import APP, SplunkdClient
from sftsec_app.tls import is_loopback

_TOKEN = "service_token"  # noqa: S105 - the name of it
_FORBIDDEN = 403
_SETUP = "open the sftsec app's set-up page"


@dataclass(frozen=True)
class ServiceSettings:
    """The address of the service and the limits of a request.

    Attributes:
        url: its address.
        ca_file: of its certificate authority; "" for those that the system trusts.
        timeout_s: for one batch.
        batch: events in one request.
        token: never shown.
    """

    url: str
    ca_file: str
    timeout_s: int
    batch: int
    token: str = field(repr=False)


def read_service(splunkd: SplunkdClient) -> ServiceSettings:
    """Read and check the settings.

    Raises:
        AppError: when one is missing or wrong; the message names the place to correct it.
    """
    stanza = splunkd.stanza(APP, "service")
    url = str(stanza.get("url") or "").strip()
    if not url:
        raise AppError(f"no scoring service is set: {_SETUP}")
    if not _is_safe(url):
        raise AppError(f"the service's address must be https://host:port: {_SETUP}")
    return ServiceSettings(
        url,
        str(stanza.get("ca_file") or "").strip(),
        _number(stanza.get("timeout"), "timeout", 30, 600),
        _number(stanza.get("batch"), "batch", 500, 10_000),
        _token(splunkd),
    )


def _token(splunkd: SplunkdClient) -> str:
    try:
        token = splunkd.secret(APP, _TOKEN)
    except ResponseError as error:
        if error.status != _FORBIDDEN:
            raise
        raise AppError(
            "you may not read the service's token: that takes the role sftsec_admin "
            "(capability list_storage_passwords)"
        ) from error
    if not token:
        raise AppError(f"the service's token is not set, or hidden from you: {_SETUP}")
    return token


def _is_safe(url: str) -> bool:
    try:
        address = urlsplit(url)
        _ = address.port
    except ValueError:
        return False
    if not address.hostname or address.username or address.query or address.fragment:
        return False
    return address.scheme == "https" or (address.scheme == "http" and is_loopback(url))


def _number(value: object, name: str, default: int, highest: int) -> int:
    text = str(value if value is not None else "").strip() or str(default)
    if not text.isdigit() or not 1 <= int(text) <= highest:
        raise AppError(f"{name} in sftsec.conf must be a number from 1 to {highest}: {_SETUP}")
    return int(text)
