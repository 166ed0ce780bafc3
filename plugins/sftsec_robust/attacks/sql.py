"""SQL: comments and blanks between words, case of keywords, sums of strings."""

from __future__ import annotations

import re
from random import Random

from sftsec_core.api import AttackTarget, EmptyConfig
from sftsec_robust.attacks.padding import plain_words
from sftsec_robust.scan import Token, any_case, rewrite_some
from sftsec_robust.scan import tokens as scanned

_KEYWORDS = frozenset(
    [
        *("all", "and", "as", "asc", "between", "by", "case", "desc", "distinct", "drop", "else"),
        *("end", "exists", "from", "group", "having", "in", "insert", "into", "is", "join", "left"),
        *("like", "limit", "not", "null", "on", "or", "order", "outer", "right", "select", "set"),
        *("table", "then", "union", "update", "values", "when", "where"),
    ]
)
_LITERAL = re.compile(r"'(?P<body>[^'%\\]{2,})'")


_STATEMENT = re.compile(r"\s*(?:select|insert|update|delete|create|drop|with|exec)\b", re.I)


def tokens(text: str) -> list[Token]:
    """The pieces of a statement, or of what is injected into one behind a quote."""
    return list(scanned(text, injected=_STATEMENT.match(text) is None))


def _spaces(text: str) -> list[Token]:
    return [token for token in tokens(text) if token.kind == "space"]


def sql_comments(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Empty comments, or short ones, for blanks."""
    comment = random.choice(("/**/", "/*x*/", "/**//**/"))
    return rewrite_some(target.text, _spaces(target.text), lambda _blank: comment, random)


def sql_blanks(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Other blanks for blanks."""
    blank = random.choice(("\t", "\n", "  ", "\f"))
    return rewrite_some(target.text, _spaces(target.text), lambda _blank: blank, random)


def sql_case(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """Case of keywords."""
    words = [t for t in tokens(target.text) if t.kind == "word" and t.text.lower() in _KEYWORDS]
    return rewrite_some(target.text, words, lambda word: any_case(word, random), random)


def sql_pad(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """A comment of benign words for a blank."""
    comment = f" /* {plain_words(target, random)} */ "
    spaces = _spaces(target.text)
    return rewrite_some(target.text, spaces[-1:], lambda _blank: comment, random)


def sql_concatenation(_config: EmptyConfig, target: AttackTarget, random: Random) -> str:
    """String literals as a sum of their parts, by the operator of the standard."""
    places = [
        Token("literal", token.start, token.text)
        for token in tokens(target.text)
        if token.kind == "quoted" and _LITERAL.fullmatch(token.text)
    ]

    def parted(literal: str) -> str:
        place = random.randrange(2, len(literal) - 1)
        return f"({literal[:place]}'||'{literal[place:]})"

    return rewrite_some(target.text, places, parted, random)
