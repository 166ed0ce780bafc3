"""JSON documents: an array of records, an object that wraps one, or pretty-printed records.

What consoles export: `[{...}, {...}]`, `{"Records": [{...}]}` (AWS), `{"value": [{...}]}`
(Microsoft Graph), `{"hits": {"hits": [{...}]}}` (Elasticsearch). The document is streamed: one
record at a time is in memory. A place in it is a number of records.
"""

from __future__ import annotations

import re
from decimal import Decimal
from json import JSONDecoder
from typing import TYPE_CHECKING, Any, NamedTuple

import ijson

from sftsec_files.errors import ChangedFileError
from sftsec_files.layout import Layout, find_layout, is_bare_word, is_known, open_text, parse_events
from sftsec_files.lines import nearly_json
from sftsec_files.streams import BROKEN, FileRecord, Start, describe_break

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sftsec_files.config import FilesConfig
    from sftsec_files.layout import ParseEvent
    from sftsec_files.sources import SourceFile

_UNPARSED = "not JSON from here on: the document is damaged"
_UNENDED = "the document has no end: if it is still being written, it is read on when it has grown"
_NOT_TEXT = "not UTF-8 from here on: set `encoding`, such as `encoding: cp1252` of Windows"
TWICE = "{!r} is there twice in one object"
_DEEPEST = 4000
_PEEKED = 1 << 16
_OBJECTS = re.compile(rb'\s*(?:\[\s*)?\{\s*["}]')  # not `[Mon Jan 05 ...]` nor `{key: ...`


def begins_as_json(source: SourceFile) -> bool:
    """Whether a file begins with an object of JSON or an array of them.

    Raises:
        OSError: when it cannot be opened.
    """
    with open_text(source) as stream:
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
    with open_text(source) as stream:
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
    return len(nested) == 1 and full and is_known(name)


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
    layout = find_layout(source, needed, config)
    if layout.problem:
        yield FileRecord(start.at, start.number + 1, None, layout.problem, last=True)
        return
    after, reading = start.at, _Pass()
    for finite in (False, True):
        reading = _Pass()
        for built in reading.values(source, layout, needed, config, finite=finite):
            if reading.count > after:
                after = reading.count
                yield _record(after, built, config.max_record_bytes)
        if not reading.bare_word:
            break  # else again, with that word as null, past what was read already
    yield from _ending(reading, source, start, config)


def _ending(
    reading: _Pass, source: SourceFile, start: Start, config: FilesConfig
) -> Iterator[FileRecord]:
    count = reading.count
    if reading.reason:
        yield FileRecord(count, count + 1, None, reading.reason, last=True)
        return
    if not count and config.records is not None:
        reason = f"it has no list and no object at {config.records!r}, as `records` says"
        yield FileRecord(0, 1, None, reason, last=True)
    if count < start.at:
        raise ChangedFileError(
            f"{source.path} has {count} records, less than the {start.at} already read: it was "
            "replaced; pull again from the start"
        )


# --- the records ----------------------------------------------------------------------------------


class _Pass:
    """One reading of a document.

    Attributes:
        count: values so far.
        reason: why it ended before the document's end; "" when it did not.
        bare_word: whether that was at a word such as NaN.
    """

    def __init__(self) -> None:
        self.count = 0
        self.reason = ""
        self.bare_word = False

    def values(
        self,
        source: SourceFile,
        layout: Layout,
        needed: tuple[str, ...],
        config: FilesConfig,
        *,
        finite: bool,
    ) -> Iterator[_Built]:
        watched, limit = watched_keys(needed, config), config.max_record_bytes
        with open_text(source, finite=finite) as stream:
            try:
                for built in _values(parse_events(stream), layout, limit, watched):
                    self.count += 1
                    yield built
            except (ijson.JSONError, UnicodeError) as error:
                self.reason = _break_of(error, source)
                self.bare_word = is_bare_word(error)
            except BROKEN as error:
                self.reason = f"the file breaks off or is damaged here: {describe_break(error)}"


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
        self._keys: list[dict[str, object]] = []
        self._key = ""
        self._size = 0
        self._problem = ""

    def add(self, event: str, value: Any) -> None:  # noqa: ANN401 - JSON
        self._size += len(value) + 3 if isinstance(value, str) else 2
        if self._key:
            self._compare(event, value)
        if event == "start_map":
            self._keys.append({})
        elif event == "end_map":
            self._keys.pop()
        elif event == "map_key" and value in self._watched:
            self._key = value
        if self._size > self._limit:
            self._object = None
        if self._object is not None:
            self._object.event(event, _number(value) if event == "number" else value)

    def _compare(self, event: str, value: object) -> None:
        """Note the value of a watched key; a second one of the same scalar is no conflict."""
        key, self._key = self._key, ""
        own = object() if event.startswith("start") else (event, value)
        if self._keys[-1].setdefault(key, own) != own:
            self._problem = TWICE.format(key)

    def built(self) -> _Built:
        return _Built(self._object and self._object.value, self._size, self._problem)


def _values(
    events: Iterable[ParseEvent], layout: Layout, limit: int, watched: frozenset[str]
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


def _begins(prefix: str, event: str, layout: Layout) -> bool:
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
    if "premature EOF" in str(error):
        return _UNENDED
    if "invalid bytes in UTF8" not in str(error) and not isinstance(error, UnicodeError):
        return _UNPARSED
    own = f"not {source.encoding} from here on: correct `encoding`"
    return _NOT_TEXT if source.encoding is None else own


def _number(value: int | Decimal) -> int | float | str:
    """A number as `read_json` reads it in a line."""
    if isinstance(value, int):
        return value if -(1 << 63) <= value < 1 << 64 else str(value)
    return float(value)
