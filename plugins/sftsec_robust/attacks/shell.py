"""POSIX shell commands, raw or in a form: quotes, backslashes, expansions, blanks.

A shell removes quotes and backslashes inside a word, and an expansion of nothing leaves nothing, so
the words that it runs stay the same (IEEE 1003.1, 2.2 and 2.6).
"""

from __future__ import annotations

import re
from random import Random
from string import ascii_letters, digits
from urllib.parse import unquote

from sftsec_core.api import AttackTarget, EmptyConfig
from sftsec_robust.scan import Token, rewrite_some, tokens

_RESERVED = frozenset(
    [
        *("case", "do", "done", "elif", "else", "esac", "export", "fi", "for", "function", "if"),
        *("in", "local", "read", "select", "set", "then", "time", "until", "unset", "while"),
    ]
)
_NAMES = frozenset({"for", "function", "select", "read", "unset", "export", "local"})
_BEGINS = frozenset(ascii_letters + digits + "-/.~")  # no operator, no quote
_CONDITIONAL = "[["  # reads its words by rules of its own
_ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")


def command_words(text: str) -> list[Token]:
    """Words that a shell takes literally: no quotes, no names of variables, nothing reserved."""
    if _CONDITIONAL in unquote(text) or "<<" in unquote(text):
        return []
    found = list(tokens(text))
    return [
        token
        for number, token in enumerate(found)
        if token.kind == "word"
        and len(token.text) > 2
        and token.text not in _RESERVED
        and not _assigned(text, token)
        and not _named(found, number)
    ]


def _assigned(text: str, token: Token) -> bool:
    after = unquote(text[token.end : token.end + 6])
    return after.startswith(("=", "+=", "[", "()"))


def _named(found: list[Token], number: int) -> bool:
    """Whether it names a variable or continues an expansion."""
    before = [token for token in found[max(0, number - 4) : number] if _blank(token) is False]
    return bool(before) and (
        before[-1].text in _NAMES or (before[-1].text == "$" or before[-1].text == "${")
    )


def _blank(token: Token) -> bool:
    return not unquote(token.text).strip()


def _inside(word: str, piece: str, random: Random) -> str:
    place = random.randrange(1, len(word))
    return word[:place] + piece + word[place:]


def shell_quotes(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Empty quotes inside words, or quotes round a part of one."""

    def quoted(word: str) -> str:
        mark = random.choice("'\"")
        if random.random() < 0.5:
            return _inside(word, mark * 2, random)
        place = random.randrange(1, len(word))
        return f"{word[:place]}{mark}{word[place:]}{mark}"

    return rewrite_some(target.text, command_words(target.text), quoted, random)


def shell_backslashes(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """A backslash before a letter, which means the letter."""
    words = command_words(target.text)
    return rewrite_some(target.text, words, lambda word: _inside(word, "\\", random), random)


def shell_variables(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Expansions of nothing inside words: positional parameters, unset variables."""
    name = "".join(random.choice("bcdfghjkmnpqrtvwxz") for _ in range(5))
    piece = random.choice(("$@", "$*", f"${{{name}}}", f"${{{name}:-}}"))
    words = command_words(target.text)
    return rewrite_some(target.text, words, lambda word: _inside(word, piece, random), random)


def shell_blanks(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Other blanks between words: tabs, several, or the shell's own separator."""
    between = random.choice(("\t", "  ", " \t ", "${IFS}"))
    plain = {token.start for token in command_words(target.text)}
    found = list(tokens(target.text))
    places = [
        found[number]
        for number in range(1, len(found) - 1)
        if found[number].kind == "space"
        and found[number + 1].text[0] in _BEGINS
        and (between != "${IFS}" or found[number - 1].start in plain)
    ]
    return rewrite_some(target.text, places, lambda _space: between, random)


def form_encoding(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Characters as percent escapes, which a web server decodes once."""
    places = [
        Token("letter", place, character)
        for place, character in _plain_characters(target.text)
        if character.isascii() and character not in "&=+"
    ]
    return rewrite_some(target.text, places, lambda c: f"%{ord(c):02x}", random)


def form_decoding(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Escapes of what needs none, decoded; others in the other case."""

    def changed(escape: str) -> str:
        character = chr(int(escape[1:], 16))
        if character.isalnum() or character in "-._~/:@!$'()*,":
            return character
        return escape.swapcase()

    places = [Token("escape", m.start(), m[0]) for m in _ESCAPED.finditer(target.text)]
    return rewrite_some(target.text, places, changed, random)


def _plain_characters(text: str) -> list[tuple[int, str]]:
    taken = {place for match in _ESCAPED.finditer(text) for place in range(*match.span())}
    return [(p, c) for p, c in enumerate(text) if p not in taken and (c.isalnum() or c in " ;|/.-")]
