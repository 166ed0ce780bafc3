"""Finds secrets: keys by their vendors' prefixes, credentials by what introduces them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sftsec_pii.span import Span

_VENDORS = re.compile(
    r"(?<![A-Za-z0-9_\-])(?:"
    r"(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA)[A-Z0-9]{16}(?![A-Za-z0-9])"  # AWS
    r"|gh[pousr]_[A-Za-z0-9]{36,255}+|github_pat_[A-Za-z0-9_]{22,255}+"
    r"|gl(?:pat|dt|rt|ptt|ft|soat|cbt|imt|agent)-[A-Za-z0-9_\-.]{20,255}+"
    r"|xox[abeoprs]-[A-Za-z0-9\-]{10,255}+|xapp-[A-Za-z0-9\-]{10,255}+"  # Slack
    r"|AIza[A-Za-z0-9_\-]{30,40}+|GOCSPX-[A-Za-z0-9_\-]{20,40}+|ya29\.[A-Za-z0-9_\-]{20,512}+"
    r"|[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}+|whsec_[A-Za-z0-9+/=]{24,255}+"  # Stripe
    r"|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_\-]{50,512}+|rubygems_[0-9a-f]{48}"
    r"|sk-(?:proj-|ant-|svcacct-|admin-|or-)?[A-Za-z0-9_\-]{32,255}+"  # OpenAI, Anthropic
    r"|(?:SK|AC)[0-9a-f]{32}(?![0-9A-Za-z])"  # Twilio
    r"|SG\.[A-Za-z0-9_\-]{16,32}\.[A-Za-z0-9_\-]{32,64}|key-[0-9a-f]{32}"  # SendGrid, Mailgun
    r"|[0-9a-f]{32}-us\d{1,2}(?!\w)"  # Mailchimp
    r"|[A-Za-z0-9_~.\-]{3}\dQ~[A-Za-z0-9_~.\-]{31,34}|do[opr]_v1_[0-9a-f]{64}"  # Azure, DO
    r"|hv[sbr]\.[A-Za-z0-9_\-]{20,255}+|hf_[A-Za-z]{30,40}+|glsa_[A-Za-z0-9_]{32,64}+"
    r"|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}|sq0[a-z]{3}-[A-Za-z0-9_\-]{20,64}+"
    r"|(?:bot)?\d{8,10}:AA[A-Za-z0-9_\-]{32,34}|dapi[0-9a-f]{32}(?:-\d)?"  # Telegram, Databricks
    r"|NRAK-[A-Z0-9]{24,40}+|dckr_pat_[A-Za-z0-9_\-]{20,64}+|ATATT3[A-Za-z0-9_\-=]{30,512}+"
    r"|lin_api_[A-Za-z0-9]{32,64}+|EAACEdEose0cBA[A-Za-z0-9]{8,512}+"
    r"|AGE-SECRET-KEY-1[A-Z0-9]{50,64}+"
    r"|PMAK-[0-9a-f]{24}-[0-9a-f]{34}|b3BlbnNzaC1rZXktdjE[A-Za-z0-9+/=]{16,8192}+"
    r"|eyJ[A-Za-z0-9_\-]{8,}+\.eyJ[A-Za-z0-9_\-]{8,}+\.[A-Za-z0-9_\-]*+"  # JSON web token
    r")"
)
_WEBHOOK = re.compile(
    r"(?:hooks\.slack\.com/(?:services|workflows)/|discord(?:app)?\.com/api/webhooks/)"
    r"([A-Za-z0-9_/\-]{16,255}+)"
)
_PEM = re.compile(
    r"-----BEGIN (?:[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?|PGP MESSAGE)-----(?:[^-]++|-(?!----))*+"
    r"(?:-----END [A-Z0-9 ]{0,48}-----)?"
    r"|---- BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY ----(?:[^-]++|-(?!---))*+"
    r"(?:---- END [A-Z0-9 ]{0,48} ----)?"
)
_PUTTY = re.compile(r"Private-Lines: \d{1,4}\s{1,2}([A-Za-z0-9+/=\s]{16,8192}+)")
_PRIVATE_MAC = re.compile(r"Private-MAC: ([0-9a-f]{40,64})")
_XML_KEY = re.compile(r"<D>([A-Za-z0-9+/=]{16,1024}+)</D>")
_JWK = re.compile(r"\"d\" ?: ?\"([A-Za-z0-9_\-]{32,1024}+)\"")
_SCHEMES = r"(?:basic|bearer|token|splunk|apikey|api-key|key|negotiate|ntlm|oauth|ghostadmin)"
_BEARER = re.compile(
    rf"(?i)\b(?:authorization\\?[\"']?\s*+[:=]\s*+\\?[\"']?{_SCHEMES}\s++"
    r"|bearer\s++(?=[A-Za-z0-9._~+/=\-]{16}))"
    r"([A-Za-z0-9._~+/=\-]{6,}+)"
)
_DIGEST = re.compile(
    r"(?i)\b(?:response|signature)=\"?([0-9a-f]{32,128}+)(?![0-9a-z])|\busername=\"([^\"\n]{1,64})\""
)
_HEADER = re.compile(
    r"(?i)(?<![\w\-])(?:x-(?:[a-z0-9]{1,16}-){0,3}(?:key|token|secret)|private-token|job-token"
    r"|proxy-authorization)\\?[\"']?: ?\\?[\"']?(?:basic |bearer )?([A-Za-z0-9._~+/=\-]{8,}+)"
)
_COOKIE = re.compile(r"(?i)(?<![\w\-])(?:set-)?cookie\\?[\"']?: ?\\?[\"']?([^\n\"]{3,8192})")
_PAIR = re.compile(r"([A-Za-z0-9_.\-]{1,64}+)=([^;,\s\"'<>]{4,4096}+)")
_ATTRIBUTES = frozenset({"path", "domain", "expires", "max-age", "samesite", "priority", "version"})
_SESSION = re.compile(
    r"(?i)(?<![\w<])\.?(?:jsessionid|phpsessid|asp\.net_sessionid|aspxauth|aspsessionid[a-z]{8}"
    r"|sessionid|session_id|connect\.sid|csrftoken|xsrf-token|session)=([A-Za-z0-9%._~+/\-]{12,}+)"
)
_CURL = re.compile(
    r"(?i)\bcurl\b[^\n|;]{0,256}?(?<=\s)(?:-u|--user|-U|--proxy-user)[ =]?[\"']?"
    r"([^\s:\"'<>\\]{1,64}:[^\s\"'<>]{1,128})"
)
_QUOTED = r"(?:\\?\"([^\"<\n\\']{3,256})\\?\"|'([^'<\n\"]{3,256})')"
# A value without quotes: neither an injection's quote, path nor shell sign begins or follows it.
_BARE = r"([A-Za-z0-9!#@^*+][^\s\"'<>&;|`\\,(){}/=]{3,128}+)(?![/\\(='\"]|\s*=)"
_NAMES = r"(?:passwor[dt]|passwd|passphrase|pwd|pass|kennwort|pw)"
_PASSWORD_QUOTED = re.compile(
    rf"(?i)(?<!<)(?<![a-z]){_NAMES}\\?[\"']?\s{{0,8}}+(?:=>|[=:])\s{{0,8}}+{_QUOTED}"
    rf"|(?i:(?<=_){_NAMES}\s{{0,8}}+=\s{{0,8}}+{_QUOTED})"
)
_PASSWORD = re.compile(
    rf"(?i)(?<!<)(?:password|passwd|passphrase|pwd)"
    rf"(?:[\"']?\s*+[=:]\s*+|(?<=--password)\s++|(?<=--passwd)\s++){_BARE}"
)
_COMMAND = re.compile(
    r"(?i)(?:\bmysql(?:dump|admin)?\b[^\n|;]{0,128}? -p(?=\S)"
    r"|\bsshpass -p ?|\bpsexec(?:64)?(?:\.exe)?\b[^\n|;]{0,128}? -p "
    r"|\b(?:rdesktop|docker login)\b[^\n|;]{0,128}? -p |\bxfreerdp\b[^\n|;]{0,128}? /p:"
    r"|(?<=\s)/(?:pass|password|rp)(?::| )|\b-pass pass:|(?<= )pass:"
    r"|\b7za?(?:\.exe)? a -p|\brar(?:\.exe)? a -h?p|\bunzip -P "
    r"|\bsmbclient\b[^\n|;]{0,128}? -U \w{1,64}%"
    r"|\bconvertto-securestring (?:-string )?(?=[\"'])"
    r"|\bnet1?(?:\.exe)? {1,4}user {1,4}(?:/add {1,4})?[\w.\-]{1,64} {1,4}(?![/])"
    r"|\bnet1?(?:\.exe)? {1,4}use [^\n|;]{0,96}?/user:\S{1,64} (?![/])"
    r"|\bnet1?(?:\.exe)? {1,4}use (?:[a-z]: )?\\\\[^\s]{1,128} (?![/]))"
    r"(?:\"([^\"\n<]{2,128})\"|'([^'\n<]{2,128})'|([^\s\"'<][^\s\"'<]{2,128}+))"
)
_KEYED = re.compile(
    # Not the resource's name in an ARN ("...:111122223333:secret:NAME").
    r"(?i)(?<!<)(?<!\d:)(?:secret|token|(?:api|access|private|auth|account|shared|accesskey|secret_access)"
    r"[_\-]?key|sig)"
    r"(?<!publickeytoken)(?:\\?[\"']?\s*+[=:]\s*+\\?[\"']?|(?<=--token)\s++|(?<=--secret)\s++)"
    r"([A-Za-z0-9][A-Za-z0-9_.~+/=%\-]{7,}+)"
)
_URL_LOGIN = re.compile(r"://[^\s/@:<>]{0,256}+:(?!//)([^\s<>\"]{1,256})@(?=[\w\[])")
_DIGIT = re.compile(r"\d")
_STRONG = re.compile(r"[^a-z]")
_LONG_WORD = re.compile(r"[A-Za-z0-9_\-]{14}")
_KEY_WORDS = ("secret", "token", "key", "sig=")
_PASSWORD_WORDS = ("pass", "pwd", "kennwort", "pw")
_COMMANDS = (
    *("mysql", "sshpass", "psexec", "rdesktop", "docker", "freerdp", "/pass", "/rp", "pass:"),
    *("7z", "rar", "unzip", "smbclient", "securestring", "net ", "net.exe", "net1"),
)


def secrets(text: str) -> Iterator[Span]:
    """Keys, tokens and passwords; values keep their case, since it tells them apart."""
    low = text.lower()
    if _LONG_WORD.search(text):
        yield from _whole(_VENDORS, text)
        if "hooks" in low:
            yield from _groups(_WEBHOOK, text)
    if "private" in low or "begin pgp" in low or '"d"' in low or "<d>" in low:
        yield from _whole(_PEM, text)
        for pattern in (_PUTTY, _PRIVATE_MAC, _XML_KEY, _JWK):
            yield from _groups(pattern, text)
    yield from _headers(text, low)
    if "=" in text or ":" in text or "--" in text:
        yield from _assigned(text, low)
    if any(word in low for word in _COMMANDS):
        yield from _groups(_COMMAND, text)
    if "://" in text and "@" in text:
        yield from _logins(text)


def _headers(text: str, low: str) -> Iterator[Span]:
    if "bearer" in low or "authorization" in low:
        yield from _groups(_BEARER, text)
        if "digest" in low or "aws4" in low:
            yield from _groups(_DIGEST, text)
    if "token:" in low or "key:" in low or "authorization:" in low:
        yield from _groups(_HEADER, text)
    yield from _sessions(text, low)


def _sessions(text: str, low: str) -> Iterator[Span]:
    """Session cookies by their names, other cookies, and the logins of curl."""
    if "cookie" in low:
        for header in _COOKIE.finditer(text):
            for pair in _PAIR.finditer(text, header.start(1), header.end(1)):
                if pair[1].lower() not in _ATTRIBUTES:
                    yield Span(pair.start(2), pair.end(2), pair[2])
    if "sess" in low or "aspxauth" in low or "sid=" in low:
        yield from _groups(_SESSION, text)
    if "curl" in low:
        yield from _groups(_CURL, text)


def _logins(text: str) -> Iterator[Span]:
    """Passwords of URLs; one with an `@` of its own ends at the last one before the host."""
    for match in _URL_LOGIN.finditer(text):
        value = match[1]
        if "/" not in value.partition("@")[0] or "@" in value:
            yield Span(match.start(1), match.end(1), value)


def _assigned(text: str, low: str) -> Iterator[Span]:
    """Values after a key's name."""
    if any(word in low for word in _PASSWORD_WORDS):
        yield from _groups(_PASSWORD_QUOTED, text)
        for match in _PASSWORD.finditer(text):
            # "password: required" is prose; "password=required" may be one.
            if "=" in text[match.start() : match.start(1)] or _STRONG.search(match[1]):
                yield Span(match.start(1), match.end(1), match[1])
    if any(word in low for word in _KEY_WORDS):
        # Words without a digit are prose ("token: required"), and a call is code.
        for span in _groups(_KEYED, text):
            if _DIGIT.search(span.value) and text[span.end : span.end + 1] != "(":
                yield span


def _whole(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    return (Span(match.start(), match.end(), match[0]) for match in pattern.finditer(text))


def _groups(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    """The groups that took part in each match; a placeholder of an earlier run is none."""
    for match in pattern.finditer(text):
        for number, value in enumerate(match.groups(), 1):
            if value is not None and "<SECRET:" not in value:
                yield Span(match.start(number), match.end(number), value)
