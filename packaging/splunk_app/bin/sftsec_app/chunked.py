"""Splunk's protocol for search commands, version 2, without Splunk's SDK.

splunkd starts the script and writes frames to it: `chunked 1.0,<bytes of metadata>,<bytes of
body>`, a newline, JSON, CSV. The first one is `getinfo`. Each later one is `execute`, holds rows,
and gets one frame with the changed rows as its answer.
"""

from __future__ import annotations

import json
import re
import sys
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Callable

from sftsec_app.portable import AppError
from sftsec_app.rows import RowTable

Metadata = dict[str, Any]
_HEADER = re.compile(rb"chunked 1\.0,(\d+),(\d+)\n")
_LONGEST_HEADER = 64
# The fields that name an indexed event are hidden: `*` does not include them.
ALL_FIELDS = ["*", "_bkt", "_cd"]


@dataclass
class SearchMessages:
    """Messages that Splunk shows with the search, each one once."""

    waiting: list[tuple[str, str]] = field(default_factory=list)
    shown: set[tuple[str, str]] = field(default_factory=set)

    def add(self, kind: str, text: str) -> None:
        """Add a message.

        Args:
            kind: INFO, WARN or ERROR.
            text: one line.
        """
        message = (kind, f"sftsec: {text}")
        if message not in self.shown:
            self.shown.add(message)
            self.waiting.append(message)

    def take(self) -> Metadata:
        """The messages that no frame has carried yet, as metadata of a frame."""
        messages, self.waiting = self.waiting, []
        return {"inspector": {"messages": messages}} if messages else {}


class SearchCommand:
    """A search command; a subclass changes the rows."""

    # On the search head alone, in the order of the rows, as `distributed = false` asks for.
    kind = "stateful"

    def __init__(self, info: Metadata, messages: SearchMessages) -> None:
        """Read the arguments and prepare.

        Args:
            info: the metadata of `getinfo`.
            messages: for the search to show.

        Raises:
            AppError: when they are wrong; the search then fails with its message.
        """
        self.info = info
        self.messages = messages

    def required_fields(self) -> list[str]:
        """The fields that splunkd has to extract for this command."""
        return ALL_FIELDS

    def execute(self, table: RowTable, *, preview: bool, last: bool) -> None:
        """Change the rows of one frame in place.

        Args:
            table: the rows; none of them is removed.
            preview: whether the rows are not final: nothing may be written for them.
            last: whether no frame follows.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close connections; called when no frame follows."""


CommandFactory = Callable[[Metadata, SearchMessages], SearchCommand]


def run(make: CommandFactory) -> None:
    """Read frames from standard input and answer on standard output, up to the last one."""
    sys.exit(_serve_until_closed(make, sys.stdin.buffer, sys.stdout.buffer))


def _serve_until_closed(make: CommandFactory, source: BinaryIO, sink: BinaryIO) -> int:
    try:
        return _serve(make, source, sink)
    except (BrokenPipeError, EOFError):  # the search was ended
        return 0


def _serve(make: CommandFactory, source: BinaryIO, sink: BinaryIO) -> int:
    messages = SearchMessages()
    first = read_frame(source)
    if first is None:
        return 0
    try:
        command = make(first[0].get("searchinfo") or {}, messages)
    except AppError as error:
        messages.add("ERROR", str(error))
        write_frame(sink, {"finished": True, **messages.take()})
        return 1
    reply = {"type": command.kind, "required_fields": command.required_fields(), "finished": False}
    write_frame(sink, {**reply, **messages.take()})
    with closing(command):
        return _execute(command, source, sink, preview=bool(first[0].get("preview")))


def _execute(command: SearchCommand, source: BinaryIO, sink: BinaryIO, *, preview: bool) -> int:
    while True:
        frame = read_frame(source)
        if frame is None:
            return 0
        metadata, body = frame
        last = bool(metadata.get("finished"))
        table = RowTable.read(body)
        command.execute(table, preview=preview or bool(metadata.get("preview")), last=last)
        write_frame(sink, {"finished": last, **command.messages.take()}, table.write())
        if last:
            return 0


def read_frame(source: BinaryIO) -> tuple[Metadata, bytes] | None:
    """The next frame; None when there is none.

    Raises:
        EOFError: when it is cut off, or is not a frame.
    """
    header = source.readline(_LONGEST_HEADER)
    if not header:
        return None
    sizes = _HEADER.fullmatch(header)
    if sizes is None:
        raise EOFError("not a frame of the chunked protocol")
    metadata = json.loads(_exactly(source, int(sizes[1])) or b"{}")
    return metadata, _exactly(source, int(sizes[2]))


def write_frame(sink: BinaryIO, metadata: Metadata, body: bytes = b"") -> None:
    """Send a frame."""
    head = json.dumps(metadata).encode()
    sink.write(b"chunked 1.0,%d,%d\n" % (len(head), len(body)))
    sink.write(head)
    sink.write(body)
    sink.flush()


def _exactly(source: BinaryIO, size: int) -> bytes:
    content = source.read(size)
    if len(content) < size:
        raise EOFError("the frame is cut off")
    return content
