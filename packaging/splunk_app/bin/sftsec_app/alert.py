"""The alert action "Send to sftsec": what a search found is scored, or put to the analysts.

`score` asks the service for each row, and indexes as a detection what it holds for one. `label`
puts each row into the queue of the labelling page. What cannot be used is counted and logged.
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
from sftsec_app.detections import SOURCE, SOURCETYPE, detection_event, event_text
from sftsec_app.errors import AppError
from sftsec_app.fields import event_fields, event_time, incident_uid
from sftsec_app.rows import Row, first, row_of
from sftsec_app.scoring import asked, checked_fields
from sftsec_app.service import Service
from sftsec_app.settings import read_service
from sftsec_app.splunkd import Document, Splunkd
from sftsec_app.verdicts import QUEUE, event_json, key_of_uid, save

Counts = Counter[str]
_AT_ONCE = 200
_NO_UID = "without an incident_uid"


@dataclass(frozen=True)
class Order:
    """What the alert asks for.

    Attributes:
        action: "score" or "label".
        task: of sftsec.yaml.
        fields: to score; `["*"]` for all.
        index: for detections.
        reason: shown to the analyst who is to label.
        search: the alert's name.
        results_file: the rows, CSV in gzip's wrapping.
    """

    action: str
    task: str
    fields: Sequence[str]
    index: str
    reason: str
    search: str
    results_file: str

    @classmethod
    def of(cls, payload: dict[str, Any]) -> Order:
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
    """Read the payload from standard input and do it; the exit code says whether all went well."""
    if sys.argv[1:2] != ["--execute"]:
        sys.exit("an alert's action: Splunk runs it with --execute")
    try:
        counts = carry_out(json.load(sys.stdin))
    except AppError as error:
        _log("ERROR", str(error))
        sys.exit(1)
    except (ValueError, OSError) as error:
        _log("ERROR", f"Splunk's payload cannot be read: {type(error).__name__}")
        sys.exit(1)
    for what, count in sorted(counts.items()):
        _log("INFO", f"{count} rows {what}")


def carry_out(payload: dict[str, Any]) -> Counts:
    """Do what the alert asks for; return what became of how many rows.

    Raises:
        AppError: when it could not be done to the end. It can be repeated: what is there already
            is not there twice, but for a detection that `dedup detection_id` makes one.
        OSError: when the results cannot be read.
    """
    order = Order.of(payload)
    session = str(payload.get("session_key") or "")
    with closing(Splunkd(str(payload.get("server_uri") or ""), session)) as splunkd:
        if order.action == "label":
            return _each_batch(order, _Asking(splunkd, order))
        settings = read_service(splunkd)
        with closing(Service(settings)) as service:
            return _each_batch(order, _Scoring(splunkd, service, order, settings.batch))


def _each_batch(order: Order, act: Callable[[dict[str, Row]], Counts]) -> Counts:
    counts: Counts = Counter()
    for rows in batches(order.results_file):
        named = {uid: row for row in rows for uid in [incident_uid(row)] if uid}
        unnamed = sum(not incident_uid(row) for row in rows)
        counts.update(act(named))
        counts.update({_NO_UID: unnamed} if unnamed else {})
    return counts


class _Scoring:
    """Rows to detections."""

    def __init__(self, splunkd: Splunkd, service: Service, order: Order, batch: int) -> None:
        self._splunkd = splunkd
        self._service = service
        self._order = order
        self._batch = batch

    def __call__(self, named: dict[str, Row]) -> Counts:
        counts: Counts = Counter()
        pairs = list(named.items())
        for start in range(0, len(pairs), self._batch):
            counts.update(self._score(pairs[start : start + self._batch]))
        return counts

    def _score(self, pairs: Sequence[tuple[str, Row]]) -> Iterator[str]:
        order = self._order
        results = self._service.score(order.task, [asked(row, order.fields) for _, row in pairs])
        for (uid, row), result in zip(pairs, results):
            if result.error:
                yield f"not scored: {result.error}"
                continue
            if not result.detection:
                yield "scored, no detection"
                continue
            fields, at = event_fields(row), event_time(row)
            event = detection_event(result, uid, order.task, fields, at)
            text = event_text(event, time.time())
            self._splunkd.index(text, index=order.index, sourcetype=SOURCETYPE, source=SOURCE)
            yield "scored, detection written"


class _Asking:
    """Rows to the queue of the labelling page."""

    def __init__(self, splunkd: Splunkd, order: Order) -> None:
        self._splunkd = splunkd
        self._order = order

    def __call__(self, named: dict[str, Row]) -> Counts:
        now = time.time()
        save(self._splunkd, QUEUE, (self._document(uid, row, now) for uid, row in named.items()))
        return Counter({"put to the analysts": len(named)})

    def _document(self, uid: str, row: Row, now: float) -> Document:
        document: Document = {
            "_key": key_of_uid(uid),
            "incident_uid": uid,
            "task": self._order.task,
            "label": first(row, "sftsec_label"),
            "reason": self._order.reason,
            "event": event_json(row),
            "requested": now,
        }
        share, at = _number(first(row, "sftsec_probability")), event_time(row)
        document.update({"probability": share} if share is not None else {})
        document.update({"event_time": at} if at is not None else {})
        return document


def batches(file: str) -> Iterator[list[Row]]:
    """The rows of the results, some at a time.

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
            if len(rows) == _AT_ONCE:
                yield rows
                rows = []
        yield rows


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _log(level: str, text: str) -> None:
    """Splunk puts it into its own log, index=_internal."""
    sys.stderr.write(f"{level} sftsec: {text}\n")
