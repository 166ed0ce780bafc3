"""Finds user names in commands and log lines that name one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import reduce
from operator import or_

from sftsec_pii.persons import is_person
from sftsec_pii.span import Span
from sftsec_pii.words import ScannedText, family

_NAME = r"([A-Za-z_][\w.\-]{1,63})(?![\w.\-]|\\|\((?!uid)|\$)"
_OPTIONS = r"(?: -{1,2}[\w\-]{1,24}(?:[ =](?!-)[^\s@;|&]{1,64})?){0,6}?"
# Words of a command, and what stands before the name in it.
_PROGRAMS: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("net user", "net.exe", "net1", "localgroup", "net group", "net  "),
        r"\bnet1?(?:\.exe)?[\"']? {1,4}user {1,4}(?:/[a-z]{1,8} {1,4}){0,2}\"?"
        r"|\bnet1?(?:\.exe)? {1,4}(?:localgroup|group) {1,4}(?:\"[^\"\n]{1,64}\""
        r"|[\w\-]{1,64}) {1,4}\"?(?![/])",
    ),
    (("ssh",), rf"\bssh{_OPTIONS} -l ?"),
    (
        (" su ", "/su ", ";su ", "&su ", "|su ", "'su ", '"su ', "\nsu "),
        # "su" is a word of several languages: before a name alone it stands where a command begins.
        r"\bsu (?:-c \S{1,32} )?(?:- |-l |--login )(?=[a-z_])"
        r"|(?:[;&|(`'\"/\n]|\bsudo|\bexec|[$#]) ?su (?:-c \S{1,32} )?(?=[a-z_])",
    ),
    (("sudo",), r"\bsudo (?:-\w{1,4} ){0,3}(?:-\w{0,3}u|--user)[ =]?"),
    (("runas",), r"\brunas(?:\.exe)? (?:/[\w:]{1,32} ){0,4}/user:"),
    (
        ("userdel", "deluser", "passwd "),
        r"\b(?:userdel|deluser|passwd|gpasswd) (?:-\w{1,3} ){0,3}(?=[\w.\-]{2,32}\s*$)",
    ),
    (
        ("useradd", "adduser", "usermod", "chage"),
        r"\b(?:useradd|adduser|usermod|chage)(?: -{1,2}[\w\-]{1,16}(?:[ =](?!-)[^\s;"
        r"|&]{1,64}?)?){0,5} (?=[\w.\-]{2,32}\s*$)",
    ),
    (("chown ",), r"\bchown (?:-R )?(?=[a-z_][\w.\-]{1,31}:)"),
    (("doas ",), r"\bdoas (?:-\w )?-u "),
    (("gpasswd ",), r"\bgpasswd -[adM] "),
    (("setfacl",), r"\bsetfacl\b[^\n|;]{0,64}? (?:default:|d:)?u(?:ser)?:"),
    (("hydra", "medusa", "ncrack"), r"\b(?:hydra|medusa|ncrack)\b[^\n|;]{0,96}? (?-i:-[lu]) "),
    (
        ("impacket", "getuserspns", "getnpusers", "secretsdump", "psexec.py", "wmiexec", "gettgt"),
        r"\b(?:impacket-\w{2,24}|\w{3,16}\.py|wmiexec|secretsdump) (?:-[\w\-]{1,20} ){0,4}[\"']?"
        r"[\w.\-]{1,64}/(?=[\w.\-]{2,64}(?:[:@\s\"']|$))",
    ),
    (("crontab",), r"\bcrontab -u "),
    (
        ("aduser", "adaccount"),
        r"\b(?:get|set|disable|enable|unlock|remove)-ad(?:user|account) (?:-identity )?[\"']?",
    ),
    (
        ("localgroupmember",),
        r"\b(?:add|remove|get)-localgroupmember [^\n|;]{0,64}-member [\"']?",
    ),
    (
        ("runuser", "loginctl", "pkill", "killall", "ps -", "lsof", "pgrep"),
        r"\brunuser (?:-l |-u )|\bloginctl \w{2,16}-(?:user|linger) "
        r"|\b(?:pkill|killall|ps|lsof|pgrep)\b[^\n|;]{0,32}?(?-i: -u ?)",
    ),
    (("localuser",), r"\b(?:new|get|set|remove|rename|disable|enable)-localuser (?:-name )?[\"']?"),
    (("/user:", "/u:"), r"(?<=\s)/u(?:ser)?:[\"']?"),
    (
        ("psql", "pg_", "sqlcmd", "osql", "bcp ", "smbclient", "rpcclient"),
        r"\b(?:psql|pg_\w{4,10}|sqlcmd|osql|bcp|smbclient|rpcclient)\b[^\n|;]{0,96}? -U ?[\"']?",
    ),
    (
        (" login", "mongo", "ncftp", "lftp", "snmp", "influx", "ipmitool", "smbmap", "enum4linux"),
        r"\b(?:(?:docker|podman|az|oc|cf|helm registry|skopeo|buildah|nerdctl) login"
        r"|mongo(?:sh|dump|restore|import|export)?|ncftp(?:put|get)?|lftp|snmp\w{3,8}|influx"
        r"|smbmap|enum4linux(?:-ng)?)\b[^\n|;]{0,96}? -u ",
    ),
    (("-member",), r"(?<=\s)-members? [\"']?"),
    (("machine ",), r"\bmachine\s{1,8}\S{1,128}\s{1,8}login\s{1,8}"),
    (
        ("-samid", "-username", "--user="),
        r"(?<=\s)-samid |(?<=\s)--?username[ =][\"']?|(?<=\s)--user=[\"']?",
    ),
    (
        ("mysql", "mariadb"),
        rf"\b(?:mysql|mariadb)(?:dump)?{_OPTIONS} (?:-u ?|--user=)",
    ),
    (("psexec", "paexec"), r"\b(?:psexec|paexec)(?:64)?(?:\.exe)? \\\\\S{1,64} -u "),
    (("cmdkey",), r"\bcmdkey /\S{1,64} /user:"),
    (
        ("evil-winrm", "crackmap", "nxc ", "freerdp", "rdesktop"),
        r"\b(?:evil-winrm|crackmapexec|nxc|xfreerdp|rdesktop)\b[^\n|;]{0,64}? (?:-u |/u:)",
    ),
)
_COMMANDS = tuple(
    (family(*words), re.compile(f"(?i)(?:{before}){_NAME}")) for words, before in _PROGRAMS
)
_ANY_COMMAND = reduce(or_, (bit for bit, _ in _COMMANDS))
_FIRST = re.compile(
    r"(?i)^(?:(?:id|finger|groups) (?=[\w.\-]{2,32}$)"
    r"|su (?:-c \S{1,32} )?(?:- |-l |--login )?(?=[a-z_]))" + _NAME
)
FIRST_WORDS = ("id ", "su ", "finger ", "groups ")
_URL = re.compile(
    rf"(?i)(?:ftp|sftp|ssh|smb|afp|rsync)://(?=[\w.\-]{{2,64}}(?::[^\s/@]{{0,64}})?@){_NAME}"
)
_AT_HOST = re.compile(
    r"(?i)\b(?:ssh|scp|sftp|rsync|ssh-copy-id|mosh|autossh|plink|pscp)(?:\.exe)?\b[^\n|;&]{0,256}?"
    r"(?<=\s)([a-z_][\w.\-]{1,63})@(?=[\w\[])"
)
# Words of a log line, and what stands before the name in it.
_LINES: tuple[tuple[tuple[str, ...], str], ...] = (
    (
        ("accepted ", "failed ", "postponed "),
        r"\b(?:accepted|failed|postponed) (?:password|publickey|none"
        r"|keyboard-interactive/pam|hostbased|gssapi-with-mic) for (?:invalid user )?",
    ),
    (
        ("d user ", "l user ", "g user ", "m user ", "y user "),
        r"\b(?:invalid|illegal|authenticating|disconnected from|closed by) user |\baccepted user ",
    ),
    (
        ("session ",),
        r"\bsession (?:opened|closed) for user |\bsession \w{1,16} of user ",
    ),
    ((" by ",), r" by (?=[\w.\-]{2,64}\(uid)|\bsu for [\w.\-]{1,32} by "),
    (('role "',), r"\brole \"(?=[^\"\s]{2,64}\" (?:does not|is not))"),
    ((" login",), r"\[(?=[\w.\-]{2,64}\] (?:ok|fail) login)"),
    (("sudo",), r"\bsudo(?:\[\d{1,9}\])?: {1,4}(?=\S{1,64} :)"),
    (("user '", 'user "'), r"\buser '(?=[^'\s]{2,64}')|\buser \"(?=[^\"\s]{2,64}\")"),
    (
        ("user: ", "username: ", "user name: "),
        r"(?-i:\bUser(?:name| ?Name)?: )\"?(?=[\w.\-]+\"?(?:$|[,;)\n]| (?:logged|from|at"
        r"|on|src|ip|has|was|failed|\()))",
    ),
    (("logged ",), r"\blogged (?:in|on) (?:as|user) "),
    (
        ("failure for ", "failed for ", "login for "),
        r"\b(?:authentication (?:failure|failed)|auth failed|login failed|failed login"
        r"|logon failure|logon failed|failed logon|access denied) for (?:user |account )?[\"']?"
        r"(?![a-z]{2,8}://)",
    ),
    (
        ("user: ", "user = "),
        r"\[user: ?(?=[\w.\-]{2,64}\])|: user = (?=[\w.\-]{2,64}(?:[\s,;:]|$))",
    ),
    (("login ok", "login incorrect"), r"\blogin (?:ok|incorrect)[^\[\n]{0,24}: \["),
    (
        ("user ",),
        r"(?-i:\bUSER )(?=[\w.\-]{2,64}(?:: |\s*$|\\r|\r?\n))"
        r"|\buser (?=[\w.\-]{2,64} (?:logged|authenticated|disconnected|connected)\b)",
    ),
    (("(to ",), r"\(to [\w\-]{1,32}\) (?=[\w.\-]{2,64} on )"),
    (("uid=",), r"(?<![\w\-])uid=(?=[\w.\-]{2,64}, ?(?:ou|cn|dc|o)=)"),
)
_LOGS = tuple((family(*words), re.compile(f"(?i)(?:{before}){_NAME}")) for words, before in _LINES)
_ANY_LINE = reduce(or_, (bit for bit, _ in _LOGS))
_KEY = (
    r"(?:target|subject|src|dst|source|dest|destination|s|d|r)?_?user_?(?:name)?|usr_?name|login(?==)|account_?name"
    r"|logname|acct|sam_?account_?name|user\.name|login_?name|initiating_?process_?account_?name"
)
_NAMED = re.compile(
    rf"(?i)(?<![A-Za-z0-9\-])(?:{_KEY})"
    r"(?:=\\?[\"'<]?|\\{0,3}[\"']? ?: ?\\{0,3}[\"']|[\"']>|(?<=name): ?)"
    r"([a-z0-9_.\-]{1,64}\\{1,2})?"
    r"([a-z_][\w.\-]{1,63})(?=[\s\"'&;,\\|\])<>]|\.?$)(?![\"']?\s?(?:--|\)|or\b|and\b|\|\||;\s*\w))"
)
# {"user": {"name": "x"}} in a string.
_NESTED = re.compile(
    r"(?i)[\"']user\\{0,3}[\"'] ?: ?\{[^{}]{0,128}?[\"']name\\{0,3}[\"'] ?: ?\\{0,3}[\"']"
    r"(?:[\w.\-]{1,64}\\{1,4})?([a-z_][\w.\-]{1,63})(?=\\{0,3}[\"'])"
)
_ACCOUNT_NAME = re.compile(
    r"(?i)\b(?:account name|logon account|user name|benutzername|usuario|utilisateur|utente"
    r"|gebruiker|gebruikersnaam)\s?:[ \t]{0,16}(?=[^\s\\]{1,64}(?:\s|$))" + _NAME
)
_HOSTS = family("ssh", "scp", "sftp", "rsync", "mosh", "plink")
_SCHEMES = family("ftp://", "ssh://", "smb://", "afp://", "rsync://")
_NAMES = family(
    *(
        "user=",
        "user:",
        'user"',
        "user\\",
        "user'",
        "username",
        "user_name",
        "user.name",
        "accountname",
    ),
    *(
        "usrname",
        "usr_name",
        "login=",
        "account_name",
        "logname",
        "acct",
        "account name",
        "login_name",
        "loginname",
    ),
)
_ACCOUNT_NAMES = family(
    *("account name:", "logon account:", "user name:", "benutzername", "usuario", "utilisateur"),
    *("utente", "gebruiker"),
)
LOGIN_WORDS = _ANY_COMMAND | _ANY_LINE | _HOSTS | _SCHEMES | _NAMES | _ACCOUNT_NAMES


def logins(scanned: ScannedText) -> Iterator[Span]:
    """Names after what introduces them."""
    text, words = scanned.text, scanned.words
    yield from _in_commands(scanned)
    for bit, pattern in _LOGS if words & _ANY_LINE else ():
        if words & bit:
            yield from _names(pattern, text)
    if words & _NAMES:
        yield from _names(_NAMED, text)
        yield from _names(_NESTED, text)
    if words & _ACCOUNT_NAMES:
        yield from _names(_ACCOUNT_NAME, text)


def _in_commands(scanned: ScannedText) -> Iterator[Span]:
    text, words = scanned.text, scanned.words
    for bit, pattern in _COMMANDS if words & _ANY_COMMAND else ():
        if words & bit:
            yield from _names(pattern, text)
    if scanned.low.startswith(FIRST_WORDS):
        yield from _names(_FIRST, text)
    if "@" not in text:
        return
    if words & _HOSTS:
        yield from _names(_AT_HOST, text)
    if words & _SCHEMES:
        yield from _names(_URL, text)


def _names(pattern: re.Pattern[str], text: str) -> Iterator[Span]:
    for match in pattern.finditer(text):
        group = match.lastindex or 1
        name = match[group].lower()
        start = match.start(group)
        if name.endswith("."):
            name = name.rstrip(".")
        if len(name) > 1 and is_person(name):
            yield Span(start, start + len(name), name)
