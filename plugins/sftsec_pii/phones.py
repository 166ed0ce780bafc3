"""Finds phone numbers: with a country code, in national forms, or after a word that says so.

Logs are full of numbers, so that a form without a word has to be one that logs do not write: byte
counts, times with their zones, versions, coordinates and sums of injections stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sftsec_pii.cards import only_digits
from sftsec_pii.span import Span
from sftsec_pii.words import ScannedText, family

_SIGN = r"[ .()/\-\u00a0\u2010-\u2013]"
_PLUS = re.compile(
    # Not a sum ("5+12345678"), nor a time zone before an address ("+0200 192.0.2.1").
    rf"\+(?<![\w+)\]]\+)(?!\d{{4}} \d{{1,3}}\.\d)\(?[1-9]\d*+(?:{_SIGN}{{1,3}}\d++)*+"
)
# Where a national form may begin: looked for first, since a search with a look-behind is slow.
_BEGINNING = re.compile(r"[\d(](?<![\w.+\-:/=][\d(])(?<!\d [\d(])")
_NATIONAL = re.compile(
    r"(?:(?:1[\-. ]?)?(?:\(\d{3}\) ?|\d{3}[\-.])\d{3}[\-. ]\d{4}"  # (555) 010-4477, North America
    r"|8 ?\(\d{3}\) ?\d{3}-\d\d-\d\d"  # 8 (495) 123-45-67, Russia
    r"|\(\d{2}\) ?9?\d{4}-\d{4}|1[3-9]\d-\d{4}-\d{4}"  # Brazil, China
    r"|(?:00|011[ \-])[1-9]\d{0,2}(?:[ \-/.]\(?\d{1,8}\)?){1,6}|00[1-9]\d{10,12}"
    r"|00[1-9]\d{3,5} \d{5,8}"
    r"|0[1-9]\d{8,9}"  # 03012345678
    r"|\(0\d{1,4}\) ?\d{3,4}[ \-]?\d{3,5}"  # (030) 12345678
    r"|0[1-9]\d{0,3} ?/ ?\d{5,9}"  # 030 / 1234567
    r"|0[1-9]\d{0,3}-\d{3,4}-\d{3,4}|0[1-9]\d{1,3}-\d{6,8}"  # 03-1234-5678, 0151-23456789
    r"|0[1-9]\d{0,3} \d{3,4} \d{3,4}|0[1-9]\d{1,3} \d{6,8}"  # 020 7946 0958, 07700 900123
    r"|0[1-9](?:[ ]\d\d){4}|0[1-9](?:\.\d\d){4}"  # 06 12 34 56 78, France
    r")(?!\w|[\-.:/]\d| [0-9a-f]{2}(?![\w.]))"
)
_WORD = re.compile(
    r"(?:\u624b\u673a|\u624b\u6a5f|\u7535\u8bdd|\u96fb\u8a71|\uc804\ud654|\u0442\u0435\u043b\u0435\u0444\u043e\u043d|\u0442\u0435\u043b"
    r"|(?<![a-z])(?:tel|telephone|telefono?|phones?|fon|fax|mobile?|cell|handy|msisdn|ring|call|sms"
    r"|whatsapp|caller_?id|(?:tele|mobile_?|cell_?|home_?|work_?|user_?)?phones?(?:_?(?:number|no))?"
    r"|mobile_?(?:phone|number|no)|telephone_?number))"
    r"(?: me| us)?(?: at| on| is| no| number)?\\?[\"']?\]?[.:=>#]{0,2} {0,2}(?:\[ ?)?\\?[\"']?"
    r"((?:[(]?\d++\)?(?: ?[/.\-] ?| )?+){1,6}+)(?![\w])"
)
_WORDS = family(
    *("tel", "phon", "fon", "fax", "mobil", "cell", "handy", "msisdn", "ring ", "call", "sms"),
    # Words of Chinese, Japanese, Korean and Russian.
    *(
        "whatsapp",
        "\u624b\u673a",
        "\u624b\u6a5f",
        "\u7535\u8bdd",
        "\u96fb\u8a71",
        "\uc804\ud654",
        "\u0442\u0435\u043b",
    ),
)
_LONGEST_WORD = 48  # letters of "telephone_number is no [ '" and the like, with some to spare
_LINKS = family("wa.me/")
_ENCODED = re.compile(r"(?<=wa\.me/)\d{8,15}(?!\d)")
# Words whose number is no telephone's, right before it.
_NO_PHONE = re.compile(
    r"(?i)(?:id|handle|seq|serial|port|size|count|offset|bytes|time|pid|part no\.?|no\.|-n|inode"
    r"|length|total|order|build|version|ticket|case|ref|invoice)[\"']?[ :=#]{1,3}$"
)
_AFTER_TIME = re.compile(r"\d\d:\d\d(?::\d\d(?:[.,]\d+)?)? ?$")
_BYTES_BEFORE = re.compile(r"(?<!\w)[0-9a-f]{2}[ .:]$")
_GROUP = re.compile(r"\d+")
_LEAST, _MOST = 8, 15  # digits of E.164 numbers


def phones(scanned: ScannedText) -> Iterator[Span]:
    """Phone numbers: with a country code, in a national form, or named by a word."""
    text = scanned.text
    if "+" in text:
        yield from _with_plus(text)
    yield from _national(text, max(0, scanned.digit - 1))
    yield from _named(scanned)


def _national(text: str, first: int) -> Iterator[Span]:
    beginning = _BEGINNING.search(text, first)
    while beginning:
        start = beginning.start()
        match = _NATIONAL.match(text, start)
        if match and not _is_other(text, start):
            yield Span(start, match.end(), only_digits(match[0]))
        beginning = _BEGINNING.search(text, match.end() if match else start + 1)


def _is_other(text: str, start: int) -> bool:
    """Whether what stands before says that the number is something else."""
    before = max(0, start - 24)
    return bool(_NO_PHONE.search(text, before, start) or _BYTES_BEFORE.search(text, before, start))


def _with_plus(text: str) -> Iterator[Span]:
    for match in _PLUS.finditer(text):
        start = match.start()
        end = _end_of_phone(match)
        if not end or text[end : end + 1].isalpha() or _is_decimal(text[start:end]):
            continue
        if _AFTER_TIME.search(text, max(0, start - 16), start) or _is_other(text, start):
            continue
        yield Span(start, end, f"+{only_digits(text[start:end])}")


def _is_decimal(number: str) -> bool:
    """Whether it is a number with a fraction: a duration, a coordinate; "+1.2025550143" is not."""
    whole_part, dot, fraction = number[1:].partition(".")
    return bool(dot) and fraction.isdigit() and not (len(whole_part) <= 3 and len(fraction) >= 8)


def _named(scanned: ScannedText) -> Iterator[Span]:
    """Numbers that only the word before them, or a link of WhatsApp, shows to be a phone's."""
    if scanned.words & _WORDS:
        for match in _WORD.finditer(scanned.low, max(0, scanned.digit - _LONGEST_WORD)):
            number = match[1].rstrip(" /-.(")
            if 7 <= len(digits := only_digits(number)) <= _MOST:
                yield Span(match.start(1), match.start(1) + len(number), digits)
    if scanned.words & _LINKS:
        for match in _ENCODED.finditer(scanned.text):
            yield Span(match.start(), match.end(), f"+{match[0]}")


def _end_of_phone(match: re.Match[str]) -> int:
    """Where 8 to 15 digits (E.164) end; 0 when there are fewer, or one group has more."""
    count = end = 0
    for group in _GROUP.finditer(match[0]):
        if count + len(group[0]) > _MOST:
            break
        count += len(group[0])
        end = group.end()
    return match.start() + end if count >= _LEAST else 0
