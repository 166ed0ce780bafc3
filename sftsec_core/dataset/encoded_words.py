"""Base64 and hexadecimal words whose bytes are text, one level: what `powershell -enc` runs.

A word is told by what it holds, not by what stands before it: bytes that are printable text, in
UTF-8 or in UTF-16LE as PowerShell writes it. Nothing is executed and nothing decompressed. Every
function takes time linear in the text's length and never raises.
"""

from __future__ import annotations

import binascii
import re
from itertools import islice, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# RFC 4648, sections 4 (standard), 5 (url-safe) and 8 (hexadecimal); padding may be missing.
_WORD = re.compile(r"[A-Za-z0-9+/_-]{8,}+=*+")
_SEPARATORS = re.compile(r"[/_+-]")
_HEX = re.compile(r"(?:0[xX])?((?:[0-9A-Fa-f]{2})+)")
_URL_SAFE = str.maketrans("-_", "+/")
_DECODES = re.compile(r"(?i)base64|atob|b64|[-/]e(?:c|n[a-z]*)?\s")
_MOST_PARTS, _MOST_RESTS = 64, 4  # of a run that are tried
_LONGEST = 1 << 20  # characters of a word
_PROBE = 64  # characters of a word that are looked at first, a multiple of 4
_SHORTEST = 8
_SHORTEST_UNANNOUNCED = 16  # letters of base64: that 12 random bytes are text is no accident
_SHORTEST_HEX = 16  # digits: 8 bytes
_SHORTEST_NAMED_HEX = 8  # digits after 0x
_SHORTEST_UNICODE = 24  # bytes: one in a few thousand random words of 12 bytes is UTF-8
_LEAST_PRINTABLE = 0.95
_UNPRINTABLE = re.compile("[^\t\n\r -~\u00a1-\ud7ff\ue000-\ufffc\U00010000-\U0003ffff]")


def decoded_words(text: str) -> Iterator[str]:
    """What the encoded words of a text hold, in their order, repeated ones once.

    A word is a run of base64's letters, standard or url-safe, with or without padding; where the
    whole run holds no text, its parts between `/`, `_`, `+` and `-` are tried: paths are such runs.
    Base64 in UTF-8 has at least 16 letters, or 8 with padding or where the text speaks of base64;
    in UTF-16LE 8. Hexadecimal has at least 16 digits with a letter, or 8 after `0x`.
    """
    announced = _DECODES.search(text) is not None
    seen: set[str] = set()
    for match in _WORD.finditer(text):
        for found in _of_run(match[0], announced=announced):
            if found not in seen:
                seen.add(found)
                yield found


def _of_run(run: str, *, announced: bool) -> Iterator[str]:
    """What a run of letters holds: as a whole, from one of its separators on, or in its parts.

    Base64 has `/` among its letters, so that a path before a word looks like a part of it. From
    each of the first separators the first letters are tried, and the whole rest a few times only.
    """
    places = [match.start() for match in islice(_SEPARATORS.finditer(run), _MOST_PARTS)]
    tries = _MOST_RESTS
    for start, end in pairwise((-1, *places, len(run))):
        rest = run[start + 1 : start + 1 + _PROBE]
        if tries and _decode(rest, announced=announced, cut=True) is not None:
            tries -= 1
            whole = _decode(run[start + 1 :], announced=announced)
            if whole is not None:
                yield whole
                return
        part = _decode(run[start + 1 : end], announced=announced)
        if part is not None:
            yield part


def _decode(word: str, *, announced: bool, cut: bool = False) -> str | None:
    """What one word holds as text; None for none. `cut` where it is the beginning of one."""
    if not _SHORTEST <= len(word) <= _LONGEST:
        return None
    hexadecimal = _HEX.fullmatch(word)
    if hexadecimal:
        return _from_hex(hexadecimal[1], named=word[1] in "xX")
    bare = word.rstrip("=").translate(_URL_SAFE)
    known = announced or word.endswith("=") or len(bare) >= _SHORTEST_UNANNOUNCED
    if not known and "A" not in bare:
        return None  # every ASCII letter of UTF-16 has six zero bits, or more, behind it
    usable = len(bare) - (len(bare) % 4 == 1)  # a last letter that makes no byte is dropped
    try:
        octets = binascii.a2b_base64(bare[:usable] + "=" * (-usable % 4))
    except (binascii.Error, ValueError):
        return None
    return _as_text(octets, utf8=known, cut=cut)


def _from_hex(digits: str, *, named: bool) -> str | None:
    if len(digits) < (_SHORTEST_NAMED_HEX if named else _SHORTEST_HEX):
        return None
    if digits.isdigit() and not named:
        return None  # a number
    return _as_text(bytes.fromhex(digits))


def _as_text(octets: bytes, *, utf8: bool = True, cut: bool = False) -> str | None:
    """Read bytes as text, when nearly all of it is printable; None otherwise.

    Args:
        octets: as decoded.
        utf8: whether UTF-8 counts; UTF-16LE of ASCII letters always does.
        cut: whether the last character may be broken, as it is of a word's beginning.
    """
    wide = len(octets) >= 6 and octets[1:128:2].count(0) * 2 >= len(octets[1:128:2])
    if not wide and not utf8:
        return None
    if not (wide or octets.isascii() or len(octets) >= _SHORTEST_UNICODE):
        return None
    text = octets.decode("utf-16-le" if wide else "utf-8", "replace").removeprefix("\ufeff")
    text = text.rstrip("\ufffd") if cut else text
    printable = len(text) - len(_UNPRINTABLE.findall(text))
    if not text.strip() or printable < _LEAST_PRINTABLE * len(text):
        return None
    return text
