"""Finders: each yields the spans of one type in a text.

Every pattern takes time linear in the text, whatever the text: a pattern begins only where a
token begins (a look-behind says so), runs are possessive (`++`, `*+`), and whatever needs
arithmetic is decided in Python after the match. A finder runs only when its cheap trigger, a
substring or one run of digits, is there.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from sftsec_pii.checks import IBAN_LONGEST, iban_length, is_card, is_iban


class Span(NamedTuple):
    """What to replace: `text[start:end]`, and the value that names it (cases folded)."""

    start: int
    end: int
    value: str


Finder = Callable[[str], Iterator[Span]]

# --- e-mail ---------------------------------------------------------------------------------------

# One run of what addresses are made of, with an "@" in it; not the domain after a placeholder.
_EMAIL = re.compile(r"(?<![\w.%+\-'@])(?:(?<!:[0-9a-f]{8}>)|(?!@))[\w.%+\-']*+@[\w.%+\-'@]*+")
_EMAIL_DOMAIN = re.compile(r"[A-Za-z0-9\-]++(?:\.[A-Za-z0-9\-]++)++")


def _emails(text: str, *, keep_domain: bool) -> Iterator[Span]:
    for match in _EMAIL.finditer(text):
        run, start = match[0], match.start()
        skip = len(run) - len(run.lstrip("@'"))
        at = len(run)
        # The last "@" with a domain after it: in "a@b.example@c.example" all before is private.
        while (at := run.rfind("@", skip, at)) > skip:
            domain = _EMAIL_DOMAIN.match(run, at + 1)
            if domain and _is_top(domain[0].rpartition(".")[2]):
                end = at if keep_domain else domain.end()
                yield Span(start + skip, start + end, run[skip : domain.end()].lower())
                break


def _is_top(label: str) -> bool:
    return len(label) > 1 and label.isalpha()


def emails_keeping_domain(text: str) -> Iterator[Span]:
    """The local parts of e-mail addresses; the same address has the same value."""
    return _emails(text, keep_domain=True)


def emails(text: str) -> Iterator[Span]:
    """E-mail addresses."""
    return _emails(text, keep_domain=False)


# --- numbers --------------------------------------------------------------------------------------

_DIGITS = re.compile(r"(?<![\w.])\d++(?:[ \-]\d++)*+")
_SSN = re.compile(r"(?<![\w.\-])(?!000|666|9\d\d)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w\-])")
_PHONE = re.compile(
    r"(?<![A-Za-z_+])\+\d++(?:[ .()/\-]{1,2}\d++)*+"  # +49 30 1234567
    r"|(?<![\w.+\-])(?:\(\d{3}\) ?|\d{3}[\-. ])\d{3}[\-. ]\d{4}(?!\w|[\-.]\d)"  # (555) 010-4477
    r"|(?<![\w.+\-])0[1-9]\d{8,9}(?!\w|[\-.]\d)"  # 03012345678
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


def phones(text: str) -> Iterator[Span]:
    """Phone numbers: with a country code, in the North American form, or a long local one."""
    for match in _PHONE.finditer(text):
        end = match.end()
        if match[0][0] == "+":
            end = _end_of_phone(match)
            if not end or text[end : end + 1].isalpha():
                continue
        digits = _only_digits(match.string[match.start() : end])
        yield Span(match.start(), end, f"+{digits}" if match[0][0] == "+" else digits)


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
_IBAN_START = re.compile(r"\d\d(?<=(?<![A-Za-z0-9])[A-Za-z]{2}\d\d)(?= ?[A-Za-z0-9])")


def ibans(text: str) -> Iterator[Span]:
    """IBANs, in one run or in groups parted by single blanks."""
    behind = 0
    for match in _IBAN_START.finditer(text):
        start = match.start() - 2
        wanted = iban_length(text[start : start + 2])
        if not wanted or start < behind:
            continue
        end = _end_of_iban(text, start, wanted)
        compact = text[start:end].replace(" ", "").upper()
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
        elif char != " " or window[offset - 1] == " ":
            break
        if count == wanted:
            return 0 if text[place : place + 1].isalnum() else place
    return 0


# --- secrets --------------------------------------------------------------------------------------

_VENDORS = re.compile(
    r"(?<![A-Za-z0-9_\-])(?:"
    r"(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{16}(?![A-Za-z0-9])"  # AWS
    r"|gh[pousr]_[A-Za-z0-9]{36,255}+|github_pat_[A-Za-z0-9_]{22,255}+"
    r"|glpat-[A-Za-z0-9_\-]{20,64}+"
    r"|xox[abeoprs]-[A-Za-z0-9\-]{10,255}+"  # Slack
    r"|AIza[A-Za-z0-9_\-]{35}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}+|npm_[A-Za-z0-9]{36}"
    r"|eyJ[A-Za-z0-9_\-]{8,}+\.eyJ[A-Za-z0-9_\-]{8,}+\.[A-Za-z0-9_\-]*+"  # JSON web token
    r")"
)
_PEM = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:[^-]++|-(?!----))*+"
    r"(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?"
)
_BEARER = re.compile(
    r"(?i)\b(?:authorization[\"']?\s*+[:=]\s*+[\"']?(?:basic|bearer|token)\s++"
    r"|bearer\s++(?=[A-Za-z0-9._~+/=\-]{16}))"
    r"([A-Za-z0-9._~+/=\-]{8,}+)"
)
# After a key's name: a value of word characters, so that an injection that stands in a
# parameter named "password" keeps its quotes, spaces, paths and shell signs.
_PASSWORD = re.compile(
    r"(?i)(?<!<)(?:password|passwd|passphrase|pwd)"
    r"(?:[\"']?\s*+[=:]\s*+[\"']?|(?<=--password)\s++|(?<=--passwd)\s++)"
    r"([A-Za-z0-9][A-Za-z0-9_.~!@#^*\-]{3,}+)(?![/\\(=])"
)
_KEYED = re.compile(
    r"(?i)(?<!<)(?:secret|token|(?:api|access|private|auth|account|shared)[_\-]?key)"
    r"(?:[\"']?\s*+[=:]\s*+[\"']?|(?<=--token)\s++|(?<=--secret)\s++)"
    r"([A-Za-z0-9][A-Za-z0-9_.~+/=\-]{7,}+)"
)
_URL_LOGIN = re.compile(r"://[^\s/@:<>]{1,256}+:([^\s/@<>]{1,256}+)(?=@)")
_DIGIT = re.compile(r"\d")
_LONG_WORD = re.compile(r"[A-Za-z0-9_\-]{14}")
_KEY_WORDS = ("secret", "token", "key")
_PASSWORD_WORDS = ("passw", "passphrase", "pwd")


def secrets(text: str) -> Iterator[Span]:
    """Keys, tokens and passwords; values keep their case, since it tells them apart."""
    low = text.lower()
    if _LONG_WORD.search(text):
        yield from _whole(_VENDORS, text)
    if "private key-----" in low:
        yield from _whole(_PEM, text)
    if "bearer" in low or "authorization" in low:
        yield from _first_group(_BEARER, text)
    if "=" in text or ":" in text or "--" in text:
        yield from _assigned(text, low)
    if "://" in text and "@" in text:
        yield from _first_group(_URL_LOGIN, text)


def _assigned(text: str, low: str) -> Iterator[Span]:
    """Values after a key's name."""
    if any(word in low for word in _PASSWORD_WORDS):
        yield from _first_group(_PASSWORD, text)
    if any(word in low for word in _KEY_WORDS):
        # Words without a digit are prose ("token: required"), and a call is code.
        for span in _first_group(_KEYED, text):
            if _DIGIT.search(span.value) and text[span.end : span.end + 1] != "(":
                yield span


