"""Finders: each yields the spans of one type in a text.

Every pattern takes time linear in the text, whatever the text: a pattern begins only where a
token begins (a look-behind says so), runs are possessive (`++`, `*+`), and whatever needs
arithmetic is decided in Python after the match. A finder runs only when its cheap trigger, a
substring or one run of digits, is there.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from sftsec_pii.checks import IBAN_LONGEST, iban_length, is_card, is_iban
from sftsec_pii.span import Span

# --- e-mail ---------------------------------------------------------------------------------------

# One run of what addresses are made of, with an "@" in it; not the domain after a placeholder.
_EMAIL = re.compile(
    r"(?<![\w.%+\-'@~!#*^{}`])(?:(?<!:[0-9a-f]{8}>)|(?!@))[\w.%+\-'~!#*^{}`]*+@[\w.%+\-'@]*+"
)
_EMAIL_DOMAIN = re.compile(r"[^\W_](?:[^\W_]|-)*+(?:\.(?:[^\W_]|-)++)++")
# The "@" as a URL, an HTML page or JSON writes it, and a quoted local part.
_ENCODED_EMAIL = re.compile(
    r"(?:(?<![\w.+\-~!*'%])|(?<=%[0-7][0-9A-Fa-f]))([\w.+\-~!*']{1,64}+)"
    r"(%(?:25)?40|&#64;|\\u0040)((?:[^\W_]|-)++(?:\.(?:[^\W_]|-)++)++)"
)
_QUOTED_EMAIL = re.compile(
    r"(?<![\w\"])(\"[^\"\n@<>]{1,64}\")@([\w\-]{1,63}(?:\.[\w\-]{1,63}){1,8})"
)


def _emails(text: str, *, keep_domain: bool) -> Iterator[Span]:
    for match in _EMAIL.finditer(text):
        run, start = match[0], match.start()
        skip = len(run) - len(run.lstrip("@'{}*#"))
        at = len(run)
        # The last "@" with a domain after it: in "a@b.example@c.example" all before is private.
        while (at := run.rfind("@", skip, at)) > skip:
            domain = _EMAIL_DOMAIN.match(run, at + 1)
            if domain and _is_top(domain[0].rpartition(".")[2]):
                end = at if keep_domain else domain.end()
                yield Span(start + skip, start + end, run[skip : domain.end()].lower())
                break
    yield from _disguised(text, keep_domain=keep_domain)


def _disguised(text: str, *, keep_domain: bool) -> Iterator[Span]:
    """Addresses whose "@" is encoded, or whose local part is quoted."""
    if "%" in text or "&#64;" in text or "u0040" in text:
        for match in _ENCODED_EMAIL.finditer(text):
            end = match.end(1) if keep_domain else match.end()
            if _is_top(match[3].rpartition(".")[2]):
                yield Span(match.start(1), end, f"{match[1]}@{match[3]}".lower())
    if '"@' in text:
        for match in _QUOTED_EMAIL.finditer(text):
            yield Span(match.start(), match.end(1 if keep_domain else 0), match[0].lower())


def _is_top(label: str) -> bool:
    return len(label) > 1 and (label.isalpha() or label.lower().startswith("xn--"))


def emails_keeping_domain(text: str) -> Iterator[Span]:
    """The local parts of e-mail addresses; the same address has the same value."""
    return _emails(text, keep_domain=True)


def emails(text: str) -> Iterator[Span]:
    """E-mail addresses."""
    return _emails(text, keep_domain=False)


# --- numbers --------------------------------------------------------------------------------------

_DIGITS = re.compile(r"(?:(?<![\w.])|(?<=%B)|(?<=[a-z]_))\d++(?:(?: {1,2}|[\-+])\d++)*+")
_SSN = re.compile(r"(?<![\w.\-])(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w\-])")
_PHONE = re.compile(
    # Not a sum ("5+12345678"), nor a time zone before an address ("+0200 192.0.2.1").
    r"(?<![\w+)\]])\+(?!\d{4} \d{1,3}\.\d)[1-9]\d*+(?:[ .()/\-]{1,2}\d++)*+"  # +49 30 1234567
    r"|(?<![\w.+\-])(?:\(\d{3}\) ?|\d{3}[\-. ])\d{3}[\-. ]\d{4}(?!\w|[\-.]\d)"  # (555) 010-4477
    r"|(?<![\w.+\-])0[1-9]\d{8,9}(?!\w|[\-.]\d)"  # 03012345678
)
# After a word that says what the number is.
_NAMED_SSN = re.compile(
    r"(?i)(?:ssns?|social security (?:number|no\.?)|soc sec|social(?:_security)?(?:_number)?)"
    r"(?:[\"')]|%3D|#|>|[ :=_])*+(?!000|666|9\d\d)(\d{3}[\-. ]?\d\d[\-. ]?\d{4})(?![\w\-])"
)
_NAMED_PHONE = re.compile(
    r"(?i)(?<![A-Za-z])(?:tel|telephone|phone(?:_?number)?|fon|fax|mobile|handy|msisdn|ring|call)"
    r"[\"']?[.:=]{0,2} {0,2}[\"']?((?:\d++(?: ?[/\-] ?| )?+){1,6}+)(?![\w.])"
)
_PLUS_ENCODED = re.compile(r"(?<=%2[Bb])[1-9]\d{7,14}(?!\d)|(?<=wa\.me/)\d{8,15}(?!\d)")
# Words whose number is no telephone's, right before it.
_NO_PHONE = re.compile(
    r"(?i)(?:id|handle|seq|serial|port|size|count|offset|bytes|time|pid|-n)[\"']?[ :=]{1,3}$"
)
_GROUP = re.compile(r"\d+")
_MOST_GROUPS = 5


def cards(text: str) -> Iterator[Span]:
    """Card numbers: in one run of digits or in the groups that are printed on cards."""
    for run in _DIGITS.finditer(text):
        if run.end() - run.start() < 13 or _goes_on(text, run.end()):
            continue
        groups = list(_GROUP.finditer(text, run.start(), run.end()))
        first = 0
        while first < len(groups):
            count = _card_groups([group[0] for group in groups[first : first + _MOST_GROUPS]])
            if count:
                last = groups[first + count - 1]
                start = groups[first].start()
                yield Span(start, last.end(), _only_digits(text[start : last.end()]))
            first += max(count, 1)


def _goes_on(text: str, end: int) -> bool:
    """Whether the digits are part of a word or of a decimal number."""
    after = text[end : end + 2]
    return after[:1].isalnum() or after[:1] == "_" or (after[:1] == "." and after[1:].isdigit())


def _card_groups(groups: list[str]) -> int:
    """How many of the first groups make a card number; 0 for none."""
    return next((n for n in range(len(groups), 0, -1) if is_card(groups[:n])), 0)


def _only_digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def ssns(text: str) -> Iterator[Span]:
    """US social security numbers, in the ranges that are given out."""
    for match in _SSN.finditer(text):
        yield Span(match.start(), match.end(), match[0])
    for match in _NAMED_SSN.finditer(text):
        yield Span(match.start(1), match.end(1), match[1])


def phones(text: str) -> Iterator[Span]:
    """Phone numbers: with a country code, in the North American form, or a long local one."""
    for match in _PHONE.finditer(text):
        end = match.end()
        if _NO_PHONE.search(text, max(0, match.start() - 24), match.start()):
            continue
        if match[0][0] == "+":
            end = _end_of_phone(match)
            if not end or text[end : end + 1].isalpha():
                continue
        digits = _only_digits(match.string[match.start() : end])
        yield Span(match.start(), end, f"+{digits}" if match[0][0] == "+" else digits)
    yield from _named_phones(text)


def _named_phones(text: str) -> Iterator[Span]:
    """Numbers that only the word before them, or a URL's `%2B`, shows to be a phone's."""
    for match in _NAMED_PHONE.finditer(text):
        number = match[1].rstrip(" /-")
        if 9 <= len(digits := _only_digits(number)) <= 15:
            yield Span(match.start(1), match.start(1) + len(number), digits)
    for match in _PLUS_ENCODED.finditer(text):
        yield Span(match.start(), match.end(), f"+{match[0]}")


def _end_of_phone(match: re.Match[str]) -> int:
    """Where 8 to 15 digits (E.164) end; 0 when there are fewer, or one group has more."""
    count = end = 0
    for group in _GROUP.finditer(match[0]):
        if count + len(group[0]) > 15:
            break
        count += len(group[0])
        end = group.end()
    return match.start() + end if count >= 8 else 0


# Begins at the check digits: a pattern that begins with a digit is searched for much faster than
# one that begins with a letter or a look-behind.
_IBAN_START = re.compile(r"\d\d(?<=(?<![A-Za-z0-9])[A-Za-z]{2}\d\d)(?=[ +\-]?[A-Za-z0-9])")


_NO_BLANKS = str.maketrans("", "", " -+")


def ibans(text: str) -> Iterator[Span]:
    """IBANs, in one run or in groups parted by single blanks."""
    behind = 0
    for match in _IBAN_START.finditer(text):
        start = match.start() - 2
        wanted = iban_length(text[start : start + 2])
        if not wanted or start < behind:
            continue
        end = _end_of_iban(text, start, wanted)
        compact = text[start:end].translate(_NO_BLANKS).upper()
        if end and is_iban(compact):
            behind = end
            yield Span(start, end, compact)


def _end_of_iban(text: str, start: int, wanted: int) -> int:
    """Where `wanted` letters and digits end, over single blanks; 0 when they do not."""
    count, place = 0, start
    window = text[start : start + 2 * IBAN_LONGEST + 1]
    for offset, char in enumerate(window):
        if char.isalnum():
            count += 1
            place = start + offset + 1
        elif char not in " -+" or window[offset - 1] in " -+":
            break
        if count == wanted:
            return 0 if text[place : place + 1].isalnum() else place
    return 0


# --- hosts ----------------------------------------------------------------------------------------

_DOMAIN = re.compile(r"(?<![\w.\-])[A-Za-z0-9\-]++(?:\.[A-Za-z0-9\-]++)++(?!\w)")
_IPV4 = re.compile(r"(?<![\w.\-])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{3,39}+(?![\w:])")


def domains(text: str) -> Iterator[Span]:
    """Host names: labels of letters, digits and dashes whose last is of letters."""
    for match in _DOMAIN.finditer(text):
        top = match[0].rpartition(".")[2]
        if _is_top(top) or top.lower().startswith("xn--"):
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


# --- triggers -------------------------------------------------------------------------------------

_LONG_NUMBER = re.compile(r"\d[\d \-().+/]{7,}\d")


def has_at(text: str) -> bool:
    """Whether an e-mail address may be there."""
    return "@" in text or "%40" in text or "%2540" in text or "&#64;" in text or "u0040" in text


def has_long_number(text: str) -> bool:
    """Whether a card, phone or social security number may be there."""
    return _LONG_NUMBER.search(text) is not None


def has_iban_start(text: str) -> bool:
    """Whether an IBAN may be there."""
    return len(text) >= 15 and _IBAN_START.search(text) is not None


def has_secret_word(text: str) -> bool:
    """Left to the finder, which looks for each family's words."""
    return len(text) >= 8


def has_dot(text: str) -> bool:
    """Whether a host name may be there."""
    return "." in text


def has_dot_or_colon(text: str) -> bool:
    """Whether an IP address may be there."""
    return "." in text or ":" in text
