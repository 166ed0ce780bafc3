"""JSON documents: an array of records, an object that wraps one, or pretty-printed records.

What consoles export: `[{...}, {...}]`, `{"Records": [{...}]}` (AWS), `{"value": [{...}]}`
(Microsoft Graph), `{"hits": {"hits": [{...}]}}` (Elasticsearch). The document is streamed: one
record at a time is in memory. A place in it is a number of records.
"""

from __future__ import annotations

import re
from decimal import Decimal
from json import JSONDecoder
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import ijson

from sftsec_files.errors import ChangedFileError
from sftsec_files.lines import BOM, nearly_json
from sftsec_files.streams import BROKEN, FileRecord, Start, describe_break, open_stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO

    from sftsec_files.config import FilesConfig
    from sftsec_files.sources import SourceFile

    ParseEvent = tuple[str, str, Any]

_ITEM = "item"
_UNPARSED = "not JSON from here on: the document breaks off or is damaged"
_NOT_TEXT = "not UTF-8 from here on: set `encoding`, such as `encoding: cp1252` of Windows"
TWICE = "{!r} is there twice in one object"
# Names of the list in an envelope that holds other lists too (AWS, Graph, Okta, Elasticsearch).
_WRAPPERS = frozenset({"records", "value", "findings", "events", "hits", "results", "items"})
_ROOTS = ("", "_source", "result")  # where the fields of a record stand that one object wraps
_DEEPEST = 4000
_PEEKED = 1 << 16
_OBJECTS = re.compile(rb'\s*(?:\[\s*)?\{\s*["}]')  # not `[Mon Jan 05 ...]` nor `{key: ...`


class _Layout(NamedTuple):
    """Where a document's records are; `problem` says why they cannot be told.

    `single` is where one record alone may stand instead of a list.
    """

    prefix: str = ""
    single: str | None = None
    problem: str = ""


def begins_as_json(source: SourceFile) -> bool:
    """Whether a file begins with an object of JSON or an array of them.

    Raises:
        OSError: when it cannot be opened.
    """
    with _open(source) as stream:
        try:
            return _OBJECTS.match(stream.read(_PEEKED)) is not None
        except (*BROKEN, UnicodeError):
            return False


def is_document(source: SourceFile, config: FilesConfig, *, lines: bool) -> bool:
    """Whether a file is one document, or one a line, and not one record a line.

    Args:
        source: the file.
        config: `records`, and the names of fields, which only a record has.
        lines: whether its suffix says that it holds lines.

    Raises:
        OSError: when it cannot be opened.
    """
    with _open(source) as stream:
        try:
            head = stream.read(_PEEKED).lstrip()
        except (*BROKEN, UnicodeError):
            return False  # the reader of lines reports it
    if not head or head[:1] == b"[":
        return bool(head)
    first, _, rest = head.partition(b"\n")
    only = nearly_json(first)
    if only is None and _is_followed(first):
        return True
    if only is None:
        whole = len(head) < _PEEKED or b"\n" in head
        # A pretty-printed object continues after these characters; a damaged line ends elsewhere.
        goes_on = first.rstrip()[-1:] in (b"{", b"[", b",", b":")
        return goes_on if whole else not lines
    # One line that wraps nothing is the first of a file of lines that may grow.
    one = not lines and not rest.strip() and b"[{" in b"".join(first.split())
    return isinstance(only, dict) and (one or _is_envelope(only, config))


def _is_followed(line: bytes) -> bool:
    """Whether a line begins with an object, and another one follows it: no line breaks at all."""
    text = line.decode(errors="replace").strip()
    try:
        _, end = JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return text[:1] == "{" and text[end:].lstrip()[:1] == "{"


