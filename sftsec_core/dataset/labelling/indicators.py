"""Lists of indicators: IP addresses, networks, domains and hashes, looked up in the text of fields.

A list is kept as sorted 64-bit hashes: 8 bytes an indicator. That two of a million differ in
nothing but their text happens once in some ten million lists.
"""

from __future__ import annotations

import hashlib
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

import numpy as np

from sftsec_core.api.settings.labelling import IndicatorFunction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from sftsec_core.api.errors import ConfigError
    from sftsec_core.api.settings.labelling import FunctionSettings

MOST_BYTES = 256 * 1024 * 1024
_TOKEN = re.compile(r"[\w.:\-]+")
_DOMAIN = re.compile(r"[\w\-]{1,63}(\.[\w\-]{1,63})+")
_HASH = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128}")
_ADDRESS = re.compile(r"[0-9.]+|[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*")


@dataclass(frozen=True, slots=True)
class IndicatorList:
    """What a file of indicators holds.

    Attributes:
        keys: hashes of the indicators, ascending; shape (count,).
        prefixes: lengths of the prefixes of its networks, by the IP version, 4 and 6.
        unreadable: lines that are none of the kinds.
        first_unreadable: the number of the first of them; 0 for none.
    """

    keys: NDArray[np.uint64]
    prefixes: dict[int, tuple[int, ...]]
    unreadable: int = 0
    first_unreadable: int = 0

    def note(self, name: str) -> str:
        """What a reader should know of the file of this name; "" for nothing."""
        if not self.unreadable:
            return ""
        lines = "line" if self.unreadable == 1 else "lines"
        return (
            f"no address, network, domain or hash in {self.unreadable:,} {lines} of {name}, the "
            f"first in line {self.first_unreadable:,}"
        )

    def found_in(self, text: str) -> bool:
        """Whether any indicator of the list stands in a text.

        A domain is found in one below it, in a URL and behind an @, an address in its networks.
        """
        keys = {_hashed(key) for key in self._keys_of(text)}
        if not keys or not len(self.keys):
            return False
        wanted = np.fromiter(keys, np.uint64, len(keys))
        places = np.searchsorted(self.keys, wanted)
        return bool((self.keys[np.minimum(places, len(self.keys) - 1)] == wanted).any())

    def _keys_of(self, text: str) -> Iterator[str]:
        for token in {each.strip(".:-") for each in _TOKEN.findall(_plain(text))}:
            address = _address(token) or _address(token.partition(":")[0])
            if address is not None:
                yield str(address)
                yield from (_network(address, n) for n in self.prefixes[address.version])
                continue
            host = token.partition(":")[0]
            if _HASH.fullmatch(host):
                yield host
            while "." in host:
                yield host
                host = host.partition(".")[2]


def check_readable(file: Path, fail: Callable[[str], ConfigError]) -> None:
    """Check that a file can be opened and is not too large.

    Args:
        file: the list.
        fail: makes the error of a message.

    Raises:
        ConfigError: when it cannot, or is.
    """
    try:
        with file.open("rb") as opened:
            opened.read(1)
        size = file.stat().st_size
    except OSError as error:
        raise fail(f"{file} cannot be read ({error.strerror}): put the list there") from error
    if size > MOST_BYTES:
        raise fail(f"{file} is larger than {MOST_BYTES:,} bytes: divide it into several lists")


def read_indicators(file: Path, fail: Callable[[str], ConfigError]) -> IndicatorList:
    """Read a file of indicators, one a line; some three seconds for a million lines.

    Args:
        file: UTF-8; what follows a # is a comment.
        fail: makes the error of a message.

    Raises:
        ConfigError: when it cannot be read, is larger than `MOST_BYTES` or holds no indicator.
    """
    keys, prefixes = array("Q"), {4: set[int](), 6: set[int]()}
    unreadable = first = 0
    check_readable(file, fail)
    try:
        with file.open(encoding="utf-8-sig", errors="replace") as lines:
            for number, line in enumerate(lines, start=1):
                text = _plain(line.partition("#")[0]).strip()
                key = _indicator(text, prefixes) if text else None
                if key is not None:
                    keys.append(_hashed(key))
                elif text:
                    unreadable, first = unreadable + 1, first or number
    except OSError as error:
        raise fail(f"{file} cannot be read: {error.strerror}") from error
    if not keys:
        raise fail(f"{file} holds no IP address, network, domain or hash: write one a line")
    lengths = {version: tuple(sorted(found)) for version, found in prefixes.items()}
    return IndicatorList(np.unique(np.array(keys, dtype=np.uint64)), lengths, unreadable, first)


def lists_of(functions: Mapping[str, FunctionSettings]) -> dict[str, str | None]:
    """The SHA-256 of each list that functions read, by its path; None where it cannot be read."""
    found: dict[str, str | None] = {}
    for function in functions.values():
        if isinstance(function, IndicatorFunction):
            try:
                with function.file.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError:
                digest = None
            found[str(function.file)] = digest
    return found


def _plain(text: str) -> str:
    """Lower case, with the dots of domains and addresses that were made harmless."""
    return text.casefold().replace("[.]", ".")


def _indicator(text: str, prefixes: dict[int, set[int]]) -> str | None:
    """The key of a line; None when it is of no kind. A network's prefix is noted."""
    if "/" in text:
        try:
            network: IPv4Network | IPv6Network = ip_network(text, strict=False)
        except ValueError:
            return None
        prefixes[network.version].add(network.prefixlen)
        return _network(network.network_address, network.prefixlen)
    address = _address(text)
    if address is not None:
        return str(address)
    known = _HASH.fullmatch(text) or _DOMAIN.fullmatch(text.strip("."))
    return text.strip(".") if known else None


def _address(text: str) -> IPv4Address | IPv6Address | None:
    if not _ADDRESS.fullmatch(text):
        return None
    try:
        return ip_address(text)
    except ValueError:
        return None


def _network(address: IPv4Address | IPv6Address, length: int) -> str:
    kept = int(address) >> (address.max_prefixlen - length)
    return f"{address.version}/{length}/{kept:x}"


def _hashed(key: str) -> int:
    raw = key.encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(raw, digest_size=8).digest(), "big")
