"""URLs written otherwise: parameters in another order, harmless characters percent-encoded.

Only a URL that something bounds is rewritten: one that is a whole line, stands in quotes or angle
brackets, or is the target of an HTTP request line. Elsewhere, as in a shell's command, `&` may
belong to the text around it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sftsec_core.dataset.rewrites.draw import PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Callable

    from sftsec_core.dataset.rewrites.draw import KeyedDraw

_SCHEME = r"(?:https?|ftp|wss?)://"
_TARGET = re.compile(
    rf"""^[ \t]*(?P<line>(?:{PLACEHOLDER}|[^\s"'<>`])+)[ \t]*$"""
    r"""|^[A-Z]{3,7}[ ](?P<request>/[^\s"'<>`]*)[ ]HTTP/[0-9]"""
    rf"""|(?P<open>["'<])(?P<quoted>{_SCHEME}(?:{PLACEHOLDER}|[^\s"'<>`])+)(?=["'>])""",
    re.MULTILINE,
)
_PARAMETER = re.compile(r"[A-Za-z0-9_.~%+\[\]-]+=[^\s;|`$(){}\\]*")
_ESCAPE = re.compile(rf"{PLACEHOLDER}|%[0-9A-Fa-f]{{2}}|(?P<letter>[A-Za-z])")
_LONGEST = 8192  # characters of a URL; a longer word is data
_MOST_ENCODED = 3


@dataclass(frozen=True, slots=True)
class Url:
    """The parts of a URL; joined they are the URL again.

    Attributes:
        host: scheme and authority; "" for a path or a query by itself.
        path: from the first slash.
        query: without the sign before it.
        rest: the fragment, with the sign before it.
        asks: whether "?" stands before the query.
    """

    host: str
    path: str
    query: str
    rest: str
    asks: bool

    @classmethod
    def read(cls, text: str) -> Url | None:
        """Divide a word that is a URL, a path with a query or a query; None for another."""
        match = re.match(rf"({_SCHEME}[^/?#]*)?([^?#]*)(\??)([^#]*)(.*)", text, re.DOTALL)
        if match is None or len(text) > _LONGEST:
            return None
        host, path, sign, query, rest = match.groups(default="")
        if host or path.startswith("/"):
            return cls(host, path, query, rest, bool(sign))
        parts = (query if sign else path).split("&")
        if len(parts) > 1 and all(map(_PARAMETER.fullmatch, parts)):
            # "a=1&b=2", or "page.php?a=1&b=2"
            return cls(path, "", query, rest, True) if sign else cls("", "", path, rest, False)
        return None

    def __str__(self) -> str:
        return f"{self.host}{self.path}{'?' if self.asks else ''}{self.query}{self.rest}"


def reorder_parameters(text: str, draw: KeyedDraw) -> str:
    """Put the parameters of each URL's query, or of a form, in a drawn order.

    Those with a name that stands twice, or with what may be read by a shell, keep theirs.
    """
    return _each_url(text, lambda url: _reordered(url, draw))


def encode_percent(text: str, draw: KeyedDraw) -> str:
    """Write up to three letters of each URL's path and of its values as %XX (RFC 3986, 2.3).

    Host, names of parameters and what is encoded already stay.
    """
    return _each_url(text, lambda url: _encoded(url, draw))


def _each_url(text: str, change: Callable[[Url], Url]) -> str:
    def changed(match: re.Match[str]) -> str:
        name = str(match.lastgroup)
        url = Url.read(match[name])
        if url is None:
            return match[0]
        start, end = (place - match.start() for place in match.span(name))
        return f"{match[0][:start]}{change(url)}{match[0][end:]}"

    return _TARGET.sub(changed, text)


def _reordered(url: Url, draw: KeyedDraw) -> Url:
    parts = url.query.split("&")
    names = [part.partition("=")[0] for part in parts]
    if len(parts) < 2 or len(set(names)) < len(names):
        return url
    if not all(map(_PARAMETER.fullmatch, parts)):
        return url
    order = draw.order(f"parameters {url}", len(parts))
    query = "&".join(parts[number] for number in order)
    return Url(url.host, url.path, query, url.rest, url.asks)


def _encoded(url: Url, draw: KeyedDraw) -> Url:
    query_from = len(url.path)
    whole = url.path + url.query
    free = [
        match.start()
        for match in _ESCAPE.finditer(whole)
        if match["letter"] and (match.start() < query_from or _in_value(url, match.start()))
    ]
    count = min(len(free), 1 + draw.number(f"encoded {url}", _MOST_ENCODED))
    chosen = [free[number] for number in draw.order(f"letters {url}", len(free))[:count]]
    for place in sorted(chosen, reverse=True):
        whole = f"{whole[:place]}%{ord(whole[place]):02X}{whole[place + 1 :]}"
    added = sum(2 for place in chosen if place < query_from)
    path, query = whole[: query_from + added], whole[query_from + added :]
    return Url(url.host, path, query, url.rest, url.asks)


def _in_value(url: Url, place: int) -> bool:
    """Whether a place of path and query, joined, is in a parameter's value."""
    before = url.query[: place - len(url.path)]
    return "=" in before.rpartition("&")[2]
