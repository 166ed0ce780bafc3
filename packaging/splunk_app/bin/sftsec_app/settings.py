"""How the scoring service is reached: sftsec.conf, and the token from the credential store."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sftsec_app.errors import AppError
from sftsec_app.splunkd import APP, RefusedError, Splunkd
from sftsec_app.tls import is_loopback

_TOKEN = "service_token"  # noqa: S105 - the name of it
_FORBIDDEN = 403
_SETUP = "open the sftsec app's set-up page"


@dataclass(frozen=True)
class ServiceSettings:
    """What is needed to ask the service.

    Attributes:
        url: its address.
        ca_file: its authority; "" for what the system trusts.
        timeout_s: for one batch.
        batch: events in one.
        token: never shown.
    """

    url: str
    ca_file: str
    timeout_s: int
    batch: int
    token: str = field(repr=False)


def read_service(splunkd: Splunkd) -> ServiceSettings:
    """Read and check.

    Raises:
        AppError: when something is missing or wrong; it says where to mend it.
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


def _token(splunkd: Splunkd) -> str:
    try:
        token = splunkd.secret(APP, _TOKEN)
    except RefusedError as error:
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
        place = urlsplit(url)
        _ = place.port
    except ValueError:
        return False
    if not place.hostname or place.username or place.query or place.fragment:
        return False
    return place.scheme == "https" or (place.scheme == "http" and is_loopback(url))


def _number(value: object, name: str, default: int, most: int) -> int:
    text = str(value if value is not None else "").strip() or str(default)
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise AppError(f"{name} in sftsec.conf must be a number from 1 to {most}: {_SETUP}")
    return int(text)
