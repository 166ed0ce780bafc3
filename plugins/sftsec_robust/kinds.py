"""How a text is interpreted, guessed from what it looks like."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sftsec_core.api import TextKind

_READ = 4000  # characters that decide
_TAGS = (
    "a|body|br|button|div|embed|form|frame|html|iframe|img|input|link|meta|object|p|script|style|"
    "svg"
)
_VERBS = (
    "add|clear|copy|export|get|import|invoke|move|new|out|read|remove|set|start|stop|test|write"
)
_NOUNS = (
    "child|command|content|event|expression|item|job|mp|net|null|object|path|process|rest|service|"
    "web|wmi"
)
_UNIX = (
    "awk|base64|bash|cat|chmod|chown|cp|crontab|curl|cut|dd|dig|du|echo|find|gcc|grep|head|id|"
    "ifconfig|kill|ln|ls|mkdir|mkfifo|mv|nc|ncat|netcat|netstat|nohup|nslookup|openssl|perl|php|"
    "ping|printf|ps|python[23]?|rm|ruby|sed|sh|sleep|ssh|systemctl|tail|tar|tee|touch|uname|wget|"
    "whoami|xargs|xxd"
)
_KINDS: tuple[tuple[TextKind, re.Pattern[str]], ...] = (
    ("url", re.compile(r"\A\s*(?:https?|ftp|wss?)://[^\s\"'<>]+\s*\Z", re.I)),
    ("html", re.compile(rf"<\s*/?\s*(?:{_TAGS})[\s/>]|\bon[a-z]{{3,}}\s*=|javascript:", re.I)),
    (
        "powershell",
        re.compile(
            r"\b(?:powershell|pwsh)(?:\.exe)?\b\s*[-\"'(&]|\$env:"
            rf"|\b(?:{_VERBS})-(?:{_NOUNS})[a-z]*\b"
            r"|\biex\b\s*[(\"'$]",
            re.I,
        ),
    ),
    (
        "cmd",
        re.compile(
            r"\bcmd(?:\.exe)?\s+/[ck]\b|\b[\w-]+\.exe\b\s*[/\"-]|%comspec%"
            r"|\breg\s+(?:add|delete|query|save)\b|\b(?:sc|schtasks|tasklist|taskkill)\s+/?[a-z]+\s"
            r"|\bnet\s+(?:user|localgroup|view|use|group|start|stop|share|accounts)\b"
            r"|\b(?:wmic|certutil|vssadmin|bitsadmin)\s+[/\-\w]",
            re.I,
        ),
    ),
    (
        "sql",
        re.compile(
            r"\bunion\s+(?:all\s+)?select\b|\bselect\b.{1,200}\bfrom\b"
            r"|\b(?:or|and)\s+[('\"]*\d+\)?\s*="
            r"|\b(?:insert\s+into|drop\s+table|waitfor\s+delay|benchmark\(|order\s+by\s+\d)"
            r"|['\")]\s*(?:or|and|having|union)\b|\bselect\s*\(|\bcha?r\(\d+\)\s*\|\|",
            re.I | re.S,
        ),
    ),
    (
        "form",
        re.compile(
            r"(?:%[0-9A-Fa-f]{2}.*){2}|\$IFS|\A[\w.\[\]-]+=[^\s&]+(?:&[\w.\[\]-]+=[^\s&]*)*\Z", re.S
        ),
    ),
    (
        "shell",
        re.compile(
            rf"\$\(|`[^`]+`|\$\{{|/bin/|/etc/|(?:\A|[;&|]\s*)(?:sudo\s+)?(?:{_UNIX})(?=[\s;&|]|\Z)",
            re.S,
        ),
    ),
)
_READABLE = re.compile(r"[^\W_]|[\s.,!?'-]")
_LEAST_READABLE = 0.85  # of the characters of prose


def text_kind(text: str) -> TextKind:
    """The first kind whose signs a text has; else prose, or a parameter where no one reads it."""
    read = text[:_READ]
    found = next((kind for kind, pattern in _KINDS if pattern.search(read)), None)
    if found is not None:
        return found
    readable = len(_READABLE.findall(read))
    return "prose" if readable >= _LEAST_READABLE * len(read) else "form"
