"""cmd.exe: carets, quotes, case and variables that it removes before a program sees its words.

Bohannon, "DOSfuscation", 2018: a caret outside quotes means the character after it; quotes within
a word are dropped when the program is looked up; names of programs and variables ignore case.
"""

from __future__ import annotations

import re
from random import Random

from sftsec_core.api import AttackTarget, EmptyConfig
from sftsec_robust.attacks.padding import plain_words
from sftsec_robust.scan import Token, any_case, rewrite_some, tokens

_VARIABLE = re.compile(r"%\w[^%\s]*%")
_SHELL = re.compile(r"\A\s*\S*\bcmd(?:\.exe)?\s+/[ck]\s+", re.I)


def cmd_words(text: str) -> list[Token]:
    """Words outside quotes and variables."""
    variables = [match.span() for match in _VARIABLE.finditer(text)]
    return [
        token
        for token in tokens(text)
        if token.kind == "word"
        and len(token.text) > 2
        and not any(start <= token.start < end for start, end in variables)
    ]


def cmd_carets(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Carets inside words."""

    def careted(word: str) -> str:
        return word[0] + "".join(random.choice(("", "^")) + letter for letter in word[1:])

    return rewrite_some(target.text, cmd_words(target.text), careted, random)


def cmd_quotes(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Quotes round a part of a word."""

    def quoted(word: str) -> str:
        place = random.randrange(1, len(word))
        return f'{word[:place]}"{word[place:]}"'

    return rewrite_some(target.text, cmd_words(target.text), quoted, random)


def cmd_case(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Names of programs, which ignore case."""
    programs = [t for t in cmd_words(target.text) if target.text[t.end : t.end + 4] == ".exe"]
    first = cmd_words(target.text)[:1]
    return rewrite_some(target.text, programs or first, lambda word: any_case(word, random), random)


def cmd_pad(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """A variable with benign words, set before the command."""
    shell = _SHELL.match(target.text)
    place = shell.end() if shell else 0
    if target.text[place : place + 1] == '"':
        return target.text
    return f"{target.text[:place]}set note={plain_words(target, random)}& {target.text[place:]}"
