"""Commands that leave something behind: collect and sendalert."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from tests.servers.splunkd.events import Origin
from tests.servers.splunkd.spl.context import Command, SearchContext, Stage
from tests.servers.splunkd.spl.lexer import SplError, options_and_rest, tokenize, truth
from tests.servers.splunkd.spl.rows import Row, number, text_of, texts

ALERT_ACTIONS = "configs/conf-alert_actions"
_META = ("index", "host", "source", "sourcetype", "linecount", "splunk_server")


def collect(source: str, context: SearchContext) -> Stage:
    names = ("index", "source", "sourcetype", "host", "marker", "addtime", "testmode")
    options, _ = options_and_rest(
        source, (*names, "file", "spool", "output_format", "run_in_preview")
    )
    index = options.get("index", "summary")
    if index not in context.splunk.index_names():
        raise SplError(f"Error in 'collect' command: The index '{index}' does not exist.")
    hec = options.get("output_format") == "hec"
    origin = Origin(
        index,
        options.get("host", "splunk-double"),
        options.get("source", context.sid),
        options.get("sourcetype", "stash_hec" if hec else "stash"),
    )

    def run(rows: Iterator[Row]) -> Iterable[Row]:
        held = list(rows)
        if not truth(options.get("testmode", "false")):
            for row in held:
                at = float(number(row.get("_time")) or context.now)
                raw = _as_json(row) if hec else _as_pairs(row, at, options.get("marker"))
                context.splunk.index_event(raw, at, origin, indexed_at=context.now)
        return held

    return Stage("collect", run, "transforming")


def _kept(row: Row) -> dict[str, str | list[str]]:
    names = [name for name in row.names() if not name.startswith("_") and name not in _META]
    found = {name: row.get(name) for name in names}
    return {n: v if isinstance(v, list) else text_of(v) for n, v in found.items() if v is not None}


def _as_json(row: Row) -> str:
    return json.dumps(_kept(row))


def _as_pairs(row: Row, at: float, marker: str | None) -> str:
    if row.get("_raw") is not None and not marker:
        return " ".join(texts(row.get("_raw")))
    head = datetime.fromtimestamp(at, UTC).strftime("%m/%d/%Y %H:%M:%S +0000")
    pairs = [f"{name}={_quoted(value)}" for name, value in _kept(row).items()]
    return ", ".join([head, *([marker] if marker else []), *pairs])


def _quoted(value: str | list[str]) -> str:
    text = " ".join(value) if isinstance(value, list) else value
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def sendalert(source: str, context: SearchContext) -> Stage:
    tokens = tokenize(source)
    if not tokens:
        raise SplError("Error in 'sendalert' command: An alert action is missing.")
    action = tokens[0].text
    known = context.splunk.entities.find(ALERT_ACTIONS, context.user, context.app, action)
    if known is None:
        raise SplError(f"Error in 'sendalert' command: Alert action \"{action}\" not found.")
    given = {
        name.text.removeprefix("param."): value.text
        for name, equals, value in zip(tokens[1::3], tokens[2::3], tokens[3::3], strict=False)
        if equals.is_op("=")
    }

    def run(rows: Iterator[Row]) -> Iterable[Row]:
        held = list(rows)
        context.splunk.send_alert(action, given, held, context)
        return held

    return Stage("sendalert", run, "transforming")


COMMANDS: dict[str, Command] = {"collect": collect, "sendalert": sendalert}
