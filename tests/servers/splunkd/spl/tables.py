"""lookup, inputlookup and outputlookup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from tests.servers.splunkd.lookups import Table
from tests.servers.splunkd.spl.context import Command, SearchContext, Stage
from tests.servers.splunkd.spl.lexer import SplError, Token, options_and_rest, truth
from tests.servers.splunkd.spl.rows import Row, texts
from tests.servers.splunkd.spl.terms import parse_terms

Pair = tuple[str, str]


def _table(name: str, context: SearchContext, refusal: str) -> Table:
    found = context.splunk.lookups.table(name, context.user, context.app)
    if found is None:
        raise SplError(refusal)
    return found


def _unknown(name: str) -> str:
    return f"The lookup table '{name}' requires a .csv or KV store lookup definition."


def lookup(source: str, context: SearchContext) -> Stage:
    _, rest = options_and_rest(source, ("local", "update", "event_time_field"))
    if len(rest) < 2:
        raise SplError("Error in 'lookup' command: Must specify one or more lookup fields.")
    name = rest[0].text
    table = _table(
        name,
        context,
        f"Error in 'lookup' command: Could not construct lookup '{source}'. "
        f"See search.log for more details. {_unknown(name)}",
    )
    keys, outputs, fresh = _lookup_fields(rest[1:])

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        known = _by_keys(table, [theirs for theirs, _ in keys])
        for row in rows:
            yield _filled(row, known, table, keys, outputs, fresh=fresh)

    return Stage("lookup", run)


def _lookup_fields(tokens: list[Token]) -> tuple[list[Pair], list[Pair], bool]:
    """What is matched and what is taken, each as (name in the table, name in the row)."""
    keys, outputs, into, fresh = list[Pair](), list[Pair](), False, False
    place = 0
    tokens = [token for token in tokens if not token.is_op(",")]
    while place < len(tokens):
        token = tokens[place]
        place += 1
        if token.is_word("OUTPUT", "OUTPUTNEW"):
            into, fresh = True, token.text.upper() == "OUTPUTNEW"
            continue
        pair = (token.text, token.text)
        if place + 1 < len(tokens) and tokens[place].is_word("AS"):
            pair, place = (token.text, tokens[place + 1].text), place + 2
        (outputs if into else keys).append(pair)
    return keys, outputs, fresh


def _by_keys(table: Table, names: list[str]) -> dict[tuple[str, ...], list[Row]]:
    known: dict[tuple[str, ...], list[Row]] = {}
    for row in table.rows():
        key = tuple(next(iter(texts(row.get(name))), "") for name in names)
        known.setdefault(key if table.exact else _lowered(key), []).append(row)
    return known


def _lowered(key: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part.lower() for part in key)


def _filled(
    row: Row,
    known: dict[tuple[str, ...], list[Row]],
    table: Table,
    keys: list[Pair],
    outputs: list[Pair],
    *,
    fresh: bool,
) -> Row:
    made = row.copy()
    key = tuple(next(iter(texts(row.get(mine))), "") for _, mine in keys)
    found = known.get(key if table.exact else _lowered(key), [])[: table.most]
    matched = {theirs for theirs, _ in keys}
    names = outputs or [(n, n) for n in _columns(table, found) if n not in matched]
    for theirs, mine in names:
        if fresh and made.get(mine) is not None:
            continue
        values = [each for other in found for each in texts(other.get(theirs))]
        if values:
            made.set(mine, values[0] if len(values) == 1 else values)
        elif outputs and not fresh:
            made.drop(mine)
    return made


def _columns(table: Table, rows: list[Row]) -> list[str]:
    return table.columns or list(dict.fromkeys(name for row in rows for name in row.names()))


def inputlookup(source: str, context: SearchContext) -> Stage:
    before, _, condition = source.partition(" where ")
    options, rest = options_and_rest(before, ("append", "start", "max", "strict"))
    if not rest:
        raise SplError("Error in 'inputlookup' command: A lookup table is missing.")
    table = _table(rest[0].text, context, _unknown(rest[0].text))
    matches = parse_terms(condition, lambda _: []).matches
    start, most = int(options.get("start", "0")), options.get("max")

    def run(rows: Iterator[Row]) -> Iterator[Row]:
        if truth(options.get("append", "false")):
            yield from rows
        found = (row for row in table.rows() if matches(row))
        yield from islice(found, start, start + int(most) if most else None)

    return Stage("inputlookup", run, "generating")


def outputlookup(source: str, context: SearchContext) -> Stage:
    names = ("append", "create_empty", "override_if_empty", "key_field", "max", "allow_updates")
    options, rest = options_and_rest(source, (*names, "createinapp", "output_format"))
    if not rest:
        raise SplError("Error in 'outputlookup' command: A lookup table is missing.")
    name = rest[0].text
    if name.endswith(".csv"):
        context.splunk.lookups.files.setdefault(name, [])
    table = _table(name, context, _unknown(name))
    overwrites = truth(options.get("override_if_empty", "true"))

    def run(rows: Iterator[Row]) -> Iterable[Row]:
        held = list(rows)
        if held or overwrites:
            appended = truth(options.get("append", "false"))
            table.write(held, append=appended, key_field=options.get("key_field"))
        return held

    return Stage("outputlookup", run, "transforming")


COMMANDS: dict[str, Command] = {
    "lookup": lookup,
    "inputlookup": inputlookup,
    "outputlookup": outputlookup,
}
