"""kill -9 at every point of a score: after the rerun each detection is there exactly once."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import orjson
import pytest

from sftsec_core.api.domain import detection_uid, inputs_digest
from sftsec_core.scoring.delivery import deliver
from sftsec_core.store.store import Store
from tests.core.scoring.killed_child import LEASE, POINTS, main
from tests.core.scoring.parts import files

INCIDENTS = 14


def start(root: Path, url: str, folder: Path, point: str, passes: int) -> subprocess.Popen[bytes]:
    paths = [str(root), str(root / "connectors")]
    code = (
        f"import sys; sys.path[:0] = {paths!r}; from runpy import run_module; "
        "run_module('tests.core.scoring.killed_child', run_name='__main__', alter_sys=True)"
    )
    command = [sys.executable, "-c", code, url, str(folder), point, str(passes)]
    return subprocess.Popen(command, cwd=root)


def kill(root: Path, url: str, folder: Path, point: str, passes: int = 1) -> None:
    """Let a score kill itself; return when the lease of its run has ended."""
    assert start(root, url, folder, point, passes).wait(120) == -signal.SIGKILL
    time.sleep(LEASE.total_seconds())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = [
        orjson.dumps({"id": str(number), "message": f"spam {number}"})
        for number in range(INCIDENTS)
    ]
    (tmp_path / "in.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    return tmp_path


def pushed(folder: Path) -> Counter[str]:
    lines = (folder / "out.jsonl").read_bytes().splitlines()
    return Counter(orjson.loads(line)["sftsec.detection.uid"] for line in lines)


def assert_each_once(folder: Path, url: str) -> None:
    with Store.open(url, folder=folder / "state", actor="tester") as store:
        assert [(one.status, one.detections) for one in store.outbox.counts()] == [
            ("delivered", INCIDENTS)
        ]
        store.audit.verify()
        wanted = {
            detection_uid("d" * 64, str(number), inputs_digest({"text": f"spam {number}"}))
            for number in range(INCIDENTS)
        }
    found = pushed(folder)
    assert set(found.values()) == {1}
    assert len(found) == INCIDENTS
    assert set(found) == wanted


@pytest.mark.parametrize("point", POINTS)
def test_rerun_delivers_each_detection_once(root: Path, folder: Path, point: str) -> None:
    url = f"sqlite:///{folder / 'state' / 'sftsec.db'}"
    # The second pass: something is there already, and something is still to come.
    kill(root, url, folder, point, passes=2)
    main(url, folder, "", 1)
    assert_each_once(folder, url)


def test_repeated_kills_lose_nothing(root: Path, folder: Path) -> None:
    url = f"sqlite:///{folder / 'state' / 'sftsec.db'}"
    for point in ("inside the outbox transaction", "between push and receipt"):
        kill(root, url, folder, point)
    main(url, folder, "", 1)
    assert_each_once(folder, url)


def test_rerun_records_a_receipt_lost_before(root: Path, folder: Path) -> None:
    url = f"sqlite:///{folder / 'state' / 'sftsec.db'}"
    kill(root, url, folder, "between push and receipt")
    assert len(pushed(folder)) == 4
    with Store.open(url, folder=folder / "state", actor="tester") as store:
        assert store.outbox.pending("siem") == INCIDENTS
        counts = deliver(store, files(folder), "siem")
    assert (counts.duplicates, counts.written) == (4, INCIDENTS - 4)
    assert_each_once(folder, url)


def test_two_processes_deliver_each_detection_once(root: Path, folder: Path) -> None:
    url = f"sqlite:///{folder / 'state' / 'sftsec.db'}"
    kill(root, url, folder, "before the push")
    both = [start(root, url, folder, "", 1) for _ in range(2)]
    assert [process.wait(120) for process in both] == [0, 0]
    assert_each_once(folder, url)
