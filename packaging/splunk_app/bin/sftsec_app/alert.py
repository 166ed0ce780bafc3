"""The alert action "Send to sftsec": scores the results of a search, or queues them for labelling.

`score` sends each row to the service, and indexes the detections. `label` puts each row into the
queue of the labelling page. A row that cannot be used is counted and logged.
"""

from __future__ import annotations

import csv
import gzip
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sftsec_app.arguments import names_in
from sftsec_app.detections import SOURCE, SOURCETYPE, event_text, row_detection
from sftsec_app.portable import (
    QUEUE,
    AppError,
    event_json,
    event_time,
    first,
    incident_uid,
    queue_key,
)
from sftsec_app.rows import Row, row_of
from sftsec_app.scoring import checked_fields, model_input
from sftsec_app.scoring_client import ScoringClient
from sftsec_app.settings import read_service
from sftsec_app.splunkd import Document, SplunkdClient
from sftsec_app.verdicts import save

Counts = Counter[str]
_BATCH = 200
_NO_UID = "without an incident_uid"


@dataclass(frozen=True)
class AlertRequest:
    """The parameters of one run of the action.

    Attributes:
        action: "score" or "label".
        task: of sftsec.yaml.
        fields: to score; `["*"]` for all.
        index: for detections.
        reason: shown to the analyst who is to label.
        search: the name of the alert.
        results_file: the rows, CSV compressed by gzip.
    """

    action: str
    task: str
    fields: Sequence[str]
    index: str
    reason: str
    search: str
    results_file: str

    @classmethod
    def of(cls, payload: dict[str, Any]) -> AlertRequest:
        """Read the payload.

        Raises:
            AppError: when a parameter is missing or wrong.
        """
        given = {k: str(v).strip() for k, v in (payload.get("configuration") or {}).items()}
        action = given.get("action") or "score"
        if action not in ("score", "label"):
            raise AppError(f"param.action is {action!r}: it must be score or label")
        if not given.get("task"):
            raise AppError("param.task is missing: name a task of sftsec.yaml")
        name = str(payload.get("search_name") or "")
        return cls(
            action,
            given["task"],
            checked_fields(names_in(given.get("fields") or "*")),
            given.get("index") or "sftsec",
            given.get("reason") or f"sent by the alert {name}",
            name,
            str(payload.get("results_file") or ""),
        )


def main() -> None:
    """Read the payload from standard input and run the action; the exit code tells success."""
    if sys.argv[1:2] != ["--execute"]:
        sys.exit("an alert's action: Splunk runs it with --execute")
    try:
        counts = run_action(json.load(sys.stdin))
    except AppError as error:
        _log("ERROR", str(error))
        sys.exit(1)
    except (ValueError, OSError) as error:
        _log("ERROR", f"Splunk's payload cannot be read: {type(error).__name__}")
        sys.exit(1)
    for state, count in sorted(counts.items()):
        _log("INFO", f"{count} rows {state}")


def run_action(payload: dict[str, Any]) -> Counts:
    """Run the action; return the count of rows for each result.

    Raises:
        AppError: when it stopped before the end. It may be repeated: no verdict request is there
            twice, and `dedup detection_id` removes a second copy of a detection.
        OSError: when the results cannot be read.
    """
    request = AlertRequest.of(payload)
    session = str(payload.get("session_key") or "")
    with closing(SplunkdClient(str(payload.get("server_uri") or ""), session)) as splunkd:
        if request.action == "label":
            return _run_batches(request, _RowQueuer(splunkd, request))
        settings = read_service(splunkd)
        with closing(ScoringClient(settings)) as client:
            return _run_batches(request, _RowScorer(splunkd, client, request, settings.batch))


def _run_batches(request: AlertRequest, handle: Callable[[dict[str, Row]], Counts]) -> Counts:
    counts: Counts = Counter()
    for rows in batches(request.results_file):
        named = {uid: row for row in rows for uid in [incident_uid(row)] if uid}
        unnamed = sum(not incident_uid(row) for row in rows)
        counts.update(handle(named))
        counts.update({_NO_UID: unnamed} if unnamed else {})
    return counts


class _RowScorer:
    """Scores rows and indexes the detections."""

    def __init__(
        self, splunkd: SplunkdClient, client: ScoringClient, request: AlertRequest, batch: int
    ) -> None:
        self._splunkd = splunkd
        self._client = client
        self._request = request
        self._batch = batch

    def __call__(self, named: dict[str, Row]) -> Counts:
        counts: Counts = Counter()
        pairs = list(named.items())
        for start in range(0, len(pairs), self._batch):
            counts.update(self._score(pairs[start : start + self._batch]))
        return counts

    def _score(self, pairs: Sequence[tuple[str, Row]]) -> Iterator[str]:
        request = self._request
        inputs = [model_input(row, request.fields) for _, row in pairs]
        results = self._client.score(request.task, inputs)
        for (uid, row), result in zip(pairs, results):
            if result.error:
                yield f"not scored: {result.error}"
                continue
            if not result.detection:
                yield "scored, no detection"
                continue
            text = event_text(row_detection(result, uid, request.task, row), time.time())
            self._splunkd.index(text, index=request.index, sourcetype=SOURCETYPE, source=SOURCE)
            yield "scored, detection written"


class _RowQueuer:
    """Puts rows into the queue of the labelling page."""

    def __init__(self, splunkd: SplunkdClient, request: AlertRequest) -> None:
        self._splunkd = splunkd
        self._request = request

    def __call__(self, named: dict[str, Row]) -> Counts:
        now = time.time()
        save(self._splunkd, QUEUE, (self._document(uid, row, now) for uid, row in named.items()))
        return Counter({"queued for labelling": len(named)})

    def _document(self, uid: str, row: Row, now: float) -> Document:
        document: Document = {
            "_key": queue_key(uid),
            "incident_uid": uid,
            "task": self._request.task,
            "label": first(row, "sftsec_label"),
            "reason": self._request.reason,
            "event": event_json(row),
            "requested": now,
        }
        probability, at = _number(first(row, "sftsec_probability")), event_time(row)
        document.update({"probability": probability} if probability is not None else {})
        document.update({"event_time": at} if at is not None else {})
        return document


def batches(file: str) -> Iterator[list[Row]]:
    """The rows of the results, in batches.

    Raises:
        OSError: when the file cannot be read.
    """
    with gzip.open(file, "rt", encoding="utf-8", errors="replace", newline="") as text:
        # Python 3.9 refuses the character 0.
        lines = csv.reader(line.replace("\0", "\ufffd") for line in text)
        columns = next(lines, [])
        rows: list[Row] = []
        for line in lines:
            rows.append(row_of(zip(columns, line)))
            if len(rows) == _BATCH:
                yield rows
                rows = []
        yield rows


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _log(level: str, text: str) -> None:
    """Write a line that Splunk puts into its own log, index=_internal."""
    sys.stderr.write(f"{level} sftsec: {text}\n")
