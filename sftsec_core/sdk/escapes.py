r"""Escapes of characters: percent, `\x27`, `\u0027` and HTML entities."""

from __future__ import annotations

import html
import re

ESCAPES = re.compile(
    r"(?P<percent>(?:%[0-9A-Fa-f]{2})++)|(?P<bytes>(?:\\x[0-9A-Fa-f]{2})++)"
    r"|(?P<units>(?:\\u[0-9A-Fa-f]{4})++)"
    r"|(?P<entity>&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)"
)
_NOT_HEX = re.compile(r"[%\\xu]+")


def decode_escapes(text: str) -> str:
    """Decode every escape of a text once; one that holds nothing printable stays."""
    return ESCAPES.sub(decoded_escape, text)


def decoded_escape(match: re.Match[str]) -> str:
    """The characters of a match of `ESCAPES`; itself where they are none that can be shown."""
    raw = match[0]
    if match.lastgroup == "entity":
        text = html.unescape(raw)
    else:
        octets = bytes.fromhex(_NOT_HEX.sub("", raw))
        coding = "utf-16-be" if match.lastgroup == "units" else "utf-8"
        try:
            text = octets.decode(coding)
        except UnicodeDecodeError:
            text = octets.decode("latin-1") if coding == "utf-8" else raw
    text = re.sub(r"[\t\r\n]", " ", text)
    return text if text.isprintable() else raw
