"""The terms of the search command: words, phrases, comparisons, and how they are joined.

In a search OR binds closer than AND, which is implied between terms; in eval it is the other
way round.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from tests.servers.splunkd.spl.expressions import compare
from tests.servers.splunkd.spl.lexer import SplError, Token, tokenize
from tests.servers.splunkd.spl.rows import Row, number, texts, wildcard

Predicate = Callable[[Row], bool]
Subsearch = Callable[[str], list[Row]]
_TIMES = ("earliest", "latest", "_index_earliest", "_index_latest")
_COMPARISONS = ("=", "==", "!=", "<", ">", "<=", ">=")


@dataclass
class Terms:
    """What a search command asks for.

    Attributes:
        indexes: the patterns that name an index.
        times: `earliest`, `latest` and those of the index time, where the search gives them.
    """

    matches: Predicate
    indexes: list[str] = field(default_factory=list)
    times: dict[str, str] = field(default_factory=dict)


def parse_terms(source: str, subsearch: Subsearch) -> Terms:
    """Read the terms.

    Args:
        source: the arguments of a search command.
        subsearch: runs the search between brackets.

    Raises:
        SplError: when they cannot be read.
    """
    parser = _Parser(tokenize(source), subsearch)
    terms = Terms(_everything, parser.indexes, parser.times)
    if parser.tokens:
        terms.matches = parser.conjunction()
        if parser.place < len(parser.tokens):
            raise SplError("Error in 'search' command: Unable to parse the search: unbalanced )")
    return terms


def _everything(_: Row) -> bool:
    return True


@dataclass
class _Parser:
    tokens: list[Token]
    subsearch: Subsearch
    place: int = 0
    indexes: list[str] = field(default_factory=list)
    times: dict[str, str] = field(default_factory=dict)

    @property
    def ahead(self) -> Token | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def took(self, *words: str) -> bool:
        """Whether the word or bracket ahead is one of these; then it is behind."""
        token = self.ahead
        if token is not None and (token.is_word(*words) or token.is_op(*words)):
            self.place += 1
            return True
        return False

    def conjunction(self) -> Predicate:
        parts = [self.disjunction()]
        while self.took("AND") or (self.ahead is not None and not self.ahead.is_op(")")):
            parts.append(self.disjunction())
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)

    def disjunction(self) -> Predicate:
        parts = [self.negation()]
        while self.took("OR"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else lambda row: any(part(row) for part in parts)

    def negation(self) -> Predicate:
        if self.took("NOT"):
            inner = self.negation()
            return lambda row: not inner(row)
        return self.atom()

    def atom(self) -> Predicate:
        token = self.ahead
        if token is None or token.is_op(")", *_COMPARISONS, ","):
            raise SplError(
                "Error in 'search' command: Unable to parse the search: an operand is missing."
            )
        self.place += 1
        if token.is_op("("):
            return self.bracketed()
        if token.kind == "sub":
            return _any_of(self.subsearch(token.text))
        if self.ahead is not None and self.ahead.is_op(*_COMPARISONS):
            return self.comparison(token.text)
        if self.ahead is not None and self.ahead.is_word("IN"):
            return self.membership(token.text)
        if token.is_word("TERM", "CASE") and self.took("("):
            return self.exact()
        return _text(token.text, phrase=token.kind == "string")

    def bracketed(self) -> Predicate:
        if self.took(")"):
            return _everything
        inner = self.conjunction()
        if not self.took(")"):
            raise SplError(
                "Error in 'search' command: Unable to parse the search: unbalanced parentheses."
            )
        return inner

    def exact(self) -> Predicate:
        inner = self.value()
        self.took(")")
        return _text(inner, phrase=True)

    def value(self) -> str:
        token = self.ahead
        if token is None or token.kind == "op":
            raise SplError(
                "Error in 'search' command: Unable to parse the search: "
                "Comparator '=' is missing a term on the right hand side."
            )
        self.place += 1
        return token.text

    def comparison(self, name: str) -> Predicate:
        operator = self.tokens[self.place].text
        self.place += 1
        wanted = self.value()
        if name in _TIMES and operator == "=":
            self.times[name] = wanted
            return _everything
        if name == "index" and operator in {"=", "=="}:
            self.indexes.append(wanted)
        return _compared(name, operator, wanted)

    def membership(self, name: str) -> Predicate:
        self.place += 1
        if not self.took("("):
            raise SplError(
                "Error in 'search' command: Unable to parse the search: IN needs a list."
            )
        wanted = []
        while not self.took(")"):
            if not self.took(","):
                wanted.append(self.value())
        if name == "index":
            self.indexes.extend(wanted)
        parts = [_compared(name, "=", each) for each in wanted]
        return lambda row: any(part(row) for part in parts)


def _compared(name: str, operator: str, wanted: str) -> Predicate:
    if operator in {"=", "==", "!="}:
        fits = wildcard(wanted, fold=True).fullmatch
        if operator == "!=":
            return lambda row: _has_other(texts(row.get(name)), fits)
        return lambda row: any(fits(each) for each in texts(row.get(name)))
    limit: str | float = wanted if number(wanted) is None else (number(wanted) or 0)
    return lambda row: any(compare(operator, each, limit) for each in texts(row.get(name)))


def _has_other(values: list[str], fits: Callable[[str], object]) -> bool:
    """`!=` wants the field to be there."""
    return bool(values) and not any(fits(each) for each in values)


@lru_cache(maxsize=4096)
def _word(word: str) -> re.Pattern[str]:
    inner = r"[^\s]*".join(re.escape(part) for part in word.split("*"))
    before = "" if word.startswith("*") or not word[:1].isalnum() else r"(?<![A-Za-z0-9])"
    after = "" if word.endswith("*") or not word[-1:].isalnum() else r"(?![A-Za-z0-9])"
    return re.compile(before + inner + after, re.IGNORECASE | re.DOTALL)


def _text(words: str, *, phrase: bool) -> Predicate:
    if words in {"*", ""} and not phrase:
        return _everything
    found = _word(words).search
    return lambda row: any(found(each) for each in texts(row.get("_raw")))


def _any_of(rows: list[Row]) -> Predicate:
    """The rows of a subsearch: one of them, with all of its fields.

    What its fields `search` and `query` hold is searched for as text.
    """
    kept = [
        {name: texts(value) for name, value in row.values.items() if not name.startswith("_")}
        for row in rows
    ]

    def matches(row: Row) -> bool:
        return any(
            all(_shared(row, name, values) for name, values in each.items()) for each in kept
        )

    return matches


def _shared(row: Row, name: str, values: list[str]) -> bool:
    if name in {"search", "query"}:
        return any(_text(value, phrase=True)(row) for value in values)
    mine = {each.lower() for each in texts(row.get(name))}
    return any(value.lower() in mine for value in values)
