"""A double of the few parts of Kibana that we speak to; it writes to the real engine.

Kibana itself cannot be had without its own distribution. Built from its documented behaviour:
`POST /api/detection_engine/signals/tags` and `/signals/status`, `GET
/api/detection_engine/privileges`, `GET /api/cases/_find`, `/api/cases/ID/alerts` and
`/api/cases/ID/comments/_find`, below `/s/<space>` too; `kbn-xsrf` and the version header are
demanded, and the credentials are the engine's own. `promote` stands for the rule that makes an
alert of each detection. What it does not know it refuses with 404.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qsl
from urllib.request import Request, urlopen
from uuid import uuid4

from tests.servers.engines.server import SearchServer

_VERSION = "2023-10-31"
_CLOSED, _OPEN = "closed", "open"
_WORKFLOW = "kibana.alert.workflow_"


@dataclass
class Kibana:
    """The double: where it listens, and what it was asked.

    Attributes:
        url: http, on loopback.
        requests: method and path of each request, in order.
        failing: statuses to answer with, one a request, before it works again.
        cases: of each space, as `add_case` makes them.
    """

    engine: SearchServer
    url: str = ""
    requests: list[str] = field(default_factory=list)
    failing: list[int] = field(default_factory=list)
    cases: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    # --- what analysts and rules do

    def close(
        self, space: str, ids: Sequence[str], reason: str | None, user: str | None = "u_ann"
    ) -> None:
        """Close alerts with a reason, as a person in the user interface, or as automation."""
        self.set_status(space, {"signal_ids": list(ids), "status": _CLOSED, "reason": reason}, user)

    def add_case(
        self,
        space: str,
        alerts: Sequence[tuple[str, str]],
        *,
        status: str = _CLOSED,
        comments: Sequence[str] = (),
        **fields: Any,
    ) -> str:
        """Open a case with alerts (index and `_id`), comment on it, and perhaps close it.

        Returns:
            Its id.
        """
        there = self.cases.setdefault(space, [])
        now = datetime.now(UTC).isoformat()
        case = {
            "id": f"case-{len(there)}",
            "owner": "securitySolution",
            "status": status,
            "tags": [],
            "customFields": [],
            "closed_at": now if status == _CLOSED else None,
            "closed_by": {"username": "lea", "full_name": "Lea", "profile_uid": "u_lea_0"},
            "totalComment": len(comments),
            "alerts": [{"id": name, "index": index, "attached_at": now} for index, name in alerts],
            "comments": [
                {"type": "user", "comment": text, "created_at": f"2026-01-05T08:00:{n:02}Z"}
                for n, text in enumerate(comments)
            ],
            **fields,
        }
        there.append(case)
        return str(case["id"])

    def read_cases(self, space: str, path: str, asked: Mapping[str, str]) -> Any:
        """`/api/cases/_find`, `/api/cases/ID/alerts` and `/api/cases/ID/comments/_find`."""
        _, _, _, name, *part = path.split("/")
        if name == "_find":
            return self._find_cases(space, asked)
        case = next(each for each in self.cases[space] if each["id"] == name)
        return case["alerts"] if part == ["alerts"] else {"comments": case["comments"][::-1]}

    def _find_cases(self, space: str, asked: Mapping[str, str]) -> dict[str, Any]:
        """A page of those of a status, without their alerts and comments."""
        found = [
            {name: value for name, value in case.items() if name not in {"alerts", "comments"}}
            for case in self.cases.get(space, [])
            if case["owner"] == asked["owner"]
            and case["status"] == asked.get("status", case["status"])
        ]
        size, page = int(asked.get("perPage", 20)), int(asked.get("page", 1))
        return {"cases": found[(page - 1) * size : page * size], "total": len(found)}

    def promote(self, space: str, stream: str) -> list[str]:
        """Make an alert of each detection that has none, as a rule on the data stream does.

        Returns:
            The ids of the new alerts.
        """
        self.engine.call("POST", f"/{stream}/_refresh")
        found = self._search(stream, {"query": {"term": {"event.kind": "alert"}}})
        known = {hit["_id"] for hit in self._search(_alias(space), {})}
        made = {f"of-{hit['_id']}": _alert_of(hit) for hit in found}
        new = {name: alert for name, alert in made.items() if name not in known}
        self._write([(_alias(space), name, alert) for name, alert in new.items()])
        return list(new)

    # --- the API

    def set_status(self, space: str, body: Mapping[str, Any], user: str | None) -> dict[str, Any]:
        """`/signals/status`: a reason is kept with a closing, and gone with a reopening."""
        now = datetime.now(UTC).isoformat()
        changed = []
        for hit in self._alerts(space, body["signal_ids"]):
            alert = dict(hit["_source"])
            alert.pop(f"{_WORKFLOW}reason", None)
            alert |= {
                f"{_WORKFLOW}status": body["status"],
                f"{_WORKFLOW}status_updated_at": now,
                f"{_WORKFLOW}user": user,
            }
            if body["status"] == _CLOSED and body.get("reason"):
                alert[f"{_WORKFLOW}reason"] = body["reason"]
            changed.append((hit["_index"], hit["_id"], alert))
        self._write(changed)
        return {"updated": len(changed)}

    def set_tags(self, space: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """`/signals/tags`: moves no timestamp and names no user."""
        add, remove = body["tags"]["tags_to_add"], body["tags"]["tags_to_remove"]
        changed = []
        for hit in self._alerts(space, body["ids"]):
            name = f"{_WORKFLOW}tags"
            tags = [tag for tag in hit["_source"].get(name) or [] if tag not in remove]
            tags += [tag for tag in add if tag not in tags]
            changed.append((hit["_index"], hit["_id"], {**hit["_source"], name: tags}))
        self._write(changed)
        return {"updated": len(changed)}

    def _alerts(self, space: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        return self._search(_alias(space), {"query": {"ids": {"values": list(ids)}}})

    def _search(self, index: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        status, answer = self.engine.call("POST", f"/{index}/_search?size=10000", dict(body))
        assert status == 200, answer
        hits: list[dict[str, Any]] = answer["hits"]["hits"]
        return hits

    def _write(self, documents: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
        if not documents:
            return
        lines = []
        for index, name, document in documents:
            lines.append(json.dumps({"index": {"_index": index, "_id": name}}))
            lines.append(json.dumps(dict(document)))
        _, answer = self.engine.call("POST", "/_bulk?refresh=true", "\n".join(lines) + "\n")
        assert not answer["errors"], answer["items"][0]


def _alias(space: str) -> str:
    return f".alerts-security.alerts-{space}"


def _alert_of(hit: Mapping[str, Any]) -> dict[str, Any]:
    """The source copied, with Kibana's own flat names beside it; `kind` is Kibana's."""
    source = dict(hit["_source"])
    source["event"] = {**source.get("event", {}), "kind": "signal"}
    return {
        **source,
        "@timestamp": datetime.now(UTC).isoformat(),
        "kibana.alert.uuid": str(uuid4()),
        "kibana.alert.rule.name": source.get("message", "External Alerts"),
        "kibana.alert.original_event.kind": "alert",
        "kibana.alert.ancestors": [{"id": hit["_id"], "index": hit["_index"], "depth": 0}],
        f"{_WORKFLOW}status": _OPEN,
        f"{_WORKFLOW}tags": [],
    }


@contextmanager
def start_kibana(engine: SearchServer) -> Iterator[Kibana]:
    """Serve the double on loopback, in this process."""
    double = Kibana(engine)
    handler = type("Handler", (_Handler,), {"double": double})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    double.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    double: Kibana

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:
        """Keep the tests' output clean."""

    def _serve(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
        self.double.requests.append(f"{self.command} {self.path}")
        status, answer = self._answer(body)
        payload = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def _answer(self, body: Any) -> tuple[int, Any]:
        if self.double.failing:
            return self.double.failing.pop(0), {"message": "failing on demand"}
        if self.command != "GET" and "kbn-xsrf" not in self.headers:
            return 400, {"message": "Request must contain a kbn-xsrf header."}
        if self.headers.get("elastic-api-version") != _VERSION:
            return 400, {"message": "Please specify a version."}
        if not self._is_let_in():
            return 401, {"message": "Unauthorized"}
        space, path = self._space_and_path()
        path, _, query = path.partition("?")
        if self.command == "GET" and path.startswith("/api/cases/"):
            return 200, self.double.read_cases(space, path, dict(parse_qsl(query)))
        calls: dict[str, Callable[[], dict[str, Any]]] = {
            "GET /api/detection_engine/privileges": lambda: {"is_authenticated": True},
            "POST /api/detection_engine/signals/tags": lambda: self.double.set_tags(space, body),
            "POST /api/detection_engine/signals/status": lambda: self.double.set_status(
                space, body, "u_api"
            ),
        }
        call = calls.get(f"{self.command} {path}")
        return (200, call()) if call else (404, {"message": "Not Found"})

    def _space_and_path(self) -> tuple[str, str]:
        if self.path.startswith("/s/"):
            _, _, space, rest = self.path.split("/", 3)
            return space, f"/{rest}"
        return "default", self.path

    def _is_let_in(self) -> bool:
        """Ask the engine, whose users Kibana's are."""
        engine = self.double.engine
        request = Request(f"{engine.url}/_security/_authenticate")  # noqa: S310 - the tests' own
        request.add_header("Authorization", self.headers.get("Authorization", ""))
        try:
            with urlopen(request, context=ssl.create_default_context(cafile=engine.ca_file)):  # noqa: S310 - as above
                return True
        except HTTPError:
            return False
