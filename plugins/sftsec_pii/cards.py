"""Finds card numbers, IBANs and US social security numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, pairwise

from sftsec_pii.checks import (
    IBAN_LONGEST,
    MOST_GROUPS,
    card_counts,
    iban_length,
    is_card,
    is_iban,
)
from sftsec_pii.span import Span
from sftsec_pii.words import ScannedText, family

_BLANK = "[ \u00a0\u2009\u202f]"
_DASH = "[\\-\u2010-\u2013]"
# A pattern that begins with one digit is looked for much faster than one with a look-behind first.
_DIGITS = re.compile(rf"\d\d*+(?:(?:{_BLANK}{{1,2}}|{_BLANK}?{_DASH}{_BLANK}?|[+._/])\d++)*+")
# What may stand against a card number: no letter, but "PAN4111..." and "%B4111..." of a track.
_BEFORE = re.compile(r"(?i)(?:%(?:25)?B|[a-z]_|pan|card|ccn|visa|amex|\bx|[^\w.])$")
_SSN = re.compile(
    rf"\d\d\d(?<![\w.\-]\d\d\d)(?<!000|666)(?<!9\d\d)({_DASH})(?!00)\d\d\1(?!0000)\d{{4}}"
    r"(?![\w\-])"
)
_NAMED_SSN = re.compile(
    r"(?:ssns?(?:[ _\-]?(?:number|num|no|nr)\.?)?|ss#|social security (?:number|no\.?|#)|soc sec"
    r"|social_?(?:security)?_?(?:number|no)?)"
    r"(?: is|[\"')\\]|%3d|#|>|[ :=_])*+(?!000|666|9\d\d)"
    rf"(\d{{3}}(?:{_DASH}|[. ])?\d\d(?:{_DASH}|[. ])?\d{{4}})(?![\w\-])"
)
_SSN_WORDS = family("ssn", "ss#", "soc")
_LONG_NUMBER = re.compile("\\d[\\d \\-().+/,_\u00a0\u2009\u202f\u2010-\u2013]{7,}\\d")
_TRACK = re.compile(r"D\d{7}")  # expiry and service code on the second track
_CARD_WORD = re.compile(r"(?i)(?:card|pan|visa|ccn?|credit|debit)\W*(?:no|number|num|#)?\W{0,4}$")
# Words whose number is no card's, right before it.
_NO_CARD = re.compile(
    r"(?i)(?:order|invoice|ticket|case|reference|ref|serial|sequence|seq|trace|transaction|session"
    r"|request|message|record|imei|imsi|iccid|tracking|parcel|offset|size|bytes|time|timestamp)"
    r"(?:[ _\-]?(?:id|no|number|num|nr))?[\"'.#]?[ :=#]{1,3}$"
)
# Where a card may begin among groups of digits: one group, or the first of several by its size, the
# next one's and what issuers begin with. A text of nothing but digits has a group every two signs,
# so that what none of it can be a card is told here and not in Python.
_CARD_START = re.compile(
    r"\d{4}(?<!\d{5})"
    r"(?:\d{9,15}+(?!\d)|\d{16,}+|(?<=[2-6]\d{3}|1800)(?=\D{1,3}\d{4}(?:\D{1,3}\d{4}|\d{1,2}\D)))"
)
_GROUP = re.compile(r"\d+")
_SHORTEST_CARD = 13
_LONGEST_CARD = 40  # signs: 19 digits, and four times up to three between them


def has_long_number(scanned: ScannedText) -> bool:
    """Whether a card, phone or social security number may be there."""
    return scanned.digit >= 0 and _LONG_NUMBER.search(scanned.text, scanned.digit) is not None


def cards(scanned: ScannedText) -> Iterator[Span]:
    """Card numbers: in one run of digits or in the groups that are printed on cards."""
    text = scanned.text
    for run in _DIGITS.finditer(text, scanned.digit):
        start, end = run.span()
        if (
            end - start < _SHORTEST_CARD
            or (end - start <= _LONGEST_CARD and len(only_digits(run[0])) < _SHORTEST_CARD)
            or not _may_begin_card(text, start)
            or _goes_on(text, end)
        ):
            continue
        yield from _cards_of_run(text, start, end)


def _cards_of_run(text: str, start: int, end: int) -> Iterator[Span]:
    behind = start
    for begin in map(re.Match.start, _CARD_START.finditer(text, start, end)):
        if begin < behind:
            continue
        groups = _GROUP.finditer(text, begin, min(begin + _LONGEST_CARD, end))
        found = list(islice(groups, MOST_GROUPS))
        counts = card_counts([group.end() - group.start() for group in found])
        count = _card_groups(found, counts, text) if counts else 0
        if count:
            behind = found[count - 1].end()
            yield Span(begin, behind, only_digits(text[begin:behind]))


def _goes_on(text: str, end: int) -> bool:
    """Whether the digits are part of a word or of a decimal number."""
    if _TRACK.match(text, end):
        return False
    after = text[end : end + 2]
    return after[:1].isalnum() or after[:1] == "_" or (after[:1] == "." and after[1:].isalnum())


def _may_begin_card(text: str, start: int) -> bool:
    return start == 0 or _BEFORE.search(text, max(0, start - 5), start) is not None


def _is_fraction(text: str, start: int) -> bool:
    """Whether the digits follow a decimal point."""
    return text[start - 1 : start] == "." and text[start - 2 : start - 1].isdigit()


def _card_groups(found: list[re.Match[str]], counts: list[int], text: str) -> int:
    """How many of the first groups make a card number, of these counts; 0 for none."""
    for count in counts:
        digits = [group[0] for group in found[:count]]
        if not is_card(digits):
            continue
        seps = {text[a.end() : b.start()] for a, b in pairwise(found[:count])}
        # Numbers of 13 digits that begin with 4 are barcodes more often than cards.
        shortest = count == 1 and len(digits[0]) == _SHORTEST_CARD
        place = found[0].start()
        if count == 1 and (
            _is_fraction(text, place) or _NO_CARD.search(text, max(0, place - 32), place)
        ):
            continue
        if len(seps) <= 1 and not (
            shortest and not _CARD_WORD.search(text, max(0, place - 24), place)
        ):
            return count
    return 0


def only_digits(text: str) -> str:
    """The digits of a text."""
    return "".join(filter(str.isdigit, text))


def ssns(scanned: ScannedText) -> Iterator[Span]:
    """US social security numbers, in the ranges that are given out."""
    for match in _SSN.finditer(scanned.text, scanned.digit):
        yield Span(match.start(), match.end(), only_digits(match[0]))
    if scanned.words & _SSN_WORDS:
        for match in _NAMED_SSN.finditer(scanned.low):
            yield Span(match.start(1), match.end(1), only_digits(match[1]))


# Begins at the check digits: a pattern that begins with a digit is searched for much faster than
# one that begins with a letter or a look-behind.
_IBAN_START = re.compile(
    r"\d\d(?:(?<=[A-Za-z]{2}\d\d)|(?<=[A-Z]{2} \d\d))(?=[ +\-._/\u00a0]{0,2}[A-Za-z0-9]{2})"
)
_IBAN_SIGNS = " +-._/\u00a0"
_NO_SIGNS = str.maketrans("", "", _IBAN_SIGNS)
_SHORTEST_IBAN = 15


def has_iban_start(scanned: ScannedText) -> bool:
    """Whether an IBAN may be there."""
    text, first = scanned.text, scanned.digit
    return 0 <= first < len(text) - _SHORTEST_IBAN + 3 and bool(_IBAN_START.search(text, first))


def ibans(scanned: ScannedText) -> Iterator[Span]:
    """IBANs, in one run or in groups parted by one or two signs."""
    text = scanned.text
    behind = 0
    for match in _IBAN_START.finditer(text, scanned.digit):
        start = match.start() - (3 if text[match.start() - 1] == " " else 2)
        wanted = iban_length(text[start : start + 2])
        if not wanted or start < behind or not _may_begin(text, start):
            continue
        end = _end_of_iban(text, start, wanted)
        compact = text[start:end].translate(_NO_SIGNS).upper()
        if end and is_iban(compact):
            behind = end
            yield Span(start, end, compact)


def _may_begin(text: str, start: int) -> bool:
    before = text[max(0, start - 4) : start]
    return not before[-1:].isalnum() or before.lower() == "iban"


def _end_of_iban(text: str, start: int, wanted: int) -> int:
    """Where `wanted` letters and digits end, over single or double signs; 0 if they do not."""
    count, place, signs = 0, start, 0
    for offset, char in enumerate(text[start : start + 3 * IBAN_LONGEST]):
        if char.isalnum():
            count, signs = count + 1, 0
            place = start + offset + 1
        elif char not in _IBAN_SIGNS or (signs := signs + 1) > 2:
            break
        if count == wanted:
            return 0 if text[place : place + 1].isalnum() else place
    return 0
