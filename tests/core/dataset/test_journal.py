"""A build that was interrupted resumes to the same snapshot, and to no other."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sftsec_core.api.errors import DataError
from sftsec_core.api.settings.task import DedupeSettings
from sftsec_core.dataset import ingest as ingest_module
from sftsec_core.dataset.ingest import PageSummary, resume_cursor
from tests.core.dataset.builders import build, cut, plan, stream


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
    def test_keeps_a_snapshot_built_before(self, tmp_path: Path) -> None:
        first = build(cut(stream(), 10), tmp_path)
        second = build(cut(stream(), 7), tmp_path)
        assert first.folder == second.folder
        assert [path.name for path in (tmp_path / "snapshots").iterdir()] == [first.digest]
