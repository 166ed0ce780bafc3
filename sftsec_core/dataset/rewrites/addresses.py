"""Private IPv4 addresses (RFC 1918) become others of the same block.

Addresses of one network stay in one network, as by a prefix-preserving anonymisation (Xu et al.,
"Prefix-Preserving IP Address Anonymization", 2002; here each octet is shifted by an offset that its
prefix decides). Octets at the end that are 0, 1 or 255 name networks, gateways and broadcasts, and
stay. A public address is neither changed nor made.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sftsec_core.dataset.rewrites.draw import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sftsec_core.dataset.rewrites.draw import KeyedDraw

_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_BLOCK = rf"(?:10\.{_OCTET}|192\.168|172\.(?:1[6-9]|2[0-9]|3[01]))"
_BEFORE = r"(?<![A-Za-z0-9_.%+-])"
_AFTER = r"(?![A-Za-z0-9_]|[.-][A-Za-z0-9_]|/(?:8|12|16)(?![0-9]))"
_PRIVATE = re.compile(rf"{PLACEHOLDER}|{_BEFORE}(?P<address>{_BLOCK}\.{_OCTET}\.{_OCTET}){_AFTER}")
# A network that is neither a whole block nor within the last octet: its hosts would leave it.
_NETWORK = re.compile(
    rf"{_BEFORE}(?!10\.0\.0\.0/8|172\.16\.0\.0/12|192\.168\.0\.0/16)"
    rf"{_BLOCK}\.{_OCTET}\.{_OCTET}/(?:[0-9]|1[0-9]|2[0-3])(?![0-9])"
)
_NAMED = (0, 1, 255)
_FIRST, _HOSTS = 2, 253  # last octets that name hosts: 2 to 254


def swap_addresses(texts: Sequence[str], beside: str, draw: KeyedDraw) -> list[str]:
    """Replace private addresses, each by the same one in all texts.

    Args:
        texts: of one incident.
        beside: what else the incident holds: an address in it stays.
        draw: of the copy.

    Returns:
        The texts changed; as they are where they name networks of which hosts would fall out.
    """
    if any(_NETWORK.search(text) for text in (*texts, beside)):
        return list(texts)
    kept = {match["address"] for match in _PRIVATE.finditer(beside)}
    found: dict[str, str] = {}

    def other(match: re.Match[str]) -> str:
        address = match["address"]
        if address is None or address in kept:
            return match[0]
        if address not in found:
            found[address] = _other(address, draw)
        return found[address]

    return [_PRIVATE.sub(other, text) for text in texts]


def _other(address: str, draw: KeyedDraw) -> str:
    first, second, third, last = map(int, address.split("."))
    new_second, new_third = second, third
    if first == 10:
        new_second = _shifted(second, 0, 256, draw, "10")
    elif first == 172:
        new_second = _shifted(second, 16, 16, draw, "172")
    new_third = _shifted(third, 0, 256, draw, f"{first}.{second}")
    if last not in _NAMED:
        last = _shifted(last, _FIRST, _HOSTS, draw, f"{first}.{second}.{third}")
    return f"{first}.{new_second}.{new_third}.{last}"


def _shifted(octet: int, first: int, count: int, draw: KeyedDraw, prefix: str) -> int:
    """Another of the `count` octets from `first` on; different octets become different ones."""
    return first + (octet - first + 1 + draw.number(f"octet {prefix}", count - 1)) % count
