"""A file of verdicts beside the incidents: JSON lines, append-only.

    {"key": "5d41...", "incident": "mail.jsonl#7", "verdict": "benign", "analyst": "ann",
     "reason": "a newsletter", "at": "2026-01-05T08:00:00+00:00"}

A line with `retracts` takes the verdict of that key back. `sftsec labels add --from` reads such
lines too, so that verdicts can be moved to another platform.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any

import orjson

from sftsec_core.api.domain import Rejection, Verdict
from sftsec_core.sdk.records import UnusableError, parse_time
from sftsec_files.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

KEY_FIELD = "key"
_GONE = "a verdict names it, and no file has it (any more)"


@dataclass(slots=True)
class VerdictFile:
    """The verdicts of a file.

    Attributes:
        counted: an incident's uid to the verdicts on it that were not taken back, in the order of
            the file.
        rejected: lines that cannot be used.
        missing: uids of `counted` that no record has had so far.
    """

    counted: dict[str, tuple[Verdict, ...]] = field(default_factory=dict)
    rejected: list[Rejection] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)

    @classmethod
    def read(cls, path: Path) -> VerdictFile:
        """Read the file; one that is not there yet holds none.

        Raises:
            SourceError: when it cannot be read.
        """
        made, retracted = cls(), set[str]()
        lines: dict[str, tuple[str, Verdict]] = {}
        for number, line in enumerate(_lines(path), start=1):
            try:
                row = _object(line)
                if row.get("retracts"):
                    retracted.add(str(row["retracts"]))
                else:
                    # A line of another tool may have no key.
                    lines[str(row.get(KEY_FIELD) or f"line {number}")] = _verdict(row)
            except UnusableError as error:
                digest = hashlib.sha256(line).hexdigest()
                made.rejected.append(Rejection(f"{path}:{number}", str(error), digest))
        for key, (uid, verdict) in lines.items():
            if key not in retracted:
                made.counted[uid] = (*made.counted.get(uid, ()), verdict)
        made.missing.update(made.counted)
        return made

    def of(self, uid: str) -> tuple[Verdict, ...]:
        """The verdicts on a record that is there."""
        self.missing.discard(uid)
        return self.counted.get(uid, ())

    def unmatched(self) -> list[Rejection]:
        """The verdicts that were read and name no record, once all records were read."""
        return [Rejection(uid, _GONE) for uid in sorted(self.missing)]


def verdict_row(uid: str, verdict: Verdict) -> dict[str, object]:
    """A verdict as a line of the file."""
    row = {
        KEY_FIELD: _key(uid, verdict),
        "incident": uid,
        "verdict": verdict.value,
        "analyst": verdict.analyst,
        "reason": verdict.reason,
        "at": _at(verdict),
        "automated": verdict.automated or None,
    }
    return {name: value for name, value in row.items() if value is not None}


def retraction_row(uid: str, verdict: Verdict) -> dict[str, object]:
    """The line that takes a verdict back."""
    key = _key(uid, verdict)
    row = {KEY_FIELD: f"retracts-{key}", "incident": uid, "retracts": key}
    return {**row, "analyst": verdict.analyst} if verdict.analyst else {**row}


def _key(uid: str, verdict: Verdict) -> str:
    content = [uid, verdict.value, verdict.analyst, _at(verdict), verdict.automated]
    return hashlib.sha256(orjson.dumps(content)).hexdigest()[:40]


def _at(verdict: Verdict) -> str | None:
    return None if verdict.at is None else verdict.at.astimezone(UTC).isoformat()


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as stream:
            # What a kill tore is mended by the next write; it is no verdict yet.
            yield from (line for line in stream if line.endswith(b"\n") and line.strip())
    except FileNotFoundError:
        return
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error


def _object(line: bytes) -> Mapping[str, Any]:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise UnusableError("not JSON: no verdict") from None
    if not isinstance(row, dict):
        raise UnusableError("not an object: no verdict")
    return row


def _verdict(row: Mapping[str, Any]) -> tuple[str, Verdict]:
    uid, value = row.get("incident"), row.get("verdict")
    if not isinstance(uid, str) or not uid or not isinstance(value, str) or not value.strip():
        raise UnusableError("a verdict needs `incident` and `verdict`, both text")
    analyst, reason = row.get("analyst"), row.get("reason")
    return uid, Verdict(
        value,
        None if analyst is None else str(analyst),
        parse_time(row.get("at"), "at"),
        None if reason is None else str(reason),
        automated=row.get("automated") is True,
    )
