"""Run a custom search command as splunkd does: by the chunked protocol, version 2.

A frame is `chunked 1.0,<length of the metadata>,<length of the body>`, a newline, JSON, and CSV.
The script is asked for `getinfo`, and then for `execute` until it says that it has finished.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

Cell = str | list[str]
Record = dict[str, Cell]
Batches = Sequence[Sequence[Mapping[str, Cell]]]
_HEADER = re.compile(rb"chunked 1\.0,(\d+),(\d+)\n")
_MULTIVALUE = "__mv_"
_TIMEOUT_S = 60.0
_MOST_ROUNDS = 10_000


@dataclass
class CommandRun:
    """What a command did.

    Attributes:
        info: its answer to `getinfo`: `type`, `required_fields` and the like.
        records: what it gave, over all of its frames; a field with several values is a list.
        messages: what it had to say, as pairs of a type and a text.
        finished: whether it ended as the protocol wants it, rather than by dying.
    """

    info: dict[str, Any] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    messages: list[tuple[str, str]] = field(default_factory=list)
    frames: int = 0
    finished: bool = False
    exit_code: int | None = None
    stderr: str = ""


def run_command(
    python: Path,
    script: Path,
    batches: Batches = (),
    *,
    arguments: Sequence[str] = (),
    searchinfo: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float = _TIMEOUT_S,
) -> CommandRun:
    """Drive a command from its start to its end.

    Args:
        python: the interpreter.
        script: the command's file.
        batches: records, a frame each; the last frame says that it is the last.
        arguments: what stands behind the command in the search.
        searchinfo: more of what the command is told: `session_key`, `splunkd_uri`, ...
        env: more of its environment, which is otherwise nearly empty.
        timeout_s: after so many seconds the command is killed.
    """
    run = CommandRun()
    with _started(python, script, env or {}, run, timeout_s) as (stdin, stdout):
        talk = _Talk(stdin, stdout, run)
        info = {**_searchinfo(script, arguments), **(searchinfo or {})}
        reply = talk.ask({"action": "getinfo", "preview": False, "searchinfo": info}, b"")
        if reply is not None:
            run.info = reply
            _execute(talk, batches, generating=bool(reply.get("generating")))
    return run


def _execute(talk: _Talk, batches: Batches, *, generating: bool) -> None:
    if talk.run.finished:  # it has refused already
        return
    frames = [to_csv(batch) for batch in batches] or [b""]
    for number, body in enumerate(frames, 1):
        last = number == len(frames) and not generating
        if talk.ask({"action": "execute", "finished": last}, body) is None or talk.run.finished:
            return
    for _ in range(_MOST_ROUNDS):  # a generating command is asked until it has finished
        if talk.ask({"action": "execute", "finished": True}, b"") is None or talk.run.finished:
            return


def _searchinfo(script: Path, arguments: Sequence[str]) -> dict[str, Any]:
    return {
        "args": list(arguments),
        "raw_args": list(arguments),
        "app": "search",
        "command": script.stem,
        "dispatch_dir": "",
        "earliest_time": "0",
        "latest_time": "0",
        "maxresultrows": 50000,
        "owner": "admin",
        "search": f"| {script.stem} {' '.join(arguments)}".strip(),
        "session_key": "",
        "sid": "1700000000.1",
        "splunk_version": "9.4.1",
        "splunkd_uri": "",
        "username": "admin",
    }


@dataclass
class _Talk:
    stdin: IO[bytes]
    stdout: IO[bytes]
    run: CommandRun

    def ask(self, metadata: Mapping[str, Any], body: bytes) -> dict[str, Any] | None:
        """Send a frame and read the answer; None when the command is no more."""
        told = json.dumps(metadata).encode()
        try:
            self.stdin.write(b"chunked 1.0,%d,%d\n%s%s" % (len(told), len(body), told, body))
            self.stdin.flush()
        except OSError:
            return None
        return self._read()

    def _read(self) -> dict[str, Any] | None:
        header = _HEADER.fullmatch(self.stdout.readline())
        if header is None:
            return None
        reply: dict[str, Any] = json.loads(self.stdout.read(int(header[1])))
        body = self.stdout.read(int(header[2]))
        self.run.frames += 1
        self.run.records += from_csv(body)
        inspector = reply.get("inspector") or {}
        self.run.messages += [(kind, text) for kind, text in inspector.get("messages") or []]
        self.run.finished = self.run.finished or reply.get("finished") is True
        return reply


@contextmanager
def _started(
    python: Path, script: Path, env: Mapping[str, str], run: CommandRun, timeout_s: float
) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    clean = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "PYTHONIOENCODING": "utf-8"}
    with tempfile.TemporaryFile() as said:  # a pipe that nobody reads could fill up
        process = subprocess.Popen(
            [str(python), str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            cwd=script.parent,
            env={**clean, **env},
        )
        assert process.stdin is not None
        assert process.stdout is not None
        watchdog = threading.Timer(timeout_s, process.kill)
        watchdog.start()
        try:
            yield process.stdin, process.stdout
        finally:
            _close(process.stdin)
            process.stdout.close()
            run.exit_code = process.wait()
            watchdog.cancel()
            watchdog.join()
            said.seek(0)
            run.stderr = said.read().decode(errors="replace")


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:
        return


def to_csv(batch: Sequence[Mapping[str, Cell]]) -> bytes:
    """Records as splunkd writes them: a second column for each field that has several values."""
    if not batch:
        return b""
    names = list(dict.fromkeys(name for record in batch for name in record))
    columns = [column for name in names for column in (name, _MULTIVALUE + name)]
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for record in batch:
        writer.writerow([cell for name in names for cell in _cells(record.get(name, ""))])
    return text.getvalue().encode()


def _cells(value: Cell) -> tuple[str, str]:
    if isinstance(value, list):
        return "\n".join(value), ";".join(f"${each.replace('$', '$$')}$" for each in value)
    return value, ""


def from_csv(body: bytes) -> list[Record]:
    if not body:
        return []
    rows = csv.DictReader(io.StringIO(body.decode(), newline=""))
    return [_record(row) for row in rows]


def _record(row: Mapping[str, str]) -> Record:
    record: Record = {}
    for name, value in row.items():
        if name.startswith(_MULTIVALUE):
            continue
        several = row.get(_MULTIVALUE + name)
        record[name] = _several(several) if several else value
    return record


def _several(text: str) -> list[str]:
    return [each.replace("$$", "$") for each in re.findall(r"\$((?:[^$]|\$\$)*)\$(?:;|$)", text)]
