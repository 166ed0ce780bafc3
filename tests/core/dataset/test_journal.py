"""A build that was interrupted resumes to the same snapshot, and to no other."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sftsec_core.api.domain import Blob, InputField, InputKind, TaskSpec
from sftsec_core.api.errors import DataError
from sftsec_core.api.settings.task import DedupeSettings
from sftsec_core.dataset import ingest as ingest_module
from sftsec_core.dataset import writing as writing_module
from sftsec_core.dataset.ingest import Heard, ingest, resume_cursor
from sftsec_core.dataset.plan import PageSummary
from sftsec_core.dataset.snapshot import Snapshot, open_snapshot
from tests.core.dataset.builders import TASK, build, cut, incident, plan, stream, text


class Killed(Exception):  # noqa: N818 - it stands for a signal
    pass


class TestResume:
    @given(at=st.integers(1, 9), chunk=st.integers(1, 40))
    @settings(
        deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    def test_from_any_page_gives_the_same_digest(
        self, at: int, chunk: int, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        given = stream()
        whole = build(cut(given, 10), tmp_path_factory.mktemp("whole"))
        folder = tmp_path_factory.mktemp("parted")
        seen = 0

        def stop(_page: PageSummary) -> None:
            nonlocal seen
            seen += 1
            if seen == at:
                raise Killed

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ingest_module, "_CHUNK_INCIDENTS", chunk)
            with pytest.raises(Killed):
                build(cut(given, 10), folder, on_page=stop)
            start = int(resume_cursor(folder / "work") or 0)
            resumed = build(cut(given, 10, start), folder)
        assert resumed.digest == whole.digest
        assert not (folder / "work").exists()

    def test_after_sigkill_gives_the_same_digest(self, tmp_path: Path) -> None:
        code = (
            "import os, signal, sys\n"
            "from pathlib import Path\n"
            "from sftsec_core.dataset import ingest\n"
            "from tests.core.dataset.builders import build, cut, stream\n"
            "ingest._CHUNK_INCIDENTS = 20\n"
            "seen = []\n"
            "def die(page):\n"
            "    seen.append(page)\n"
            "    if len(seen) == 6:\n"
            "        os.kill(os.getpid(), signal.SIGKILL)\n"
            "build(cut(stream(), 10), Path(sys.argv[1]), on_page=die)\n"
        )
        command = [sys.executable, "-c", code, str(tmp_path / "a")]
        done = subprocess.run(command, check=False)
        assert done.returncode == -signal.SIGKILL
        cursor = resume_cursor(tmp_path / "a" / "work")
        assert cursor == "40"
        resumed = build(cut(stream(), 10, 40), tmp_path / "a")
        assert resumed.digest == build(cut(stream(), 10), tmp_path / "b").digest

    def test_refuses_the_folder_of_another_plan(self, tmp_path: Path) -> None:
        def stop(_page: PageSummary) -> None:
            raise Killed

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ingest_module, "_CHUNK_INCIDENTS", 1)
            with pytest.raises(Killed):
                build(
                    cut(stream(), 30),
                    tmp_path,
                    on_page=lambda p: stop(p) if p.cursor == "60" else None,
                )
        other = plan(dedupe=DedupeSettings(threshold=0.9))
        with pytest.raises(DataError, match="other settings"):
            build(cut(stream(), 30), tmp_path, other)


class TestFinish:
    def test_of_several_at_once_is_one_snapshot(self, tmp_path: Path) -> None:
        together, snapshots = threading.Barrier(6), tmp_path / "snapshots"

        def one(number: int) -> Snapshot:
            pages = cut(stream(), 10)
            end = len(stream())

            def wait(page: PageSummary) -> None:
                if page.cursor == str(end):
                    together.wait()

            folder = tmp_path / str(number)
            return ingest(pages, plan(), folder=folder, snapshots=snapshots, heard=Heard(page=wait))

        for _round in range(3):
            with ThreadPoolExecutor(6) as pool:
                built = list(pool.map(one, range(6)))
            assert len({snapshot.digest for snapshot in built}) == 1
            assert [path.name for path in snapshots.iterdir()] == [built[0].digest]
            open_snapshot(built[0].folder)
            shutil.rmtree(snapshots)

    def test_of_a_kill_amid_it_is_repeated(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given = [incident(str(n), text(n), photo=Blob.of(bytes([n]) * 99)) for n in range(4)]
        task = TaskSpec(
            "t",
            (InputField("photo", InputKind.IMAGE, ("photo",)), TASK.inputs[0]),
            TASK.labels,
            TASK.benign,
        )
        made = plan(fields=("message", "photo"), task=task)
        snapshots = tmp_path / "snapshots"

        def killed_at(module: ModuleType, name: str, start: int) -> None:
            def die(*_given: object, **_also: object) -> None:
                raise Killed

            with monkeypatch.context() as patch:
                patch.setattr(module, name, die)
                with pytest.raises(Killed):
                    build(cut(given, 2, start), tmp_path, made)

        def leave_work(folder: Path, **_also: object) -> None:
            if folder.name != "work":
                remove(folder)

        remove = shutil.rmtree
        killed_at(writing_module, "manifest_digest", 0)
        killed_at(ingest_module, "_manifest", 4)
        with monkeypatch.context() as patch:
            patch.setattr(shutil, "rmtree", leave_work)
            first = build(cut(given, 2, 4), tmp_path, made)
        assert (tmp_path / "work").exists()
        again = build(cut(given, 2), tmp_path, made)
        assert again.digest == first.digest
        assert len(list((open_snapshot(again.folder).folder / "blobs").iterdir())) == 4
        assert [path.name for path in snapshots.iterdir()] == [first.digest]

    def test_keeps_a_snapshot_built_before(self, tmp_path: Path) -> None:
        first = build(cut(stream(), 10), tmp_path)
        second = build(cut(stream(), 7), tmp_path)
        assert first.folder == second.folder
        assert [path.name for path in (tmp_path / "snapshots").iterdir()] == [first.digest]
