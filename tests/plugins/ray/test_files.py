from __future__ import annotations

import os
from pathlib import Path

import pytest

from sftsec_core.api import IntegrityError
from sftsec_ray.files import FileState, inside, list_files, remove_others


def write(folder: Path, name: str, changed: int = 1) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(name)
    os.utime(path, ns=(changed, changed))
    return path


class TestListFiles:
    def test_gives_the_order_of_writing(self, tmp_path: Path) -> None:
        for name, changed in (("work/c", 1), ("fitted/a/fit.json", 3), ("work/b/d", 2)):
            write(tmp_path, name, changed)
        write(tmp_path, "examples/train.parquet")
        names = [file.name for file in list_files(tmp_path, ["fitted", "work"])]
        assert names == ["work/c", "work/b/d", "fitted/a/fit.json"]

    def test_leaves_links_out(self, tmp_path: Path) -> None:
        (tmp_path / "work").mkdir()
        (tmp_path / "work" / "link").symlink_to("/etc/passwd")
        assert list_files(tmp_path, ["work"]) == []


class TestInside:
    @pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "work/../../x", "a\0b"])
    def test_refuses_what_leads_out(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(IntegrityError, match="no file of a run's folder"):
            inside(tmp_path, name)

    def test_refuses_a_linked_folder(self, tmp_path: Path) -> None:
        (tmp_path / "work").symlink_to("/tmp")
        with pytest.raises(IntegrityError, match="leads out"):
            inside(tmp_path, "work/x")

    def test_gives_the_path_below(self, tmp_path: Path) -> None:
        assert inside(tmp_path, "work/full/plan.json") == tmp_path / "work/full/plan.json"


class TestRemoveOthers:
    def test_leaves_what_is_named(self, tmp_path: Path) -> None:
        kept = write(tmp_path, "work/full/a")
        write(tmp_path, "work/old/b")
        examples = write(tmp_path, "examples/train.parquet")
        remove_others(tmp_path, ["work", "fitted"], ["work/full/a"])
        assert kept.exists()
        assert examples.exists()
        assert not (tmp_path / "work/old").exists()


class TestFileState:
    @pytest.mark.parametrize("values", [{}, {"name": "a", "size": "many", "changed": 1}])
    def test_refuses_what_is_no_file(self, values: dict[str, object]) -> None:
        with pytest.raises(IntegrityError, match="list of files"):
            FileState.of_json(values)