def _whole(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    return (Span(match.start(), match.end(), match[0]) for match in pattern.finditer(text))


def _first_group(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    return (Span(match.start(1), match.end(1), match[1]) for match in pattern.finditer(text))


# --- users, hosts ---------------------------------------------------------------------------------

# Not in a URL's path ("http://x.example/home/login"), nor behind "..", where it is an attack's.
_USER = re.compile(
    r"(?i)(?:(?<![\w.\-])(?<!:[0-9a-f]{8}>)(?:/home/|/users/)|(?<![A-Za-z0-9])[A-Z]:[\\/]{1,2}users[\\/]{1,2})"
    r"([^\\/:*?\"'<>|\s;&()$`,]{1,64}(?: [^\\/:*?\"'<>|\s;&()$`,]{1,32}){0,3}(?=[\\/])"
    r"|[^\\/:*?\"'<>|\s;&()$`,]{1,64})"
)
_NO_PERSON = frozenset(
    {"public", "default", "all users", "default user", "shared", "administrator", "root", "guest"}
)
_DOMAIN = re.compile(r"(?<![\w.\-])[A-Za-z0-9\-]++(?:\.[A-Za-z0-9\-]++)++(?!\w)")
_IPV4 = re.compile(r"(?<![\w.\-])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f:]{3,39}+(?![\w:])")


def users(text: str) -> Iterator[Span]:
    """User names in home folders; accounts that are no person's stay."""
    for match in _USER.finditer(text):
        name = match[1].lower()
        if name.rstrip(".") not in _NO_PERSON and not set(name) <= {".", "*", "%"}:
            yield Span(match.start(1), match.end(1), name)


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
_USER_WORDS = ("/home/", "/users/", "users\\", ":/users")


def has_at(text: str) -> bool:
    """Whether an e-mail address may be there."""
    return "@" in text


def has_long_number(text: str) -> bool:
    """Whether a card, phone or social security number may be there."""
    return _LONG_NUMBER.search(text) is not None


def has_iban_start(text: str) -> bool:
    """Whether an IBAN may be there."""
    return len(text) >= 15 and _IBAN_START.search(text) is not None


def has_secret_word(text: str) -> bool:
    """Left to the finder, which looks for each family's words."""
    return len(text) >= 8


def has_user_word(text: str) -> bool:
    """Whether a home folder may be there."""
    low = text.lower()
    return any(word in low for word in _USER_WORDS)


def has_dot(text: str) -> bool:
    """Whether a host name may be there."""
    return "." in text


def has_dot_or_colon(text: str) -> bool:
    """Whether an IP address may be there."""
    return "." in text or ":" in text
