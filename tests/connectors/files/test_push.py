"""Detections stand in the output exactly once, whatever was killed and whoever else writes."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import orjson
import pytest

from sftsec_core.testing import make_detections
from sftsec_files.push import UID_FIELD, JsonLinesSink
from tests.connectors.files.helpers import connector
from tests.e2e.forked import PROCESSES


def written(folder: Path) -> list[str]:
    lines = (folder / "out.jsonl").read_bytes().splitlines()
    return [orjson.loads(line)[UID_FIELD] for line in lines]


def _push_many(folder: Path, start: int) -> None:
    sink = JsonLinesSink(folder / "out.jsonl", "uid")
    for number in range(60):
        sink.append([{"uid": str((start + number) % 80), "pad": "x" * 500}])


class TestMode:
    def test_group_reads_what_it_makes(self, tmp_path: Path) -> None:
        before = os.umask(0o077)
        try:
            JsonLinesSink(tmp_path / "new" / "out.jsonl", "uid").append([{"uid": "1"}])
        finally:
            os.umask(before)
        made = (tmp_path / "new", tmp_path / "new" / "out.jsonl")
        assert [oct(stat.S_IMODE(path.stat().st_mode)) for path in made] == ["0o750", "0o640"]

    def test_file_that_is_there_keeps_its_own(self, tmp_path: Path) -> None:
        file = tmp_path / "out.jsonl"
        file.touch()
        file.chmod(0o600)
        JsonLinesSink(file, "uid").append([{"uid": "1"}])
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


class TestTornLine:
    @pytest.mark.parametrize("cut", [1, 40, 200])
    def test_is_cut_off_and_written_again(self, cut: int, tmp_path: Path) -> None:
        detections = make_detections(5)
        connector(tmp_path).push(detections)
        path = tmp_path / "out.jsonl"
        raw = path.read_bytes()
        path.write_bytes(raw[: -1 - cut])
        receipt = connector(tmp_path).push(detections)
        assert list(receipt.written) == [detections[-1].uid]
        assert written(tmp_path) == [one.uid for one in detections]
        assert path.read_bytes() == raw

    def test_that_is_whole_is_kept(self, tmp_path: Path) -> None:
        detections = make_detections(2)
        connector(tmp_path).push(detections[:1])
        path = tmp_path / "out.jsonl"
        path.write_bytes(path.read_bytes().rstrip(b"\n"))
        receipt = connector(tmp_path).push(detections)
        assert list(receipt.duplicates) == [detections[0].uid]
        assert written(tmp_path) == [one.uid for one in detections]


class TestSharedFile:
    def test_shows_what_another_process_appended(self, tmp_path: Path) -> None:
        detections = make_detections(4)
        first, second = connector(tmp_path), connector(tmp_path)
        first.push(detections[:2])
        second.push(detections[2:])
        assert list(first.push(detections).duplicates) == [one.uid for one in detections]

    def test_may_hold_lines_of_other_tools(self, tmp_path: Path) -> None:
        (tmp_path / "out.jsonl").write_bytes(b'not json\n[1]\n{"a": 1}\n')
        assert len(connector(tmp_path).push(make_detections(2)).written) == 2

    def test_gets_each_uid_once_from_two_processes(self, tmp_path: Path) -> None:
        workers = [PROCESSES.Process(target=_push_many, args=(tmp_path, n)) for n in (0, 20)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
            assert worker.exitcode == 0
        lines = (tmp_path / "out.jsonl").read_bytes().splitlines()
        assert sorted(int(orjson.loads(line)["uid"]) for line in lines) == list(range(80))


class TestDetectionRow:
    def test_has_ecs_names_that_win(self, tmp_path: Path) -> None:
        connector(tmp_path).push(make_detections(1))
        row = orjson.loads((tmp_path / "out.jsonl").read_bytes())
        assert row["event.kind"] == "alert"
        assert row["event.risk_score"] == 90.0
        assert row["sftsec.incident.uid"] == "incident-00000"
        assert row["host.name"].startswith("host-")
