"""A whole search: macros in place, each command read, and then run."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tests.servers.splunkd.spl import streaming, tables, transforming, writing
from tests.servers.splunkd.spl.context import Command, SearchContext, Stage
from tests.servers.splunkd.spl.lexer import SplError, options_and_rest, split_pipeline
from tests.servers.splunkd.spl.macros import expand
from tests.servers.splunkd.spl.rows import Row, wildcard
from tests.servers.splunkd.spl.terms import Terms, parse_terms
from tests.servers.splunkd.spl.times import moment

_MAKERESULTS = ("count", "annotate", "splunk_server", "format", "data")


@dataclass
class Pipeline:
    """A search that can be run.

    Attributes:
        events: the stages before the first transforming one; what they give are its events.
        reports: the other stages.
        scanned: how many events were looked at.
    """

    source: Callable[[], Iterable[Row]]
    events: list[Stage] = field(default_factory=list)
    reports: list[Stage] = field(default_factory=list)
    text: str = ""
    scanned: int = 0
    generates: bool = False

    def event_rows(self) -> Iterator[Row]:
        return _through(self.source(), self.events)

    def result_rows(self, events: Iterable[Row]) -> Iterator[Row]:
        return _through(events, self.reports)

    def rows(self) -> Iterator[Row]:
        return self.result_rows(self.event_rows())


def _through(rows: Iterable[Row], stages: list[Stage]) -> Iterator[Row]:
    for stage in stages:
        rows = stage.run(iter(rows))
    yield from rows


def compile_search(text: str, context: SearchContext) -> Pipeline:
    """Read a search; nothing but its subsearches is run.

    Raises:
        SplError: in the words of splunkd.
    """
    parts = split_pipeline(expand(text, context))
    if not any(parts):
        raise SplError("Error in 'SearchParser': Empty search.")
    if not parts[0]:
        parts = parts[1:]
    first, *others = parts
    pipeline = _first(first, context)
    pipeline.text = text
    for part in others:
        stage = _stage(part, context)
        if pipeline.reports or stage.kind == "transforming":
            pipeline.reports.append(stage)
        else:
            pipeline.events.append(stage)
    return pipeline


def run_subsearch(text: str, context: SearchContext) -> list[Row]:
    return list(compile_search(text, context).rows())


def _first(part: str, context: SearchContext) -> Pipeline:
    name, arguments = _command_of(part)
    if name == "search":
        return _search_events(arguments, context)
    if name == "makeresults":
        return Pipeline(_makeresults(arguments, context), generates=True)
    stage = _stage(part, context, leads=True)
    if stage.kind == "transforming":
        return Pipeline(list, reports=[stage])
    return Pipeline(list, [stage], generates=stage.kind == "generating")


def _command_of(part: str) -> tuple[str, str]:
    # Before a bracket or a quote no space is needed: `rex"..."`.
    found = re.match(r"\s*(\w+)(.*)", part, re.DOTALL)
    return (found[1].lower(), found[2].strip()) if found else (part.strip(), "")


def _stage(part: str, context: SearchContext, *, leads: bool = False) -> Stage:
    name, arguments = _command_of(part)
    command = _COMMANDS.get(name) or _custom(name, context)
    if command is None:
        raise SplError(f"Unknown search command '{name}'.")
    stage = command(arguments, context)
    appended = "append=t" in arguments.replace(" ", "").lower()
    if stage.kind == "generating" and not leads and not appended:
        raise _must_lead(name)
    return stage


def _must_lead(name: str) -> SplError:
    return SplError(
        f"Error in '{name}' command: This command must be the first command of a search."
    )


def _custom(name: str, context: SearchContext) -> Command | None:
    """A command that a test has put in."""
    apply = context.splunk.commands.get(name)
    if apply is None:
        return None
    return lambda source, _: Stage(name, lambda rows: apply(rows, source), "streaming")


def _terms(arguments: str, context: SearchContext) -> Terms:
    return parse_terms(arguments, lambda inner: run_subsearch(inner, context.within()))


def _search_events(arguments: str, context: SearchContext) -> Pipeline:
    terms = _terms(arguments, context)
    for name, given in terms.times.items():
        setattr(context, name.removeprefix("_"), moment(given, context.now))
    indexes = _indexes(terms.indexes, context)
    pipeline = Pipeline(list)

    def source() -> Iterator[Row]:
        found = context.splunk.event_store.newest_first(indexes, context.between)
        pipeline.scanned = len(found)
        return (row for event in found if terms.matches(row := Row.of(event)))

    pipeline.source = source
    return pipeline


def _indexes(patterns: list[str], context: SearchContext) -> list[str]:
    """Of the indexes that the user may search, those that are named, or else the default ones."""
    allowed, default = context.splunk.searchable(context.user)
    if not patterns:
        return [name for name in allowed if name in default]
    found = []
    for name in allowed:
        # A star alone does not reach the internal indexes.
        fitting = [p for p in patterns if p.startswith("_") == name.startswith("_")]
        if any(wildcard(pattern, fold=True).fullmatch(name) for pattern in fitting):
            found.append(name)
    return found


def _filter(arguments: str, context: SearchContext) -> Stage:
    matches = _terms(arguments, context).matches
    return Stage("search", lambda rows: (row for row in rows if matches(row)))


def _makeresults(arguments: str, context: SearchContext) -> Callable[[], Iterable[Row]]:
    options, _ = options_and_rest(arguments, _MAKERESULTS)
    count = options.get("count", "1")
    if not count.isdigit():
        raise SplError(f"Error in 'makeresults' command: Invalid value '{count}' for 'count'.")
    return lambda: [Row({"_time": math.floor(context.now)}) for _ in range(int(count))]


def _late_makeresults(arguments: str, context: SearchContext) -> Stage:
    del arguments, context
    raise _must_lead("makeresults")


_COMMANDS: dict[str, Command] = {
    **streaming.COMMANDS,
    **transforming.COMMANDS,
    **tables.COMMANDS,
    **writing.COMMANDS,
    "search": _filter,
    "makeresults": _late_makeresults,
    "append": transforming.append(run_subsearch),
    "join": transforming.join(run_subsearch),
}
