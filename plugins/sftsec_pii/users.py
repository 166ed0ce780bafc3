r"""Finds user names: in profile paths, in `DOMAIN\name`, and in commands and logs that name one.

A path in a URL (`http://x.example/home/login`) or behind `..` is an attack's and stays, and
`/users/` in small letters is a route of an application.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sftsec_pii.identities import IDENTITY_WORDS, identities
from sftsec_pii.logins import FIRST_WORDS, LOGIN_WORDS, logins
from sftsec_pii.persons import is_person
from sftsec_pii.span import Span
from sftsec_pii.words import ScannedText, family

_NAME = "[^\\\\/:*?\"'<>|\\s;&()$`,\u2018-\u201f]"
_FIRST = rf"(?!\.\.?[\\/]|%[A-Za-z]+%){_NAME}"
_UNIX = re.compile(
    # The slash first: a pattern that begins with a sign is looked for much faster.
    r"(?i)/(?<![\w.\-]/)(?<!:[0-9a-f]{8}>/)"
    r"(?:(?:(?:export|(?:private/)?var|usr|data|nfs|mnt|srv|net|run/user/\d{1,9})/)?home/"
    r"(?:(?-i:[A-Z0-9.\-]{1,32}\.[A-Z]{2,12})/|users/)?|(?-i:Users/)"
    r"|(?:mnt/[a-z]|cygdrive/[a-z]|[a-z]|volumes/\w{1,32})(?:/[\w.\-]{1,32})?/users/"
    r"|var/spool/(?:cron(?:/crontabs)?|mail)/|var/mail/)"
    rf"({_FIRST}{_NAME}{{0,63}}(?: {_NAME}{{1,32}}){{0,2}}(?=/(?!\d\.\d))|{_FIRST}{_NAME}{{0,63}})"
)
_FILE_URL = re.compile(
    rf"(?i)file:/{{2,6}}(?:[\w.$:\-]{{1,64}}/){{0,3}}users/({_FIRST}{_NAME}{{0,63}})"
)
_PART = rf"{_FIRST}(?:(?!%5c){_NAME}){{0,63}}"
# Looked for by the folder's name, in a text in small letters; what stands before is checked then.
_WINDOWS = re.compile(
    r"(?:users|documents(?: |%20)and(?: |%20)settings|docume~\d|userprofiles|profiles|home)\$?"
    rf"(?:[\\/]|%5c){{1,4}}({_PART}(?: {_NAME}{{1,32}}){{0,3}}(?=[\\/])|{_PART})"
)
_WINDOWS_BEFORE = re.compile(
    r"(?<![a-z0-9])[a-z](?::|%3a)(?:[\\/]|%5c){1,4}$|(?<!\.\.)(?<!\\)\\{1,4}$|systemroot\\\.\.\\$"
)
# "?next=/home/x" is a route of an application.
_QUERY = re.compile(r"[?&][\w.\-]{1,32}=$|\b(?:GET|POST|PUT|HEAD|DELETE|PATCH|OPTIONS) $")
_PAGE = re.compile(
    r"(?i)[^/]*\.(?:html?|php\d?|jspx?|aspx?|cgi|do|js|css|png|jpe?g|gif|svg|ico|json)$"
)
_LONGEST_BEFORE = 16
_ACCOUNT = r"([A-Za-z_][\w.\-]{2,63})(?![\w.\-]|\\|\$)"
# The domain in capitals, or after an option or word that an account follows.
_DOMAIN_USER = re.compile(
    rf"(?<![\w\\.%$:/>\-])([A-Z][A-Z0-9\-]{{1,14}})\\{{1,2}}{_ACCOUNT}"
    r"|(?i:(?:/user:|/u:|/ru |(?<=\s)-u |--user |-credential |-member |-username "
    r"|whoami ?(?:->|:|=) ?|account name: {0,8}"
    r"|(?:user|\b(?:account|by|for|as|from|logon of)) ))"
    rf"\"?([A-Za-z][\w.\-]{{1,63}})\\{{1,2}}{_ACCOUNT}"
)
# What stands before a backslash in capitals and is no domain of accounts.
_NO_DOMAIN = frozenset(
    {"HKLM", "HKCU", "HKCR", "HKU", "SAM", "SYSTEM", "SOFTWARE", "SECURITY", "WINDOWS", "BUILTIN"}
    | {"AUTHORITY", "SERVICE", "MANAGER", "REGISTRY", "MACHINE", "MICROSOFT", "SYSTEM32", "DEVICE"}
    | {"ROOT", "USB", "PCI", "ACPI", "SWD", "HID", "SYSVOL", "NETLOGON", "IIS", "APPPOOL", "CLSID"}
    | {"USERS", "HOST", "CURRENTVERSION", "TEMP", "TYPELIB", "INTERFACE", "USBSTOR", "SCSI", "BIN"}
    | {"HKEY_LOCAL_MACHINE", "HARDWARE", "COM1", "UNC", "GLOBAL", "PIPE", "ADMIN", "IPC", "SRC"}
)
_FILE = re.compile(
    r"(?i)\.(?:exe|dll|sys|ps1|bat|cmd|vbs|js|txt|log|dat|ini|msi|lnk|tmp|inf|xml|save|zip|docx?)$"
)
_UNIX_WORDS = family("/home/", "/users/", "/spool/", "var/mail/")
_FILE_URLS = family("file:/")
_WINDOWS_WORDS = family("users", "settings", "docume~", "profiles", "\\home")
_USER_WORDS = _UNIX_WORDS | _FILE_URLS | _WINDOWS_WORDS | LOGIN_WORDS | IDENTITY_WORDS
# How the domain of the first form ends, and the one of the second form with what stands before.
_DOMAIN_END = re.compile(r"[A-Z0-9\-]\\{1,2}[A-Za-z_]")
_DOMAIN = re.compile(r"[ :>=\"][A-Za-z][\w.\-]{1,63}\\{1,2}[A-Za-z_]")
_TILDE = re.compile(r"(?<![\w/.\-~])~([a-z_][\w\-]{2,31})(?=/)")


def users(scanned: ScannedText) -> Iterator[Span]:
    """User names; accounts that are no person's stay."""
    yield from _paths(scanned)
    yield from _accounts(scanned)
    yield from logins(scanned)
    yield from identities(scanned)


