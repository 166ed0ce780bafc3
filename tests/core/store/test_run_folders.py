"""A run's folder moves with its fence, and is found again after a kill in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from sftsec_core.api.errors import StoreError
from sftsec_core.store.run_folders import empty, fenced, move_in, run_of

RUN = "20260131T120000-1a2b3c4d"


def make(parent: Path, name: str, *files: str) -> Path:
    folder = parent / name
    folder.mkdir(parents=True)
    for file in files:
        (folder / file).write_text(name, encoding="ascii")
    return folder


class TestMoveIn:
    def test_leaves_nothing_under_the_old_name(self, tmp_path: Path) -> None:
        old = make(tmp_path, RUN, "work")
        new = fenced(tmp_path, RUN, 2)
        move_in(new)
        assert (run_of(new.name), old.exists()) == (RUN, False)
        assert (new / "work").read_text(encoding="ascii") == RUN

    def test_prefers_the_newest_to_a_remade_one(self, tmp_path: Path) -> None:
        make(tmp_path, f"{RUN}.9", "work")
        make(tmp_path, RUN, "zombie")
        make(tmp_path, f"{RUN}.4", "zombie")
        move_in(fenced(tmp_path, RUN, 10))
        assert [each.name for each in fenced(tmp_path, RUN, 10).iterdir()] == ["work"]

    def test_repeats_a_move_without_harm(self, tmp_path: Path) -> None:
        moved = make(tmp_path, f"{RUN}.2", "work")
        move_in(moved)
        assert (moved / "work").exists()

    def test_makes_a_folder_where_none_is(self, tmp_path: Path) -> None:
        make(tmp_path, "20260131T120000-99999999", "work")
        move_in(fenced(tmp_path, RUN, 3))
        assert list(fenced(tmp_path, RUN, 3).iterdir()) == []

    def test_names_the_folder_that_stays(self, tmp_path: Path) -> None:
        (tmp_path / f"{RUN}.3").write_text("a file", encoding="ascii")
        make(tmp_path, RUN, "work")
        with pytest.raises(StoreError, match=rf"cannot move.*{RUN}\.3"):
            move_in(fenced(tmp_path, RUN, 3))


class TestEmpty:
    def test_removes_all_but_one_file(self, tmp_path: Path) -> None:
        folder = make(tmp_path, RUN, "log.txt", "seen.npy")
        make(folder, "work", "checkpoint")
        empty(folder, "log.txt")
        assert [each.name for each in folder.iterdir()] == ["log.txt"]
