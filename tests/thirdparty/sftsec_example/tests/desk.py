"""A small service desk on loopback, for the tests: incidents, alerts, verdicts, a token."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


class Desk:
    """What the desk holds, and the server before it.

    Attributes:
        url: where the API begins.
        incidents: records by their numbers.
        alerts: what was posted, by id.
        requests: ids of incidents that wait for a verdict.
        verdicts: id of an incident or an alert, with value, analyst and time.
        served: incidents handed out so far.
        away: while it is True every connection is closed without an answer.
    """

    def __init__(self, token: str) -> None:
        self.token = token
        self.incidents: dict[int, dict[str, Any]] = {}
        self.alerts: dict[str, dict[str, Any]] = {}
        self.requests: list[str] = []
        self.verdicts: list[tuple[str, dict[str, Any]]] = []
        self.served = 0
        self.away = False
        self.url = ""

    def add(self, uid: str, time: str, event: Mapping[str, Any]) -> None:
        """Take in an incident."""
        number = max(self.incidents, default=0) + 1
        self.incidents[number] = {"number": number, "id": uid, "time": time, "event": event}

    def judge(self, uid: str, verdict: str, analyst: str | None, time: str) -> None:
        """Judge an incident or an alert."""
        self.verdicts.append((uid, {"verdict": verdict, "analyst": analyst, "time": time}))

    def verdicts_on(self, uid: str) -> list[dict[str, Any]]:
        """The verdicts on an incident and on the alerts about it, oldest first."""
        about = {uid, *(key for key, alert in self.alerts.items() if alert["incident"] == uid)}
        return sorted((said for on, said in self.verdicts if on in about), key=lambda s: s["time"])

    # --- the API

    def get_incidents(self, query: Mapping[str, str]) -> dict[str, Any]:
        found = []
        for number in sorted(self.incidents):
            record = {**self.incidents[number]}
            record["verdicts"] = self.verdicts_on(record["id"])
            if number > int(query.get("after", 0)) and _asked_for(record, query):
                found.append(record)
        found = found[: int(query["limit"])]
        self.served += len(found)
        return {"incidents": found}

    def post_alerts(self, alerts: Sequence[dict[str, Any]]) -> dict[str, Any]:
        results = []
        for alert in alerts:
            result = {"id": alert["id"], "status": "exists" if alert["id"] in self.alerts else ""}
            if not result["status"] and alert["event"].get("source.ip") == "nowhere":
                result |= {"status": "refused", "reason": "source.ip is no address"}
            elif not result["status"]:
                self.alerts[alert["id"]] = alert
                result["status"] = "created"
            results.append(result)
        return {"results": results}

    def post_requests(self, requests: Sequence[dict[str, Any]]) -> dict[str, Any]:
        new = [uid for uid in dict.fromkeys(r["id"] for r in requests) if uid not in self.requests]
        self.requests += new
        return {"new": len(new)}


def _asked_for(record: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    labelled = str(bool(record["verdicts"])).lower()
    if query.get("labelled", labelled) != labelled:
        return False
    if "since" not in query and "until" not in query:
        return True
    at = datetime.fromisoformat(record["time"])
    since, until = (query.get(name) for name in ("since", "until"))
    return (not since or at >= datetime.fromisoformat(since)) and (
        not until or at < datetime.fromisoformat(until)
    )


@contextmanager
def start_desk(token: str) -> Iterator[Desk]:
    """Serve a desk on a free port of loopback."""
    desk = Desk(token)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            self._answer(parts.path == "/api/incidents", lambda: desk.get_incidents(query))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            calls = {"/api/alerts": desk.post_alerts, "/api/requests": desk.post_requests}
            self._answer(self.path in calls, lambda: calls[self.path](body))

        def _answer(self, known: bool, call: Any) -> None:
            if desk.away:
                self.close_connection = True
                return
            allowed = self.headers["Authorization"] == f"Bearer {desk.token}"
            status = 401 if not allowed else 200 if known else 404
            content = json.dumps(call() if status == 200 else {}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        desk.url = f"http://127.0.0.1:{server.server_port}/api"
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield desk
        finally:
            server.shutdown()