def _is_envelope(value: dict[str, Any], config: FilesConfig) -> bool:
    """Whether a line holds a list of records, and no field of one."""
    if config.records is not None:
        inner: Any = value
        for part in config.records.split("."):
            inner = inner.get(part) if isinstance(inner, dict) else None
        return isinstance(inner, list)
    fields = (config.label, config.timestamp, config.analyst, config.verdict_time)
    if {name.partition(".")[0] for name in fields if name} & value.keys():
        return False
    nested = {key: inner for key, inner in value.items() if isinstance(inner, list | dict)}
    name, inner = next(iter(nested.items()), ("", None))
    full = isinstance(inner, list) and bool(inner) and all(isinstance(each, dict) for each in inner)
    return len(nested) == 1 and full and name.lower() in _WRAPPERS


def read_document(
    source: SourceFile, start: Start, needed: tuple[str, ...], config: FilesConfig
) -> Iterator[FileRecord]:
    """Read a document's records, skipping the first `start.at`.

    Args:
        source: the file.
        start: how many records were read already.
        needed: dotted fields that a record has: an object with one of them wraps nothing.
        config: `records`, where it names the list, and the limit of a record's bytes.

    Raises:
        ChangedFileError: when the document has fewer records than `start`.
        OSError: when it cannot be opened.
    """
    layout = _layout_of(source, needed, config)
    if layout.problem:
        yield FileRecord(start.at, start.number + 1, None, layout.problem, last=True)
        return
    with _open(source) as stream:
        count = 0
        try:
            watched = watched_keys(needed, config)
            for built in _values(_events(stream), layout, config.max_record_bytes, watched):
                count += 1
                if count > start.at:
                    yield _record(count, built, config.max_record_bytes)
        except (ijson.JSONError, UnicodeError) as error:
            yield FileRecord(count, count + 1, None, _break_of(error, source), last=True)
            return
        except BROKEN as error:
            reason = f"the file breaks off or is damaged here: {describe_break(error)}"
            yield FileRecord(count, count + 1, None, reason, last=True)
            return
    if not count and config.records is not None:
        reason = f"it has no list and no object at {config.records!r}, as `records` says"
        yield FileRecord(0, 1, None, reason, last=True)
    if count < start.at:
        raise ChangedFileError(
            f"{source.path} has {count} records, less than the {start.at} already read: it was "
            "replaced; pull again from the start"
        )


def _open(source: SourceFile) -> IO[bytes]:
    """The file's bytes after the mark of UTF-8."""
    stream = open_stream(source, Start())
    try:
        head = stream.read(len(BOM))
    except BROKEN:
        head = b""
    return stream if head == BOM else _again(stream, source)


def _again(stream: IO[bytes], source: SourceFile) -> IO[bytes]:
    stream.close()
    return open_stream(source, Start())


def _events(stream: IO[bytes]) -> Iterator[ParseEvent]:
    # Not as floats: that would make an error of an integer of more than 64 bits.
    return cast("Iterator[ParseEvent]", ijson.parse(stream, multiple_values=True))


# --- where the records are ------------------------------------------------------------------------


def _layout_of(source: SourceFile, needed: tuple[str, ...], config: FilesConfig) -> _Layout:
    if config.records is not None:
        return _Layout(f"{config.records}.{_ITEM}", config.records)
    with _open(source) as stream:
        try:
            return _look(_events(stream), {name.partition(".")[0] for name in needed})
        except (*BROKEN, ijson.JSONError, UnicodeError):
            return _Layout()  # what stands before the damage is read


def _look(events: Iterable[ParseEvent], roots: set[str]) -> _Layout:
    """Find the records: the items of the one list of objects outside of any other list."""
    keys: set[str] = set()
    lists: dict[str, None] = {}
    values, before = 0, ("", "", None)
    for prefix, event, value in events:
        if event == "map_key" and prefix in _ROOTS:
            keys.add(value)
        if prefix == "" and event in ("start_map", "start_array"):
            values += 1
            if event == "start_array":
                return _Layout(_ITEM)
            if values > 1:  # records, or one document a line
                known = [name for name in lists if _is_known(name)]
                return _Layout() if keys & roots or len(known) != 1 else _chosen(known)
        if (
            event == "start_map"
            and before[1] == "start_array"
            and _ITEM not in before[0].split(".")
        ):
            lists[before[0]] = None
        before = (prefix, event, value)
    if keys & roots:
        return _Layout()  # a record, whatever lists it holds
    return _chosen(list(lists))


