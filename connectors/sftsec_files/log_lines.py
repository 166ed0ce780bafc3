"""Lines of text logs: CEF and LEEF by their fields, syslog by its header, others as they are.

The line itself is no field of a CEF or LEEF event: it would hold the verdict, where a field of
the event does, and a model could read it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.sdk.time_forms import TimeError
from sftsec_files.lines import BOM, Lines, refused, undecodable
from sftsec_files.streams import FileRecord, Start, open_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sftsec_core.sdk.times import TimeReader
    from sftsec_files.config import FilesConfig
    from sftsec_files.sources import SourceFile

_TIME = "@timestamp"
_EVENT = re.compile(r"\b(CEF|LEEF): ?(\d+(?:\.\d+)?)\|")
# Loops over single characters with a choice take memory for each: long runs go first.
_CELL = re.compile(r"([^|\\]*(?:\\.[^|\\]*)*)\|")
_CEF_NAMES = ("deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name")
# Of CEF, LEEF and pairs; the first that can be read is the event's.
_TIMES = (
    *("rt", "end", "start", "endTime", "startTime", "deviceReceiptTime", "devTime"),
    *("eventtime", "date_time", "time", "date"),
)
_LEEF_NAMES = ("deviceVendor", "deviceProduct", "deviceVersion", "eventId")
_KEY = re.compile(r"(?:^|(?<=[\s|]))([A-Za-z0-9_.\-\[\]]+)=")
_ESCAPE = re.compile(r"\\([\\=|nr])")
_ESCAPES = {"n": "\n", "r": "\r"}
_LABEL = "Label"
# RFC 5424: <priority>version time host program process message-id structured-data message
_NEW_SYSLOG = re.compile(
    r"<\d{1,3}>\d{1,2} (?P<time>\S+) (?P<host>\S+) (?P<name>\S+) (?P<pid>\S+) \S+ "
    r"(?:-|(?:\[[^\]\"\\]*(?:(?:\"[^\"\\]*(?:\\.[^\"\\]*)*\"|\\.)[^\]\"\\]*)*\])+)"
    r"(?: (?P<message>.*))?",
    re.DOTALL,
)
# RFC 3164 and what writes ISO times in its place: <priority>time host program[process]: message
_OLD_SYSLOG = re.compile(
    r"(?:<\d{1,3}>)?(?P<time>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?: \d{4})?|\d{4}-\d\d-\d\dT\S+) "
    r"(?P<host>[\w.:-]+) (?:(?P<name>[^\s:\[\]|=]+)(?:\[(?P<pid>\d+)\])?: ?)?(?P<message>.*)",
    re.DOTALL,
)
_PAIR = re.compile(r'(?<!\S)([A-Za-z_][\w.-]*)=("[^"\\]*(?:\\.[^"\\]*)*"|[^\s"]*?),?(?!\S)')
_QUOTED = re.compile(r"\\([\\\"])")
_OFFSET = re.compile(r"[+-]\d\d:?\d\d")
_FEWEST_PAIRS, _ALL_PAIRS = 5, 0.95  # pairs, and the part of a line that they make up
_PRIORITY = re.compile(r"<\d{1,3}>")
_SYSLOG_FIELDS = {"host": "host.name", "name": "process.name", "pid": "process.pid"}


def read_log_lines(source: SourceFile, start: Start, config: FilesConfig) -> Iterator[FileRecord]:
    """Read a file's lines from `start` on, each a record; blank ones are passed over.

    Raises:
        ChangedFileError: when the file is shorter than `start`.
        OSError: when it cannot be opened.
    """
    times = config.times
    with open_stream(source, start) as stream:
        lines = Lines(stream, start, config.max_record_bytes)
        while (raw := lines.next()) is not None:
            if isinstance(raw, FileRecord):
                yield raw
                if raw.last:
                    return
                continue
            text = raw.removeprefix(BOM).strip()
            if reason := undecodable(raw, source.encoding):
                yield refused(lines, raw, reason)
            elif text:
                value = parse_line(text.decode(), times)
                yield FileRecord(lines.at, lines.number, value, size=len(raw))


def is_log_line(text: str) -> bool:
    """Whether a line is surely one of CEF, LEEF or syslog with its priority."""
    return bool(_EVENT.search(text) or _PRIORITY.match(text))


def is_syslog(text: str) -> bool:
    """Whether a line begins with the header of syslog."""
    return bool(_NEW_SYSLOG.fullmatch(text) or _OLD_SYSLOG.fullmatch(text))


def parse_line(text: str, times: TimeReader) -> dict[str, Any]:
    """Read the fields of a line.

    A line is one of pairs where nearly all of it is: `date=2026-01-05 msg="text" action=deny`.

    Args:
        text: the line without its end.
        times: which times are read: another one of the header is left out.

    Returns:
        The fields of a CEF or LEEF event, of a JSON object after a header, or of pairs; else
        `message`, with `host.name`, `process.name` and `process.pid` where syslog's header has
        them. `@timestamp` is CEF's `rt`, `end` or `start`, LEEF's `devTime`, the `date` and `time`
        of pairs, or the header's, if it has a year.
    """
    header, rest = _syslog(text)
    event = _EVENT.search(text)  # whose mark looks like the program's name in a header
    fields = _event(event[1], text[event.end() :], event[2]) if event else {}
    if fields:
        return _timed(fields, header.get("time"), times)
    inner = _json(rest)
    if inner is not None:
        return inner
    if pairs := _pairs(rest):
        return _timed(pairs, header.get("time"), times)
    named = {_SYSLOG_FIELDS[key]: v for key, v in header.items() if key in _SYSLOG_FIELDS}
    return _timed({**named, "message": rest}, header.get("time"), times)


def _syslog(text: str) -> tuple[dict[str, str], str]:
    found = _NEW_SYSLOG.fullmatch(text) or _OLD_SYSLOG.fullmatch(text)
    if found is None:
        return {}, _PRIORITY.sub("", text, count=1) if _PRIORITY.match(text) else text
    parts = {key: value for key, value in found.groupdict().items() if value not in (None, "-")}
    return parts, parts.pop("message", "").removeprefix("\ufeff")


def _json(text: str) -> dict[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _pairs(text: str) -> dict[str, Any]:
    """The fields of a line of pairs; none where there are few or much else stands in it."""
    found = list(_PAIR.finditer(text))
    if (
        len(found) < _FEWEST_PAIRS
        or sum(len(pair[0]) + 1 for pair in found) < len(text) * _ALL_PAIRS
    ):
        return {}
    fields = {pair[1]: _unquoted(pair[2]) for pair in found}
    fields = {name: value for name, value in fields.items() if value}
    if "date" in fields and "time" in fields:
        zone = fields.get("tz", "") if _OFFSET.fullmatch(fields.get("tz", "")) else ""
        return {"start": f"{fields['date']}T{fields['time']}{zone}", **fields}
    return fields


def _unquoted(value: str) -> str:
    return _QUOTED.sub(r"\1", value[1:-1]) if value.startswith('"') and len(value) > 1 else value


def _timed(fields: dict[str, Any], time: str | None, times: TimeReader) -> dict[str, Any]:
    """The fields with the event's time, where one can be read."""
    for value in (*(fields.get(name) for name in _TIMES), time):
        try:
            if value and _TIME not in fields and times.read(value) is not None:
                return {_TIME: value, **fields}
        except TimeError:
            continue
    return fields


