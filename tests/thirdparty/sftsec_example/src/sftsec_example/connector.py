"""`type: example-desk`: incidents of a service desk by HTTP, a page at a time, and detections back.

What is the desk's own is here. The client, retries, times and cursors are `sftsec_core.sdk`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from pydantic import Field

from sftsec_core.api import (
    ConfigPath,
    ConnectorContext,
    Detection,
    Duration,
    Incident,
    IncidentPage,
    LabelRequest,
    PullWindow,
    PushReceipt,
    Rejection,
    SecretRef,
    Strict,
    Verdict,
)
from sftsec_core.sdk.errors import AccessError, CursorError, RequestError
from sftsec_core.sdk.http import HttpClient
from sftsec_core.sdk.records import UnusableError, flatten, parse_time
from sftsec_core.sdk.retry import RetryPolicy

_MAX_DEPTH = 16
_MAX_BYTES = 32 << 20


class DeskConfig(Strict):
    """What `connectors.NAME` may say; a key that it does not know is refused."""

    url: str = Field(pattern=r"^https?://", description="Where the desk's API begins.")
    token: SecretRef = Field(description="An API token that may read incidents and write alerts.")
    ca_file: ConfigPath | None = Field(None, description="Authorities to trust (PEM).")
    page_size: int = Field(500, ge=1, le=5000, description="Incidents a page.")
    timeout: Duration = Field(timedelta(seconds=30), description="Silence that ends a request.")
    retry_timeout: Duration = Field(timedelta(minutes=2), description="How long to repeat one.")


class DeskConnector:
    """One desk. Its cursor is the number of the last incident that was read, in arrival order."""

    def __init__(self, config: DeskConfig, _context: ConnectorContext) -> None:
        """Open nothing yet: `check` is there to say what is wrong."""
        self._config = config
        self._retry = RetryPolicy(config.retry_timeout)
        self._http = HttpClient(
            "the desk",
            ca_file=config.ca_file,
            timeout_s=config.timeout.total_seconds(),
            max_bytes=_MAX_BYTES,
        )

    def check(self) -> Sequence[str]:
        """Name a token that is refused."""
        try:
            self._call("GET", "/incidents?limit=1")
        except AccessError as error:
            return [str(error)]
        return []

    def pull(self, window: PullWindow, *, cursor: str | None = None) -> Iterator[IncidentPage]:
        """Bring incidents in the order of their arrival, each with the verdicts on it.

        The desk itself counts a verdict on an alert of ours for the incident that it is about.
        """
        if cursor is not None and not cursor.isdecimal():
            raise CursorError("the cursor is not the number of an incident")
        asked = {
            "limit": self._config.page_size,
            "since": window.since.isoformat() if window.since else None,
            "until": window.until.isoformat() if window.until else None,
            "labelled": None if window.labelled is None else str(window.labelled).lower(),
        }
        given = {name: value for name, value in asked.items() if value is not None}
        after = int(cursor or 0)
        while True:
            path = f"/incidents?{urlencode({**given, 'after': after})}"
            records = self._call("GET", path)["incidents"]
            if not records:
                return
            after = records[-1]["number"]
            yield _page(records, str(after))

    def push(self, detections: Sequence[Detection]) -> PushReceipt:
        """Make an alert of each detection; the desk knows those that it has by their ids."""
        if not detections:
            return PushReceipt()
        alerts = [_alert(detection) for detection in detections]
        results = self._call("POST", "/alerts", alerts)["results"]
        by_status: dict[str, list[str]] = {"created": [], "exists": []}
        rejected = []
        for result in results:
            if result["status"] in by_status:
                by_status[result["status"]].append(result["id"])
            else:
                rejected.append((result["id"], str(result["reason"])))
        return PushReceipt(tuple(by_status["created"]), tuple(by_status["exists"]), tuple(rejected))

    def request_labels(self, requests: Sequence[LabelRequest]) -> int:
        """Put the incidents on the analysts' list; the desk says how many are new there."""
        body = [{"id": each.incident_uid, "reason": each.reason} for each in requests]
        return int(self._call("POST", "/requests", body)["new"]) if body else 0

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _call(self, method: str, path: str, body: object = None) -> Any:
        """Send a request until the desk answers; its writes may be repeated, since ids decide."""
        headers = {
            "Authorization": f"Bearer {self._config.token.reveal()}",
            "Content-Type": "application/json",
        }
        data = None if body is None else json.dumps(body)
        url = self._config.url.rstrip("/") + path
        answer = self._retry(lambda: self._http.send(method, url, headers=headers, body=data))
        if answer.status in {401, 403}:
            raise AccessError("the desk refuses the token", status=answer.status)
        if answer.status != 200:
            raise RequestError(f"the desk answers {answer.status}", status=answer.status)
        return json.loads(answer.body)


def _page(records: Sequence[Mapping[str, Any]], cursor: str) -> IncidentPage:
    incidents, rejected = [], []
    for record in records:
        try:
            incidents.append(_incident(record))
        except (UnusableError, KeyError) as error:
            reason = str(error) if isinstance(error, UnusableError) else f"it has no {error}"
            rejected.append(Rejection(f"incident {record['number']}", reason))
    return IncidentPage(tuple(incidents), cursor, tuple(rejected))


def _incident(record: Mapping[str, Any]) -> Incident:
    return Incident(
        record["id"],
        flatten(record["event"], _MAX_DEPTH),
        tuple(
            Verdict(said["verdict"], said["analyst"], parse_time(said["time"], "time"))
            for said in record["verdicts"]
        ),
        parse_time(record["time"], "time"),
    )


def _alert(detection: Detection) -> dict[str, Any]:
    return {
        "id": detection.uid,
        "incident": detection.incident_uid,
        "task": detection.task,
        "label": detection.label,
        "labels": list(detection.labels),
        "probability": detection.probability,
        "time": detection.at.isoformat() if detection.at else None,
        "event": dict(detection.fields),
    }
