r"""Finds user names: in profile paths, in `DOMAIN\name`, and in commands and logs that name one.

A path in a URL (`http://x.example/home/login`) or behind `..` is an attack's and stays, and
`/users/` in small letters is a route of an application.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sftsec_pii.span import Span

_NAME = r"[^\\/:*?\"'<>|\s;&()$`,]"
_USER = re.compile(
    r"(?i)(?:(?<![\w.\-])(?<!:[0-9a-f]{8}>)"
    r"(?:(?:/(?:export|var|usr))?/home/|(?-i:/Users/)"
    r"|/(?:mnt/[a-z]|cygdrive/[a-z]|[a-z]|volumes/\w{1,32})(?:/[\w.\-]{1,32})?/users/)"
    r"|(?<![A-Za-z0-9])[A-Z]:[\\/]{1,4}(?:users|documents and settings|profiles)[\\/]{1,4}"
    r"|(?<!\.\.)\\{1,4}(?:users|profiles|home)\$?\\{1,4}|\\{1,4}documents and settings\\{1,4})"
    rf"({_NAME}{{1,64}}(?: {_NAME}{{1,32}}){{0,3}}(?=[\\/])|{_NAME}{{1,64}})"
)
_ACCOUNT = r"([A-Za-z_][\w.\-]{2,63})(?![\w.\-]|\\|\$)"
# The domain in capitals, or after an option or word that an account follows.
_DOMAIN_USER = re.compile(
    rf"(?<![\w\\.%$:/>\-])([A-Z][A-Z0-9\-]{{1,14}})\\{_ACCOUNT}"
    rf"|(?i:(?:/user:|/u:|/ru |-u |--user |whoami ?(?:->|:|=) ?|account name: {{0,8}}))"
    rf"([A-Za-z][\w.\-]{{1,63}})\\{_ACCOUNT}"
)
_NAMED = re.compile(
    r"(?i)(?:\bnet1?(?:\.exe)?[\"']? {1,4}user {1,4}(?:/add {1,4})?"
    r"|\b(?:accepted|failed) (?:password|publickey|none) for (?:invalid user )?"
    r"|\binvalid user |\bsession (?:opened|closed) for user "
    r"|\bsudo(?:\[\d{1,9}\])?: {1,4}(?=\S{1,64} :)"
    r"|(?<![\w/.\-])~(?=[a-z_][\w\-]{2,31}/))"
    r"([A-Za-z_][\w.\-]{1,63})(?![\w.\-]|\\)"
)
_NO_PERSON = frozenset(
    {"public", "default", "all users", "default user", "shared", "administrator", "root", "guest"}
    | {"system", "admin", "localservice", "networkservice", "krbtgt", "defaultaccount", "from"}
)
# What stands before a backslash in capitals and is no domain of accounts.
_NO_DOMAIN = frozenset(
    {"HKLM", "HKCU", "HKCR", "HKU", "SAM", "SYSTEM", "SOFTWARE", "SECURITY", "WINDOWS", "BUILTIN"}
    | {"AUTHORITY", "SERVICE", "MANAGER", "REGISTRY", "MACHINE", "MICROSOFT", "SYSTEM32", "DEVICE"}
    | {"ROOT", "USB", "PCI", "ACPI", "SWD", "HID", "SYSVOL", "NETLOGON", "IIS", "APPPOOL"}
)
_FILE = re.compile(r"(?i)\.(?:exe|dll|sys|ps1|bat|cmd|vbs|js|txt|log|dat|ini|msi|lnk|tmp|inf|xml)$")


_PATH_WORDS = ("/home/", "users", "documents and settings", "profiles", "\\home")
_NAMED_WORDS = (" user ", "net.exe", "net1", "sudo", "password for ", "publickey for ", "none for ")


def users(text: str) -> Iterator[Span]:
    """User names; accounts that are no person's stay."""
    low = text.lower()
    if any(word in low for word in _PATH_WORDS):
        yield from _paths(text)
    if "\\" in text:
        for match in _DOMAIN_USER.finditer(text):
            group = 2 if match[2] else 4
            domain = match[1] or match[3]
            if domain.upper() not in _NO_DOMAIN and not _FILE.search(match[group]):
                yield from _person(match, group)
    if "~" in text or any(word in low for word in _NAMED_WORDS):
        for match in _NAMED.finditer(text):
            yield from _person(match, 1)


def _paths(text: str) -> Iterator[Span]:
    for match in _USER.finditer(text):
        yield from _person(match, 1)


def _person(match: re.Match[str], group: int) -> Iterator[Span]:
    name = match[group].lower()
    if name.rstrip(".") not in _NO_PERSON and not set(name) <= {".", "*", "%"}:
        yield Span(match.start(group), match.end(group), name)


def has_user_word(text: str) -> bool:
    """Whether a profile path or an account may be there."""
    if "\\" in text or "~" in text:
        return True
    low = text.lower()
    return any(word in low for word in (*_PATH_WORDS, *_NAMED_WORDS))
