"""Where the records of a JSON document are: the items of a list, or the whole."""

from __future__ import annotations

import io
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import ijson

from sftsec_files.finite import FiniteStream
from sftsec_files.lines import BOM
from sftsec_files.streams import BROKEN, PIECE, Start, open_stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO

    from sftsec_files.config import FilesConfig
    from sftsec_files.sources import SourceFile

    ParseEvent = tuple[str, str, Any]

_ITEM, _OF_ITEM = "item", ".item"
_SCALARS = ("string", "number", "boolean")
_DAMAGE = (*BROKEN, ijson.JSONError, UnicodeError)
# Names of the list in an envelope that holds other lists too (AWS, Graph, Okta, Elasticsearch).
_WRAPPERS = frozenset({"records", "value", "findings", "events", "hits", "results", "items"})
_WITHIN = ("_source", "result")  # of which the fields are a record's that stands alone
# Keys with which an object names itself: it is a record, and its lists are parts of it.
_NAMES = re.compile(
    r"_?(?:(?:alert|incident|event|case|detection|finding|offense|ticket|record|message)_?)?"
    r"(?:id|uid|uuid|guid|number)",
    re.IGNORECASE,
)


# Lists of records, or of a record's parts: an envelope's where nothing is said beside them.
_EITHER = frozenset(
    {"alerts", "incidents", "cases", "detections", "objects", "resources", "data", "entries"}
    | {"messages", "logs", "rows", "documents"}
)
_SAYS_NOTHING = re.compile(
    r"@|_|(?:type|version|spec_?version|kind|status|count|total|page|size|limit|offset|next|"
    r"created|modified|timestamp|time|date|generated_?\w*|exported_?\w*)$",
    re.IGNORECASE,
)


class Layout(NamedTuple):
    """Where a document's records are; `problem` says why they cannot be told.

    `single` is where one record alone may stand instead of a list.
    """

    prefix: str = ""
    single: str | None = None
    problem: str = ""


def open_text(source: SourceFile, *, finite: bool = False) -> IO[bytes]:
    """Open a file after the mark of UTF-8.

    Args:
        source: the file.
        finite: whether the words NaN and Infinity are read as null.

    Raises:
        OSError: when it cannot be opened.
    """
    stream = open_stream(source, Start())
    try:
        head = stream.read(len(BOM))
    except BROKEN:
        head = b""
    if head != BOM:
        stream.close()
        stream = open_stream(source, Start())
    return cast("IO[bytes]", io.BufferedReader(FiniteStream(stream), PIECE)) if finite else stream


def parse_events(stream: IO[bytes]) -> Iterator[ParseEvent]:
    """The parser's events of a stream, which may hold several documents."""
    # Not as floats: that would make an error of an integer of more than 64 bits.
    return cast("Iterator[ParseEvent]", ijson.parse(stream, multiple_values=True))


def is_bare_word(error: Exception) -> bool:
    """Whether the parser met a word that JSON lacks, such as NaN or -Infinity."""
    return "invalid char" in str(error) or "malformed number" in str(error)


def find_layout(source: SourceFile, needed: tuple[str, ...], config: FilesConfig) -> Layout:
    """Find where the records are.

    Args:
        source: the document.
        needed: dotted fields that a record has: an object with one of them wraps nothing.
        config: `records`, where it names the list.

    Raises:
        OSError: when it cannot be opened.
    """
    if config.records is not None:
        return Layout(f"{config.records}.{_ITEM}", config.records)
    roots = {name.partition(".")[0] for name in needed}
    with suppress(*_DAMAGE), open_text(source) as stream:
        return _look(parse_events(stream), roots)
    with open_text(source, finite=True) as stream:
        return _look(_undamaged(parse_events(stream)), roots)


def _undamaged(events: Iterable[ParseEvent]) -> Iterator[ParseEvent]:
    """The events before the damage, if there is any: what stands before it is read."""
    with suppress(*_DAMAGE):
        yield from events


def _look(events: Iterable[ParseEvent], roots: set[str]) -> Layout:
    seen, values = _Seen(), 0
    for prefix, event, value in events:
        if prefix == "" and event in ("start_map", "start_array"):
            values += 1
            if event == "start_array":
                return Layout(_ITEM)
            if values > 1:  # records, or one document a line
                known = [name for name in seen.lists if is_known(name)]
                one = seen.asked(roots) > 0 or len(known) != 1
                return Layout() if one else _chosen(known)
        seen.add(prefix, event, value)
    asked = seen.asked(roots)
    alone = asked > 0 or (asked == 0 and seen.is_record())
    return Layout() if alone else _chosen(list(seen.lists))


class _Seen:
    """What was seen of one object.

    Attributes:
        keys: its own, and those of a record that it wraps.
        lists: where lists of objects are, outside of any other list, and the keys of these.
    """

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.lists: dict[str, set[str]] = {}
        self._roots: list[str] = []
        self._named: set[str] = set()
        self._said = False
        self._before = ("", "")

    def add(self, prefix: str, event: str, value: object) -> None:
        if event == "map_key" and prefix in ("", *_WITHIN):
            self.keys.add(str(value))
            if prefix == "":
                self._roots.append(str(value))
        place, _, name = prefix.rpartition(".")
        if event in ("string", "number") and "." not in place and _NAMES.fullmatch(name):
            self._named.add(place)
        elif event in _SCALARS and place == "" and not _SAYS_NOTHING.match(name):
            self._said = True
        outer, last = self._before
        if event == "start_map" and last == "start_array" and _ITEM not in outer.split("."):
            self.lists.setdefault(outer, set())
        elif (
            event == "map_key"
            and (items := self.lists.get(prefix.removesuffix(_OF_ITEM))) is not None
        ):
            items.add(str(value))
        self._before = (prefix, event)

    def asked(self, roots: set[str]) -> int:
        """Whether it (1) or the objects of a list (-1) have more of the fields that are asked for.

        It has, where both have as many; 0 where neither has any.
        """
        own = len(self.keys & roots)
        inside = max((len(keys & roots) for keys in self.lists.values()), default=0)
        return -1 if inside > own else min(own, 1)

    def is_record(self) -> bool:
        """Whether it, or the one object that it holds, has a name of its own.

        Then it is a record, whatever lists it holds, such as an event of MISP with its attributes
        or an incident with its alerts; unless one of them has the name of an envelope's.
        """
        alone = set(self._roots) if len(self._roots) == 1 else set()
        if not self._named & {"", *alone} or any(map(is_known, self.lists)):
            return False
        return self._said or bool(alone) or not self.lists.keys() & _EITHER


def _chosen(lists: list[str]) -> Layout:
    known = [name for name in lists if is_known(name)]
    for found in (lists, known):
        if len(found) == 1:
            return Layout(f"{found[0]}.{_ITEM}")
    if not lists:
        return Layout()
    named = ", ".join(lists)
    return Layout(problem=f"one object with several lists of objects ({named}): set `records`")


def is_known(name: str) -> bool:
    """Whether a list has a name that envelopes give theirs."""
    return name.rpartition(".")[2].lower() in _WRAPPERS