def _cells(text: str, most: int) -> tuple[list[str], str]:
    """The first cells between bars, and what follows them."""
    found: list[str] = []
    at = 0
    while len(found) < most and (cell := _CELL.match(text, at)):
        found.append(_unescaped(cell[1]))
        at = cell.end()
    return found, text[at:]


def _event(kind: str, text: str, version: str) -> dict[str, Any]:
    """The fields of an event; none where its header is cut off, as in a quotation."""
    return _cef(text) if kind == "CEF" else _leef(text, version)


def _cef(text: str) -> dict[str, Any]:
    cells, rest = _cells(text, len(_CEF_NAMES) + 1)
    if len(cells) < len(_CEF_NAMES):
        return {}
    fields = _extension(rest)
    for custom in [key for key in fields if key.endswith(_LABEL)]:
        # cs1Label=Rule Name cs1=Block: the field is "Rule Name".
        own = custom.removesuffix(_LABEL)
        name = fields[custom]
        if own in fields and name and name not in fields:
            fields[name] = fields.pop(own)
            del fields[custom]
    head = dict(zip((*_CEF_NAMES, "severity"), cells, strict=False))
    return {**fields, **{name: value for name, value in head.items() if value}}


def _extension(text: str) -> dict[str, Any]:
    keys = list(_KEY.finditer(text))
    ends = [*(key.start() for key in keys[1:]), len(text)][: len(keys)]
    pairs = ((k[1], _unescaped(text[k.end() : e].strip())) for k, e in zip(keys, ends, strict=True))
    return {name: value for name, value in pairs if value}


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[1]), text)


def _leef(text: str, version: str) -> dict[str, Any]:
    cells, rest = _cells(text, len(_LEEF_NAMES))
    if len(cells) < len(_LEEF_NAMES):
        return {}
    delimiter = "\t"
    if version.startswith("2"):
        given, bar, after = rest.partition("|")
        if bar and len(given) <= 4 and "=" not in given[1:]:
            delimiter, rest = _delimiter(given), after
    if delimiter in rest:
        pairs = (each.partition("=") for each in rest.split(delimiter))
        fields = {name.strip(): value.strip() for name, _, value in pairs if value.strip()}
    else:
        fields = _extension(rest)  # a sender that puts spaces between the pairs
    head = dict(zip(_LEEF_NAMES, cells, strict=False))
    return {**fields, **{name: value for name, value in head.items() if value}}


def _delimiter(given: str) -> str:
    """The character that LEEF 2.0 names: itself, or as x09 or 0x09."""
    code = re.fullmatch(r"(?:0?x)([0-9A-Fa-f]{1,4})", given)
    return chr(int(code[1], 16)) if code else given[:1] or "\t"
