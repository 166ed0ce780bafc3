r"""Finds secrets by the name before them: `password=`, `"apiKey":`, `<Password>`, `DB_PASS: `.

A name may be a key of JSON (in a string too, `\"password\":`), YAML, XML, INI, a URL, a connection
string, an environment or source code. The value ends where that form ends it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sftsec_pii.span import Span
from sftsec_pii.values import is_password, is_token, is_word
from sftsec_pii.words import ScannedText, family

_WORDS_OF_LOGINS = (
    r"passwor[dt]s?|passwd|passphrase|kennwort|wachtwoord|contrase[nñ]a|senha|пароль|парол[ья]"
    r"|密码|密碼|パスワード|비밀번호"
    r"|mot ?de ?passe|has[lł]o|heslo|l[oö]senord|adgangskode|parola"
    r"|(?<![a-z])(?:ssh|db|user|root|admin|store|key|auth|my|ftp|smtp|mail|login|j_)?"
    r"(?:pass|pwd|passin|passout)(?![a-z])|(?<![a-z])(?:root)?pw"
)
_STRONG = (
    r"(?<!\d:)(?:client|consumer|app|shared|signing|webhook|oauth|api|user|jwt|aws)?[_\-. ]?"
    r"secret(?:[_\-]?(?:access)?[_\-]?key(?:[_\-]base)?)?"
    r"|(?:api|access|private|auth|account|shared|sharedaccess|encryption|signing|master|app"
    r"|application|subscription|functions|consumer|license|preshared|instrumentation)[_\-]?key"
    r"|(?:api|access|secret|encryption|subscription|license|auth) key|code_verifier|assertion"
    r"|private[_\-]?key[_\-]?id|(?:access|refresh|auth|oauth|id|session|security|bearer|private|job|csrf|xsrf)[_\-]?token"
)
_WEAK = r"(?<!publickey)(?<![a-z]key)token|(?<![a-z])(?:sig|signature|jwt|auth|key|code|mac|pat)"
_INTRODUCES = (
    r"(?:(?:\\{0,3}[\"'])?\]?\s{0,8}(?::=|=>|::|[:=]) {0,8}(?=[^\s=])"
    r"|\\?[\"']\s?:\s?\{\s?\\?[\"']value\\?[\"']\s?:\s?(?=\\?[\"'])"  # {"password": {"value": "x"}}
    r"| (?:f(?:ü|ue)r|for|of) [\w.\-]{2,32}: (?=\S*\d)"
    r"|\\?[\"']\s?,?\s?\\?[\"']?value\\?[\"']?\s?[:=]\s?(?=\\?[\"'])"  # name="password" value="x"
    r"|[\"']\s?,\s?(?=[\"'])"  # define('DB_WORDS_OF_LOGINS', 'x')
    r"|(?<=password) {1,4}(?=\"[^\"\n]{3,}\"|'[^'\n]{3,}')"  # -Password "x", WITH PASSWORD 'x'
    r"|\s?\(\s?(?=[\"'])"
    r"| (?:is|ist|est|es) (?=\S*[^a-z\s.,]))"
)
_NAME = re.compile(
    rf"(?<!<)(?:(?P<password>{_WORDS_OF_LOGINS})|(?P<strong>{_STRONG})|(?P<weak>{_WEAK}))"
    + _INTRODUCES
)
# The same without what may stand before the word: each alternative begins with a letter, which
# makes the search five times as fast. Where it finds one, the name begins here or a little before.
_CORE = re.compile(
    r"(?:passwor[dt]s?|passwd|passphrase|kennwort|wachtwoord|contrase[nñ]a|senha|пароль|парол[ья]"
    r"|密码|密碼|パスワード|비밀번호"
    r"|mot ?de ?passe|has[lł]o|heslo|l[oö]senord|adgangskode|parola|pass|pwd|passin|passout|pw"
    r"|secret(?:[_\-]?(?:access)?[_\-]?key(?:[_\-]base)?)?|key(?:[_\-]?id)?|token|sig"
    r"|signature|jwt|auth|code|mac|pat|code_verifier|assertion)" + _INTRODUCES
)
_LONGEST_BEFORE = 16  # letters of "instrumentation-", and one to spare
_BEFORE = frozenset("abcdefghijklmnopqrstuvwxyz_-. ")
_ELEMENT = re.compile(
    rf"<(?:[\w\-]{{1,32}}:)?[\w.\-]{{0,32}}?(?:(?P<password>{_WORDS_OF_LOGINS})|(?P<strong>{_STRONG}))"
    r"(?: [^<>]{0,256})?>([^<\n]{1,512})</"
)
_QUOTES = re.compile(
    r"(\\{1,3}[\"'])((?:[^\"'\\\n]|\\+(?![\"'\\]))++)\1"  # \"x\"
    r"|(\")((?:[^\"\\\n]|\\[^\n])++)\"|(')((?:[^'\\\n]|\\[^\n]|'')++)'"
)
_OPEN = re.compile(r"\\{0,3}[\"']")
_PREFIX = re.compile(r"(?:[NUBRFLnubrfl]|@|\$)(?=[\"'])")  # of a string: N'x' in SQL, b"x", @"x"
_LIST = re.compile(r"\[\s?(?=\\?[\"'])")
_BARE = re.compile(r"(?!\[)[;]?[^\s\"'<>&;,|`\\)\]}]{3,512}+")
_BARE_TOKEN = re.compile(
    r"(?:bearer(?: |%20)|base64:)?([A-Za-z0-9_.~+/=%\-]{8,4096}+)", re.IGNORECASE
)
# Each name in a run of such letters without a blank has the rest of the run as its value: those
# behind so many whose values are none are not looked at, or one run takes half a minute.
_RUN = re.compile(r"[A-Za-z0-9_.~+/=%\-]*+")
_MOST_IN_RUN = 16
_AFTER_CALL = ("(", "[", "{")
_LONGEST = 512
_LEAST_TOKEN = 20
NAME_WORDS = family(
    *("pass", "pwd", "pw=", "pw:", "pw ", 'pw"', "secret", "token", "key", "sig=", "signature"),
    *("auth", "jwt", "code=", 'code"', "mac=", 'mac"', "signing", "sig:", 'sig"', "code:"),
    *("pat=", "pat:", 'pat"', "assertion", "code_verifier"),
    *("kennwort", "wachtwoord", "contrase", "senha", "парол", "hasło", "haslo", "heslo"),
    *(
        "密码",
        "密碼",
        "パスワード",
        "비밀번호",
        "adgangskode",
        "parola",
        "losenord",
        "lösenord",
    ),
)


def assigned(scanned: ScannedText) -> Iterator[Span]:
    """Values after a secret's name."""
    if not scanned.words & NAME_WORDS:
        return
    text, low = scanned.text, scanned.low
    yield from _named(text, low)
    if "</" in text:
        for match in _ELEMENT.finditer(low):
            value = text[match.start(3) : match.end(3)]
            if "<" not in value and not is_word(value.lower()):
                yield Span(match.start(3), match.end(3), value)


