"""JSON documents: an array of records, an object that wraps one, or pretty-printed records.

What consoles export: `[{...}, {...}]`, `{"Records": [{...}]}` (AWS), `{"value": [{...}]}`
(Microsoft Graph), `{"hits": {"hits": [{...}]}}` (Elasticsearch). The document is streamed: one
record at a time is in memory. A place in it is a number of records.
"""

from __future__ import annotations

import codecs
import io
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import ijson
import orjson

from sftsec_files.errors import ChangedFileError
from sftsec_files.streams import BROKEN, FileRecord, Start, describe_break, open_stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import IO

    from sftsec_files.config import FilesConfig
    from sftsec_files.sources import SourceFile

    ParseEvent = tuple[str, str, Any]

_ITEM = "item"
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_UNPARSED = "not JSON from here on: the document breaks off or is damaged"
# Names of the list in an envelope that holds other lists too (AWS, Graph, Okta, Elasticsearch).
_WRAPPERS = frozenset({"records", "value", "findings", "events", "hits", "results", "items"})
_PEEKED = 1 << 16


class _Layout(NamedTuple):
    """Where a document's records are; `problem` says why they cannot be told."""

    prefix: str = ""
    problem: str = ""


def is_document(source: SourceFile) -> bool:
    """Whether a `.json` file is one document, and not one object a line.

    Raises:
        OSError: when it cannot be opened.
    """
    with _open_utf8(source) as stream:
        try:
            head = stream.read(_PEEKED).lstrip()
        except (*BROKEN, UnicodeError):
            return False  # the reader of lines reports it
    if not head or head[:1] == b"[":
        return bool(head)
    first, _, rest = head.partition(b"\n")
    try:
        only = orjson.loads(first)
    except orjson.JSONDecodeError:
        # A pretty-printed object continues after these characters; a damaged line ends elsewhere.
        whole = len(head) < _PEEKED or b"\n" in head
        return not whole or first.rstrip()[-1:] in (b"{", b"[", b",", b":")
    # One line that wraps nothing is the first of a file of lines that may grow.
    return not rest.strip() and b"[{" in b"".join(first.split()) and isinstance(only, dict)


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
    with _open_utf8(source) as stream:
        count = 0
        try:
            for value, size in _values(_events(stream), layout.prefix, config.max_record_bytes):
                count += 1
                if count > start.at:
                    yield _record(count, value, size, config.max_record_bytes)
        except (ijson.JSONError, UnicodeError):
            yield FileRecord(count, count + 1, None, _UNPARSED, last=True)
            return
        except BROKEN as error:
            reason = f"the file breaks off or is damaged here: {describe_break(error)}"
            yield FileRecord(count, count + 1, None, reason, last=True)
            return
    if count < start.at:
        raise ChangedFileError(
            f"{source.path} has {count} records, less than the {start.at} already read: it was "
            "replaced; pull again from the start"
        )


class _Utf8:
    """A stream of another encoding as UTF-8, as far as it is read here."""

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        self._text = io.TextIOWrapper(stream, encoding)

    def read(self, size: int = -1) -> bytes:
        return self._text.read(size).encode()

    def __enter__(self) -> _Utf8:
        return self

    def __exit__(self, *_error: object) -> None:
        self._text.close()


def _open_utf8(source: SourceFile) -> IO[bytes]:
    """The file's bytes as UTF-8, whichever Unicode its first bytes announce."""
    stream = open_stream(source, Start())
    try:
        head = stream.read(3)
    except BROKEN:
        head = b""
    if head[:2] in _UTF16:
        stream.seek(0)
        return cast("IO[bytes]", _Utf8(stream, "utf-16"))
    stream.seek(len(codecs.BOM_UTF8) if head == codecs.BOM_UTF8 else 0)
    return stream


def _events(stream: IO[bytes]) -> Iterator[ParseEvent]:
    # Not as floats: that would make an error of an integer of more than 64 bits.
    return cast("Iterator[ParseEvent]", ijson.parse(stream, multiple_values=True))


# --- where the records are ------------------------------------------------------------------------


def _layout_of(source: SourceFile, needed: tuple[str, ...], config: FilesConfig) -> _Layout:
    if config.records is not None:
        return _Layout(f"{config.records}.{_ITEM}")
    with _open_utf8(source) as stream:
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
        if prefix == "" and event == "map_key":
            keys.add(value)
        if prefix == "" and event in ("start_map", "start_array"):
            values += 1
            if event == "start_array":
                return _Layout(_ITEM)
            if values > 1:
                return _Layout()
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
    known = [name for name in lists if name.rpartition(".")[2].lower() in _WRAPPERS]
    for found in (lists, known):
        if len(found) == 1:
            return _Layout(f"{found[0]}.{_ITEM}")
    if not lists:
        return _Layout()
    named = ", ".join(lists)
    return _Layout(problem=f"one object with several lists of objects ({named}): set `records`")


# --- the records ----------------------------------------------------------------------------------


def _values(events: Iterable[ParseEvent], wanted: str, limit: int) -> Iterator[tuple[Any, int]]:
    """Build the values at a prefix, each with its characters; one that is too long is not built."""
    builder: ijson.ObjectBuilder | None = None
    depth = size = 0
    for prefix, event, value in events:
        if depth == 0:
            if prefix != wanted or event in ("map_key", "end_map", "end_array"):
                continue
            builder, size = ijson.ObjectBuilder(), 0
        size += len(value) + 3 if isinstance(value, str) else 2
        if size > limit:
            builder = None
        if builder is not None:
            builder.event(event, _number(value) if event == "number" else value)
        depth += (event in ("start_map", "start_array")) - (event in ("end_map", "end_array"))
        if depth == 0:
            yield None if builder is None else builder.value, size


def _record(number: int, value: Any, size: int, limit: int) -> FileRecord:  # noqa: ANN401 - JSON
    if size > limit:
        reason = f"a record of {size} characters, more than max_record_bytes ({limit})"
        return FileRecord(number, number, None, reason)
    if not isinstance(value, dict):
        return FileRecord(number, number, None, f"a JSON {type(value).__name__}, not an object")
    return FileRecord(number, number, value, size=size)


def _number(value: int | Decimal) -> int | float:
    """A number as orjson reads it in a line."""
    if isinstance(value, int) and -(1 << 63) <= value < 1 << 64:
        return value
    return float(value)
