"""Mail: an `.eml` file is one incident, an `.mbox` file holds many.

A mail comes with the fields that ECS has for it, and what it lacks beside them: the text in
`message`, the targets of links, where answers go. Hostile mail is broken mail: what cannot be
parsed of one is left out, and what cannot be taken for a mail at all is rejected.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.utils import getaddresses, parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from sftsec_core.sdk.records import UnusableError, parse_time
from sftsec_files.html_text import html_to_text
from sftsec_files.lines import BOM
from sftsec_files.streams import BROKEN, FileRecord, Start, describe_break, open_raw

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message
    from typing import IO

    from sftsec_files.config import FilesConfig
    from sftsec_files.sources import SourceFile

_ADDRESSES = {
    "email.from.address": "from",
    "email.sender.address": "sender",
    "email.to.address": "to",
    "email.cc.address": "cc",
    "email.bcc.address": "bcc",
    "email.reply_to.address": "reply-to",
    "email.return_path.address": "return-path",
}
_TEXTS = {
    "email.subject": "subject",
    "email.message_id": "message-id",
    "email.x_mailer": "x-mailer",
    "email.authentication_results": "authentication-results",
}
_KNOWN = frozenset({*_ADDRESSES.values(), *_TEXTS.values(), "date", "received", "mime-version"})
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]]+@[^\s<>,;:\"()\[\]]+")
_DEEPEST = 64
_SEPARATOR = b"From "
# What the standard library raises on the header fields and the text of hostile mail.
_BROKEN_PART = (MessageError, ValueError, TypeError, LookupError, AttributeError, AssertionError)


def read_eml(source: SourceFile, start: Start, config: FilesConfig) -> Iterator[FileRecord]:
    """Read a file that is one mail; nothing when it was read already.

    Raises:
        OSError: when it cannot be opened.
    """
    if start.at:
        return
    with open_raw(source) as stream:
        try:
            raw = stream.read(config.max_record_bytes + 1)
        except BROKEN as error:
            reason = f"the file breaks off or is damaged: {describe_break(error)}"
            yield FileRecord(0, 1, None, reason, last=True)
            return
    yield _record(raw, 1, 1, config)._replace(last=True)


def read_mbox(source: SourceFile, start: Start, config: FilesConfig) -> Iterator[FileRecord]:
    """Read the mails of a mailbox from `start` on; places are bytes, numbers those of mails.

    Raises:
        OSError: when it cannot be opened.
    """
    limit = config.max_record_bytes
    with open_raw(source) as stream:
        stream.seek(start.at)
        at, number, mail, blank = start.at, start.number, bytearray(), True
        try:
            for line in _pieces(stream):
                if blank and line.startswith(_SEPARATOR):
                    if mail:
                        number += 1
                        yield _record(bytes(mail), at, number, config)
                    mail = bytearray()
                elif len(mail) <= limit:
                    # A line of the text that looks like the separator is quoted.
                    mail += line[1:] if line.startswith(b">From ") else line
                at += len(line)
                blank = not line.strip(b"\r\n")
        except BROKEN as error:
            reason = f"the file breaks off or is damaged here: {describe_break(error)}"
            yield FileRecord(at, number + 1, None, reason, last=True)
            return
        if mail.strip():
            yield _record(bytes(mail), at, number + 1, config)


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    while line := stream.readline(1 << 20):
        yield line


def _record(raw: bytes, at: int, number: int, config: FilesConfig) -> FileRecord:
    reason, value = "", None
    if len(raw) > config.max_record_bytes:
        reason = f"a mail of more than max_record_bytes ({config.max_record_bytes})"
    else:
        try:
            value = mail_fields(raw, config)
        except UnusableError as error:
            reason = str(error)
    digest = hashlib.sha256(raw).hexdigest() if reason else ""
    return FileRecord(at, number, value, reason, digest, len(raw))


def mail_fields(raw: bytes, config: FilesConfig) -> dict[str, Any]:
    """Read a mail into flat fields; one that is missing or broken is left out.

    Args:
        raw: the mail.
        config: which times are read.

    Raises:
        UnusableError: when it has none of a mail's header fields, or nests too deep.
    """
    try:
        mail = message_from_bytes(raw.removeprefix(BOM))
        names = {name.lower() for name, _ in mail.raw_items()}
    except (MessageError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UnusableError(f"not a mail that can be parsed ({type(error).__name__})") from error
    if not names & _KNOWN:
        raise UnusableError("not a mail: it has none of the header fields of one")
    found: dict[str, Any] = {field: _text(mail, name) for field, name in _TEXTS.items()}
    found |= {field: _one(_addresses(mail, name)) for field, name in _ADDRESSES.items()}
    found["email.from.name"] = _one(_names(mail, "from"))
    found["email.received.count"] = sum(name.lower() == "received" for name, _ in mail.raw_items())
    found["email.content_type"] = mail.get_content_type()
    found |= _dates(mail, config)
    body = _Body()
    body.add(mail, 0)
    found |= body.fields()
    return {name: value for name, value in found.items() if value not in (None, "", [])}


# --- header fields --------------------------------------------------------------------------------


def _values(mail: Message, name: str) -> list[str]:
    """The values of a header field, as they are written."""
    return [str(raw) for raw_name, raw in mail.raw_items() if raw_name.lower() == name]


def _text_of(raw: str) -> str:
    """The text of a header field: encoded words decoded, broken ones left as they are."""
    if "=?" not in raw:
        return _clean(raw)
    try:
        parts = decode_header(_clean(raw))
    except _BROKEN_PART:
        return _clean(raw)
    return _clean(
        "".join(_decoded(p, charset) if isinstance(p, bytes) else p for p, charset in parts)
    )


def _clean(text: str) -> str:
    """The text without surrogates: bytes that came without an encoding are read as what fits."""
    try:
        raw = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raw = text.encode("utf-8", "surrogatepass")
    return _decoded(raw, None).replace("\r", "").replace("\n", "").strip()


def _decoded(raw: bytes, charset: str | None) -> str:
    for name in (charset, "utf-8"):
        try:
            return raw.decode(name or "utf-8")
        except (ValueError, LookupError):
            continue
    return raw.decode("cp1252", "replace")


def _text(mail: Message, name: str) -> str | None:
    return next(map(_text_of, _values(mail, name)), None)


def _addresses(mail: Message, name: str) -> list[str]:
    values = [_clean(raw) for raw in _values(mail, name)]
    found = [address for _, address in getaddresses(values) if "@" in address]
    return list(dict.fromkeys(found or _ADDRESS.findall(" ".join(values))))


def _names(mail: Message, name: str) -> list[str]:
    values = [_clean(raw) for raw in _values(mail, name)]
    return [_text_of(shown) for shown, _ in getaddresses(values) if shown]


def _one(values: list[str]) -> str | list[str] | None:
    """One value as it is, several as a list."""
    return values[0] if len(values) == 1 else values or None


def _dates(mail: Message, config: FilesConfig) -> dict[str, str]:
    """When it says that it was sent; `@timestamp` only where that can be."""
    written = _text(mail, "date")
    if not written:
        return {}
    try:
        at = parse_time(parsedate_to_datetime(written), "date", config.times)
    except (UnusableError, ValueError, TypeError, OverflowError, IndexError):
        at = None
    if at is None:
        return {"email.date": written}
    sent = at.astimezone(UTC).isoformat()
    return {"@timestamp": sent, "email.origination_timestamp": sent}


# --- the body -------------------------------------------------------------------------------------


class _Body:
    """Gathers the text, the links and the attachments of a mail's parts."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._links: dict[str, None] = {}
        self._files: list[str] = []
        self._types: list[str] = []

    def fields(self) -> dict[str, Any]:
        return {
            "message": "\n\n".join(self._texts),
            "email.links": list(self._links),
            "email.attachments.file.name": self._files,
            "email.attachments.file.mime_type": self._types,
        }

    def add(self, part: Message, depth: int) -> None:
        if depth > _DEEPEST:
            raise UnusableError(f"its parts nest deeper than {_DEEPEST} levels")
        name = _file_name(part)
        kind = part.get_content_type()
        if name or part.get_content_disposition() == "attachment":
            self._files.append(name or "")
            self._types.append(kind)
        inner = part.get_payload() if part.is_multipart() else None
        if isinstance(inner, list):
            self._add_parts(inner, kind, depth)
        elif name is None and kind in ("text/plain", "text/html"):
            self._texts += filter(None, [self._text(part)])

    def _add_parts(self, parts: list[Any], kind: str, depth: int) -> None:
        if kind == "multipart/alternative":
            plain = [each for each in parts if each.get_content_type() == "text/plain"]
            if any(self._text(each) for each in plain):
                for each in parts:
                    self._text(each)  # for the links of the other spellings of the same text
                parts = [*plain, *(each for each in parts if _has_files(each))]
        for each in parts:
            self.add(each, depth + 1)

    def _text(self, part: Message) -> str:
        """The text of a part; the links of a page are kept."""
        try:
            raw = part.get_payload(decode=True)
        except _BROKEN_PART:
            return ""
        if not isinstance(raw, bytes):
            return ""
        text = _decoded(raw, _charset(part)).replace("\r\n", "\n").replace("\0", "")
        if part.get_content_type() == "text/html":
            text, links = html_to_text(text)
            self._links.update(dict.fromkeys(links))
        return text.strip()


def _has_files(part: Message) -> bool:
    return part.is_multipart() and any(_file_name(each) for each in part.walk())


def _charset(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except _BROKEN_PART:
        return None


def _file_name(part: Message) -> str | None:
    try:
        name = part.get_filename()
    except _BROKEN_PART:
        return "unreadable"
    return _text_of(name) if name is not None else None
