from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sftsec_core.api import IntegrityError, TrainingError, TrainingInterruptedError
from sftsec_ray.files import BLOCK, RESULTS
from sftsec_ray.transfer import ResultsMirror, send_folder
from sftsec_ray.worker import WorkerLostError
from tests.plugins.ray.in_process import InProcess

MOST = 10**9


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[InProcess]:
    made = InProcess(tmp_path / "node")
    yield made
    made.call("stop", 5.0)
    made.call("remove")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "run"
    (made / "examples").mkdir(parents=True)
    (made / "examples" / "train.parquet").write_bytes(os.urandom(BLOCK + 5))
    (made / "examples" / "dev.parquet").write_bytes(b"")
    return made


def written(worker: InProcess, name: str, content: str, age_s: float = 0.0) -> Path:
    path = worker.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    changed = time.time() - age_s
    os.utime(path, (changed, changed))
    return path


class TestSendFolder:
    def test_copies_files_in_blocks(self, worker: InProcess, folder: Path) -> None:
        send_folder(worker, folder, ["examples"], MOST)
        for path in (folder / "examples").iterdir():
            assert (worker.folder / "examples" / path.name).read_bytes() == path.read_bytes()

    def test_refuses_more_than_may_travel(self, worker: InProcess, folder: Path) -> None:
        with pytest.raises(TrainingError, match="`most` allows 100"):
            send_folder(worker, folder, ["examples"], 100)
        assert not (worker.folder / "examples").exists()

    def test_notices_a_changed_file(
        self, worker: InProcess, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(worker.remote, "digest", lambda _name: "0" * 64)
        with pytest.raises(IntegrityError, match="arrived at the node as another file"):
            send_folder(worker, folder, ["examples"], MOST)


class TestResultsMirror:
    def test_fetches_what_has_changed(self, worker: InProcess, folder: Path) -> None:
        kept = written(worker, "fitted/linear/fit.json", "{}")
        mirror = ResultsMirror(worker, folder, MOST)
        written(worker, "work/full/checkpoint-5/model.safetensors", "weights")
        mirror.update(0)
        assert not (folder / "fitted" / "linear" / kept.name).exists()  # it came from here
        got = folder / "work/full/checkpoint-5/model.safetensors"
        assert got.read_text() == "weights"

    def test_waits_for_files_to_settle(self, worker: InProcess, folder: Path) -> None:
        mirror = ResultsMirror(worker, folder, MOST)
        written(worker, "work/full/a", "old", age_s=60)
        written(worker, "work/full/b", "being written")
        mirror.update(30)
        assert [path.name for path in (folder / "work/full").iterdir()] == ["a"]

    def test_removes_what_the_worker_removed(self, worker: InProcess, folder: Path) -> None:
        mirror = ResultsMirror(worker, folder, MOST)
        old = written(worker, "work/full/checkpoint-5/trainer_state.json", "{}")
        mirror.update(0)
        old.unlink()
        written(worker, "fitted/full/fit.json", "{}")
        mirror.update(0)
        assert not (folder / "work").exists()
        assert (folder / "fitted/full/fit.json").read_text() == "{}"
        assert (folder / "examples/train.parquet").exists()

    def test_another_worker_completes_a_copy(
        self, worker: InProcess, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        mirror = ResultsMirror(worker, folder, MOST)
        for number, name in enumerate(("model/a", "model/b", "fit.json")):
            written(worker, f"fitted/linear/{name}", name, age_s=60 - number)
        read = worker.remote.read

        def die_at_b(name: str, offset: int) -> bytes:
            if name.endswith("b"):
                raise WorkerLostError("killed")
            return read(name, offset)

        monkeypatch.setattr(worker.remote, "read", die_at_b)
        with pytest.raises(WorkerLostError):
            mirror.update(0)
        assert [path.name for path in (folder / "fitted/linear").rglob("*.*")] == []
        second = InProcess(tmp_path / "node")
        send_folder(second, folder, RESULTS, MOST)
        assert (second.folder / "fitted/linear/model/a").read_text() == "model/a"
        second.call("remove")

    def test_writes_nothing_outside(
        self, worker: InProcess, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mirror = ResultsMirror(worker, folder, MOST)
        said = '{"files": [{"name": "../evil", "size": 1, "changed": 1}], "all": true}'
        monkeypatch.setattr(worker.remote, "results", lambda _settled: said)
        with pytest.raises(IntegrityError, match="no file of a run's folder"):
            mirror.update(0)
        assert not (folder.parent / "evil").exists()

    def test_makes_no_folder_of_a_moved_run(
        self, worker: InProcess, folder: Path, tmp_path: Path
    ) -> None:
        mirror = ResultsMirror(worker, folder, MOST)
        written(worker, "work/full/a", "content")
        folder.rename(tmp_path / "moved")
        with pytest.raises(TrainingInterruptedError, match="not there any more"):
            mirror.update(0)
        assert not folder.exists()
