"""Rows as JSON, XML, CSV or text: cells are always text, or lists of text."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from tests.servers.splunkd.errors import RestError
from tests.servers.splunkd.rest.messages import Request, Response
from tests.servers.splunkd.spl.rows import Row, matching, number, text_of
from tests.servers.splunkd.spl.times import iso

Shown = dict[str, str | list[str]]
Messages = list[tuple[str, str]]
_XML = "text/xml; charset=UTF-8"
_JSON = "application/json; charset=UTF-8"


def cells(row: Row, *, exported: bool, only: list[str] | None = None) -> Shown:
    """The cells of a row; `_time` as a date, in the one or the other of its two shapes."""
    names: Iterable[str] = row.values
    if only:
        names = dict.fromkeys(n for pattern in only for n in matching(pattern, list(row.values)))
    shown: Shown = {}
    for name in names:
        value = row.values.get(name)
        if value is None:
            continue
        at = number(value) if name == "_time" else None
        if at is not None:
            shown[name] = _exported_time(float(at)) if exported else iso(float(at))
        elif isinstance(value, list):
            shown[name] = value if len(value) > 1 else (value[0] if value else "")
        else:
            shown[name] = text_of(value)
    return shown


def _exported_time(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03} UTC"


@dataclass
class Page:
    """Rows to be shown, with what is said beside them."""

    rows: list[Shown]
    offset: int = 0
    preview: bool = False
    messages: Messages = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(name for row in self.rows for name in row))


def render(page: Page, request: Request) -> Response:
    mode = request.get("output_mode", "xml")
    if mode not in _MODES:
        raise RestError(400, f"Invalid output mode specified ({mode}).", "FATAL")
    write, kind = _MODES[mode]
    return Response(write(page).encode(), content_type=kind)


def _told(messages: Messages) -> list[dict[str, str]]:
    return [{"type": kind, "text": text} for kind, text in messages]


def _json(page: Page) -> str:
    document = {
        "preview": page.preview,
        "init_offset": page.offset,
        "messages": _told(page.messages),
        "fields": [{"name": name} for name in page.names],
        "results": page.rows,
        "highlighted": {},
    }
    return json.dumps(document, separators=(",", ":"))


def _json_rows(page: Page) -> str:
    rows = [[row.get(name) for name in page.names] for row in page.rows]
    return json.dumps({**_frame(page), "rows": rows})


def _json_cols(page: Page) -> str:
    columns = [[row.get(name) for row in page.rows] for name in page.names]
    return json.dumps({**_frame(page), "columns": columns})


def _frame(page: Page) -> dict[str, Any]:
    frame = {"preview": page.preview, "init_offset": page.offset, "messages": _told(page.messages)}
    return {**frame, "fields": page.names}


def _csv(page: Page) -> str:
    return csv_text(page.names, page.rows, header=True)


def csv_text(names: list[str], rows: Iterable[Shown], *, header: bool) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header and names:
        writer.writerow(names)
    for row in rows:
        writer.writerow([_flat(row.get(name, "")) for name in names])
    return text.getvalue()


def _flat(value: str | list[str]) -> str:
    return "\n".join(value) if isinstance(value, list) else value


def _raw(page: Page) -> str:
    return "".join(f"{_flat(row.get('_raw', ''))}\n" for row in page.rows)


def _xml(page: Page) -> str:
    return "<?xml version='1.0' encoding='UTF-8'?>\n" + results_xml(page)


def results_xml(page: Page) -> str:
    order = "".join(f"<field>{escape(name)}</field>\n" for name in page.names)
    rows = "".join(_row_xml(row, page.offset + n) for n, row in enumerate(page.rows))
    told = "".join(f"  <msg type='{kind}'>{escape(text)}</msg>\n" for kind, text in page.messages)
    messages = f"<messages>\n{told}</messages>\n" if told else ""
    return (
        f"<results preview='{int(page.preview)}'>\n<meta>\n<fieldOrder>\n{order}</fieldOrder>\n"
        f"</meta>\n{messages}{rows}</results>\n"
    )


def _row_xml(row: Shown, offset: int) -> str:
    fields = "".join(_field_xml(name, value) for name, value in row.items())
    return f"\t<result offset='{offset}'>\n{fields}\t</result>\n"


def _field_xml(name: str, value: str | list[str]) -> str:
    if name == "_raw":
        text = f"<v xml:space='preserve' trunc='0'>{escape(_flat(value))}</v>"
        return f"\t\t<field k='_raw'>{text}</field>\n"
    values = value if isinstance(value, list) else [value]
    inner = "".join(f"<value><text>{escape(each)}</text></value>" for each in values)
    return f"\t\t<field k={quoteattr(name)}>\n\t\t\t{inner}\n\t\t</field>\n"


_MODES: dict[str, tuple[Callable[[Page], str], str]] = {
    "json": (_json, _JSON),
    "json_rows": (_json_rows, _JSON),
    "json_cols": (_json_cols, _JSON),
    "csv": (_csv, "text/csv; charset=UTF-8"),
    "raw": (_raw, "text/plain; charset=UTF-8"),
    "xml": (_xml, _XML),
    "atom": (_xml, _XML),
}


# --- export: rows as they are found


def export_lines(rows: Iterator[Row], messages: Messages) -> Iterator[bytes]:
    """One JSON object a line; the last result says that it is the last."""
    held, offset = None, 0
    for row in rows:
        if held is not None:
            yield _line({"preview": False, "offset": offset, "result": held})
            offset += 1
        held = cells(row, exported=True)
    if messages:
        yield _line({"preview": False, "messages": _told(messages)})
    if held is not None:
        yield _line({"preview": False, "offset": offset, "lastrow": True, "result": held})
    else:
        yield _line({"preview": False, "lastrow": True})


def _line(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"
