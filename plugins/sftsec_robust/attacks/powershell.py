"""PowerShell: back-ticks, case, concatenation, encoded commands, comments.

Bohannon, "Invoke-Obfuscation", 2016. A back-tick before a letter that makes no escape sequence
means the letter (about_Special_Characters); all but strings ignores case.
"""

from __future__ import annotations

import base64
import re
from random import Random

from sftsec_core.api import AttackTarget, EmptyConfig
from sftsec_robust.attacks.padding import plain_words
from sftsec_robust.scan import Token, any_case, rewrite_some, tokens

_PROGRAM = re.compile(r"\b(?:powershell|pwsh)(?:\.exe)?\b", re.I)
_CODE = re.compile(r"(?P<option>-(?:c|command))\s+(?P<quote>[\"']?)(?P<code>\S.*)", re.I | re.S)
_SEQUENCES = frozenset("0abefnrtuvx")
_LITERAL = re.compile(r"\"[^\"]*\"|'(?P<body>[^'\n]{2,})'")


def _code_start(text: str) -> int | None:
    """Where what PowerShell itself reads begins; None where that is not known."""
    program = _PROGRAM.search(text)
    if program is None:
        return 0
    code = _CODE.search(text, program.end())
    return code.start("code") if code else None


def code_words(text: str) -> list[Token]:
    """Words of PowerShell's own code, outside strings and variables."""
    start = _code_start(text)
    if start is None:
        return []
    return [
        Token(token.kind, token.start + start, token.text)
        for token in tokens(text[start:])
        if token.kind == "word"
        and len(token.text) > 2
        and text[start + token.start - 1 : start + token.start] not in {"$", ":", "`"}
        and "`" not in text[start + token.end : start + token.end + 1]
    ]


def ps_backticks(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Back-ticks before letters that make no escape sequence."""

    def ticked(word: str) -> str:
        free = [n for n in range(1, len(word)) if word[n].lower() not in _SEQUENCES]
        free = [n for n in free if word[n].isalpha()]
        if not free:
            return word
        place = random.choice(free)
        return f"{word[:place]}`{word[place:]}"

    return rewrite_some(target.text, code_words(target.text), ticked, random)


def ps_case(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Case of cmdlets, operators and names."""
    words = code_words(target.text)
    return rewrite_some(target.text, words, lambda word: any_case(word, random), random)


def ps_concatenation(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Literals in single quotes as a sum of their parts."""
    start = _code_start(target.text)
    if start is None:
        return target.text
    places = [
        Token("literal", match.start() + start, match[0])
        for match in _LITERAL.finditer(target.text[start:])
        if match["body"] is not None
    ]

    def parted(literal: str) -> str:
        body = literal[1:-1]
        place = random.randrange(1, len(body))
        return f"('{body[:place]}'+'{body[place:]}')"

    return rewrite_some(target.text, places, parted, random)


def ps_encoded(_config: EmptyConfig, target: AttackTarget, _random: Random) -> str:
    """The whole command as base64 of UTF-16LE."""
    code = _CODE.search(target.text) if _PROGRAM.search(target.text) else None
    if code is None:
        return target.text
    quote, body = code["quote"], code["code"].rstrip()
    if quote and not body.endswith(quote):
        return target.text
    body = body[: -len(quote)] if quote else body
    word = base64.b64encode(body.encode("utf-16-le", "surrogatepass")).decode("ascii")
    return f"{target.text[: code.start('option')]}-EncodedCommand {word}"


def ps_comment(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """A comment of benign words before the code."""
    start = _code_start(target.text)
    if start is None:
        return target.text
    comment = f"<# {plain_words(target, random)} #> "
    return f"{target.text[:start]}{comment}{target.text[start:]}"
