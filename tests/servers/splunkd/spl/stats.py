"""The aggregations of stats, eventstats and top."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise

from tests.servers.splunkd.spl.expressions import Expression, parse_expression, truthy
from tests.servers.splunkd.spl.functions import text
from tests.servers.splunkd.spl.lexer import SplError, field_list, split_top, tokenize, unquote
from tests.servers.splunkd.spl.rows import Cell, Row, number, texts

_CALL = re.compile(
    r"([A-Za-z_]+\d*)\s*(?:\((.*)\))?\s*(?:\bas\s+(\"[^\"]+\"|\S+))?\s*$", re.I | re.S
)
_BY = re.compile(r"\bby\b(?=[^()]*$)", re.IGNORECASE)
_LIST_LIMIT = 100


@dataclass(frozen=True)
class Aggregation:
    """One figure: its name in the row, the values that it takes and what it makes of them."""

    name: str
    values: Callable[[Row], list[str]]
    apply: Callable[[list[str], list[Row]], Cell | None]

    def of(self, rows: list[Row]) -> Cell | None:
        return self.apply([each for row in rows for each in self.values(row)], rows)


def parse_stats(source: str, command: str) -> tuple[list[Aggregation], list[str]]:
    """The figures and the fields to group by."""
    clause, *rest = _BY.split(source)
    by = field_list(tokenize(rest[0])) if rest else []
    found = [_aggregation(each.strip(), command) for each in _figures(clause)]
    if not found:
        raise SplError(f"Error in '{command}' command: At least one aggregation is required.")
    return found, by


def _figures(clause: str) -> list[str]:
    """`count, dc(x) as y sum(z)`: commas may be left out."""
    parts = []
    for part in split_top(clause, ","):
        starts = [at.start() for at in re.finditer(r"(?<![\w(])[A-Za-z_]+\d*\s*\(|\bcount\b", part)]
        tops = [at for at in starts if _depth(part[:at]) == 0 and not _after_as(part[:at])]
        bounds = [0, *tops[1:], len(part)] if tops else [0, len(part)]
        parts += [part[a:b] for a, b in pairwise(bounds) if part[a:b].strip()]
    return parts


def _depth(text_before: str) -> int:
    return text_before.count("(") - text_before.count(")")


def _after_as(text_before: str) -> bool:
    return text_before.rstrip().lower().endswith(" as")


def _aggregation(source: str, command: str) -> Aggregation:
    call = _CALL.fullmatch(source)
    if call is None:
        raise SplError(f"Error in '{command}' command: The argument '{source}' is invalid.")
    function, inner = call[1].lower(), (call[2] or "").strip()
    apply = _apply_of(function)
    if apply is None or (not inner and function not in {"count", "c"}):
        raise SplError(f"Error in '{command}' command: The argument '{source}' is invalid.")
    default = f"{call[1]}({inner})" if inner else call[1]
    return Aggregation(unquote(call[3]) if call[3] else default, _values_of(inner, function), apply)


def _values_of(inner: str, function: str) -> Callable[[Row], list[str]]:
    if not inner:
        return lambda _: ["1"]
    evaluated = re.fullmatch(r"eval\s*\((.*)\)", inner, re.IGNORECASE | re.DOTALL)
    if evaluated is None:
        name = unquote(inner).strip("'")
        return lambda row: texts(row.get(name))
    return _evaluated(parse_expression(evaluated[1]), counted=function in {"count", "c"})


def _evaluated(expression: Expression, *, counted: bool) -> Callable[[Row], list[str]]:
    def of(row: Row) -> list[str]:
        value = expression(row)
        if counted and isinstance(value, bool):
            return ["1"] if truthy(value) else []
        if isinstance(value, list):
            return value
        return [] if value is None else [text(value)]

    return of


def _apply_of(function: str) -> Callable[[list[str], list[Row]], Cell | None] | None:
    percentile = re.fullmatch(r"(?:perc|p|exactperc|upperperc)(\d+)", function)
    if percentile:
        share = int(percentile[1]) / 100
        return lambda values, _: _percentile(_numbers(values), share)
    return _APPLY.get(function)


def _numbers(values: Iterable[str]) -> list[float]:
    return [read for each in values if (read := number(each)) is not None]


def _percentile(values: list[float], share: float) -> Cell | None:
    ordered = sorted(values)
    return ordered[min(math.ceil(share * len(ordered)), len(ordered)) - 1] if ordered else None


def _of_numbers(apply: Callable[[list[float]], float]) -> Callable[..., Cell | None]:
    def checked(values: list[str], _: list[Row]) -> Cell | None:
        read = _numbers(values)
        return apply(read) if read else None

    return checked


def _extreme(choose: Callable[..., object]) -> Callable[..., Cell | None]:
    def of(values: list[str], _: list[Row]) -> Cell | None:
        read = _numbers(values)
        if values and len(read) == len(values):
            return choose(read)  # type: ignore[return-value]
        return str(choose(values)) if values else None

    return of


def _mode(values: list[str], _: list[Row]) -> Cell | None:
    return statistics.mode(values) if values else None


def _by_time(place: int) -> Callable[..., Cell | None]:
    """`latest` and `earliest` go by `_time`, and rows come newest first."""

    def of(values: list[str], rows: list[Row]) -> Cell | None:
        if len(values) != len(rows):
            return values[place] if values else None
        timed = [(number(row.get("_time")) or 0, -n) for n, row in enumerate(rows)]
        order = sorted(range(len(rows)), key=lambda n: timed[n], reverse=True)
        return values[order[place]] if values else None

    return of


_APPLY: dict[str, Callable[[list[str], list[Row]], Cell | None]] = {
    "count": lambda values, _: len(values),
    "c": lambda values, _: len(values),
    "dc": lambda values, _: len(set(values)),
    "distinct_count": lambda values, _: len(set(values)),
    "sum": _of_numbers(sum),
    "sumsq": _of_numbers(lambda values: sum(each * each for each in values)),
    "avg": _of_numbers(lambda values: sum(values) / len(values)),
    "mean": _of_numbers(lambda values: sum(values) / len(values)),
    "median": _of_numbers(statistics.median),
    "range": _of_numbers(lambda values: max(values) - min(values)),
    "stdev": _of_numbers(lambda values: statistics.stdev(values) if len(values) > 1 else 0.0),
    "stdevp": _of_numbers(statistics.pstdev),
    "var": _of_numbers(lambda values: statistics.variance(values) if len(values) > 1 else 0.0),
    "min": _extreme(min),
    "max": _extreme(max),
    "mode": _mode,
    "list": lambda values, _: values[:_LIST_LIMIT] or None,
    "values": lambda values, _: sorted(set(values)) or None,
    "first": lambda values, _: values[0] if values else None,
    "last": lambda values, _: values[-1] if values else None,
    "latest": _by_time(0),
    "earliest": _by_time(-1),
}


def grouped(rows: Iterable[Row], by: list[str]) -> dict[tuple[str, ...], list[Row]]:
    """Rows by the values of fields; a row without one of them is in no group."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        for key in _keys(row, by):
            groups.setdefault(key, []).append(row)
    return groups


def _keys(row: Row, by: list[str]) -> list[tuple[str, ...]]:
    keys: list[tuple[str, ...]] = [()]
    for name in by:
        keys = [(*key, value) for key in keys for value in texts(row.get(name))]
    return keys
