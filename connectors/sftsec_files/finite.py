"""A stream of JSON in which the bare words NaN and Infinity, which JSON lacks, are null.

Python, Java and R write them for numbers that are none, and a parser of documents stops there.
"""

from __future__ import annotations

import re
from typing import IO

from sftsec_files.streams import ConvertedStream

_BARE = re.compile(rb"(?<![\w-])(?:-?Infinity|NaN)\b")
_IN_STRING = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*', re.DOTALL)
_BEGUN = re.compile(rb"(?<![-A-Za-z])[-A-Za-z]{1,8}\Z")  # of a word that the next piece may end


class FiniteStream(ConvertedStream):
    """Another stream of UTF-8 with those words replaced, outside of strings."""

    def __init__(self, stream: IO[bytes]) -> None:
        """Take the stream; it is closed with this one."""
        super().__init__(stream)
        self._rest = b""
        self._in_string = False

    def _converted(self, piece: bytes) -> bytes:
        text = self._rest + piece
        out, at, self._rest = bytearray(), 0, b""
        while at < len(text):
            end = self._end_of_string(text, at) if self._in_string else self._end_of_code(text, at)
            part = text[at:end]
            out += part if self._in_string else _BARE.sub(b"null", part)
            if text[end : end + 1] != b'"':
                self._rest = text[end:]
                break
            out += b'"'
            self._in_string = not self._in_string
            at = end + 1
        return bytes(out)

    def _end_of_string(self, text: bytes, at: int) -> int:
        found = _IN_STRING.match(text, at)
        return found.end() if found else at

    def _end_of_code(self, text: bytes, at: int) -> int:
        quote = text.find(b'"', at)
        begun = None if self._ended or quote >= 0 else _BEGUN.search(text, at)
        return begun.start() if begun else len(text) if quote < 0 else quote
