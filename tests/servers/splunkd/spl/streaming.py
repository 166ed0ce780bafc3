"""Commands that treat one row after the other."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from tests.servers.splunkd.events import Fields, flatten
from tests.servers.splunkd.spl.context import Command, SearchContext, Stage
from tests.servers.splunkd.spl.expressions import parse_expression, truthy
from tests.servers.splunkd.spl.functions import compiled
from tests.servers.splunkd.spl.lexer import (
    SplError,
    Token,
    field_list,
    options_and_rest,
    split_top,
    tokenize,
    truth,
    unquote,
)
from tests.servers.splunkd.spl.rows import Row, number, text_of, texts
from tests.servers.splunkd.spl.times import span_seconds

_DEFAULT_HEAD = 10


def _each(name: str, change: Callable[[Row], Row | None]) -> Stage:
    """A stage that makes one row, or none, of each row."""

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        return (made for row in rows if (made := change(row)) is not None)

    return Stage(name, run)


def where(source: str, context: SearchContext) -> Stage:
    del context
    if not source:
        raise SplError("Error in 'where' command: The expression is missing.")
    condition = parse_expression(source, "where")
    return _each("where", lambda row: row if truthy(condition(row)) else None)


def evaluate(source: str, context: SearchContext) -> Stage:
    del context
    steps = []
    for part in split_top(source, ","):
        name, equals, expression = part.partition("=")
        name = name.strip().strip("'\"")
        if not equals or not name or not expression.strip():
            raise SplError("Error in 'eval' command: The expression is malformed. Expected =.")
        steps.append((name, parse_expression(expression)))

    def change(row: Row) -> Row:
        made = row.copy()
        for name, expression in steps:
            value = expression(made)
            if isinstance(value, bool):
                # A truth cannot be kept in a field.
                raise SplError(
                    "Error in 'eval' command: Fields cannot be assigned a boolean result. "
                    "Instead, try if([bool expr], [expr], [expr])."
                )
            made.set(name, value)
        return made

    return _each("eval", change)


def fields(source: str, context: SearchContext) -> Stage:
    del context
    tokens = tokenize(source)
    sign = tokens[0].text if tokens and tokens[0].text in {"+", "-"} else ""
    names = field_list(tokens[1:] if sign else tokens)
    if not names:
        raise SplError("Error in 'fields' command: Invalid argument: ''")
    if sign == "-":
        return _each("fields", lambda row: row.without(names))
    return _each("fields", lambda row: row.keep(names, internal=True))


def head(source: str, context: SearchContext) -> Stage:
    del context
    options, rest = options_and_rest(source, ("limit", "null", "keeplast"))
    count = _count(options.get("limit") or (rest[0].text if rest else None), "head")
    return Stage("head", lambda rows: islice(rows, count))


def _count(text: str | None, command: str) -> int:
    if text is None:
        return _DEFAULT_HEAD
    if not text.isdigit():
        raise SplError(f"Error in '{command}' command: Invalid argument: '{text}'")
    return int(text)


def dedup(source: str, context: SearchContext) -> Stage:
    del context
    source = re.split(r"\bsortby\b", source, flags=re.IGNORECASE)[0]
    options, rest = options_and_rest(source, ("keepevents", "keepempty", "consecutive"))
    most = int(rest.pop(0).text) if rest and rest[0].text.isdigit() else 1
    names = field_list(rest)
    if not names:
        raise SplError("Error in 'dedup' command: Missing field list.")
    keep_empty = truth(options.get("keepempty", "false"))

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        seen: dict[tuple[str, ...], int] = {}
        for row in rows:
            values = [texts(row.get(name)) for name in names]
            if not all(values):
                if keep_empty:
                    yield row
                continue
            key = tuple("\n".join(each) for each in values)
            seen[key] = seen.get(key, 0) + 1
            if seen[key] <= most:
                yield row

    return Stage("dedup", run)


def rename(source: str, context: SearchContext) -> Stage:
    del context
    pairs = re.findall(r"(\"[^\"]+\"|'[^']+'|[^\s,]+)\s+as\s+(\"[^\"]+\"|[^\s,]+)", source, re.I)
    if not pairs:
        raise SplError("Error in 'rename' command: Usage: rename [old_name AS/TO/-> new_name]+.")
    changes = [(unquote(old).strip("'"), unquote(new)) for old, new in pairs]

    def change(row: Row) -> Row:
        made = row.copy()
        for old, new in changes:
            for name in _renamed(old, made):
                value = row.get(name)
                made.drop(name)
                made.set(_new_name(old, new, name), value)
        return made

    return _each("rename", change)


def _renamed(pattern: str, row: Row) -> list[str]:
    if "*" not in pattern:
        return [pattern]
    wild = re.compile(re.escape(pattern).replace(r"\*", "(.*)"))
    return [name for name in row.names() if wild.fullmatch(name)]


def _new_name(old: str, new: str, name: str) -> str:
    found = re.fullmatch(re.escape(old).replace(r"\*", "(.*)"), name)
    for part in found.groups() if found else ():
        new = new.replace("*", part, 1)
    return new


def rex(source: str, context: SearchContext) -> Stage:
    del context
    options, rest = options_and_rest(source, ("field", "mode", "max_match", "offset_field"))
    if not rest or rest[-1].kind != "string":
        raise SplError("Error in 'rex' command: The regex is missing.")
    field, expression = options.get("field", "_raw"), rest[-1].text
    if options.get("mode") == "sed":
        return _sed(field, expression)
    pattern = compiled(expression)
    if not pattern.groupindex:
        raise SplError(
            f"Error in 'rex' command: The regex '{expression}' does not extract anything. "
            "It should specify at least one named group. Format: (?<name>...)."
        )
    most = int(options.get("max_match", "1")) or None

    def change(row: Row) -> Row:
        found = list(islice(pattern.finditer(" ".join(texts(row.get(field)))), most))
        if not found:
            return row
        made = row.copy()
        for name in pattern.groupindex:
            values = [each[name] for each in found if each[name] is not None]
            made.set(name, values[0] if len(values) == 1 else values)
        return made

    return _each("rex", change)


def _sed(field: str, script: str) -> Stage:
    parts = re.fullmatch(r"s(.)(.*?)(?<!\\)\1(.*?)(?<!\\)\1(g?)", script, re.DOTALL)
    if parts is None:
        raise SplError(
            "Error in 'rex' command: Failed to initialize sed. Failed to parse the script."
        )
    pattern, count = compiled(parts[2]), 0 if parts[4] else 1

    def change(row: Row) -> Row:
        if row.get(field) is None:
            return row
        made = row.copy()
        made.set(field, pattern.sub(parts[3], " ".join(texts(row.get(field))), count=count))
        return made

    return _each("rex", change)


def regex(source: str, context: SearchContext) -> Stage:
    del context
    parts = re.fullmatch(r"(?:([\w.{}:]+)\s*(!?=)\s*)?(\".*\")", source, re.DOTALL)
    if parts is None:
        raise SplError("Error in 'regex' command: Usage: regex (<field>(=|!=))?<regex>")
    field, wanted, pattern = parts[1] or "_raw", parts[2] != "!=", compiled(unquote(parts[3]))
    return _each(
        "regex",
        lambda row: (
            row if any(pattern.search(each) for each in texts(row.get(field))) == wanted else None
        ),
    )


def fillnull(source: str, context: SearchContext) -> Stage:
    del context
    options, rest = options_and_rest(source, ("value",))
    value, names = options.get("value", "0"), field_list(rest)

    def run(rows: Iterator[Row]) -> Iterable[Row]:
        held: Iterable[Row] = rows
        wanted = names
        if not names:  # every field that any row has: all rows are needed first
            held = list(rows)
            wanted = list(dict.fromkeys(n for row in held for n in row.values if n[:1] != "_"))
        for row in held:
            made = row.copy()
            for name in wanted:
                if made.get(name) in (None, ""):
                    made.set(name, value)
            yield made

    return Stage("fillnull", run)


def mvexpand(source: str, context: SearchContext) -> Stage:
    del context
    _, rest = options_and_rest(source, ("limit",))
    if len(rest) != 1:
        raise SplError("Error in 'mvexpand' command: Usage: mvexpand <field> [limit=<int>]")
    name = rest[0].text

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        for row in rows:
            for value in texts(row.get(name)) or [""]:
                made = row.copy()
                made.set(name, value or None)
                yield made

    return Stage("mvexpand", run)


def makemv(source: str, context: SearchContext) -> Stage:
    del context
    options, rest = options_and_rest(source, ("delim", "allowempty", "setsv"))
    name, separator = rest[-1].text, options.get("delim", " ")

    def change(row: Row) -> Row:
        made = row.copy()
        values = [part for each in texts(row.get(name)) for part in each.split(separator) if part]
        made.set(name, values[0] if len(values) == 1 else values)
        return made

    return _each("makemv", change)


def spath(source: str, context: SearchContext) -> Stage:
    del context
    options, rest = options_and_rest(source, ("input", "output", "path"))
    path = options.get("path") or (rest[0].text if rest else None)

    def change(row: Row) -> Row:
        try:
            document: Any = json.loads(" ".join(texts(row.get(options.get("input", "_raw")))))
        except ValueError:
            return row
        found: Fields = {}
        flatten("", document, found)
        made = row.copy()
        wanted = found if path is None else {path: found[path]} if path in found else {}
        for name, value in wanted.items():
            made.set(options.get("output", name) if path else name, value)
        return made

    return _each("spath", change)


def bin_(source: str, context: SearchContext) -> Stage:
    del context
    options, rest = options_and_rest(source, ("span", "bins", "minspan", "start", "end"))
    span = span_seconds(options.get("span", "1"))
    name, new = _named_as(rest, "bin")

    def change(row: Row) -> Row:
        read = number(row.get(name))
        made = row.copy()
        if read is not None:
            made.set(new, read // span * span)
        return made

    return _each("bin", change)


def _named_as(tokens: list[Token], command: str) -> tuple[str, str]:
    if not tokens:
        raise SplError(f"Error in '{command}' command: A field is missing.")
    return tokens[0].text, tokens[2].text if len(tokens) > 2 else tokens[0].text


def strcat(source: str, context: SearchContext) -> Stage:
    del context
    _, rest = options_and_rest(source, ("allrequired",))
    *parts, target = rest

    def change(row: Row) -> Row:
        made = row.copy()
        words = [
            part.text if part.kind == "string" else text_of(row.get(part.text) or "")
            for part in parts
        ]
        made.set(target.text, "".join(words))
        return made

    return _each("strcat", change)


COMMANDS: dict[str, Command] = {
    "where": where,
    "eval": evaluate,
    "fields": fields,
    "head": head,
    "dedup": dedup,
    "rename": rename,
    "rex": rex,
    "regex": regex,
    "fillnull": fillnull,
    "mvexpand": mvexpand,
    "makemv": makemv,
    "spath": spath,
    "bin": bin_,
    "bucket": bin_,
    "strcat": strcat,
}
