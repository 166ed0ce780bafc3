"""The functions of eval expressions."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import math
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote as url_unquote

from tests.servers.splunkd.events import Fields, flatten
from tests.servers.splunkd.spl import times
from tests.servers.splunkd.spl.lexer import SplError
from tests.servers.splunkd.spl.rows import number, text_of

Value = str | int | float | bool | list[str] | None
Eager = Callable[[list[Value]], Value]
Lazy = Callable[[list[Callable[[], Value]]], Value]


@dataclass(frozen=True)
class Function:
    """One function: `lazy` is for those that must not ask for all of their arguments."""

    name: str
    eager: Eager
    least: int
    most: int
    lazy: Lazy | None = None

    def check(self, given: int) -> None:
        if not self.least <= given <= self.most:
            raise SplError(
                f"Error in 'eval' command: The arguments to the '{self.name}' function are invalid."
            )


def find_function(name: str, command: str) -> Function:
    found = _FUNCTIONS.get(name)
    if found is None:
        raise SplError(
            f"Error in '{command}' command: The '{name}' function is unsupported or undefined."
        )
    return found


def text(value: Value) -> str:
    if isinstance(value, bool):
        return "True" if value else "False"
    return "" if value is None else text_of(value)


def _values(value: Value) -> list[str]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [text(value)]


def _several(values: list[str]) -> Value:
    return values[0] if len(values) == 1 else (values or None)


# --- choices


def _if(given: list[Callable[[], Value]]) -> Value:
    return given[1]() if given[0]() is True else given[2]()


def _case(given: list[Callable[[], Value]]) -> Value:
    for condition, outcome in zip(given[::2], given[1::2], strict=False):
        if condition() is True:
            return outcome()
    return None


def _coalesce(given: list[Callable[[], Value]]) -> Value:
    return next((found for each in given if (found := each()) is not None), None)


def _in(given: list[Value]) -> Value:
    wanted = {text(each) for each in given[1:]}
    return any(each in wanted for each in _values(given[0]))


# --- text


def _substr(given: list[Value]) -> Value:
    words, start = text(given[0]), int(number(given[1]) or 1)
    first = start - 1 if start > 0 else max(len(words) + start, 0)
    length = len(words) if len(given) < 3 else int(number(given[2]) or 0)
    return words[first : first + length]


def _replace(given: list[Value]) -> Value:
    # Splunk's groups are \1; Python's too. A replacement must not raise on \d and its like.
    replacement = text(given[2])
    pattern = _regex(text(given[1]))
    return pattern.sub(
        lambda found: re.sub(r"\\(\d)", lambda group: found[int(group[1])] or "", replacement),
        text(given[0]),
    )


def _regex(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(re.sub(r"\(\?<([A-Za-z_]\w*)>", r"(?P<\1>", pattern))
    except re.error as wrong:
        raise SplError(
            f"Error in 'eval' command: Regex: {wrong} in the pattern '{pattern}'."
        ) from wrong


def compiled(pattern: str) -> re.Pattern[str]:
    """A PCRE pattern with its named groups in Python's spelling."""
    return _regex(pattern)


def _like(given: list[Value]) -> Value:
    parts = re.split(r"([%_])", text(given[1]))
    wild = "".join({"%": ".*", "_": "."}.get(part, re.escape(part)) for part in parts)
    return re.fullmatch(wild, text(given[0]), re.DOTALL) is not None


def _split(given: list[Value]) -> Value:
    separator = text(given[1])
    return _several(text(given[0]).split(separator) if separator else list(text(given[0])))


def _trim(strip: Callable[[str, str], str]) -> Eager:
    return lambda given: strip(text(given[0]), text(given[1]) if len(given) > 1 else " \t\n\r")


def _tostring(given: list[Value]) -> Value:
    value, style = given[0], text(given[1]) if len(given) > 1 else ""
    read = number(value)
    if style == "hex" and read is not None:
        return hex(int(read))
    if style == "commas" and read is not None:
        return f"{read:,}" if isinstance(read, int) else f"{read:,.2f}"
    if style == "duration" and read is not None:
        hours, rest = divmod(int(read), 3600)
        return f"{hours:02}:{rest // 60:02}:{rest % 60:02}"
    return text(value)


def _tonumber(given: list[Value]) -> Value:
    if len(given) < 2:
        return number(given[0])
    try:
        return int(text(given[0]), int(number(given[1]) or 10))
    except ValueError:
        return None


