"""Finds user names in commands and log lines that name one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sftsec_pii.persons import is_person
from sftsec_pii.span import Span, holds

_NAME = r"([A-Za-z_][\w.\-]{1,63})(?![\w.\-]|\\|\((?!uid)|\$)"
_OPTIONS = r"(?: -{1,2}[\w\-]{1,24}(?:[ =](?!-)[^\s@;|&]{1,64})?){0,6}?"
_COMMANDS = re.compile(
    r"(?i)(?:\bnet1?(?:\.exe)?[\"']? {1,4}user {1,4}(?:/add {1,4})?\"?"
    r"|\bnet1?(?:\.exe)? {1,4}(?:localgroup|group) {1,4}(?:\"[^\"\n]{1,64}\""
    r"|[\w\-]{1,64}) {1,4}\"?(?![/])"
    rf"|\bssh{_OPTIONS} -l ?|\bsu (?:-c \S{{1,32}} )?(?:- |-l |--login )?(?=[a-z_])"
    r"|\bsudo (?:-\w{1,4} ){0,3}(?:-\w{0,3}u|--user)[ =]?"
    r"|\brunas(?:\.exe)? (?:/[\w:]{1,32} ){0,4}/user:"
    r"|\b(?:userdel|deluser|passwd|gpasswd) (?:-\w{1,3} ){0,3}(?=[\w.\-]{2,32}\s*$)"
    r"|\b(?:useradd|adduser|usermod|chage)(?: -{1,2}[\w\-]{1,16}(?:[ =](?!-)[^\s;"
    r"|&]{1,64}?)?){0,5} (?=[\w.\-]{2,32}\s*$)"
    r"|\bchown (?:-R )?(?=[a-z_][\w.\-]{1,31}:)"
    r"|\bcrontab -u |\b(?:get|set|disable|enable|unlock|remove)-ad(?:user"
    r"|account) (?:-identity )?[\"']?"
    r"|\b(?:add|remove|get)-localgroupmember [^\n|;]{0,64}-member [\"']?"
    r"|\b(?:new|set|disable|enable)-localuser (?:-name )?[\"']?|(?<=\s)-samid "
    rf"|\b(?:mysql|mariadb)(?:dump)?{_OPTIONS} (?:-u ?|--user=)|(?<=\s)-username [\"']?"
    r"|\b(?:psexec|paexec)(?:64)?(?:\.exe)? \\\\\S{1,64} -u |\bcmdkey /\S{1,64} /user:"
    r"|\b(?:evil-winrm|crackmapexec|nxc|xfreerdp|rdesktop)\b[^\n|;]{0,64}? (?:-u |/u:)"
    r"|^id (?=[\w.\-]{2,32}$)"
    rf"){_NAME}"
)
_URL = re.compile(
    rf"(?i)(?:ftp|sftp|ssh|smb|afp|rsync)://(?=[\w.\-]{{2,64}}(?::[^\s/@]{{0,64}})?@){_NAME}"
)
_AT_HOST = re.compile(
    r"(?i)\b(?:ssh|scp|sftp|rsync|ssh-copy-id|mosh|autossh|plink|pscp)(?:\.exe)?\b[^\n|;&]{0,256}?"
    r"(?<=\s)([a-z_][\w.\-]{1,63})@(?=[\w\[])"
)
_LOGS = re.compile(
    r"(?i)(?:\b(?:accepted|failed|postponed) (?:password|publickey|none"
    r"|keyboard-interactive/pam|hostbased"
    r"|gssapi-with-mic) for (?:invalid user )?"
    r"|\b(?:invalid|illegal|authenticating|disconnected from|closed by) user "
    r"|\bsession (?:opened|closed) for user |\bsession \w{1,16} of user "
    r"|(?<=\)) by (?=[\w.\-]{2,64}\(uid)|\bsudo(?:\[\d{1,9}\])?: {1,4}(?=\S{1,64} :)"
    r"|\buser '(?=[^'\s]{2,64}')|\buser \"(?=[^\"\s]{2,64}\")|\baccepted user "
    r"|(?-i:\bUser(?:name| ?Name)?: )\"?(?=[\w.\-]+\"?(?:$|[,;)\n]| (?:logged|from|at"
    r"|on|src|ip|has|was|failed|\()))|\blogged (?:in|on) (?:as|user) "
    r"|\b(?:authentication failure|login failed|failed login|logon failure) for (?:user )?[\"']?)"
    rf"{_NAME}"
)
_KEY = (
    r"(?:target|subject|src|dst|source|dest|destination|s|d|r)?_?user_?(?:name)?|account_?name"
    r"|logname|acct|sam_?account_?name|user\.name|login_?name|initiating_?process_?account_?name"
)
_NAMED = re.compile(
    rf"(?i)(?<![\w.\-])(?:winlog\.event_data\.)?(?:{_KEY})"
    r"(?:=\\?[\"']?|\\{0,3}[\"'] ?: ?\\{0,3}[\"']|[\"']>)([a-z0-9_.\-]{1,64}\\{1,2})?"
    r"([a-z_][\w.\-]{1,63})(?=[\s\"'&;,\\|\])<]|\.?$)(?![\"']?\s?(?:--|\)|or\b|and\b|\|\||;\s*\w))"
)
_ACCOUNT_NAME = re.compile(r"(?i)\baccount name:[ \t]{0,16}(?=[^\s\\]{1,64}(?:\s|$))" + _NAME)
_COMMAND_WORDS = (
    *(
        "net user",
        "net.exe",
        "net1",
        "localgroup",
        "net group",
        "net  ",
        "ssh",
        " su ",
        "sudo",
        "runas",
    ),
    *(
        "userdel",
        "deluser",
        "passwd ",
        "useradd",
        "adduser",
        "usermod",
        "chage",
        "chown ",
        "crontab",
    ),
    *("aduser", "adaccount", "localuser", "-samid", "mysql", "mariadb", "-username", "psexec"),
    *("paexec", "cmdkey", "evil-winrm", "crackmap", "nxc ", "freerdp", "rdesktop"),
)
_HOST_WORDS = ("ssh", "scp", "sftp", "rsync", "mosh", "plink")
_LOG_WORDS = (*(" for ", "user ", "sudo", "user: ", "user name: ", "username: ", "logged "),)
_NAME_WORDS = (
    *("user=", 'user"', "user\\", "user'", "username", "user_name", "user.name", "accountname"),
    *("account_name", "logname", "acct", "account name", "login_name", "loginname"),
)
LOGIN_WORDS = ("user", "://", *_COMMAND_WORDS, *_HOST_WORDS, *_LOG_WORDS, *_NAME_WORDS)


def logins(text: str, low: str) -> Iterator[Span]:
    """Names after what introduces them.

    Args:
        text: the text.
        low: the text in small letters, of the same length.
    """
    if holds(low, _COMMAND_WORDS) or low.startswith(("su ", "id ")):
        yield from _names(_COMMANDS, text)
    if "@" in text:
        if holds(low, _HOST_WORDS):
            yield from _names(_AT_HOST, text)
        if "://" in text:
            yield from _names(_URL, text)
    if holds(low, _LOG_WORDS):
        yield from _names(_LOGS, text)
    if holds(low, _NAME_WORDS):
        yield from _names(_NAMED, text)
        yield from _names(_ACCOUNT_NAME, text)


def _names(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    for match in pattern.finditer(text):
        group = match.lastindex or 1
        name = match[group].lower()
        start = match.start(group)
        if name.endswith("."):
            name = name.rstrip(".")
        if len(name) > 1 and is_person(name):
            yield Span(start, start + len(name), name)
