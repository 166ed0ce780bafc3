"""Finds credentials in HTTP headers: `Authorization` of every scheme, cookies, session ids."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sftsec_pii.span import Span, groups, holds
from sftsec_pii.values import is_attack, is_token, is_word

_SCHEMES = (
    r"basic|bearer|token|splunk|apikey|api-key|api-token|key|negotiate|ntlm|oauth|ghostadmin|bot"
    r"|sswsv?\d?|dpop|geniekey|sharedkey(?:lite)?|kerberos|jwt|aws|goog1|mac|splunktoken|x-api-key"
)
_BLANK = r"(?: |\t|%20|\+)"
_AUTHORIZATION = re.compile(
    r"(?i)\bauthorization\\{0,3}[\"']?\]?(?:\s*+(?:=>|[:=]|,(?= ?[\"']))\s*+"
    r"|\s++(?=[\"']))\[?\\{0,3}[\"']?"
    rf"(?:({_SCHEMES}):?{_BLANK}{{1,8}}+(?:token\\?=|[\w\-]{{1,32}}:(?=[A-Za-z0-9+/]{{20}}))?\\?[\"']?"
    rf"|[\w\-]{{2,32}}:?{_BLANK}(?:auth=)?)?"
    r"((?:(?!%20)[A-Za-z0-9._~+/=\-%])++(?::[A-Za-z0-9+/=]{8,}+)?)"
)
_BEARER = re.compile(r"(?i)\bbearer:?\s++([A-Za-z0-9._~+/=\-]{16,}+)")
_PARAMETERS = re.compile(
    r"(?i)\b(?:response|signature|mac|oauth_signature|oauth_token|sig)=\\?\"?([A-Za-z0-9+/=%]{16,}+)"
    r"|\busername=\\?\"([^\"\\\n]{1,64})\\?\""
)
_HEADER = re.compile(
    r"(?i)(?<![\w\-])(?:x-(?:[a-z0-9]{1,16}-){0,3}(?:key|token|secret|auth|password)|private-token"
    r"|job-token|[a-z\-]{0,24}subscription-key|dd-(?:api|application)-key|api-?key|x-amz-signature"
    r"|proxy-authorization)\\{0,3}[\"']?\]?\s?[:=]\s?\\{0,3}[\"']?(?:basic |bearer )?"
    r"([A-Za-z0-9._~+/=\-]{6,}+)"
)
_COOKIE = re.compile(
    r"(?i)(?<![\w\-])(?:set-)?cookie\\?[\"']?(?:: ?|=(?=[\"']))\\?[\"']?([^\n\"\\]{3,8192})"
    r"|\bcurl\b[^\n|]{0,256}? (?:-b|--cookie)[ =]?[\"']([^\n\"']{3,4096})"
)
_PAIR = re.compile(r"([\w.\-]{1,64}+)=([^;,\s\"'<>&]{4,4096}+)")
_ATTRIBUTES = frozenset({"path", "domain", "expires", "max-age", "samesite", "priority", "version"})
_SESSION = re.compile(
    r"(?i)(?<![\w<])\.?(?:jsessionid|phpsessid|asp\.net_sessionid|aspxauth|aspsessionid[a-z]{8}"
    r"|sessionid|session_id|sess_?id|connect\.sid|csrftoken|xsrf-token|session|laravel_session"
    r"|(?:php|user|auth)?sid)=([A-Za-z0-9%._~+/\-]{12,}+)"
)
_SMTP = re.compile(
    r"(?i)(?<![\w\-])auth (?:plain|login|cram-md5|xoauth2) ([A-Za-z0-9+/]{4,4096}+={0,2})(?!\w)"
    r"|^auth ([^\s<>'\"]{6,64})$"
)


def headers(text: str, low: str) -> Iterator[Span]:
    """Credentials of headers.

    Args:
        text: the text.
        low: the text in small letters, of the same length.
    """
    if "authorization" in low or "bearer" in low:
        yield from _authorization(text, low)
    if holds(low, ("token", "key", "proxy-auth", "x-amz-", "x-auth")):
        for span in groups(_HEADER, text):
            if not is_word(span.value.lower()) and not _is_prose(span.value):
                yield span
    if "cookie" in low or ("curl" in low and "-b" in low):
        yield from _cookies(text)
    yield from _sessions(text, low)


def _sessions(text: str, low: str) -> Iterator[Span]:
    if "sess" in low or "aspxauth" in low or "sid=" in low or "csrft" in low or "xsrf" in low:
        for span in groups(_SESSION, text):
            if not is_attack(span.value.lower()):
                yield span
    if "auth " in low:
        yield from groups(_SMTP, text)


def _authorization(text: str, low: str) -> Iterator[Span]:
    for match in _AUTHORIZATION.finditer(text):
        value = match[2]
        known = match[1] is not None and len(value) >= 4 and not is_word(value.lower())
        if (known and not _is_prose(value)) or (len(value) >= 8 and is_token(value)):
            yield Span(match.start(2), match.end(2), value)
    for span in groups(_BEARER, text):
        if is_token(span.value):
            yield span
    if "digest" in low or "hawk" in low or "oauth" in low or "aws4" in low or "shared" in low:
        yield from groups(_PARAMETERS, text)


def _is_prose(value: str) -> bool:
    return value.isalpha() and value.islower() and len(value) < 9


def _cookies(text: str) -> Iterator[Span]:
    for header in _COOKIE.finditer(text):
        group = 1 if header[1] else 2
        start, end = header.span(group)
        if "=" not in header[group]:
            value = header[group].strip()
            if len(value) >= 8 and " " not in value and is_token(value):
                yield Span(start, start + len(header[group].rstrip()), value)
        for pair in _PAIR.finditer(text, start, end):
            if pair[1].lower() not in _ATTRIBUTES and not is_attack(pair[2].lower()):
                yield Span(pair.start(2), pair.end(2), pair[2])
