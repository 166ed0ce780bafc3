"""Labelling rows by the search command."""

from __future__ import annotations

from tests.packaging.splunk.bench import Bench
from tests.servers.splunkd.chunked import CommandRun, Record
from tests.servers.splunkd.state import Splunkd

DISPUTED = ("label=malicious", "reason=seen in the sandbox")


def rows(*uids: str) -> list[Record]:
    return [
        {"incident_uid": uid, "_raw": "click", "_time": "1767600000",
         "src": "10.0.0.1", "to": ["a", "b"], "sftsec_label": "malicious", "sftsec_task": "mail",
         "detection_id": "d1", "linecount": "1"}
        for uid in uids
    ]  # fmt: skip


def label(bench: Bench, *batches: list[Record], user: str = "ann", reason: str = "") -> CommandRun:
    arguments = [DISPUTED[0], f"reason={reason}"] if reason else DISPUTED
    return bench.run("sftseclabel", list(batches), *arguments, user=user)


def documents(splunk: Splunkd) -> list[dict[str, object]]:
    return splunk.kv("sftsec", "sftsec_verdicts")