def _digest(name: str) -> Eager:
    return lambda given: hashlib.new(name, text(given[0]).encode()).hexdigest()


# --- several values


def _mvindex(given: list[Value]) -> Value:
    values, start = _values(given[0]), int(number(given[1]) or 0)
    start = start + len(values) if start < 0 else start
    stop = int(number(given[2]) or 0) if len(given) > 2 else start
    stop = stop + len(values) if stop < 0 else stop
    return _several(values[start : stop + 1]) if start >= 0 else None


def _mvfind(given: list[Value]) -> Value:
    pattern = _regex(text(given[1]))
    return next((n for n, each in enumerate(_values(given[0])) if pattern.search(each)), None)


def _mvzip(given: list[Value]) -> Value:
    join = text(given[2]) if len(given) > 2 else ","
    pairs = zip(_values(given[0]), _values(given[1]), strict=False)
    return _several([f"{one}{join}{other}" for one, other in pairs])


# --- time


def _strftime(given: list[Value]) -> Value:
    at = number(given[0])
    if at is None:
        return None
    pattern = text(given[1]).replace("%3N", f"{int(at % 1 * 1000 + 0.5):03}")
    pattern = pattern.replace("%Q", f"{int(at % 1 * 1000 + 0.5):03}").replace("%N", "000000000")
    return datetime.fromtimestamp(at, UTC).strftime(pattern.replace("%s", str(int(at))))


def _strptime(given: list[Value]) -> Value:
    pattern = text(given[1]).replace("%3N", "%f").replace("%Q", "%f").replace("%N", "%f")
    try:
        read = datetime.strptime(text(given[0]), pattern)  # noqa: DTZ007 - made aware below
    except ValueError:
        return None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


# --- JSON


def _json_extract(given: list[Value]) -> Value:
    try:
        document: Any = json.loads(text(given[0]))
    except ValueError:
        return None
    if len(given) < 2:
        return text(given[0])
    found: Fields = {}
    flatten("", document, found)
    path = text(given[1])
    if path in found:
        return found[path]
    for part in path.split("."):
        document = document.get(part) if isinstance(document, dict) else None
    return None if document is None else json.dumps(document)


def _json_object(given: list[Value]) -> Value:
    pairs = zip(given[::2], given[1::2], strict=False)
    return json.dumps({text(name): value for name, value in pairs})


def _cidrmatch(given: list[Value]) -> Value:
    try:
        network = ipaddress.ip_network(text(given[0]), strict=False)
        return ipaddress.ip_address(text(given[1])) in network
    except ValueError:
        return False


def _typeof(given: list[Value]) -> Value:
    value = given[0]
    if value is None:
        return "Invalid"
    if isinstance(value, bool):
        return "Boolean"
    return "Number" if number(value) is not None else "String"


def _of_number(apply: Callable[[float], float]) -> Eager:
    def checked(given: list[Value]) -> Value:
        read = number(given[0])
        try:
            return None if read is None else apply(read)
        except (ValueError, OverflowError):
            return None

    return checked


def _round(given: list[Value]) -> Value:
    read = number(given[0])
    places = int(number(given[1]) or 0) if len(given) > 1 else 0
    if read is None:
        return None
    # Halves go away from zero, unlike in Python.
    scaled = math.floor(abs(read) * 10**places + 0.5 + 1e-9) / 10**places * (1 if read >= 0 else -1)
    return scaled if places else int(scaled)


def _extreme(choose: Callable[..., Any]) -> Eager:
    def of(given: list[Value]) -> Value:
        values = [each for each in given if each is not None]
        numbers = [read for each in values if (read := number(each)) is not None]
        if len(numbers) == len(values):
            return choose(numbers) if numbers else None
        return str(choose(text(each) for each in values))

    return of


def _eager(least: int, most: int, apply: Eager) -> tuple[Eager, int, int, None]:
    return apply, least, most, None


def _lazily(least: int, most: int, apply: Lazy) -> tuple[Eager, int, int, Lazy]:
    return lambda _: None, least, most, apply


def _of_text(apply: Callable[[str], Value]) -> tuple[Eager, int, int, None]:
    return _eager(1, 1, lambda given: None if given[0] is None else apply(text(given[0])))


