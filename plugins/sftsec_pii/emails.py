"""Finds e-mail addresses, from each "@" outward: a text without one costs one look for it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sftsec_pii.span import Span
from sftsec_pii.words import ScannedText, family

# Read backward from the "@". RFC 5321 ends a local part at 64, rewritten ones are longer.
_LOCAL = re.compile(r"[\w.%+\-'~!#*^{}`$@]*+")
_LONGEST_LOCAL = 256
_LABEL = r"[^\W_](?:[^\W_]|-)*+"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.(?:[^\W_]|-)++)++")
_LITERAL = re.compile(r"\[(?:IPv6:)?[0-9A-Fa-f.:]{7,45}\]|(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
_NO_START = "@'{}*#`"
_QUOTED = re.compile(r"\"[^\"\n<>]{1,64}\"$")
# Signs of local parts that also part the words of URLs, lists and log lines.
_JOINED = re.compile(r"(?<![^\s<(\"':;,])([^\s<>()\"':;,]{1,128})([=&|?/])$")
_KEY_VALUE = re.compile(r"[A-Za-z_][\w.\-]*=")
_REWRITTEN = re.compile(r"(?i)(?:srs[01]|prvs|btv1|bounces?|[\w.\-]+\+[\w.\-+]*)[=+]")
# Looked for first, since few texts hold it: without one of these no address is rewritten.
_REWRITES = re.compile(r"[SsPpBb](?i:rs[01]|rvs|tv1|ounce)|\+")
_WORD = re.compile(r"[^\W\d_][\w.\-]*[&|?/]$")
# The sign replaced by a word, so that robots do not read it.
_DISGUISED = re.compile(
    r"(?i)(?<![\w.+\-])([\w.+\-]{1,64}+)( ?[\[({] ?(?:at|@) ?[\])}] ?| at )"
    r"([\w\-]{1,63}(?: ?(?:[\[({] ?dot ?[\])}]|\.) ?[\w\-]{1,63}| dot [\w\-]{1,63}){1,6})"
)
_DISGUISES = family("[at]", "(at)", "{at}", "[ at ]", "( at )", " dot ")
# Logins of repositories, which are no one's address.
_NO_PERSON = frozenset({"git", "hg", "svn", "anonymous"})


def emails_keeping_domain(scanned: ScannedText) -> Iterator[Span]:
    """The local parts of e-mail addresses; the same address has the same value."""
    return _emails(scanned, keep_domain=True)


def emails(scanned: ScannedText) -> Iterator[Span]:
    """E-mail addresses."""
    return _emails(scanned, keep_domain=False)


def has_at(scanned: ScannedText) -> bool:
    """Whether an e-mail address may be there."""
    return bool(scanned.words & _DISGUISES) or "@" in scanned.text


def _emails(scanned: ScannedText, *, keep_domain: bool) -> Iterator[Span]:
    text = scanned.text
    at = text.rfind("@")
    while at > 0:
        found = _around(text, at, keep_domain=keep_domain)
        if found:
            yield found
        at = text.rfind("@", 0, found.start if found else at)
    if scanned.words & _DISGUISES:
        for match in _DISGUISED.finditer(text):
            if "dot" in match[3] or match[2] != " at ":
                end = match.end(1 if keep_domain else 0)
                yield Span(match.start(), end, f"{match[1]}@{match[3]}".lower())


def _around(text: str, at: int, *, keep_domain: bool) -> Span | None:
    """The address whose "@" stands at this place."""
    start = _start_of_local(text, at)
    if start == at:
        return None
    end = _end_of_domain(text, at, start)
    if not end or text[start:at].lower() in _NO_PERSON:
        return None
    return Span(start, at if keep_domain else end, text[start:end].lower())


def _end_of_domain(text: str, at: int, start: int) -> int:
    domain = _DOMAIN.match(text, at + 1)
    if domain and is_top(domain[0].rpartition(".")[2]):
        return domain.end()
    literal = _LITERAL.match(text, at + 1)
    # Before a bare address only a SIP name is surely one: "root@10.0.0.5" is a login.
    named = literal and (literal[0][0] == "[" or text[max(0, start - 4) : start].lower() == "sip:")
    return literal.end() if literal and named else 0


def _start_of_local(text: str, at: int) -> int:
    if text[at - 1] == '"':
        quoted = _QUOTED.search(text, max(0, at - 66), at)
        # Not the end of a JSON string: {"a":"b"@...} is none.
        return quoted.start() if quoted and not _ends_word(text, quoted.start()) else at
    floor = max(0, at - _LONGEST_LOCAL)
    run = _LOCAL.match(text[floor:at][::-1])
    # Cut in one step: among signs alone, a step a character is 256 for each "@".
    start = at - len(run[0][::-1].lstrip(_NO_START)) if run else at
    if start < at and start > floor:
        return _over_joints(text, start, floor)
    return start


def _ends_word(text: str, place: int) -> bool:
    return place > 0 and (text[place - 1].isalnum() or text[place - 1] in '_"\\:')


def _over_joints(text: str, start: int, floor: int) -> int:
    """Where a local part begins whose word has a `=`, `&`, `|`, `?` or `/` before."""
    sign = text[start - 1]
    if sign not in "=&|?/" or (sign == "=" and not _REWRITES.search(text, floor, start)):
        return start
    joined = _JOINED.search(text, floor, start)
    if not joined:
        return start
    before = joined[0]
    if "=" in before:
        rewritten = _REWRITTEN.match(before) and not _KEY_VALUE.match(before.partition("+")[0])
        srs = before[:4].lower() in {"srs0", "srs1", "prvs", "btv1"}
        # bounce-77=anna=corp.example@lists.example: the address within has its "=" too.
        bounce = before.lower().startswith("bounce") and before.count("=") > 1
        return joined.start() if (rewritten and "&" not in before) or srs or bounce else start
    return joined.start() if _WORD.fullmatch(before) else start


def is_top(label: str) -> bool:
    """Whether a label can be the last of a domain."""
    return len(label) > 1 and (label.isalpha() or label.lower().startswith("xn--"))
