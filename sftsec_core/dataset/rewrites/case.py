"""Upper and lower case where the platform does not tell them apart.

Host names of URLs, Windows programs with their options, cmdlets, and Windows paths with a drive,
each kind in one style, as people write them. Quotes are left alone, and so is base64: no word but
these is changed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sftsec_core.dataset.rewrites.commands import program_name, read_commands
from sftsec_core.dataset.rewrites.draw import PLACEHOLDER
from sftsec_core.dataset.rewrites.options import is_option, option_units
from sftsec_core.dataset.rewrites.programs import PROGRAMS

if TYPE_CHECKING:
    from collections.abc import Callable

    from sftsec_core.dataset.rewrites.commands import Command
    from sftsec_core.dataset.rewrites.draw import KeyedDraw

_CMDLETS = (
    "Add-MpPreference|Add-Type|Copy-Item|Expand-Archive|Export-Csv|ForEach-Object|Get-ChildItem|"
    "Get-Content|Get-Item|Get-ItemProperty|Get-Process|Get-Service|Get-WmiObject|"
    "Import-Module|Invoke-Command|Invoke-Expression|Invoke-RestMethod|Invoke-WebRequest|"
    "Invoke-WmiMethod|Move-Item|New-Item|New-ItemProperty|New-Object|New-Service|Out-File|"
    "Out-Null|Out-String|Register-ScheduledTask|Remove-Item|Select-Object|Select-String|"
    "Set-Content|Set-ExecutionPolicy|Set-Item|Set-ItemProperty|Set-MpPreference|Sort-Object|"
    "Start-BitsTransfer|Start-Process|Start-Service|Start-Sleep|Stop-Process|Stop-Service|"
    "Test-Path|Where-Object|Write-Host|Write-Output"
)
_FOUND = re.compile(
    rf"""{PLACEHOLDER}|"[^"\n]*"|'[^'\n]*'"""
    r"""|(?P<scheme>(?i:https?|ftp|wss?)://)(?P<host>[A-Za-z0-9.-]++)(?=[:/?#\s,;)]|$)"""
    r"""|(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s"'<>]*"""
    r"""|(?<![A-Za-z0-9_\\/:])(?P<path>[A-Za-z]:\\[A-Za-z0-9_.\\~-]++)(?![^\s,;)|&>"'])"""
    rf"""|(?<![A-Za-z0-9_.\\/-])(?P<cmdlet>(?i:{_CMDLETS}))(?![A-Za-z0-9_.-])"""
)
_STYLES: tuple[Callable[[str], str], ...] = (str.lower, str.upper)
_CMDLET_STYLES: tuple[Callable[[str], str], ...] = (str.lower, str.upper, str.title)


def change_case(text: str, draw: KeyedDraw) -> str:
    """Write what ignores case in another case, each kind in one style."""
    return _programs(_places(text, draw), draw)


def _places(text: str, draw: KeyedDraw) -> str:
    styles = {kind: draw.pick(f"case {kind}", _STYLES) for kind in ("host", "path")}
    styles["cmdlet"] = draw.pick("case cmdlet", _CMDLET_STYLES)

    def changed(match: re.Match[str]) -> str:
        kind = match.lastgroup
        if kind is None:
            return match[0]
        return f"{match['scheme'] or ''}{styles[kind](match[kind])}"

    return _FOUND.sub(changed, text)


def _programs(text: str, draw: KeyedDraw) -> str:
    style = draw.pick("case program", _STYLES)
    pieces, behind = [], 0
    for command in read_commands(text):
        for start, end in _insensitive_words(text, command):
            pieces += [text[behind:start], style(text[start:end])]
            behind = end
    return "".join([*pieces, text[behind:]])


def _insensitive_words(text: str, command: Command) -> list[tuple[int, int]]:
    """The spans of the program's name and of its known options; none of a program of Unix."""
    program = command.program
    words = [text[start:end] for start, end in command.words]
    units = option_units(words, program) if program.windows else None
    if units is None:
        return []
    known = program.switches | program.valued | program.ends
    own = [
        span
        for word, span in zip(words[1:], command.words[1:], strict=True)
        if is_option(word, program) and word.casefold() in known
    ]
    named = words[0].isascii() and not set(words[0]) & set("\"'\\/")
    first = [command.words[0]] if named and program_name(words[0]) in PROGRAMS else []
    return [*first, *own]
