"""Commands that need all rows, or that end the events of a search."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tests.servers.splunkd.spl.context import Command, SearchContext, Stage
from tests.servers.splunkd.spl.lexer import (
    SplError,
    Token,
    field_list,
    options_and_rest,
    tokenize,
)
from tests.servers.splunkd.spl.rows import Row, number, text_of, texts
from tests.servers.splunkd.spl.stats import grouped, parse_stats

Run = Callable[[str, SearchContext], list[Row]]
_DEFAULT_SORT, _DEFAULT_TAIL, _DEFAULT_TOP = 10_000, 10, 10


def stats(source: str, context: SearchContext) -> Stage:
    del context
    _, rest = options_and_rest(source, ())
    del rest
    figures, by = parse_stats(source, "stats")

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        groups = grouped(rows, by)
        if not by and not groups:
            groups = {(): []}
        for key in sorted(groups, key=lambda each: [_auto(part) for part in each]):
            made = Row(dict(zip(by, key, strict=True)))
            for figure in figures:
                made.set(figure.name, figure.of(groups[key]))
            yield made

    return Stage("stats", run, "transforming")


def eventstats(source: str, context: SearchContext) -> Stage:
    del context
    figures, by = parse_stats(source, "eventstats")

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        held = list(rows)
        groups = grouped(held, by)
        found = {key: [(f.name, f.of(group)) for f in figures] for key, group in groups.items()}
        for row in held:
            made = row.copy()
            key = tuple(next(iter(texts(row.get(name))), "") for name in by)
            for name, value in found.get(key, ()):
                made.set(name, value)
            yield made

    return Stage("eventstats", run)


def table(source: str, context: SearchContext) -> Stage:
    del context
    names = field_list(tokenize(source))
    if not names:
        raise SplError("Error in 'table' command: Invalid argument: ''")
    return Stage(
        "table", lambda rows: (row.keep(names, internal=False) for row in rows), "transforming"
    )


def sort(source: str, context: SearchContext) -> Stage:
    del context
    source = re.sub(r"\s+(desc|d)\s*$", "", source) if _descends(source) else source
    options, rest = options_and_rest(source, ("limit",))
    limit = options.get("limit")
    if limit is None and rest and rest[0].text.isdigit():
        limit = rest.pop(0).text
    keys = _sort_keys(rest)
    if not keys:
        raise SplError("Error in 'sort' command: No fields were specified.")
    most = int(limit) if limit is not None else _DEFAULT_SORT
    flip = _descends(source)

    def run(rows: Iterator[Row]) -> Iterable[Row]:
        held = list(rows)
        for name, down, read in reversed(keys):
            # Rows without the field come last either way.
            there = [row for row in held if row.get(name) is not None]
            gone = [row for row in held if row.get(name) is None]
            order = _order(name, read)
            held = [*sorted(there, key=order, reverse=down != flip), *gone]
        return held[:most] if most else held

    return Stage("sort", run, "transforming")


def _order(name: str, read: Callable[[str], Any]) -> Callable[[Row], Any]:
    return lambda row: read(text_of(row.get(name) or ""))


def _descends(source: str) -> bool:
    return re.search(r"\s(desc|d)\s*$", source) is not None


def _auto(value: str) -> tuple[int, float, str]:
    read = number(value)
    return (1, 0.0, value) if read is None else (0, float(read), "")


_READERS: dict[str, Callable[[str], Any]] = {
    "auto": _auto,
    "num": lambda value: number(value) or 0,
    "str": str,
    "ip": lambda value: [int(part) if part.isdigit() else 0 for part in value.split(".")],
}


def _sort_keys(tokens: list[Token]) -> list[tuple[str, bool, Callable[[str], Any]]]:
    """`- _time, +num(score)`: name, whether it descends, and how its values are read."""
    keys, down, reader, place = list[tuple[str, bool, Callable[[str], Any]]](), False, "auto", 0
    while place < len(tokens):
        token = tokens[place]
        place += 1
        if token.is_op(",", ")"):
            continue
        text = token.text
        if token.kind == "word" and text[:1] in {"-", "+"}:
            down, text = text[0] == "-", text[1:]
        if not text:
            continue
        if text in _READERS and place < len(tokens) and tokens[place].is_op("("):
            reader, place = text, place + 1
            continue
        keys.append((text, down, _READERS[reader]))
        down, reader = False, "auto"
    return keys


def tail(source: str, context: SearchContext) -> Stage:
    del context
    _, rest = options_and_rest(source, ())
    count = int(rest[0].text) if rest and rest[0].text.isdigit() else _DEFAULT_TAIL

    def run(rows: Iterator[Row]) -> Iterable[Row]:
        return reversed(deque(rows, maxlen=count))

    return Stage("tail", run, "transforming")


def reverse(source: str, context: SearchContext) -> Stage:
    del source, context
    return Stage("reverse", lambda rows: reversed(list(rows)), "transforming")


def top(source: str, context: SearchContext) -> Stage:
    return _ranked("top", source, rarest=False)


def rare(source: str, context: SearchContext) -> Stage:
    return _ranked("rare", source, rarest=True)


def _ranked(command: str, source: str, *, rarest: bool) -> Stage:
    names_of = ("limit", "showperc", "showcount", "countfield", "percentfield", "useother")
    options, rest = options_and_rest(source, names_of)
    limit = int(rest.pop(0).text) if rest and rest[0].text.isdigit() else None
    names = field_list(rest)
    if not names:
        raise SplError(f"Error in '{command}' command: Missing field list.")
    most = int(options.get("limit", _DEFAULT_TOP)) if limit is None else limit

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        counts = {key: len(group) for key, group in grouped(rows, names).items()}
        total = sum(counts.values())
        ranked = sorted(counts, key=lambda key: counts[key] if rarest else -counts[key])
        for key in ranked[:most] if most else ranked:
            made = Row(dict(zip(names, key, strict=True)))
            made.set("count", counts[key])
            made.set("percent", f"{100 * counts[key] / total:.6f}")
            yield made

    return Stage(command, run, "transforming")


def append(run: Run) -> Command:
    def command(source: str, context: SearchContext) -> Stage:
        _, rest = options_and_rest(source, ("extendtimerange", "maxtime", "maxout", "timeout"))
        if not rest or rest[-1].kind != "sub":
            raise SplError("Error in 'append' command: The last argument must be a subsearch.")
        inner = rest[-1].text

        def both(rows: Iterator[Row]) -> Iterator[Row]:
            yield from rows
            yield from run(inner, context.within())

        return Stage("append", both, "transforming")

    return command


def join(run: Run) -> Command:
    def command(source: str, context: SearchContext) -> Stage:
        options, rest = options_and_rest(source, ("type", "max", "overwrite", "usetime", "earlier"))
        if not rest or rest[-1].kind != "sub":
            raise SplError("Error in 'join' command: The last argument must be a subsearch.")
        names, inner = field_list(rest[:-1]), rest[-1].text
        outer = options.get("type", "inner") in {"left", "outer"}
        most = int(options.get("max", "1")) or None

        def joined(rows: Iterator[Row]) -> Iterator[Row]:
            others = grouped(run(inner, context.within()), names)
            for row in rows:
                yield from _joined(row, names, others, most=most, outer=outer)

        return Stage("join", joined, "transforming")

    return command


def _joined(
    row: Row,
    names: list[str],
    others: dict[tuple[str, ...], list[Row]],
    *,
    most: int | None,
    outer: bool,
) -> Iterator[Row]:
    key = tuple(next(iter(texts(row.get(name))), "") for name in names)
    found = others.get(key, [])[:most]
    for other in found:
        made = row.copy()
        for name, value in other.values.items():
            made.set(name, value)
        yield made
    if outer and not found:
        yield row


COMMANDS: dict[str, Command] = {
    "stats": stats,
    "eventstats": eventstats,
    "table": table,
    "sort": sort,
    "tail": tail,
    "reverse": reverse,
    "top": top,
    "rare": rare,
}
