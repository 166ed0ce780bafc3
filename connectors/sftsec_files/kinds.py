"""What a file holds whose suffix does not say it: by how it begins."""

from __future__ import annotations

import codecs
import gzip
import re
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Literal

from sftsec_files.lines import BOM
from sftsec_files.log_lines import is_log_line, is_syslog
from sftsec_files.packing import is_gzipped
from sftsec_files.streams import BROKEN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sftsec_files.config import FilesConfig

Probable = Literal["eml", "mbox", "lines"]
_PEEKED = 1 << 16
_LINES = 5
_WINDOWS = "cp1252"
# What people type besides letters: the euro, dashes, quotation marks.
_TYPED = "\u20ac\u2013\u2014\u2026\u2018\u2019\u201c\u201d\u2022\xa0\xa7\xb0"
_ENCODED = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".log", ".txt", ".cef", ".leef")
_MOST_FILES = 50
_TEXTS = re.compile(r"\.(?:log|txt|syslog|out)(?:$|[.-]\d)", re.IGNORECASE)
# Names of fields with which mails begin as servers and programs store them.
_MAIL = re.compile(
    r"(?:return-path|delivered-to|received|message-id|from|to|subject|date|mime-version|replied|"
    r"x-[\w-]+|arc-[\w-]+|authentication-results|dkim-signature|content-type|reply-to|sender): ?\S",
    re.IGNORECASE,
)


def begins_as_log(file: Path) -> bool:
    """Whether one of a file's first lines is surely one of CEF, LEEF or syslog.

    Raises:
        OSError: when it cannot be opened.
    """
    return any(map(is_log_line, first_lines(file)))


def first_lines(file: Path) -> list[str]:
    """The first lines that are not blank; none of a file that is no text.

    Raises:
        OSError: when it cannot be opened.
    """
    try:
        with gzip.open(file) if is_gzipped(file) else file.open("rb") as stream:
            head = stream.read(_PEEKED).removeprefix(BOM)
    except BROKEN:
        return []
    if b"\0" in head:
        return []
    whole = head.rpartition(b"\n")[0] if len(head) == _PEEKED else head
    lines = (line.strip() for line in whole.decode(errors="replace").splitlines())
    return list(islice(filter(None, lines), _LINES))


def probable_format(config: FilesConfig) -> Probable | None:
    """The `format` of files of no known suffix, when nearly all begin alike.

    Raises:
        OSError: when one cannot be opened.
    """
    found = Counter(_kind_of(file) for file in islice(_files(config), _MOST_FILES))
    kind, count = found.most_common(1)[0] if found else (None, 0)
    return kind if count * 10 >= found.total() * 9 else None


def probable_encoding(config: FilesConfig) -> str | None:
    """Windows' encoding, for texts of which none but it reads all; None where UTF-8 does.

    Raises:
        OSError: when a file cannot be opened.
    """
    heads = [head for file in islice(_files(config), _MOST_FILES) if (head := _head_of(file))]
    if not heads or all(map(_is_utf8, heads)):
        return None
    return _WINDOWS if all(map(_is_windows, heads)) else None


def _head_of(file: Path) -> bytes:
    """The start of a text that no mark of an encoding precedes; else nothing."""
    if file.suffix.lower() not in _ENCODED:
        return b""
    with file.open("rb") as stream:
        head = stream.read(_PEEKED * 16)
    return b"" if head.startswith((BOM, b"\xff\xfe", b"\xfe\xff")) or b"\0" in head else head


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _is_windows(head: bytes) -> bool:
    """Whether all of it has a letter in Windows' encoding, in words of European languages."""
    try:
        text = head.decode(_WINDOWS)
    except UnicodeDecodeError:
        return False
    strange = [letter for letter in text if not letter.isascii() and letter not in _TYPED]
    letters = sum(map(str.isalpha, strange))
    return len(strange) < len(text) * 0.2 and letters >= len(strange) * 0.8


def _files(config: FilesConfig) -> Iterator[Path]:
    for path in config.paths:
        inside = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in inside:
            if file.is_file() and not file.name.startswith("."):
                yield file


def _kind_of(file: Path) -> Probable | None:
    lines = first_lines(file)
    if not lines:
        return None
    if lines[0].startswith("From ") and len(lines) > 1 and _MAIL.match(lines[1]):
        return "mbox" if _has_several_mails(file) else "eml"
    if len(lines) > 1 and all(map(_MAIL.match, lines[:1])) and ": " in lines[1]:
        return "eml"
    is_text = _TEXTS.search(file.name) or any(map(is_log_line, lines)) or is_syslog(lines[0])
    return "lines" if is_text else None


def _has_several_mails(file: Path) -> bool:
    with gzip.open(file) if is_gzipped(file) else file.open("rb") as stream:
        return stream.read(1 << 20).count(b"\nFrom ") > 0