def _chosen(lists: list[str]) -> _Layout:
    known = [name for name in lists if _is_known(name)]
    for found in (lists, known):
        if len(found) == 1:
            return _Layout(f"{found[0]}.{_ITEM}")
    if not lists:
        return _Layout()
    named = ", ".join(lists)
    return _Layout(problem=f"one object with several lists of objects ({named}): set `records`")


def _is_known(name: str) -> bool:
    return name.rpartition(".")[2].lower() in _WRAPPERS


# --- the records ----------------------------------------------------------------------------------


class _Built(NamedTuple):
    """A value with its characters; None where it is too long, or has a key twice (`problem`)."""

    value: Any
    size: int
    problem: str = ""


def watched_keys(needed: Iterable[str], config: FilesConfig) -> frozenset[str]:
    """The keys of which one object should have one.

    These are needed names and their first parts, and of what says the verdict each part; to watch
    a common key such as `name` costs time.
    """
    keys = {key for name in needed for key in (name, name.partition(".")[0])}
    judged = filter(None, (config.label, config.analyst, config.verdict_time))
    return frozenset(keys.union(*(name.split(".") for name in judged)))


class _Builder:
    """Builds one value of events."""

    def __init__(self, limit: int, watched: frozenset[str]) -> None:
        self._limit = limit
        self._watched = watched
        self._object: ijson.ObjectBuilder | None = ijson.ObjectBuilder()
        self._keys: list[set[str]] = []
        self._size = 0
        self._problem = ""

    def add(self, event: str, value: Any) -> None:  # noqa: ANN401 - JSON
        self._size += len(value) + 3 if isinstance(value, str) else 2
        if event == "start_map":
            self._keys.append(set())
        elif event == "end_map":
            self._keys.pop()
        elif event == "map_key" and value in self._watched:
            if value in self._keys[-1]:
                self._problem = TWICE.format(value)
            self._keys[-1].add(value)
        if self._size > self._limit:
            self._object = None
        if self._object is not None:
            self._object.event(event, _number(value) if event == "number" else value)

    def built(self) -> _Built:
        return _Built(self._object and self._object.value, self._size, self._problem)


def _values(
    events: Iterable[ParseEvent], layout: _Layout, limit: int, watched: frozenset[str]
) -> Iterator[_Built]:
    """Build the values at a layout's place; one that is too long is not built."""
    builder = _Builder(limit, watched)
    depth = 0
    for prefix, event, value in events:
        if depth == 0:
            if not _begins(prefix, event, layout):
                continue
            builder = _Builder(limit, watched)
        builder.add(event, value)
        depth += (event in ("start_map", "start_array")) - (event in ("end_map", "end_array"))
        if depth == 0:
            yield builder.built()
        elif depth > _DEEPEST:  # the time that ijson takes grows with the square of it
            raise ijson.JSONError("nested too deep")


def _begins(prefix: str, event: str, layout: _Layout) -> bool:
    if prefix == layout.single and event == "start_map":
        return True
    return prefix == layout.prefix and event not in ("map_key", "end_map", "end_array")


def _record(number: int, built: _Built, limit: int) -> FileRecord:
    value, size, problem = built
    if size > limit:
        reason = f"a record of {size} characters, more than max_record_bytes ({limit})"
        return FileRecord(number, number, None, reason)
    if problem:
        return FileRecord(number, number, None, problem)
    if not isinstance(value, dict):
        return FileRecord(number, number, None, f"a JSON {type(value).__name__}, not an object")
    return FileRecord(number, number, value, size=size)


def _break_of(error: Exception, source: SourceFile) -> str:
    if "invalid bytes in UTF8" not in str(error) and not isinstance(error, UnicodeError):
        return _UNPARSED
    own = f"not {source.encoding} from here on: correct `encoding`"
    return _NOT_TEXT if source.encoding is None else own


def _number(value: int | Decimal) -> int | float:
    """A number as orjson reads it in a line."""
    if isinstance(value, int) and -(1 << 63) <= value < 1 << 64:
        return value
    return float(value)
