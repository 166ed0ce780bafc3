"""The lines of a file, bounded in length, with positions; why one cannot be read."""

from __future__ import annotations

import codecs
import hashlib
import json
from typing import TYPE_CHECKING

from sftsec_core.sdk.json_values import read_json
from sftsec_files.streams import BROKEN, PIECE, FileRecord, Start, describe_break

if TYPE_CHECKING:
    from typing import IO

BOM = b"\xef\xbb\xbf"
UNENDED = (
    "the last line has no end: if it is still being written, it is read when the file has grown"
)


class Lines:
    """The lines of a stream of UTF-8, with positions in bytes of that stream."""

    def __init__(self, stream: IO[bytes], start: Start, limit: int) -> None:
        """Take a stream that stands at `start`, and the most bytes of a line."""
        self.at = start.at
        self.number = start.number
        self._stream = stream
        self._limit = limit

    def next(self) -> bytes | FileRecord | None:
        """The next line; a record with the reason when it cannot be had; None at the end."""
        try:
            raw = self._stream.readline(self._limit + 1)
            if len(raw) > self._limit and not raw.endswith(b"\n"):
                return self._skip_rest(raw)
        except BROKEN as error:
            self.number += 1
            reason = f"the file breaks off or is damaged here: {describe_break(error)}"
            return FileRecord(self.at, self.number, None, reason, last=True)
        if not raw:
            return None
        self.at += len(raw)
        self.number += 1
        return raw

    def _skip_rest(self, raw: bytes) -> FileRecord:
        digest = hashlib.sha256(raw)
        size = len(raw)
        while raw and not raw.endswith(b"\n"):
            raw = self._stream.readline(PIECE)
            digest.update(raw)
            size += len(raw)
        self.at += size
        self.number += 1
        reason = f"a line of {size} bytes, more than max_record_bytes ({self._limit})"
        return FileRecord(self.at, self.number, None, reason, digest.hexdigest(), size)


def undecodable(raw: bytes, encoding: str | None) -> str:
    """Say why bytes are no text, and what to set; "" when they are.

    Args:
        raw: a line of a stream that was made UTF-8.
        encoding: what the configuration says that the file is in; None when it says nothing.
    """
    if raw.isascii() and b"\0" not in raw:
        return ""
    # Every second byte is 0 where letters of UTF-16 are taken for bytes.
    if raw.count(0) * 3 > len(raw) > 1:
        order = "be" if raw[0] == 0 else "le"
        return f"it looks like UTF-16 without its mark: set `encoding: utf-16-{order}`"
    try:
        raw.decode()
    except UnicodeDecodeError:
        if encoding is None:
            return "not UTF-8: set `encoding`, such as `encoding: cp1252` of Windows"
        return f"not {encoding}: correct `encoding`"
    return ""


def may_go_on(raw: bytes) -> bool:
    """Whether a line has no end and is text so far, if need be up to a part of a character."""
    if raw.endswith(b"\n"):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(raw)
    except UnicodeDecodeError:
        return False
    return b"\0" not in raw


def refused(lines: Lines, raw: bytes, reason: str) -> FileRecord:
    """Make the rejection of the line that was read last."""
    digest = hashlib.sha256(raw).hexdigest()
    return FileRecord(lines.at, lines.number, None, reason, digest, len(raw))


def nearly_json(raw: bytes) -> object:
    """Read what JSON does not have and many write: a mark, a comma at the end, NaN.

    Returns:
        The value, in which NaN is null; None when it is not even that.
    """
    text = raw.removeprefix(BOM).strip().removesuffix(b",")
    try:
        if b"NaN" in text or b"Infinity" in text:
            return json.loads(text, parse_constant=lambda _: None)
        return read_json(text)
    except (ValueError, RecursionError):
        return None
