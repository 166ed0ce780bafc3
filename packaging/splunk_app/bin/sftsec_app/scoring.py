"""`| sftsecscore`: what the model in service makes of each row.

| sftsecscore task=phishing field=message

Rows go on as they came, with the columns of `ADDED`. When the service cannot be asked these are
empty, and the search says why.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timezone
from typing import Any

from sftsec_app.arguments import Arguments, names_in
from sftsec_app.chunked import ALL_FIELDS, Command, Messages, Metadata
from sftsec_app.errors import AppError, ServiceError
from sftsec_app.fields import event_fields, event_time, is_private, is_reviewed
from sftsec_app.rows import Row, Table
from sftsec_app.service import Result, Service
from sftsec_app.settings import read_service
from sftsec_app.splunkd import Splunkd

ADDED = ("sftsec_label", "sftsec_probability", "sftsec_detection", "sftsec_reason", "sftsec_model")
ALL = ["*"]
_NOTHING = ("",) * len(ADDED)
_USAGE = "| sftsecscore task=phishing field=message"
# A service that is away is not waited for at every batch of a long search.
_PATIENCE = 3


class Scoring(Command):
    """Adds what the service says."""

    def __init__(self, info: Metadata, messages: Messages) -> None:
        """Read the arguments, the settings and the token.

        Raises:
            AppError: when one of them is missing or wrong.
        """
        super().__init__(info, messages)
        arguments = Arguments(info, ("task", "field", "fields"), _USAGE)
        self._task = arguments.need("task")
        self._fields = _chosen(arguments)
        session = str(info.get("session_key") or "")
        with closing(Splunkd(str(info.get("splunkd_uri") or ""), session)) as splunkd:
            settings = read_service(splunkd)
        self._batch = settings.batch
        self._service = Service(settings)
        self._failures = 0
        self._unscored = 0

    def required_fields(self) -> list[str]:
        """Those that are scored, and what tells a notable event from another."""
        if self._fields == ALL:
            return ALL_FIELDS
        return ["_time", "event_id", "finding_id", *self._fields]

    def execute(self, table: Table, *, preview: bool, last: bool) -> None:
        """Score the rows of a frame, a batch at a time."""
        rows = table.rows()
        cells: list[Sequence[str]] = []
        for start in range(0, len(rows), self._batch):
            cells += self._cells(rows[start : start + self._batch])
        table.set(ADDED, cells)
        if last and self._unscored:
            self.messages.add("WARN", f"{self._unscored} rows went on without a score")

    def close(self) -> None:
        """Let go of the connection to the service."""
        self._service.close()

    def _cells(self, rows: Sequence[Row]) -> list[Sequence[str]]:
        if self._failures < _PATIENCE:
            try:
                results = self._service.score(self._task, [asked(r, self._fields) for r in rows])
            except ServiceError as error:
                self._failures = _PATIENCE if error.lasting else self._failures + 1
                self.messages.add("ERROR", str(error))
            else:
                self._failures = 0
                return [_shown(each) for each in results]
        self._unscored += len(rows)
        return [_NOTHING] * len(rows)


def _chosen(arguments: Arguments) -> list[str]:
    names = [*names_in(arguments.get("field")), *names_in(arguments.get("fields"))]
    return checked_fields([*names, *arguments.words], arguments.wrong)


def checked_fields(names: Sequence[str], wrong: Callable[[str], AppError] = AppError) -> list[str]:
    """The names of the fields to score, each once; `["*"]` for all that an event has.

    Args:
        names: as they were given.
        wrong: makes the error.

    Raises:
        AppError: without one, or for one that holds what analysts said.
    """
    if not names:
        raise wrong("name what is scored: field=... or fields=...")
    private = [name for name in names if is_private(name)]
    if private:
        raise wrong(f"{private[0]} holds what analysts or sftsec said: a model must not read it")
    return ALL if "*" in names else list(dict.fromkeys(names))


def asked(row: Row, names: Sequence[str]) -> dict[str, Any]:
    """What the service is sent of a row.

    Args:
        row: names to values.
        names: of the fields to send; `["*"]` for all.
    """
    if list(names) == ALL:
        fields: dict[str, Any] = dict(event_fields(row))
    else:
        fields = {
            name: row[name]
            for name in names
            if name in row and not is_private(name, reviewed=is_reviewed(row))
        }
    at = event_time(row)
    if at is not None:
        fields.setdefault("@timestamp", _iso(at))
    return fields


def _iso(at: float) -> str:
    try:
        return datetime.fromtimestamp(at, timezone.utc).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def _shown(result: Result) -> Sequence[str]:
    if result.error:
        return ("", "", "", f"not scored: {result.error}", result.model)
    share = f"{result.probability:.6g}"
    detection = "true" if result.detection else "false"
    return (result.label, share, detection, result.reason, result.model)
