"""A command in a preview, which `tests/servers/splunkd/chunked.py` does not play."""

from __future__ import annotations

import json
import subprocess

from tests.packaging.splunk.bench import Bench
from tests.servers.splunkd.chunked import Record, from_csv, to_csv
from tests.servers.splunkd.pythons import need_python

_PATIENCE_S = 60


def preview(bench: Bench, command: str, rows: list[Record], *arguments: str) -> list[Record]:
    """What a command makes of rows that are not final."""
    info = {
        "args": list(arguments),
        "session_key": bench.session("ann"),
        "splunkd_uri": bench.splunk.url,
        "username": "ann",
    }
    first = _frame({"action": "getinfo", "preview": True, "searchinfo": info}, b"")
    second = _frame({"action": "execute", "preview": True, "finished": True}, to_csv(rows))
    told = subprocess.run(
        [str(need_python(bench.version)), str(bench.app / "bin" / f"{command}.py")],
        input=first + second,
        env={"SPLUNK_HOME": str(bench.home), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        timeout=_PATIENCE_S,
        check=True,
    )
    *_, body = _bodies(told.stdout)
    return from_csv(body)


def _frame(metadata: object, body: bytes) -> bytes:
    told = json.dumps(metadata).encode()
    return b"chunked 1.0,%d,%d\n%s%s" % (len(told), len(body), told, body)


def _bodies(stream: bytes) -> list[bytes]:
    found = []
    while stream:
        header, _, rest = stream.partition(b"\n")
        told, size = map(int, header.split(b",")[1:])
        found.append(rest[told : told + size])
        stream = rest[told + size :]
    return found
