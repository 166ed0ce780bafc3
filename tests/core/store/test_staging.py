"""Staging folders: lent under a lock, and what the dead leave."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread

from sftsec_core.store.staging import left_behind, locked, staging


class TestStaging:
    def test_removes_what_dead_processes_left(self, tmp_path: Path) -> None:
        leftover = tmp_path / ".staging-dead"
        leftover.mkdir()
        (leftover / "half.safetensors").write_bytes(b"half")
        with staging(tmp_path) as place:
            assert not leftover.exists()
            assert list(place.iterdir()) == []
        assert [path.name for path in tmp_path.iterdir()] == [".lock"]

    def test_waits_for_the_lock(self, tmp_path: Path) -> None:
        entered = Event()

        def enter() -> None:
            with staging(tmp_path):
                entered.set()

        other = Thread(target=enter)
        with locked(tmp_path):
            other.start()
            assert not entered.wait(0.1)
        other.join()
        assert entered.is_set()


class TestLeftBehind:
    def test_names_folders_of_the_dead_alone(self, tmp_path: Path) -> None:
        assert left_behind(tmp_path / "absent") == []
        with staging(tmp_path):
            assert left_behind(tmp_path) == []
        (tmp_path / ".staging-dead").mkdir()
        assert [path.name for path in left_behind(tmp_path)] == [".staging-dead"]
