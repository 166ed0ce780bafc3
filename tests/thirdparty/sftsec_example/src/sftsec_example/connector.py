"""`type: example-csv`: incidents.csv is pulled, detections.csv is appended to, a page at a time."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from sftsec_core.api.contracts import ConnectorContext
from sftsec_core.api.domain import (
    Detection,
    Incident,
    IncidentPage,
    LabelRequest,
    PullWindow,
    PushReceipt,
    Rejection,
    Verdict,
)
from sftsec_core.api.errors import ConnectorError

OWN = ("id", "time", "verdict", "analyst", "judged")
DETECTION = ("uid", "incident", "task", "label", "probability", "fields")


class CsvConfig(BaseModel):
    """What `connectors.NAME` may say; a key that it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    folder: Path = Field(description="Holds incidents.csv; detections.csv appears beside it.")
    page_size: int = Field(1000, ge=1, description="Rows a page.")


class CsvConnector:
    """One folder."""

    def __init__(self, config: CsvConfig, _context: ConnectorContext) -> None:
        """Open nothing yet: `check` is there to say what is wrong."""
        self._incidents = config.folder / "incidents.csv"
        self._detections = config.folder / "detections.csv"
        self._requests = config.folder / "requests.txt"
        self._page_size = config.page_size

    def check(self) -> Sequence[str]:
        """Say what stands in the way."""
        problems = []
        if not self._incidents.is_file():
            problems.append(f"{self._incidents} is not there: export the incidents into it")
        if not os.access(self._detections.parent, os.W_OK):
            problems.append(
                f"{self._detections.parent} is not writable: detections cannot go there"
            )
        return problems

    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        """Bring rows in the file's order; the cursor is the number of rows that were read."""
        try:
            done = int(cursor or 0)
        except ValueError:
            raise ConnectorError("the cursor is not a number of rows") from None
        try:
            file = self._incidents.open(encoding="utf-8", newline="")
        except OSError as error:
            raise ConnectorError(f"cannot read {self._incidents}: {error.strerror}") from error
        with file:
            rows = csv.DictReader(file)
            missing = {"id", "verdict"} - set(rows.fieldnames or ())
            if missing:
                raise ConnectorError(
                    f"{self._incidents} lacks columns: {', '.join(sorted(missing))}"
                )
            numbered = islice(enumerate(rows, start=1), done, None)
            while batch := list(islice(numbered, self._page_size)):
                yield self._page(batch, window)

    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        """Append the detections whose uid is new, and have them on the disk before returning."""
        known = self._known()
        new: dict[str, Detection] = {}
        duplicates = []
        for detection in detections:
            if detection.uid in known or detection.uid in new:
                duplicates.append(detection.uid)
            else:
                new[detection.uid] = detection
        if new:
            with _written(self._detections):
                self._append(list(new.values()))
        return PushReceipt(tuple(new), tuple(duplicates))

    def request_labels(self, requests: Sequence[LabelRequest]) -> int:
        """Append the uids to requests.txt, which the analysts work through."""
        asked = set()
        if self._requests.exists():
            asked = set(self._requests.read_text(encoding="utf-8").split("\n"))
        uids = [each.incident_uid for each in requests]
        new = [uid for uid in dict.fromkeys(uids) if uid not in asked]
        with _written(self._requests), self._requests.open("a", encoding="utf-8") as file:
            file.writelines(f"{uid}\n" for uid in new)
        return len(new)

    def close(self) -> None:
        """Nothing stays open between calls."""

    def _page(self, batch: list[tuple[int, dict[str, str]]], window: PullWindow) -> IncidentPage:
        incidents, rejected = [], []
        for number, row in batch:
            try:
                incident = _read(row)
            except ValueError as error:
                digest = hashlib.sha256(repr(row).encode()).hexdigest()
                where = f"{self._incidents.name}, record {number}"
                rejected.append(Rejection(where, str(error), digest))
                continue
            if _inside(incident, window):
                incidents.append(incident)
        return IncidentPage(tuple(incidents), str(batch[-1][0]), tuple(rejected))

    def _known(self) -> set[str]:
        if not self._detections.exists():
            return set()
        with self._detections.open("r+b") as file:  # a kill may have cut the last row short
            content = file.read()
            file.truncate(content.rfind(b"\n") + 1)
        with self._detections.open(encoding="utf-8", newline="") as file:
            return {row["uid"] for row in csv.DictReader(file)}

    def _append(self, detections: Sequence[Detection]) -> None:
        with self._detections.open("a", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            if file.tell() == 0:
                rows.writerow(DETECTION)
            rows.writerows(_row(detection) for detection in detections)
            file.flush()
            os.fsync(file.fileno())


@contextmanager
def _written(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConnectorError(f"cannot write {path}: {error.strerror}") from error


def _read(row: Mapping[str, str | None]) -> Incident:
    """Turn a row into an incident; a reason never quotes the row."""
    if None in row or None in row.values():
        raise ValueError("it has more or fewer values than the header has columns")
    values = {name: value or "" for name, value in row.items()}
    if not values["id"]:
        raise ValueError("it has no id")
    return Incident(
        values["id"],
        {name: value for name, value in values.items() if name not in OWN},
        _verdicts(values),
        _time(values.get("time", ""), "time"),
    )


def _verdicts(values: Mapping[str, str]) -> tuple[Verdict, ...]:
    if not values["verdict"]:
        return ()
    judged = _time(values.get("judged", ""), "judged")
    return (Verdict(values["verdict"], values.get("analyst") or None, judged),)


def _time(text: str, column: str) -> datetime | None:
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"its {column} is not an ISO 8601 time") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _inside(incident: Incident, window: PullWindow) -> bool:
    if window.labelled is not None and window.labelled != bool(incident.verdicts):
        return False
    if window.since is None and window.until is None:
        return True
    if incident.at is None:
        return False
    after = window.since is None or incident.at >= window.since
    return after and (window.until is None or incident.at < window.until)


def _row(detection: Detection) -> tuple[str, ...]:
    return (
        detection.uid,
        detection.incident_uid,
        detection.task,
        detection.label,
        f"{detection.probability:.6f}",
        json.dumps(dict(detection.fields), ensure_ascii=False, default=str),
    )