def _paths(scanned: ScannedText) -> Iterator[Span]:
    text = scanned.text
    if scanned.words & (_UNIX_WORDS | _FILE_URLS):
        yield from _slashes(scanned)
    if scanned.words & _WINDOWS_WORDS:
        yield from _profiles(scanned.low)
    if "~" in text:
        for match in _TILDE.finditer(text):
            yield from _person(match, 1)


def _slashes(scanned: ScannedText) -> Iterator[Span]:
    text = scanned.text
    for match in _UNIX.finditer(text):
        before = max(0, match.start() - 40)
        if not _QUERY.search(text, before, match.start()) and not _PAGE.match(match[1]):
            yield from _person(match, 1)
    for match in _FILE_URL.finditer(text) if scanned.words & _FILE_URLS else ():
        yield from _person(match, 1)


def _accounts(scanned: ScannedText) -> Iterator[Span]:
    text = scanned.text
    if "\\" not in text or not (_DOMAIN_END.search(text) or _DOMAIN.search(text)):
        return
    # Between shell signs a backslash is an escape: `echo A\necho B`.
    if "`" not in text and "$(" not in text:
        for match in _DOMAIN_USER.finditer(text):
            group = 2 if match[2] else 4
            domain = match[1] or match[3]
            if domain.upper() not in _NO_DOMAIN and not _FILE.search(match[group]):
                yield from _person(match, group)


def _profiles(low: str) -> Iterator[Span]:
    for match in _WINDOWS.finditer(low):
        start = match.start()
        if _WINDOWS_BEFORE.search(low, max(0, start - _LONGEST_BEFORE), start):
            yield from _person(match, 1)


def _person(match: re.Match[str], group: int) -> Iterator[Span]:
    name = match[group].lower()
    if is_person(name) and not set(name) <= {".", "*", "%"}:
        yield Span(match.start(group), match.end(group), name)


def has_user_word(scanned: ScannedText) -> bool:
    """Whether a profile path or an account may be there."""
    text = scanned.text
    if scanned.words & _USER_WORDS or "\\" in text or "~" in text:
        return True
    return scanned.low.startswith(FIRST_WORDS)
