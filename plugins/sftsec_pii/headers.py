"""Finds credentials in HTTP headers: `Authorization` of every scheme, cookies, session ids."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sftsec_pii.span import Span, groups
from sftsec_pii.values import is_attack, is_token, is_word
from sftsec_pii.words import ScannedText, family

_SCHEMES = (
    r"basic|bearer|token|splunk|apikey|api-key|api-token|key|negotiate|ntlm|oauth|ghostadmin|bot"
    r"|sswsv?\d?|dpop|geniekey|sharedkey(?:lite)?|kerberos|jwt|aws|goog1|mac|splunktoken|x-api-key"
)
_BLANK = r"(?:\\? |\t|%20|\+)"
_AUTHORIZATION = re.compile(
    r"(?i)(?:\b|(?<=_))(?:authorization|authentication(?=: ?(?:bearer|basic) ))"
    r"\\{0,3}[\"']?\]?(?:,?\s?\\{0,3}[\"']?value\\{0,3}[\"']?\s?[:=]\s?(?=\\{0,3}[\"'])"
    r"|\s*+(?:=>|[:=|]|,(?= ?[\"']))\s*+"
    r"|\s++(?=[\"']))\\? ?"
    r"\[?\\{0,3}[\"']?"
    rf"(?:({_SCHEMES}):?{_BLANK}{{1,8}}+(?:token\\?=|[\w\-]{{1,32}}:(?=[A-Za-z0-9+/]{{20}}))?\\?[\"']?"
    rf"|[\w\-]{{2,32}}:?{_BLANK}(?:auth=)?|[\w\-]{{2,32}}=(?:[\w.@!\-]{{1,128}}=)?)?"
    r"((?:(?!%20)[A-Za-z0-9._~+/=\-%])++(?::[A-Za-z0-9+/=]{8,}+)?)"
)
_KUBERNETES = re.compile(r"(?i)\bbearer\.authorization\.k8s\.io\.([A-Za-z0-9_\-]{8,}+)")
_BEARER = re.compile(r"(?i)\bbearer:?\s++([A-Za-z0-9._~+/=\-]{16,}+)")
_PARAMETERS = re.compile(
    r"(?i)\b(?:response|signature|mac|oauth_signature|oauth_token|sig)=\\?\"?([A-Za-z0-9+/=%]{16,}+)"
    r"|\busername=\\?\"([^\"\\\n]{1,64})\\?\""
)
_HEADER = re.compile(
    r"(?i)(?<![\w\-])(?:x-(?:[a-z0-9]{1,16}-){0,3}(?:key|token|secret|auth|password|art-api)|private-token"
    r"|job-token|[a-z\-]{0,24}subscription-key|dd-(?:api|application)-key|api-?key|x-amz-signature"
    r"|proxy-authorization)\\{0,3}[\"']?\]?\s?[:=]\s?\\{0,3}[\"']?(?:basic |bearer )?"
    r"([A-Za-z0-9._~+/=\-]{6,}+)"
)
_COOKIE = re.compile(
    r"(?i)(?<![\w\-])(?:set-)?cookie2?\)?\\?[\"']?"
    r"(?:: ?\[?|=(?=[\"'])|=(?=[\w.\-]{2,64}=[\w%+/.\-]{3}))"
    r"\\?[\"']?([^\n\"\\]{3,8192})"
    r"|\bcurl\b[^\n|]{0,256}? (?:-b|--cookie)[ =]?[\"']([^\n\"']{3,4096})"
)
_COOKIE_TABLE = re.compile(
    r"(?i)(?<![\w\-])cookies\\?[\"']?\s?[=:]\s?\{[^{}\n]{0,256}?[\"']\s?:\s?\\?[\"']([^\"'\n\\]{4,4096})"
)
_PAIR = re.compile(r"([\w.\-]{1,64}+)=([^;,\s\"'<>&]{4,4096}+)")
# Parts of a cookie that are no one's session: its attributes, and words that a visitor has chosen.
_ATTRIBUTES = frozenset({"path", "domain", "expires", "max-age", "samesite", "priority", "version"})
_CHOICES = frozenset(
    {"theme", "lang"}
    | {"language", "locale", "currency", "timezone", "tz", "country", "region", "consent"}
)
_SESSION = re.compile(
    r"(?i)(?<![\w<])\.?(?:jsessionid|phpsessid|asp\.net_sessionid|aspxauth|aspsessionid[a-z]{8}"
    r"|sessionid|session_id|sess_?id|connect\.sid|csrftoken|xsrf-token|session|laravel_session"
    r"|(?:php|user|auth)?sid|saml(?:response|assertion))"
    r"(?:=([A-Za-z0-9%._~+/\-]{12,}+)|\\{0,3}[\"'] ?[:=] ?\\{0,3}[\"']([A-Za-z0-9%._~+/\-]{8,}+))"
)
# Cookies of single sign-on and of gateways, which logs list without their header.
_KNOWN_COOKIES = re.compile(
    r"(?i)(?<![\w\-])(?:msisauth\d?|msisauthenticated|fedauth|rtfa|estsauth(?:persistent|light)?"
    r"|\.?aspnet(?:core)?\.[\w.\-]{1,48}|\.aspxauth|awsalb(?:cors|tg|tgcors)?|awselb|svpncookie|mrhsession"
    r"|webvpn|dsid|dssignin|nsc_\w{1,32}|moodlesession|cftoken|remember_token|remember_me|ci_session"
    r"|_\w{2,32}_session|wordpress_(?:logged_in|sec)_\w{1,64}|wp_logged_in|sso_?token|sso_?session"
    r"|authcookie|auth_?session|iplanetdirectorypro|smsession|ltpatoken2?|__(?:secure|host)-[\w.\-]{1,48})"
    r"=([A-Za-z0-9%._~+/=\-]{8,}+)"
)
_SMTP = re.compile(
    r"(?i)(?<![\w\-])auth (?:plain|login|cram-md5|xoauth2) ([A-Za-z0-9+/]{4,4096}+={0,2})(?!\w)"
    r"|^auth ([^\s<>'\"]{6,64})$"
)
_AUTHORIZATIONS = family("authorization", "bearer", "authentication: b")
_WITH_PARAMETERS = family("digest", "hawk", "oauth", "aws4", "shared")
_HEADERS = family(
    *("x-", "private-token", "job-token", "subscription-key", "dd-api-key", "dd-application-key"),
    *("api-key", "apikey", "proxy-authorization"),
)
_COOKIES = family("cookie")
_CURL = family("curl")
_KNOWN = family(
    *("msisauth", "fedauth", "rtfa=", "estsauth", "aspnet", "awsalb", "awselb", "svpncookie"),
    *("mrhsession", "webvpn=", "dsid=", "dssignin", "nsc_", "cftoken", "remember_", "ci_session"),
    *("_session=", "wordpress_", "wp_logged_in", "sso", "authcookie", "iplanetd", "smsession"),
    *(
        "ltpatoken",
        "__secure-",
        "__host-",
        "aspxauth",
        "moodlesession",
        "authsession",
        "auth_session",
    ),
)
_SESSIONS = family("sess", "aspxauth", "sid=", "csrft", "xsrf", "connect.sid", "saml")
_MAIL_LOGINS = family("auth ")
HEADER_WORDS = _AUTHORIZATIONS | _HEADERS | _COOKIES | _CURL | _SESSIONS | _KNOWN | _MAIL_LOGINS


def headers(scanned: ScannedText) -> Iterator[Span]:
    """Credentials of headers."""
    text, words = scanned.text, scanned.words
    if words & _AUTHORIZATIONS:
        yield from _authorization(scanned)
    if words & _HEADERS:
        for span in groups(_HEADER, text):
            if not is_word(span.value.lower()) and not _is_prose(span.value):
                yield span
    if words & _COOKIES or (words & _CURL and "-b" in text):
        yield from _cookies(text)
    if words & (_SESSIONS | _KNOWN | _MAIL_LOGINS):
        yield from _sessions(scanned)


def _sessions(scanned: ScannedText) -> Iterator[Span]:
    text, words = scanned.text, scanned.words
    if words & _SESSIONS:
        for span in groups(_SESSION, text):
            if not is_attack(span.value.lower()):
                yield span
    if words & _KNOWN:
        for span in groups(_KNOWN_COOKIES, text):
            if not is_attack(span.value.lower()):
                yield span
    if words & _MAIL_LOGINS:
        yield from groups(_SMTP, text)


def _authorization(scanned: ScannedText) -> Iterator[Span]:
    text = scanned.text
    for match in _AUTHORIZATION.finditer(text):
        value = match[2]
        known = match[1] is not None and len(value) >= 4 and not is_word(value.lower())
        if (known and not _is_prose(value)) or (len(value) >= 8 and is_token(value)):
            yield Span(match.start(2), match.end(2), value)
    yield from groups(_KUBERNETES, text)
    for span in groups(_BEARER, text):
        if is_token(span.value):
            yield span
    if scanned.words & _WITH_PARAMETERS:
        yield from groups(_PARAMETERS, text)


def _is_prose(value: str) -> bool:
    return value.isalpha() and value.islower() and len(value) < 9


def _cookies(text: str) -> Iterator[Span]:
    for span in groups(_COOKIE_TABLE, text):
        if not is_word(span.value.lower()) and not is_attack(span.value.lower()):
            yield span
    for header in _COOKIE.finditer(text):
        group = 1 if header[1] else 2
        start, end = header.span(group)
        if "=" not in header[group]:
            value = header[group].strip()
            if len(value) >= 8 and " " not in value and is_token(value):
                yield Span(start, start + len(header[group].rstrip()), value)
        for pair in _PAIR.finditer(text, start, end):
            low = pair[2].lower()
            name = pair[1].lower()
            chosen = name in _CHOICES and low.replace("-", "").replace("_", "").isalpha()
            if chosen or name in _ATTRIBUTES or is_word(low) or is_attack(low):
                continue
            yield Span(pair.start(2), pair.end(2), pair[2])
