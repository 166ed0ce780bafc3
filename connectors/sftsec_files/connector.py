"""The files connector: incidents from files, detections to a file."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from sftsec_core.api.domain import Detection, IncidentPage, LabelRequest, PullWindow, PushReceipt
from sftsec_core.sdk.errors import errors_of
from sftsec_files.columns import content_problems
from sftsec_files.errors import OutputError
from sftsec_files.parts import parts_of
from sftsec_files.pull import pull
from sftsec_files.push import REQUEST_FIELD, UID_FIELD, JsonLinesSink, detection_row
from sftsec_files.sources import problems, requests_path
from sftsec_files.verdicts import KEY_FIELD, retraction_row, verdict_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sftsec_core.api.contracts import PullPart
    from sftsec_core.api.domain import Verdict
    from sftsec_files.config import FilesConfig


class FilesConnector:
    """Reads JSON lines and documents, CSV, Parquet and mail; appends detections to JSON lines."""

    def __init__(self, config: FilesConfig, *, name: str = "") -> None:
        """Take the configuration, and the connector's name for errors; nothing is opened yet."""
        self._name = name
        self._config = config
        self._detections: JsonLinesSink | None = None
        self._requests: JsonLinesSink | None = None
        self._verdicts: JsonLinesSink | None = None
        if config.verdicts is not None:
            self._verdicts = JsonLinesSink(config.verdicts, KEY_FIELD)
        if config.output is not None:
            self._detections = JsonLinesSink(config.output, UID_FIELD)
            self._requests = JsonLinesSink(requests_path(config.output), REQUEST_FIELD)

    def check(self) -> Sequence[str]:
        """Say which paths cannot be read and whether the output cannot be written."""
        with errors_of(self._name):
            found = list(problems(self._config)) or list(content_problems(self._config))
            for key in ("output", "verdicts"):
                path = getattr(self._config, key)
                if path is not None and (reason := _unwritable(path, key)):
                    found.append(reason)
            return found

    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        """Bring incidents a page at a time; see `sftsec_files.pull.pull`."""
        with errors_of(self._name):
            yield from pull(self._config, window, cursor)

    def parts(self, window: PullWindow) -> Iterator[PullPart]:
        """Say of which parts a pull consists; see `sftsec_files.parts`."""
        with errors_of(self._name):
            yield from parts_of(self._config, window, self._name)

    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        """Append detections to `output`; one that is there already is a duplicate.

        Raises:
            OutputError: when there is no `output`, or it cannot be opened.
            ConnectorUnavailableError: when the write failed; nothing of it stays.
        """
        with errors_of(self._name):
            if self._detections is None:
                raise OutputError("there is nowhere to write detections to: set `output`")
            return self._detections.append([detection_row(one) for one in detections])

    def request_labels(self, requests: Sequence[LabelRequest]) -> int:
        """Append the uids to `<output>.label-requests.jsonl`; count the new ones.

        Raises:
            OutputError: when there is no `output`, or the file cannot be opened.
        """
        with errors_of(self._name):
            if self._requests is None:
                raise OutputError("there is nowhere to write requests to: set `output`")
            rows = [{REQUEST_FIELD: each.incident_uid, "event.kind": "state"} for each in requests]
            return len(self._requests.append(rows).written)

    def add_verdicts(self, verdicts: Sequence[tuple[str, Verdict]]) -> int:
        """Append verdicts to the file `verdicts`; the same one again is not written twice.

        Raises:
            OutputError: when there is no such file configured, or it cannot be opened.
            ConnectorUnavailableError: when the write failed; nothing of it stays.
        """
        return self._log([verdict_row(uid, verdict) for uid, verdict in verdicts])

    def retract_verdicts(self, verdicts: Sequence[tuple[str, Verdict]]) -> int:
        """Append that verdicts count no longer; nothing is removed from the file.

        Raises:
            OutputError, ConnectorUnavailableError: as `add_verdicts`.
        """
        return self._log([retraction_row(uid, verdict) for uid, verdict in verdicts])

    def _log(self, rows: Sequence[dict[str, object]]) -> int:
        with errors_of(self._name):
            if self._verdicts is None:
                raise OutputError("there is nowhere to write verdicts to: set `verdicts`")
            return len(self._verdicts.append(rows).written)

    def close(self) -> None:
        """Nothing stays open between calls."""


def _unwritable(output: Path, key: str) -> str:
    if output.is_dir():
        return f"{output} is a folder; `{key}` names a file"
    place = output if output.exists() else output.parent
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with output.open("ab") if place == output else TemporaryFile(dir=place):
            return ""
    except OSError as error:
        return f"{output} cannot be written: {place}: {error.strerror or error}"
