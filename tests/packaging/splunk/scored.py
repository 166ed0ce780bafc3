"""What tests of `sftsecscore` share: rows, what became of them, servers that no service is."""

from __future__ import annotations

import http.server
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.core.server.site import TASK
from tests.servers.splunkd.chunked import Record

ADDED = ["sftsec_label", "sftsec_probability", "sftsec_detection", "sftsec_reason", "sftsec_model"]
ATTACK, LUNCH = "urgent verify password account locked", "lunch meeting thursday agenda"
ASKED = (f"task={TASK}", "field=message")


def rows(*texts: str) -> list[Record]:
    """Rows with what a real one has: several values, quotes, line ends, other alphabets."""
    hard: Record = {
        "_raw": 'a "quoted",\nline',
        "to": ["x$", "y;z"],
        "subject": "見積",
        "_time": "1767600000.5",
    }
    return [{"n": str(number), "message": text, **hard} for number, text in enumerate(texts)]


def untouched(records: list[Record]) -> list[Record]:
    return [{name: v for name, v in each.items() if name not in ADDED} for each in records]


def unscored(records: list[Record]) -> bool:
    return bool(records) and all(each[name] == "" for each in records for name in ADDED)


def errors(messages: list[tuple[str, str]]) -> list[str]:
    return [text for kind, text in messages if kind == "ERROR"]


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def echo(body: dict[str, Any]) -> bytes:
    results = [
        {"id": each["id"], "label": "malicious", "probability": 0.9, "detection": True,
         "labels": ["malicious"], "top_classes": [], "reason": None, "error": None,
         "inputs_digest": "5d41"}
        for each in body["events"]
    ]  # fmt: skip
    model = {"digest": "d" * 64, "recipe": "linear"}
    answer = {"task": TASK, "model": model, "threshold": 0.5, "results": results}
    return json.dumps(answer).encode()


@contextmanager
def answering(answer: Any) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server that gives what no real service would; the bodies that it was sent."""
    bodies: list[dict[str, Any]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            bodies.append(body)
            made = answer(body)
            if made is None:
                self.close_connection = True
                return
            content = b"{}" if isinstance(made, int) else made
            self.send_response(made if isinstance(made, int) else 200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Location", self.path)
            self.end_headers()
            self.wfile.write(content)

        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", bodies
        finally:
            server.shutdown()
            thread.join()
