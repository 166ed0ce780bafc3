"""URLs: syntax-based and scheme-based normalisation (RFC 3986, 6.2.2 and 6.2.3), no fragment."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

_URL = re.compile(r"\A\s*(?:https?|ftp|wss?)://[^\s\"'<>]+\s*\Z", re.I)
_PORTS = {"http": ":80", "ws": ":80", "https": ":443", "wss": ":443", "ftp": ":21"}


def plain_url(text: str) -> str:
    """A text that is a URL without what its server never sees; another as it is."""
    if not _URL.match(text):
        return text
    try:
        parts = urlsplit(text.strip())
    except ValueError:  # a bracket that is no IPv6 address
        return text
    scheme = parts.scheme.lower()
    netloc = parts.netloc.lower().removesuffix(_PORTS[scheme]).removesuffix(".")
    path = _without_dots(parts.path or "/")
    return urlunsplit((scheme, netloc, path, parts.query, ""))


def _without_dots(path: str) -> str:
    """RFC 3986, 5.2.4."""
    out: list[str] = []
    segments = path.split("/")
    for segment in segments:
        if segment == ".." and len(out) > 1:
            out.pop()
        elif segment not in {".", ".."}:
            out.append(segment)
    if segments[-1] in {".", ".."}:
        out.append("")
    return "/".join(out) or "/"
