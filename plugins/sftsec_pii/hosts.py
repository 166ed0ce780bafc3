"""Finds host names and IP addresses; off unless asked, since they are signal."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from sftsec_pii.emails import is_top
from sftsec_pii.span import Span
from sftsec_pii.words import ScannedText

_DOMAIN = re.compile(r"(?<![\w.\-])[A-Za-z0-9\-]++(?:\.[A-Za-z0-9\-]++)++(?!\w)")
_IPV4 = re.compile(r"(?<![\w.\-])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{3,39}+(?![\w:])")


def domains(scanned: ScannedText) -> Iterator[Span]:
    """Host names: labels of letters, digits and dashes whose last is of letters."""
    for match in _DOMAIN.finditer(scanned.text):
        if is_top(match[0].rpartition(".")[2]):
            yield Span(match.start(), match.end(), match[0].lower())


def ips(scanned: ScannedText) -> Iterator[Span]:
    """IPv4 and IPv6 addresses."""
    for pattern in (_IPV4, _IPV6):
        for match in pattern.finditer(scanned.text):
            try:
                address = ipaddress.ip_address(match[0])
            except ValueError:
                continue
            yield Span(match.start(), match.end(), str(address))


def has_dot(scanned: ScannedText) -> bool:
    """Whether a host name may be there."""
    return "." in scanned.text


def has_dot_or_colon(scanned: ScannedText) -> bool:
    """Whether an IP address may be there."""
    return "." in scanned.text or ":" in scanned.text
