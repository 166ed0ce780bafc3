"""Eval expressions: parsed once into closures over a row."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tests.servers.splunkd.spl.functions import Function, Value, find_function, text
from tests.servers.splunkd.spl.lexer import SplError, unquote
from tests.servers.splunkd.spl.rows import Row, number

Expression = Callable[[Row], Value]
_TOKEN = re.compile(
    r"""\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+)
    |(?P<string>"(?:\\.|[^"\\])*")
    |(?P<field>'(?:\\.|[^'\\])*')
    |(?P<name>[A-Za-z_][\w:{}@]*)
    |(?P<op><=|>=|!=|==|[=<>+\-*/%.(),]))""",
    re.VERBOSE | re.DOTALL,
)
_COMPARISONS = ("<=", ">=", "!=", "==", "=", "<", ">")
_END = ("end", "")


@lru_cache(maxsize=2048)
def parse_expression(source: str, command: str = "eval") -> Expression:
    """Compile an expression.

    Raises:
        SplError: in the words of the command that it stands in.
    """
    parser = _Parser(_tokens(source, command), command)
    expression = parser.disjunction()
    if parser.ahead != _END:
        parser.refuse()
    return expression


def truthy(value: Value) -> bool:
    return value is True


def _tokens(source: str, command: str) -> list[tuple[str, str]]:
    found, place, end = [], 0, len(source.rstrip())
    while place < end:
        token = _TOKEN.match(source, place)
        if token is None:
            raise SplError(f"Error in '{command}' command: The expression is malformed.")
        kind = str(token.lastgroup)
        found.append((kind, token[kind]))
        place = token.end()
    return [*found, _END]


@dataclass
class _Parser:
    tokens: list[tuple[str, str]]
    command: str
    place: int = 0

    @property
    def ahead(self) -> tuple[str, str]:
        return self.tokens[self.place]

    def refuse(self) -> None:
        near = " ".join(text for _, text in self.tokens[self.place : self.place + 3]).strip()
        raise SplError(
            f"Error in '{self.command}' command: The expression is malformed. "
            + (f"The unexpected text is near '{near}'." if near else "Expected an operand.")
        )

    def took(self, *texts: str) -> str | None:
        """The operator or word ahead, if it is one of these; then it is behind."""
        kind, found = self.ahead
        if kind in {"op", "name"} and found.upper() in texts:
            self.place += 1
            return found.upper()
        return None

    def demand(self, sign: str) -> None:
        if self.took(sign) is None:
            self.refuse()

    def disjunction(self) -> Expression:
        left = self.conjunction()
        while sign := self.took("OR", "XOR"):
            left = _logical(sign, left, self.conjunction())
        return left

    def conjunction(self) -> Expression:
        left = self.negation()
        while self.took("AND"):
            left = _logical("AND", left, self.negation())
        return left

    def negation(self) -> Expression:
        if not self.took("NOT"):
            return self.comparison()
        inner = self.negation()
        return lambda row: not truthy(inner(row))

    def comparison(self) -> Expression:
        left = self.concatenation()
        while sign := self.took(*_COMPARISONS, "LIKE", "IN"):
            if sign == "IN":
                self.demand("(")
                left = _call(find_function("in", self.command), [left, *self.arguments()])
            elif sign == "LIKE":
                left = _call(find_function("like", self.command), [left, self.concatenation()])
            else:
                left = _comparison(sign, left, self.concatenation())
        return left

    def concatenation(self) -> Expression:
        left = self.sum()
        while self.took("."):
            left = _binary(_joined, left, self.sum())
        return left

    def sum(self) -> Expression:
        left = self.product()
        while sign := self.took("+", "-"):
            left = _binary(_added if sign == "+" else _subtracted, left, self.product())
        return left

    def product(self) -> Expression:
        left = self.unary()
        while sign := self.took("*", "/", "%"):
            left = _binary(_PRODUCTS[sign], left, self.unary())
        return left

    def unary(self) -> Expression:
        if self.took("-"):
            inner = self.unary()
            return _binary(_subtracted, lambda _: 0, inner)
        self.took("+")
        return self.primary()

    def primary(self) -> Expression:
        kind, found = self.ahead
        self.place += 1
        if kind == "op" and found == "(":
            inner = self.disjunction()
            self.demand(")")
            return inner
        if kind == "number":
            constant = number(found)
            return lambda _: constant
        if kind == "string":
            words = unquote(found)
            return lambda _: words
        if kind == "field":
            return _field(re.sub(r"\\(['\\])", r"\1", found[1:-1]))
        if kind == "name":
            return self.named(found)
        self.place -= 1
        self.refuse()
        raise AssertionError

    def named(self, name: str) -> Expression:
        if self.took("("):
            return _call(find_function(name.lower(), self.command), self.arguments())
        if name.lower() in {"true", "false"}:
            answer = name.lower() == "true"
            return lambda _: answer
        return _field(name)

    def arguments(self) -> list[Expression]:
        """Up to the closing bracket."""
        if self.took(")"):
            return []
        found = [self.disjunction()]
        while self.took(","):
            found.append(self.disjunction())
        self.demand(")")
        return found


def _field(name: str) -> Expression:
    return lambda row: row.get(name)


def _call(function: Function, arguments: list[Expression]) -> Expression:
    function.check(len(arguments))
    if function.lazy is not None:
        lazy = function.lazy
        return lambda row: lazy([lambda each=each: each(row) for each in arguments])  # type: ignore[misc]
    eager = function.eager
    return lambda row: eager([each(row) for each in arguments])


def _logical(sign: str, left: Expression, right: Expression) -> Expression:
    if sign == "AND":
        return lambda row: truthy(left(row)) and truthy(right(row))
    if sign == "OR":
        return lambda row: truthy(left(row)) or truthy(right(row))
    return lambda row: truthy(left(row)) != truthy(right(row))


def _binary(
    apply: Callable[[Value, Value], Value], left: Expression, right: Expression
) -> Expression:
    def both(row: Row) -> Value:
        one, other = left(row), right(row)
        return None if one is None or other is None else apply(one, other)

    return both


def _comparison(sign: str, left: Expression, right: Expression) -> Expression:
    return _binary(lambda one, other: compare(sign, one, other), left, right)


def compare(sign: str, one: Value, other: Value) -> bool:
    """Numbers as numbers, all else as text; of several values any may fit."""
    if isinstance(one, list) or isinstance(other, list):
        ones = one if isinstance(one, list) else [one]
        others = other if isinstance(other, list) else [other]
        return any(compare(sign, a, b) for a in ones for b in others)
    a, b = number(one), number(other)
    if a is None or b is None:
        return _ORDERS[sign](text(one), text(other))
    return _ORDERS[sign](a, b)


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
}


def _joined(one: Value, other: Value) -> Value:
    return text(one) + text(other)


def _added(one: Value, other: Value) -> Value:
    a, b = number(one), number(other)
    if a is None or b is None:
        return text(one) + text(other)
    return a + b


def _numbers(apply: Callable[[float, float], float | None]) -> Callable[[Value, Value], Value]:
    def both(one: Value, other: Value) -> Value:
        a, b = number(one), number(other)
        return None if a is None or b is None else apply(a, b)

    return both


_subtracted = _numbers(lambda a, b: a - b)
_PRODUCTS = {
    "*": _numbers(lambda a, b: a * b),
    "/": _numbers(lambda a, b: a / b if b else None),
    "%": _numbers(lambda a, b: a % b if b else None),
}