_MANY = 1000
_TABLE: dict[str, tuple[Eager, int, int, Lazy | None]] = {
    "if": _lazily(3, 3, _if),
    "case": _lazily(2, _MANY, _case),
    "coalesce": _lazily(1, _MANY, _coalesce),
    "in": _eager(2, _MANY, _in),
    "null": _eager(0, 0, lambda _: None),
    "true": _eager(0, 0, lambda _: True),
    "false": _eager(0, 0, lambda _: False),
    "isnull": _eager(1, 1, lambda given: given[0] is None),
    "isnotnull": _eager(1, 1, lambda given: given[0] is not None),
    "isnum": _eager(1, 1, lambda given: number(given[0]) is not None),
    "isint": _eager(1, 1, lambda given: isinstance(number(given[0]), int)),
    "isstr": _eager(1, 1, lambda given: given[0] is not None and number(given[0]) is None),
    "nullif": _eager(2, 2, lambda given: None if given[0] == given[1] else given[0]),
    "typeof": _eager(1, 1, _typeof),
    "len": _of_text(len),
    "lower": _of_text(str.lower),
    "upper": _of_text(str.upper),
    "urldecode": _of_text(url_unquote),
    "substr": _eager(2, 3, _substr),
    "replace": _eager(3, 3, lambda given: None if given[0] is None else _replace(given)),
    "match": _eager(2, 2, lambda g: any(_regex(text(g[1])).search(v) for v in _values(g[0]))),
    "like": _eager(2, 2, _like),
    "cidrmatch": _eager(2, 2, _cidrmatch),
    "trim": _eager(1, 2, _trim(str.strip)),
    "ltrim": _eager(1, 2, _trim(str.lstrip)),
    "rtrim": _eager(1, 2, _trim(str.rstrip)),
    "split": _eager(2, 2, lambda given: None if given[0] is None else _split(given)),
    "tostring": _eager(1, 2, lambda given: None if given[0] is None else _tostring(given)),
    "tonumber": _eager(1, 2, _tonumber),
    "md5": _eager(1, 1, _digest("md5")),
    "sha1": _eager(1, 1, _digest("sha1")),
    "sha256": _eager(1, 1, _digest("sha256")),
    "sha512": _eager(1, 1, _digest("sha512")),
    "mvcount": _eager(1, 1, lambda given: len(_values(given[0])) or None),
    "mvindex": _eager(2, 3, _mvindex),
    "mvfind": _eager(2, 2, _mvfind),
    "mvzip": _eager(2, 3, _mvzip),
    "mvappend": _eager(1, _MANY, lambda given: _several([v for g in given for v in _values(g)])),
    "mvjoin": _eager(2, 2, lambda g: None if g[0] is None else text(g[1]).join(_values(g[0]))),
    "mvdedup": _eager(1, 1, lambda given: _several(list(dict.fromkeys(_values(given[0]))))),
    "mvsort": _eager(1, 1, lambda given: _several(sorted(_values(given[0])))),
    "now": _eager(0, 0, lambda _: int(time.time())),
    "time": _eager(0, 0, lambda _: time.time()),
    "relative_time": _eager(2, 2, lambda g: times.moment(text(g[1]), number(g[0]) or 0)),
    "strftime": _eager(2, 2, _strftime),
    "strptime": _eager(2, 2, _strptime),
    "round": _eager(1, 2, _round),
    "floor": _eager(1, 1, _of_number(math.floor)),
    "ceil": _eager(1, 1, _of_number(math.ceil)),
    "ceiling": _eager(1, 1, _of_number(math.ceil)),
    "abs": _eager(1, 1, _of_number(abs)),
    "sqrt": _eager(1, 1, _of_number(math.sqrt)),
    "exp": _eager(1, 1, _of_number(math.exp)),
    "ln": _eager(1, 1, _of_number(math.log)),
    "log": _eager(1, 1, _of_number(math.log10)),
    "pow": _eager(2, 2, lambda g: float(number(g[0]) or 0) ** float(number(g[1]) or 0)),
    "min": _eager(1, _MANY, _extreme(min)),
    "max": _eager(1, _MANY, _extreme(max)),
    "random": _eager(0, 0, lambda _: random.getrandbits(31)),
    "json_extract": _eager(1, 2, _json_extract),
    "spath": _eager(2, 2, _json_extract),
    "json_object": _eager(0, _MANY, _json_object),
}
_FUNCTIONS = {name: Function(name, *parts) for name, parts in _TABLE.items()}
