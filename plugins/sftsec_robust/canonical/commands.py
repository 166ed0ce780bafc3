"""Commands and queries: what a shell, cmd.exe, PowerShell or SQL drops before it runs a word."""

from __future__ import annotations

import re

_COMMENTS = re.compile(r"/\*.{0,400}?\*/|<#.{0,400}?#>|<!--.{0,400}?-->", re.S)
_NOTHING = re.compile(r"(?:(?<=\A)|(?<=[;&|]))\s*:\s[\w ]{0,400};")
_SEPARATOR = re.compile(r"\$\{IFS[^}]{0,20}\}|\$IFS(?:\$\d)?(?![A-Za-z_])")
_SUM = re.compile(r"(['\"])\s*\+\s*\1")
_IN_WORD = re.compile(r"(?<=\w)(?:[\"'`^]+)(?=\w)|(?<=\w)(?:''|\"\")|(?:''|\"\")(?=\w)")
_TAIL = re.compile(r"(?<=\w)(?P<mark>[\"'])(?P<tail>\w+)(?P=mark)")
_BACKSLASH = re.compile(r"(?<=\w)\\(?=\w)")
_DRIVE = re.compile(r"\b[A-Za-z]:\\|\\\\\w|\bHK(?:LM|CU|CR|EY)", re.I)


def plain_commands(text: str) -> str:
    """Without comments, commands that do nothing, and quotes, escapes and sums within words."""
    text = _NOTHING.sub(" ", _COMMENTS.sub(" ", text))
    text = _SUM.sub("", _SEPARATOR.sub(" ", text))
    text = _TAIL.sub(lambda match: match["tail"], text)
    text = _IN_WORD.sub("", text)
    return text if _DRIVE.search(text) else _BACKSLASH.sub("", text)
