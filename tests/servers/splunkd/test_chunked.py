"""Search commands run by the chunked protocol, under the Pythons of Splunk."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.servers.splunkd.chunked import Batches, Record, from_csv, run_command, to_csv
from tests.servers.splunkd.pythons import SPLUNK_PYTHONS, need_python

_COMMAND = """\
import csv, io, json, sys

def read():
    header = sys.stdin.buffer.readline()
    if not header:
        sys.exit(0)
    meta, body = (int(part) for part in header.split(b" ")[1].split(b",")[1:])
    metadata = json.loads(sys.stdin.buffer.read(meta))
    return metadata, sys.stdin.buffer.read(body).decode()

def write(metadata, body=""):
    told, body = json.dumps(metadata).encode(), body.encode()
    sys.stdout.buffer.write(b"chunked 1.0,%d,%d\\n" % (len(told), len(body)) + told + body)
    sys.stdout.buffer.flush()

metadata, _ = read()
if "die" in metadata["searchinfo"]["args"]:
    sys.exit("no such luck")
if "refuse" in metadata["searchinfo"]["args"]:
    write({"finished": True, "inspector": {"messages": [["ERROR", "not like this"]]}})
    sys.exit(1)
write({"type": "streaming", "version": sys.version_info[:2]})
while True:
    metadata, body = read()
    out = io.StringIO()
    rows = list(csv.DictReader(io.StringIO(body)))
    if rows:
        writer = csv.DictWriter(out, [*rows[0], "seen"])
        writer.writeheader()
        writer.writerows({**row, "seen": "yes"} for row in rows)
    messages = [["INFO", "%d rows" % len(rows)]]
    write({"finished": metadata["finished"], "inspector": {"messages": messages}}, out.getvalue())
    if metadata["finished"]:
        break
"""


@pytest.fixture
def command(tmp_path: Path) -> Path:
    file = tmp_path / "seen.py"
    file.write_text(_COMMAND)
    return file


class TestRunCommand:
    @pytest.mark.parametrize("version", SPLUNK_PYTHONS)
    def test_sends_batches_and_reads_records(self, command: Path, version: str) -> None:
        batches: Batches = [[{"a": "1", "b": ["x", "y$"]}, {"a": 'q"\n,'}], [{"a": "3"}]]
        run = run_command(need_python(version), command, batches)
        assert run.info["version"] == [int(part) for part in version.split(".")]
        assert run.records == [
            {"a": "1", "b": ["x", "y$"], "seen": "yes"},
            {"a": 'q"\n,', "b": "", "seen": "yes"},
            {"a": "3", "seen": "yes"},
        ]
        assert run.messages == [("INFO", "2 rows"), ("INFO", "1 rows")]
        assert (run.finished, run.exit_code, run.frames) == (True, 0, 3)

    def test_tells_a_crash_from_a_refusal(self, command: Path) -> None:
        python = need_python("3.9")
        dead = run_command(python, command, [[{"a": "1"}]], arguments=["die"])
        assert (dead.finished, dead.exit_code, dead.stderr.strip()) == (False, 1, "no such luck")
        refused = run_command(python, command, [[{"a": "1"}]], arguments=["refuse"])
        assert (refused.finished, refused.messages) == (True, [("ERROR", "not like this")])
        assert refused.records == []

    def test_kills_a_command_that_hangs(self, tmp_path: Path) -> None:
        file = tmp_path / "hangs.py"
        file.write_text("import time; time.sleep(60)")
        run = run_command(need_python("3.9"), file, [[{"a": "1"}]], timeout_s=0.5)
        assert (run.finished, run.exit_code) == (False, -9)


class TestCsv:
    def test_records_survive_a_round_trip(self) -> None:
        batch: list[Record] = [{"a": "1", "b": ["$x", "y;"]}]
        assert from_csv(to_csv(batch)) == batch
        assert from_csv(to_csv([])) == []
