"""`| sftsecscore`: the score of each row by the live model.

| sftsecscore task=phishing field=message

Each row gets the columns of `ADDED`. When the service does not answer they are empty, and the
search shows the cause.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timezone
from typing import Any

from sftsec_app.arguments import CommandArguments, names_in
from sftsec_app.chunked import ALL_FIELDS, Metadata, SearchCommand, SearchMessages
from sftsec_app.errors import ScoringError
from sftsec_app.portable import (
    AppError,
    EventScore,
    event_fields,
    event_time,
    finding_name,
    is_private,
)
from sftsec_app.rows import Row, RowTable
from sftsec_app.scoring_client import ScoringClient
from sftsec_app.settings import read_service
from sftsec_app.splunkd import SplunkdClient

ADDED = ("sftsec_label", "sftsec_probability", "sftsec_detection", "sftsec_reason", "sftsec_model")
ALL = ["*"]
_EMPTY = ("",) * len(ADDED)
_USAGE = "| sftsecscore task=phishing field=message"
# A long search does not wait for a service that is down at every batch.
_MAX_FAILURES = 3


class ScoreCommand(SearchCommand):
    """Adds the scores of the service."""

    def __init__(self, info: Metadata, messages: SearchMessages) -> None:
        """Read the arguments, the settings and the token.

        Raises:
            AppError: when one of them is missing or wrong.
        """
        super().__init__(info, messages)
        arguments = CommandArguments(info, ("task", "field", "fields"), _USAGE)
        self._task = arguments.require("task")
        self._fields = _field_arguments(arguments)
        session = str(info.get("session_key") or "")
        with closing(SplunkdClient(str(info.get("splunkd_uri") or ""), session)) as splunkd:
            settings = read_service(splunkd)
        self._batch = settings.batch
        self._client = ScoringClient(settings)
        self._failures = 0
        self._unscored = 0

    def required_fields(self) -> list[str]:
        """Those that are scored, and those that mark a notable event."""
        if self._fields == ALL:
            return ALL_FIELDS
        return ["_time", "event_id", "finding_id", *self._fields]

    def execute(self, table: RowTable, *, preview: bool, last: bool) -> None:
        """Score the rows of a frame, a batch at a time."""
        rows = table.rows()
        cells: list[Sequence[str]] = []
        for start in range(0, len(rows), self._batch):
            cells += self._cells(rows[start : start + self._batch])
        table.set(ADDED, cells)
        if last and self._unscored:
            self.messages.add("WARN", f"{self._unscored} rows went on without a score")

    def close(self) -> None:
        """Close the connection to the service."""
        self._client.close()

    def _cells(self, rows: Sequence[Row]) -> list[Sequence[str]]:
        if self._failures < _MAX_FAILURES:
            inputs = [model_input(row, self._fields) for row in rows]
            try:
                results = self._client.score(self._task, inputs)
            except ScoringError as error:
                self._failures = _MAX_FAILURES if error.permanent else self._failures + 1
                self.messages.add("ERROR", str(error))
            else:
                self._failures = 0
                return [_result_cells(each) for each in results]
        self._unscored += len(rows)
        return [_EMPTY] * len(rows)


def _field_arguments(arguments: CommandArguments) -> list[str]:
    names = [*names_in(arguments.get("field")), *names_in(arguments.get("fields"))]
    return checked_fields([*names, *arguments.words], arguments.error)


def checked_fields(names: Sequence[str], error: Callable[[str], AppError] = AppError) -> list[str]:
    """The names of the fields to score, each once; `["*"]` for all of an event.

    Args:
        names: as given.
        error: makes the error.

    Raises:
        AppError: without a name, or for a field that holds a verdict or a score.
    """
    if not names:
        raise error("name the fields to score: field=... or fields=...")
    private = [name for name in names if is_private(name)]
    if private:
        raise error(f"{private[0]} holds a verdict or a score: a model must not read it")
    return ALL if "*" in names else list(dict.fromkeys(names))


def model_input(row: Row, names: Sequence[str]) -> dict[str, Any]:
    """The fields of a row that the service is sent.

    Args:
        row: names to values.
        names: of the fields to send; `["*"]` for all.
    """
    if list(names) == ALL:
        fields: dict[str, Any] = dict(event_fields(row))
    else:
        finding = bool(finding_name(row))
        fields = {
            name: row[name]
            for name in names
            if name in row and not is_private(name, finding=finding)
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


def _result_cells(result: EventScore) -> Sequence[str]:
    if result.error:
        return ("", "", "", f"not scored: {result.error}", result.model)
    detection = "true" if result.detection else "false"
    return (result.label, f"{result.probability:.6g}", detection, result.reason, result.model)