def _named(text: str, low: str) -> Iterator[Span]:
    behind = run = tried = 0
    for match in _names(low):
        if match.end() < behind:
            continue  # inside a value that is taken
        if match.end() >= run:
            found = _RUN.match(text, match.end())
            run, tried = found.end() if found else 0, 0
        tried += 1
        if tried <= _MOST_IN_RUN:
            for span in _value(text, match):
                behind = max(behind, span.end)
                yield span


def _names(low: str) -> Iterator[re.Match[str]]:
    """What `_NAME.finditer` gives."""
    behind = 0
    core = _CORE.search(low)
    while core:
        place = core.start()
        after = place + 1
        first = place
        floor = max(behind, place - _LONGEST_BEFORE)
        while first > floor and low[first - 1] in _BEFORE:
            first -= 1
        for start in range(first, after):
            match = _NAME.match(low, start)
            if match:
                yield match
                behind = after = match.end()
                break
        core = _CORE.search(low, after)


def _value(text: str, match: re.Match[str]) -> Iterator[Span]:
    kind = match.lastgroup
    start = match.end()
    opened = _LIST.match(text, start)
    listed = opened is not None
    start = opened.end() if opened else start
    prefix = _PREFIX.match(text, start)
    start = prefix.end() if prefix else start
    while True:
        quotes = _QUOTES.match(text, start)
        if not quotes:
            break
        group = next(number for number in (2, 4, 6) if quotes[number] is not None)
        yield from _checked(text, match, quotes.span(group), quoted=True)
        comma = re.compile(r",\s?(?=\\?[\"'])").match(text, quotes.end()) if listed else None
        if not comma:
            return
        start = comma.end()
    if not _OPEN.match(text, start):
        yield from _bare(text, match, start, weak=kind == "weak")


def _bare(text: str, match: re.Match[str], start: int, *, weak: bool) -> Iterator[Span]:
    if weak or match.lastgroup == "strong":
        token = _BARE_TOKEN.match(text, start)
        if token and text[token.end() : token.end() + 1] not in _AFTER_CALL:
            yield from _checked(text, match, token.span(1), quoted=False)
        return
    bare = _BARE.match(text, start)
    if bare and not _is_cut_by_quote(text, *bare.span()):
        yield from _checked(text, match, bare.span(), quoted=False)


def _is_cut_by_quote(text: str, start: int, end: int) -> bool:
    """Whether a quote ends the value that was not opened before it, as an injection's does."""
    quote = text[end : end + 1]
    if quote not in {"'", '"', "`"}:
        return False
    opened = text.rfind(quote, max(0, start - _LONGEST), start)
    is_opening = opened >= 0 and text[opened - 1 : opened] in {"", " ", "=", "(", "[", ",", ":"}
    return not (is_opening and text[end + 1 : end + 2] in {"", " ", ",", ")", "]", "}", ";", "\n"})


def _checked(
    text: str, match: re.Match[str], place: tuple[int, int], *, quoted: bool
) -> Iterator[Span]:
    start, end = place
    value = text[start:end]
    if len(value) < 3 or len(value) > 8 * _LONGEST:
        return
    if match.lastgroup == "weak":
        good = len(value) >= 8 and is_token(value)
        # An environment's: VERCEL_TOKEN=abcdefghijkl
        if text[match.start() - 1 : match.start() + 5] == "_TOKEN" and len(value) >= _LEAST_TOKEN:
            good = good or (value.isalnum() and not is_word(value.lower()))
        if good and match[0].startswith("pat"):
            good = len(value) >= 32
        if good and match[0].startswith(("key", "code")):
            good = len(value) >= 16 and any(c.isupper() for c in value)
    elif match.lastgroup == "strong" and not quoted:
        good = is_password(value, quoted=False, prose=True) and not value.isdigit()
    else:
        prose = "=" not in match[0] and "_" not in match[0]
        good = is_password(value, quoted=quoted, prose=prose)
    if good:
        yield Span(start, end, value)
