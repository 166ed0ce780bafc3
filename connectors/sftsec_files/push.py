"""Detections to JSON lines, each exactly once, also after a kill and beside other writers.

A write happens under an exclusive lock on the file: a line that a kill tore is cut off, what
others appended since is read for its uids, then the new lines are written at once and synced.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.api.domain import Detection, PushReceipt
from sftsec_core.api.errors import ConnectorUnavailableError
from sftsec_files.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import IO

UID_FIELD = "sftsec.detection.uid"
REQUEST_FIELD = "sftsec.incident.uid"
_CHUNK = 1 << 16


class JsonLinesSink:
    """A file of JSON lines in which no uid stands twice.

    It remembers the uids that the file holds: about 130 bytes each.
    """

    def __init__(self, path: Path, uid_field: str) -> None:
        """Take a file.

        Args:
            path: the file; made with its folder when the first line is written.
            uid_field: the key by which a line is known.
        """
        self._path = path
        self._uid_field = uid_field
        self._known: set[str] = set()
        self._read_to = 0

    def append(self, rows: Sequence[Mapping[str, Any]]) -> PushReceipt:
        """Write the rows whose uid is not in the file yet.

        Raises:
            OutputError: when the file cannot be opened.
            ConnectorUnavailableError: when the write failed; the same call may be repeated.
        """
        with self._locked() as stream:
            self._catch_up(stream)
            fresh: dict[str, bytes] = {}
            duplicates = []
            for row in rows:
                uid = str(row[self._uid_field])
                if uid in self._known or uid in fresh:
                    duplicates.append(uid)
                else:
                    fresh[uid] = orjson.dumps(
                        row, default=str, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS
                    )
            self._write(stream, b"".join(fresh.values()))
        self._known.update(fresh)
        return PushReceipt(tuple(fresh), tuple(duplicates))

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        try:
            descriptor = _open_for_group(self._path)
        except OSError as error:
            raise OutputError(f"{self._path} cannot be written: {error.strerror}") from error
        with os.fdopen(descriptor, "r+b", buffering=0) as stream:
            fcntl.flock(stream, fcntl.LOCK_EX)  # closing lets go of it, a kill too
            yield stream

    def _catch_up(self, stream: IO[bytes]) -> None:
        """Learn the uids after the position read last; repair a torn last line."""
        size = os.fstat(stream.fileno()).st_size
        if size < self._read_to:
            self._known.clear()  # the file was cut: what it holds now counts
            self._read_to = 0
        end = self._mend(stream, size)
        stream.seek(self._read_to)
        rest = b""
        while self._read_to < end:
            piece = stream.read(min(_CHUNK, end - self._read_to))
            self._read_to += len(piece)
            *lines, rest = (rest + piece).split(b"\n")
            self._known.update(filter(None, map(self._uid_of, lines)))

    def _mend(self, stream: IO[bytes], size: int) -> int:
        if not size:
            return 0
        last = _last_line_start(stream, size)
        stream.seek(last)
        tail = stream.read(size - last)
        if tail.endswith(b"\n"):
            return size
        if self._uid_of(tail):  # whole, only without its end: not torn by us
            stream.seek(size)
            stream.write(b"\n")
            return size + 1
        stream.truncate(last)
        return last

    def _uid_of(self, line: bytes) -> str | None:
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            return None
        uid = value.get(self._uid_field) if isinstance(value, dict) else None
        return uid if isinstance(uid, str) else None

    def _write(self, stream: IO[bytes], data: bytes) -> None:
        if not data:
            return
        start = stream.seek(0, os.SEEK_END)
        try:
            view = memoryview(data)
            while view:
                view = view[stream.write(view) :]
            os.fsync(stream.fileno())
        except OSError as error:
            stream.truncate(start)
            raise ConnectorUnavailableError(
                f"{self._path} cannot be written just now: {error.strerror}"
            ) from error
        self._read_to = start + len(data)


def _open_for_group(path: Path) -> int:
    """Open the file, made where it is missing, so that a SIEM's agent of its group can read it.

    While sftsec's state is open, what a process makes is its owner's alone: so what is made here
    gets its mode by name. What is there already keeps its own.
    """
    missing = [each for each in path.parents if not each.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o750)
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o640)
    except FileExistsError:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
    os.fchmod(descriptor, 0o640)
    return descriptor


def _last_line_start(stream: IO[bytes], size: int) -> int:
    """The place at which the last line begins, whether or not it ends in a newline."""
    end = size - 1  # a newline that ends the file does not begin an empty line
    while end > 0:
        begin = max(0, end - _CHUNK)
        stream.seek(begin)
        found = stream.read(end - begin).rfind(b"\n")
        if found >= 0:
            return begin + found + 1
        end = begin
    return 0


def detection_row(detection: Detection) -> dict[str, Any]:
    """Write a detection as a flat ECS-like object; the event's own fields never hide ours."""
    row = dict(detection.fields)
    row |= {
        UID_FIELD: detection.uid,
        "event.kind": "alert",
        "event.module": "sftsec",
        "event.dataset": "sftsec.detections",
        "event.risk_score": round(100 * detection.probability, 2),
        "sftsec.incident.uid": detection.incident_uid,
        "sftsec.task": detection.task,
        "sftsec.model.digest": detection.model_digest,
        "sftsec.label": detection.label,
        "sftsec.labels": list(detection.labels or (detection.label,)),
        "sftsec.probability": detection.probability,
        "sftsec.threshold": detection.threshold,
        "sftsec.top_classes": [
            {"label": label, "probability": share} for label, share in detection.top_classes
        ],
    }
    if detection.at is not None:
        row["@timestamp"] = detection.at.isoformat()
    if detection.explanation is not None:
        row["event.reason"] = detection.explanation.text
        row["sftsec.contributions"] = detection.explanation.contributions()
    return row
