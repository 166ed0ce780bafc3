"""Splunk's protocol for search commands, version 2, without Splunk's SDK.

splunkd starts the script and writes frames to it: `chunked 1.0,<bytes of metadata>,<bytes of
body>`, a newline, JSON, CSV. The first asks for `getinfo`; each later one, `execute`, brings rows
and is answered by one frame with what became of them.
"""

from __future__ import annotations

import json
import re
import sys
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Callable

from sftsec_app.errors import AppError
from sftsec_app.rows import Table

Metadata = dict[str, Any]
_HEADER = re.compile(rb"chunked 1\.0,(\d+),(\d+)\n")
_LONGEST_HEADER = 64
# What names an indexed event is hidden, and asked for by name.
ALL_FIELDS = ["*", "_bkt", "_cd"]


@dataclass
class Messages:
    """What a search shows below its bar; each line once, however many batches say it."""

    waiting: list[tuple[str, str]] = field(default_factory=list)
    said: set[tuple[str, str]] = field(default_factory=set)

    def add(self, kind: str, text: str) -> None:
        """Say something.

        Args:
            kind: INFO, WARN or ERROR.
            text: one line.
        """
        message = (kind, f"sftsec: {text}")
        if message not in self.said:
            self.said.add(message)
            self.waiting.append(message)

    def take(self) -> Metadata:
        """What has not been shown yet, as a frame carries it."""
        messages, self.waiting = self.waiting, []
        return {"inspector": {"messages": messages}} if messages else {}


class Command:
    """One search command; a subclass says what it does with rows."""

    # On the search head alone, in the order of the rows: what `distributed = false` comes to.
    kind = "stateful"

    def __init__(self, info: Metadata, messages: Messages) -> None:
        """Read the arguments and get ready.

        Args:
            info: the metadata of `getinfo`.
            messages: what the search is to show.

        Raises:
            AppError: to refuse; the search then fails with its message.
        """
        self.info = info
        self.messages = messages

    def required_fields(self) -> list[str]:
        """What splunkd has to extract for this command."""
        return ALL_FIELDS

    def execute(self, table: Table, *, preview: bool, last: bool) -> None:
        """Change the rows of one frame in their place.

        Args:
            table: the rows; none of them is removed.
            preview: whether the rows are not final: nothing may be written for them.
            last: whether no frame follows.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what is held; called when no frame follows."""


def run(make: Callable[[Metadata, Messages], Command]) -> None:
    """Talk to splunkd by standard input and output until it has no more rows."""
    sys.exit(_talk(make, sys.stdin.buffer, sys.stdout.buffer))


def _talk(make: Callable[[Metadata, Messages], Command], source: BinaryIO, sink: BinaryIO) -> int:
    try:
        return _serve(make, source, sink)
    except (BrokenPipeError, EOFError):  # the search was ended
        return 0


def _serve(make: Callable[[Metadata, Messages], Command], source: BinaryIO, sink: BinaryIO) -> int:
    messages = Messages()
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


def _execute(command: Command, source: BinaryIO, sink: BinaryIO, *, preview: bool) -> int:
    while True:
        frame = read_frame(source)
        if frame is None:
            return 0
        metadata, body = frame
        last = bool(metadata.get("finished"))
        table = Table.read(body)
        command.execute(table, preview=preview or bool(metadata.get("preview")), last=last)
        write_frame(sink, {"finished": last, **command.messages.take()}, table.write())
        if last:
            return 0


def read_frame(source: BinaryIO) -> tuple[Metadata, bytes] | None:
    """The next frame; None when there is none.

    Raises:
        EOFError: when it breaks off, or is none.
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
    told = json.dumps(metadata).encode()
    sink.write(b"chunked 1.0,%d,%d\n" % (len(told), len(body)))
    sink.write(told)
    sink.write(body)
    sink.flush()


def _exactly(source: BinaryIO, size: int) -> bytes:
    content = source.read(size)
    if len(content) < size:
        raise EOFError("the frame breaks off")
    return content
