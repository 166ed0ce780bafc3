"""Finds host names and IP addresses; off unless asked, since they are signal."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from sftsec_pii.emails import is_top
from sftsec_pii.span import Span

_DOMAIN = re.compile(r"(?<![\w.\-])[A-Za-z0-9\-]++(?:\.[A-Za-z0-9\-]++)++(?!\w)")
_IPV4 = re.compile(r"(?<![\w.\-])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{3,39}+(?![\w:])")


def domains(text: str) -> Iterator[Span]:
    """Host names: labels of letters, digits and dashes whose last is of letters."""
    for match in _DOMAIN.finditer(text):
        if is_top(match[0].rpartition(".")[2]):
            yield Span(match.start(), match.end(), match[0].lower())


def ips(text: str) -> Iterator[Span]:
    """IPv4 and IPv6 addresses."""
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(text):
            try:
                address = ipaddress.ip_address(match[0])
            except ValueError:
                continue
            yield Span(match.start(), match.end(), str(address))


def has_dot(text: str) -> bool:
    """Whether a host name may be there."""
    return "." in text


def has_dot_or_colon(text: str) -> bool:
    """Whether an IP address may be there."""
    return "." in text or ":" in text
