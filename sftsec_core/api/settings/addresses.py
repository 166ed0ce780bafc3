"""Addresses in the configuration: what looks like one, and what must not be sent there."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit


def check_urls(urls: Sequence[str], example: str = "https://host:9200") -> None:
    """Refuse what is no address, or holds a password.

    Raises:
        ValueError: without repeating the address, which may hold the password.
    """
    if not urls:
        raise ValueError("name at least one address")
    for url in urls:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"write an address with its scheme: {example}")
        if parts.username or parts.password:
            raise ValueError("leave user and password out of the address; they have their own keys")


def refuse_clear_text(urls: Sequence[str]) -> None:
    """Refuse to send credentials over plain http, except to this machine.

    Raises:
        ValueError: naming the address.
    """
    for url in urls:
        parts = urlsplit(url)
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            raise ValueError(f"{url} would carry the credentials in the clear: use https")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
